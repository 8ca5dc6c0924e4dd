//! The JWT decoder: nothing but what was signed verifies, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_domain::{
    secret::Secret,
    token::{Gate, Payload, sign, verify},
};

fuzz_target!(|text: &str| {
    let secret = Secret::new("a secret that the fuzzer does not know");
    if let Ok(claims) = verify(text, &secret) {
        panic!("forged: {claims:?}");
    }
    // Whatever stands in a payload survives signing, and the client can decode it.
    let payload = Payload::from_iter([("uid".to_owned(), text.into()), (text.to_owned(), text.into())]);
    let token = sign(&payload, &secret);
    assert!(!token.split('.').nth(1).unwrap().contains(['-', '_']));
    if let Ok(claims) = verify(&token, &secret) {
        let _ = claims.is_listed_version();
        let _ = claims.is_expired(0);
        let _ = Gate::default().judge(&token, &claims);
    }
});
