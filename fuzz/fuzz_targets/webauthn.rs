//! What browsers answer with passkeys: nothing that the fuzzer makes is genuine, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_webauthn::{
    PublicKey, RelyingParty, UserVerification,
    authentication::{Assertion, RegisteredCredential},
    encode, registration,
};
use serde_json::json;

/// A key that signed nothing: the generator of P-256.
const KEY: &[u8] = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20\x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\x22\x58\x20\x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

fuzz_target!(|data: &[u8]| {
    let party = RelyingParty {
        id: "example.org".into(),
        origins: vec!["https://example.org".into()],
        user_verification: UserVerification::Required,
    };
    let challenge = [7; 32];
    let client_data = |kind: &str| {
        encode(json!({"type": kind, "challenge": encode(&challenge), "origin": "https://example.org"}).to_string().as_bytes())
    };
    // An attestation object. One that is accepted is a credential with a key that can be read again.
    let credential = |id: &str| {
        let response = json!({"clientDataJSON": client_data("webauthn.create"), "attestationObject": encode(data)});
        json!({"id": id, "rawId": id, "type": "public-key", "response": response})
    };
    if let Ok(made) = registration::verify(&party, &challenge, &credential("AQID")) {
        assert!(PublicKey::parse(&made.public_key).is_ok());
    }
    // A signature and authenticator data, cut anywhere.
    let (signature, authenticator_data) = data.split_at(data.len().min(usize::from(data.first().copied().unwrap_or(0))));
    let response = json!({
        "clientDataJSON": client_data("webauthn.get"), "authenticatorData": encode(authenticator_data), "signature": encode(signature),
        "userHandle": encode(b"user"),
    });
    let answer = json!({"id": "AQID", "rawId": "AQID", "type": "public-key", "response": response});
    let stored = RegisteredCredential { public_key: KEY, user_handle: b"user", backup_eligible: true };
    let verified = Assertion::parse(&answer).and_then(|read| read.verify(&party, &challenge, stored));
    assert!(verified.is_err(), "forged");
    // Any JSON at all.
    if let Ok(json) = serde_json::from_slice(data) {
        let _ = registration::verify(&party, &challenge, &json);
        let _ = Assertion::parse(&json);
    }
});
