//! Android's chains: a fuzzed leaf (seed the corpus with real ones) before real issuers, and fuzzed lists of certificates.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lingpai_secure::attestation::{GOOGLE_KEY_ATTESTATION_ROOTS, Revocations, Roots, android, ders_from_pem};

const REAL: &[u8] = include_bytes!("../../crates/secure/tests/vectors/android-key-attestation/caiman/sdk36/TEE_EC_RKP.pem");

static ROOTS: LazyLock<Roots> = LazyLock::new(|| Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS).unwrap());
static CHAIN: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| ders_from_pem(REAL).unwrap());

fuzz_target!(|data: &[u8]| {
    let roots = &*ROOTS;
    let none = Revocations::default();
    let mut chain = CHAIN.clone();
    let genuine = chain[0] == data;
    chain[0] = data.to_vec();
    let _ = android::inspect(&chain);
    assert!(android::verify(&chain, roots, &none, 1_758_900_680_964).is_err() || genuine, "forged");
    let pieces: Vec<&[u8]> = data.split(|byte| *byte == 0xfe).collect();
    let _ = android::verify(&pieces, roots, &none, 0);
    let _ = Revocations::from_json(data);
    let _ = ders_from_pem(data);
});
