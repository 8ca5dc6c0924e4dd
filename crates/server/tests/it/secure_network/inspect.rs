//! `lingpai secure inspect`, on real devices' attestations.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::kit::{binary::Workplace, *};

fn vectors(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../secure/tests/vectors").join(folder)
}

/// What it answers; there is always JSON.
fn inspect(arguments: &[&str]) -> anyhow::Result<Value> {
    let ended = Workplace::new()?.run(&[&["secure", "inspect"], arguments].concat(), &[])?;
    assert_eq!(ended.code, 0, "{}", ended.said);
    Ok(serde_json::from_str(&ended.said)?)
}

/// Every chain among the vectors.
fn chains() -> anyhow::Result<Vec<PathBuf>> {
    let mut chains = Vec::new();
    for device in fs::read_dir(vectors("android-key-attestation"))? {
        for system in fs::read_dir(device?.path())? {
            for file in fs::read_dir(system?.path())? {
                chains.push(file?.path());
            }
        }
    }
    chains.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
    Ok(chains)
}

#[test]
fn a_chain_holds_at_the_time_of_its_leaf_and_says_what_the_device_said() -> Outcome {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let chains = chains()?;
    assert!(chains.len() >= 14, "{chains:?}");
    for chain in chains {
        let name = chain.display().to_string();
        let said: Value = serde_json::from_slice(&fs::read(chain.with_extension("json"))?)?;
        let answer = inspect(&["android", &name, "--at-leaf"])?;
        // A development board's root is none of the trusted ones.
        let is_genuine = !name.contains("marlin");
        assert_eq!((&answer["verified"], answer["error"].is_null()), (&json!(is_genuine), is_genuine), "{name}: {answer}");
        let application = &said["softwareEnforced"]["attestationApplicationId"];
        let packages: Value =
            application["packages"].as_array().context("packages")?.iter().map(|package| package["name"].clone()).collect();
        assert_eq!(answer["packages"], packages, "{name}");
        assert_eq!(answer["challenge"], said["attestationChallenge"], "{name}");
        assert_eq!(answer["securityLevel"], said["attestationSecurityLevel"], "{name}");
        let root = &said["hardwareEnforced"]["rootOfTrust"];
        assert_eq!((&answer["verifiedBootState"], &answer["deviceLocked"]), (&root["verifiedBootState"], &root["deviceLocked"]), "{name}");
        let digests = application["signatures"].as_array().context("signatures")?;
        let digests: Value = digests
            .iter()
            .map(|digest| Ok(lingpai_domain::random::to_hex(&STANDARD.decode(digest.as_str().unwrap_or_default())?)))
            .collect::<anyhow::Result<_>>()?;
        assert_eq!(answer["signatures"], digests, "{name}");
    }
    // A development board: its root is Google's for software, which is none of the trusted ones.
    let board = vectors("android-key-attestation/marlin/sdk29/TEE_EC_NONE.pem");
    let answer = inspect(&["android", &board.display().to_string(), "--at-leaf"])?;
    let reason = json!("the certificate chain does not lead to a trusted root");
    assert_eq!((&answer["verified"], &answer["error"], &answer["securityLevel"]), (&json!(false), &reason, &json!("SOFTWARE")));
    Ok(())
}

#[test]
fn a_chain_that_does_not_hold_still_says_what_is_in_it() -> Outcome {
    let chain = vectors("android-key-attestation/blueline/sdk28/TEE_EC_NONE.pem");
    let (path, pem) = (chain.display().to_string(), fs::read_to_string(&chain)?);
    let long_ago = inspect(&["android", &path, "--at", "2001-01-01T00:00:00Z"])?;
    assert_eq!((&long_ago["verified"], &long_ago["error"]), (&json!(false), &json!("a certificate is not valid at this time")));
    assert_eq!(long_ago["securityLevel"], "TRUSTED_ENVIRONMENT");

    let place = Workplace::new()?;
    let certificates: Vec<&str> = pem.split_inclusive("-----END CERTIFICATE-----").filter(|part| part.contains("BEGIN")).collect();
    place.write("short.pem", &certificates[..certificates.len() - 1].concat())?;
    place.write("crossed.pem", &[certificates[0], certificates[2]].concat())?;
    // A chain may leave the root itself out; a link in between may not be missing.
    for name in ["short.pem", "crossed.pem"] {
        let answer = inspect(&["android", &place.path(name).display().to_string(), "--at-leaf"])?;
        assert_eq!(answer["verified"], name == "short.pem", "{name}: {answer}");
    }
    let revocations = place.path("revoked.json").display().to_string();
    let serial = x509_serial(certificates[1])?;
    for (entries, verified) in [(json!({}), true), (json!({serial: {"status": "REVOKED"}}), false)] {
        place.write("revoked.json", &json!({"entries": entries}).to_string())?;
        let answer = inspect(&["android", &path, "--at-leaf", "--revocations", &revocations])?;
        assert_eq!((&answer["verified"], answer["error"].is_string()), (&json!(verified), !verified), "{answer}");
    }
    Ok(())
}

/// The serial number of a certificate in PEM, hexadecimal: the first number of its contents after the version.
fn x509_serial(pem: &str) -> anyhow::Result<String> {
    use base64::Engine;
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    serial_of(&base64::engine::general_purpose::STANDARD.decode(text)?)
}

/// The same of a certificate in DER.
pub fn serial_of(der: &[u8]) -> anyhow::Result<String> {
    let version = der.windows(5).position(|bytes| bytes == [0xa0, 3, 2, 1, 2]).context("a version")?;
    let length = usize::from(der[version + 6]);
    Ok(lingpai_domain::random::to_hex(&der[version + 7..version + 7 + length]))
}

#[test]
fn an_apple_object_holds_in_binary_and_in_base64() -> Outcome {
    for file in ["ios-14.2.yaml", "ios-14.4.yaml"] {
        let text = fs::read_to_string(vectors("apple-app-attest").join(file))?;
        let object = text.lines().find_map(|line| line.strip_prefix("attestationBase64: ")).context("an attestation")?;
        let place = Workplace::new()?;
        place.write("object.txt", &format!("{object}\n"))?;
        let path = place.path("object.txt").display().to_string();
        let answer = inspect(&["apple", &path, "--at-leaf"])?;
        assert_eq!((&answer["verified"], &answer["error"]), (&json!(true), &json!(null)), "{file}: {answer}");
        assert_eq!((&answer["environment"], answer["appIdHash"].as_str().map(str::len)), (&json!("development"), Some(64)), "{file}");
        assert_eq!(inspect(&["apple", &path])?["verified"], false);
    }
    Ok(())
}

#[test]
fn what_cannot_be_read_is_explained() -> Outcome {
    let place = Workplace::new()?;
    place.write("empty.pem", "no certificate here")?;
    place.run(&["secure", "inspect", "android", "empty.pem"], &[])?.expect(2, &["empty.pem", "PEM"]);
    place.run(&["secure", "inspect", "apple", "nowhere"], &[])?.expect(2, &["nowhere"]);
    place.run(&["secure", "inspect", "android", "empty.pem", "--at", "soon"], &[])?.expect(2, &["2026-01-31T08:00:00Z"]);
    place.run(&["secure", "inspect", "android", "empty.pem", "--at", "1", "--at-leaf"], &[])?.expect(2, &["--at-leaf"]);
    let nonsense = place.run(&["secure", "inspect", "apple", "empty.pem"], &[])?;
    nonsense.expect(0, &["\"verified\": false", "the evidence is malformed"]);
    Ok(())
}
