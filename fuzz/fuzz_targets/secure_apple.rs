//! Apple's objects: nothing that the fuzzer makes is genuine, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_secure::attestation::apple::{self, AttestedKey, Rule};
use lingpai_secure::attestation::{APPLE_APP_ATTESTATION_ROOT, Roots};
use lingpai_secure::device_key::{DeviceSigner, SoftwareDeviceKey};

fuzz_target!(|data: &[u8]| {
    let rule = Rule { team_id: "ABCDE12345".into(), bundle_id: "com.example.demo".into(), development: true };
    let roots = Roots::from_pem(APPLE_APP_ATTESTATION_ROOT).unwrap();
    assert!(apple::verify_attestation(data, &[1; 32], &[2; 32], &rule, &roots, 1_606_000_000_000).is_err(), "forged");
    let public_key = SoftwareDeviceKey::from_secret(&[3; 32]).unwrap().public_key();
    let key = AttestedKey { key_id: [1; 32], public_key, counter: 0 };
    assert!(apple::verify_assertion(data, &[2; 32], &key, &rule).is_err(), "forged");
});
