//! App Attest: real devices' objects, and objects that are right in everything but one thing.

use std::collections::HashMap;

use lingpai_secure::attestation::apple::{self, AttestedKey, Rule};
use lingpai_secure::attestation::{APPLE_APP_ATTESTATION_ROOT, Roots};
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};
use lingpai_secure::refusal::Refusal;

use crate::apple_objects::{Making, assertion};
use crate::certificates::Authority;
use crate::setting::NOW;
use crate::{base64, vector};

type Record = HashMap<String, String>;

/// The records of a vector file: plain `key: value` lines between `---` lines.
fn records(file: &str) -> Vec<Record> {
    let text = vector(&format!("apple-app-attest/{file}"));
    let read = |part: &str| {
        let part = part.trim_start_matches("---\n");
        let lines = part.lines().filter_map(|line| line.split_once(": "));
        lines.map(|(key, value)| (key.to_owned(), value.trim_matches('\'').to_owned())).collect::<Record>()
    };
    text.split("\n---\n").map(read).filter(|record| !record.is_empty()).collect()
}

fn of_kind(file: &str, kind: &str) -> Record {
    records(file).into_iter().find(|record| record["type"] == kind).unwrap()
}

/// Midnight after the day of the record, when the certificates (three days) are still valid: days since 1970 by the civil calendar.
fn time_ms(record: &Record) -> i64 {
    let part = |range: std::ops::Range<usize>| record["timestamp"][range].parse::<i64>().unwrap();
    let (year, month, day) = (part(0..4), part(5..7), part(8..10));
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719_469;
    (days + 1) * 24 * 3600 * 1000
}

fn rule(record: &Record) -> Rule {
    Rule { team_id: record["teamIdentifier"].clone(), bundle_id: record["bundleIdentifier"].clone(), development: true }
}

fn array(record: &Record, key: &str) -> [u8; 32] {
    base64(&record[key]).try_into().unwrap()
}

fn root() -> Roots {
    Roots::from_pem(APPLE_APP_ATTESTATION_ROOT).unwrap()
}

fn attest(record: &Record, object: &[u8], rule: &Rule, now_ms: i64) -> Result<AttestedKey, Refusal> {
    let hash = array(record, "clientDataHashSha256Base64");
    apple::verify_attestation(object, &array(record, "keyIdBase64"), &hash, rule, &root(), now_ms)
}

const FILES: [&str; 2] = ["ios-14.2.yaml", "ios-14.4.yaml"];

#[test]
fn real_attestations_and_their_assertions_verify() {
    for file in FILES {
        let record = of_kind(file, "attestation");
        assert_eq!(apple::client_data_hash(&base64(&record["clientDataBase64"])), array(&record, "clientDataHashSha256Base64"));
        let key = attest(&record, &base64(&record["attestationBase64"]), &rule(&record), time_ms(&record)).unwrap();
        assert_eq!((key.key_id, key.counter), (array(&record, "keyIdBase64"), 0), "{file}");

        let assertion = of_kind(file, "assertion");
        let object = base64(&assertion["assertionBase64"]);
        let hash = array(&assertion, "clientDataHashSha256Base64");
        assert_eq!(apple::verify_assertion(&object, &hash, &key, &rule(&assertion)), Ok(1), "{file}");
        // The same again: the counter did not grow.
        let used = AttestedKey { counter: 1, ..key.clone() };
        assert_eq!(apple::verify_assertion(&object, &hash, &used, &rule(&assertion)), Err(Refusal::CounterMismatch));
        assert_eq!(apple::verify_assertion(&object, &[0; 32], &key, &rule(&assertion)), Err(Refusal::BadSignature));
        let other = Rule { bundle_id: "com.example".into(), ..rule(&assertion) };
        assert_eq!(apple::verify_assertion(&object, &hash, &key, &other), Err(Refusal::PackageMismatch));
        for byte in 0..object.len() {
            let mut flipped = object.clone();
            flipped[byte] ^= 1 << (byte % 8);
            assert!(apple::verify_assertion(&flipped, &hash, &key, &rule(&assertion)).is_err(), "{file}, byte {byte}");
        }
    }
}

