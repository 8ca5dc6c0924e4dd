//! Real devices' chains: Keymaster 1 to 4 and KeyMint, TEE and StrongBox, RSA and EC, factory and remotely provisioned keys.

use lingpai_secure::attestation::android::{self, Inspection, Rule, SecurityLevel, VerifiedBootState};
use lingpai_secure::attestation::{GOOGLE_KEY_ATTESTATION_ROOTS, Revocations, Roots, ders_from_pem};
use lingpai_secure::refusal::Refusal;
use serde_json::Value;

use crate::{base64, vector};

/// Device, name, and whether Google's roots vouch for it (the last device is a development board with software keys).
const CHAINS: [(&str, bool); 14] = [
    ("akita/sdk34/SB_RSA_NONE", true),
    ("akita/sdk34/TEE_EC_NONE", true),
    ("akita/sdk34/TEE_RSA_BASE+IMEI", true),
    ("akita/sdk34/TEE_RSA_NONE", true),
    ("akita/sdk34/TEE_RSA_NONE_USERAUTH", true),
    ("blueline/sdk28/SB_RSA_NONE", true),
    ("blueline/sdk28/SB_RSA_NONE_USERAUTH", true),
    ("blueline/sdk28/TEE_EC_NONE", true),
    ("blueline/sdk28/TEE_RSA_BASE+IMEI", true),
    ("blueline/sdk28/TEE_RSA_NONE", true),
    ("caiman/sdk36/SB_EC_RKP", true),
    ("caiman/sdk36/TEE_EC_RKP", true),
    ("marlin/sdk29/TEE_EC_NONE", false),
    ("marlin/sdk29/TEE_RSA_NONE", false),
];

const COLLECTOR: &str = "com.google.wireless.android.security.attestationverifier.collector";

fn chain(name: &str) -> Vec<Vec<u8>> {
    ders_from_pem(vector(&format!("android-key-attestation/{name}.pem")).as_bytes()).unwrap()
}

fn decoded(name: &str) -> Value {
    serde_json::from_str(&vector(&format!("android-key-attestation/{name}.json"))).unwrap()
}

fn roots() -> Roots {
    Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS).unwrap()
}

/// When the key was made.
fn creation_ms(decoded: &Value) -> i64 {
    number(&decoded["softwareEnforced"]["creationDateTime"]).unwrap() as i64
}

fn number(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.parse().unwrap())
}

fn word<T: serde::Serialize>(value: T) -> Value {
    serde_json::to_value(value).unwrap()
}

fn verified(name: &str) -> Result<Inspection, Refusal> {
    android::verify(&chain(name), &roots(), &Revocations::default(), creation_ms(&decoded(name)))
}