#[test]
fn a_real_attestation_is_refused_with_the_reason_for_what_does_not_fit() {
    for file in FILES {
        let record = of_kind(file, "attestation");
        let (object, now_ms, right) = (base64(&record["attestationBase64"]), time_ms(&record), rule(&record));
        let verdict = |rule: &Rule, now_ms| attest(&record, &object, rule, now_ms).unwrap_err();
        assert_eq!(verdict(&Rule { development: false, ..right.clone() }, now_ms), Refusal::EnvironmentMismatch);
        assert_eq!(verdict(&Rule { team_id: "ABCDE12345".into(), ..right.clone() }, now_ms), Refusal::PackageMismatch);
        assert_eq!(verdict(&right, now_ms + 30 * 24 * 3600 * 1000), Refusal::CertificateNotValid);
        let (id, hash) = (array(&record, "keyIdBase64"), array(&record, "clientDataHashSha256Base64"));
        let others = crate::roots_of(&Authority::root("Apple App Attestation Root CA"));
        let with = |id: [u8; 32], hash: [u8; 32], roots: &Roots| {
            apple::verify_attestation(&object, &id, &hash, &right, roots, now_ms).unwrap_err()
        };
        assert_eq!(with([0; 32], hash, &root()), Refusal::AttestedKeyMismatch);
        assert_eq!(with(id, [0; 32], &root()), Refusal::ChallengeMismatch);
        assert_eq!(with(id, hash, &others), Refusal::UntrustedRoot);
    }
}

#[test]
fn no_truncation_of_a_real_attestation_is_accepted() {
    let record = of_kind(FILES[0], "attestation");
    let object = base64(&record["attestationBase64"]);
    for length in (0..object.len()).step_by(7) {
        assert!(attest(&record, &object[..length], &rule(&record), time_ms(&record)).is_err(), "{length}");
    }
}

#[test]
fn made_objects_pass_only_with_a_zero_counter_and_their_own_credential() {
    let rule = Rule { team_id: "ABCDE12345".into(), bundle_id: "com.example.demo".into(), development: false };
    let (root, key) = (Authority::root("root"), SoftwareDeviceKey::from_secret(&[8; 32]).unwrap());
    let verdict = |making: Making, rule: &Rule| {
        let (object, key_id) = making.object(&root, &key, &[9; 32]);
        apple::verify_attestation(&object, &key_id, &[9; 32], rule, &crate::roots_of(&root), NOW).map(|key| key.counter)
    };
    let making = || Making::new(rule.clone());
    assert_eq!(verdict(making(), &rule), Ok(0));
    assert_eq!(verdict(Making { counter: 1, ..making() }, &rule), Err(Refusal::CounterMismatch));
    assert_eq!(verdict(Making { credential_id: Some([0; 32]), ..making() }, &rule), Err(Refusal::AttestedKeyMismatch));
    assert_eq!(verdict(Making { aaguid: *b"appattestdevelop", ..making() }, &rule), Err(Refusal::EnvironmentMismatch));
    let development = Rule { development: true, ..rule.clone() };
    assert_eq!(verdict(making(), &development), Err(Refusal::EnvironmentMismatch));
    assert_eq!(verdict(Making { aaguid: *b"appattestdevelop", ..making() }, &development), Ok(0));
}

#[test]
fn made_assertions_hold_for_their_call_with_a_counter_that_grows() {
    let rule = Rule { team_id: "ABCDE12345".into(), bundle_id: "com.example.demo".into(), development: false };
    let key = SoftwareDeviceKey::from_secret(&[8; 32]).unwrap();
    let key_id = apple::client_data_hash(key.public_key().as_bytes());
    let known = |counter| AttestedKey { key_id, public_key: key.public_key(), counter };
    let object = assertion(&rule, &key, 7, &[9; 32]);
    assert_eq!(apple::verify_assertion(&object, &[9; 32], &known(6), &rule), Ok(7));
    assert_eq!(apple::verify_assertion(&object, &[9; 32], &known(7), &rule), Err(Refusal::CounterMismatch));
    assert_eq!(apple::verify_assertion(&object, &[8; 32], &known(0), &rule), Err(Refusal::BadSignature));
}