#[test]
fn what_is_read_is_what_the_device_says() {
    for (name, _) in CHAINS {
        let (found, said) = (android::inspect(&chain(name)).unwrap(), decoded(name));
        let (software, hardware) = (&said["softwareEnforced"], &said["hardwareEnforced"]);
        assert_eq!(Some(found.attestation_version), number(&said["attestationVersion"]), "{name}");
        assert_eq!(word(found.attestation_security_level), said["attestationSecurityLevel"], "{name}");
        assert_eq!(Some(found.key_mint_version), number(&said["keyMintVersion"]), "{name}");
        assert_eq!(word(found.key_mint_security_level), said["keyMintSecurityLevel"], "{name}");
        assert_eq!(found.challenge, base64(said["attestationChallenge"].as_str().unwrap()), "{name}");
        assert_eq!(found.creation_ms, number(&software["creationDateTime"]), "{name}");
        let application = &software["attestationApplicationId"];
        let packages: Vec<_> = application["packages"].as_array().unwrap().iter().map(|package| package["name"].clone()).collect();
        assert_eq!(found.packages.iter().map(|package| word(&package.name)).collect::<Vec<_>>(), packages, "{name}");
        let signatures: Vec<_> =
            application["signatures"].as_array().unwrap().iter().map(|digest| base64(digest.as_str().unwrap())).collect();
        assert_eq!(found.signatures, signatures, "{name}");
        let purposes: Vec<_> = hardware["purposes"].as_array().unwrap().iter().filter_map(number).collect();
        assert_eq!(found.purposes, purposes, "{name}");
        assert_eq!(found.origin == Some(0), hardware["origin"] == "GENERATED", "{name}");
        assert_eq!(found.os_version, number(&hardware["osVersion"]), "{name}");
        assert_eq!(found.os_patch_level, number(&hardware["osPatchLevel"]), "{name}");
        match (&found.root_of_trust, &hardware["rootOfTrust"]) {
            (None, Value::Null) => {}
            (Some(root), said) => {
                assert_eq!(word(root.verified_boot_state), said["verifiedBootState"], "{name}");
                assert_eq!(word(root.device_locked), said["deviceLocked"], "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
        assert_eq!(found.key.is_some(), hardware["algorithms"] == "3", "{name}");
    }
}

#[test]
fn chains_verify_against_googles_roots_when_their_keys_were_made() {
    for (name, genuine) in CHAINS {
        let expected = if genuine { Ok(()) } else { Err(Refusal::UntrustedRoot) };
        assert_eq!(verified(name).map(|_| ()), expected, "{name}");
    }
}

#[test]
fn remotely_provisioned_chains_are_short_lived() {
    for name in ["akita/sdk34/TEE_EC_NONE", "caiman/sdk36/SB_EC_RKP"] {
        let month_ms = 30 * 24 * 3600 * 1000;
        let made_ms = creation_ms(&decoded(name));
        for now_ms in [made_ms + month_ms, made_ms - month_ms] {
            let verdict = android::verify(&chain(name), &roots(), &Revocations::default(), now_ms);
            assert_eq!(verdict.unwrap_err(), Refusal::CertificateNotValid, "{name}");
        }
    }
}

#[test]
fn a_root_that_expired_inside_the_chain_still_anchors_it_by_its_key() {
    // The root certificate in this chain ended in May 2026, the intermediates end in 2028.
    let end_of_2026 = 1_798_000_000_000;
    assert!(android::verify(&chain("blueline/sdk28/TEE_EC_NONE"), &roots(), &Revocations::default(), end_of_2026).is_ok());
}

#[test]
fn a_chain_without_its_root_verifies_too() {
    let name = "blueline/sdk28/TEE_EC_NONE";
    let mut chain = chain(name);
    chain.pop();
    assert!(android::verify(&chain, &roots(), &Revocations::default(), creation_ms(&decoded(name))).is_ok());
    chain.pop();
    let verdict = android::verify(&chain, &roots(), &Revocations::default(), creation_ms(&decoded(name)));
    assert_eq!(verdict.unwrap_err(), Refusal::UntrustedRoot);
}

#[test]
fn every_certificate_of_the_chain_can_be_revoked() {
    let name = "akita/sdk34/TEE_EC_NONE";
    for serial in ["4f47dffaecc3f58346fb7815514e0dcc", "BFC61F12DB0CCE5BC16832D05E052E488CB284", "0388266760658996860e", "d50ff25ba3f2d6b3"]
    {
        let revocations = Revocations::from_iter([(serial.to_owned(), "REVOKED".to_owned())]);
        let verdict = android::verify(&chain(name), &roots(), &revocations, creation_ms(&decoded(name)));
        assert_eq!(verdict.unwrap_err(), Refusal::CertificateRevoked, "{serial}");
    }
}

#[test]
fn no_bit_of_a_chain_can_be_flipped() {
    // Every certificate but the included root, of which only name and key count.
    let name = "caiman/sdk36/TEE_EC_RKP";
    let (chain, now_ms) = (chain(name), creation_ms(&decoded(name)));
    let (roots, none) = (roots(), Revocations::default());
    for certificate in 0..chain.len() - 1 {
        for byte in 0..chain[certificate].len() {
            let mut flipped = chain.clone();
            flipped[certificate][byte] ^= 1 << (byte % 8);
            assert!(android::verify(&flipped, &roots, &none, now_ms).is_err(), "certificate {certificate}, byte {byte}");
        }
    }
}

#[test]
fn verdicts_name_the_reason() {
    let digest: [u8; 32] = base64("EDk47kU35Z6O55L2VFBPuDRvxrNG0LvEQV/DOfz8jsE=").try_into().unwrap();
    let rule = |package: &str| Rule { package: package.into(), cert_sha256: vec![digest], development: false };

    let locked = verified("caiman/sdk36/TEE_EC_RKP").unwrap();
    assert_eq!(locked.key_mint_security_level, SecurityLevel::TrustedEnvironment);
    assert_eq!(locked.judge(&rule("com.google.android.attestation")), Ok(()));
    assert_eq!(locked.judge(&rule("com.example")), Err(Refusal::PackageMismatch));
    let other = Rule { cert_sha256: vec![[0; 32]], ..rule("com.google.android.attestation") };
    assert_eq!(locked.judge(&other), Err(Refusal::CertificateMismatch));
    assert_eq!(locked.require_challenge(b"d688d763-6118-4ca6-94b2-e6cd9ed7e4e4"), Ok(()));
    assert_eq!(locked.require_challenge(b"d688d763-6118-4ca6-94b2-e6cd9ed7e4e5"), Err(Refusal::ChallengeMismatch));

    let unlocked = verified("akita/sdk34/TEE_EC_NONE").unwrap();
    assert_eq!(unlocked.root_of_trust.as_ref().unwrap().verified_boot_state, VerifiedBootState::Unverified);
    assert_eq!(unlocked.judge(&rule(COLLECTOR)), Err(Refusal::BootNotVerified));
    assert_eq!(unlocked.judge(&Rule { development: true, ..rule(COLLECTOR) }), Ok(()));

    let software = android::inspect(&chain("marlin/sdk29/TEE_EC_NONE")).unwrap();
    assert_eq!(software.judge(&rule(COLLECTOR)), Err(Refusal::SoftwareLevel));
}

#[test]
fn inspection_prints_what_people_need() {
    let shown = serde_json::to_value(verified("caiman/sdk36/SB_EC_RKP").unwrap()).unwrap();
    assert_eq!(shown["packages"][0]["name"], "com.google.android.attestation");
    assert_eq!(shown["signatures"][0], "103938ee4537e59e8ee792f654504fb8346fc6b346d0bbc4415fc339fcfc8ec1");
    assert_eq!(shown["keyMintSecurityLevel"], "STRONG_BOX");
    assert_eq!(shown["verifiedBootState"], "VERIFIED");
    assert_eq!(shown["deviceLocked"], true);
    assert_eq!(shown["challenge"].as_str().unwrap().len(), 72);
}
