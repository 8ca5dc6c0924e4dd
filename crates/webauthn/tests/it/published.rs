//! The test vectors of Web Authentication Level 3, section 16 (`vectors/level-3.json`): registrations with their
//! attestation, and a use of each.

use data_encoding::HEXLOWER;
use lingpai_webauthn::{
    Algorithm, Refusal, RelyingParty, UserVerification,
    authentication::{Assertion, RegisteredCredential},
    encode, registration,
};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../vectors/level-3.json");

fn party(user_verification: UserVerification) -> RelyingParty {
    RelyingParty { id: "example.org".into(), origins: vec!["https://example.org".into()], user_verification }
}

fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn vectors() -> Vec<Value> {
    serde_json::from_str(VECTORS).unwrap()
}

/// The credential's id, from the place where the authenticator data have it.
fn credential_id(object: &[u8]) -> Vec<u8> {
    let at = object.windows(8).position(|window| window == b"authData").unwrap() + 8;
    let head = if object[at] == 0x58 { 2 } else { 3 };
    let from = at + head + 37 + 16 + 2;
    object[from..from + 32].to_vec()
}

fn registration_of(vector: &Value) -> (Vec<u8>, Value) {
    let given = &vector["registration"];
    let object = hex(&given["attestationObject"]);
    let id = encode(&credential_id(&object));
    let response = json!({
        "clientDataJSON": encode(&hex(&given["clientDataJSON"])), "attestationObject": encode(&object), "transports": [],
    });
    let credential = json!({"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}, "response": response});
    (hex(&given["challenge"]), credential)
}

#[test]
fn published_registrations_and_uses_are_accepted() {
    let names = ["none.ES256", "packed-self.ES256", "packed.RS256", "packed.EdDSA"];
    let algorithms = [Algorithm::Es256, Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa];
    let party = party(UserVerification::Preferred);
    let vectors = vectors();
    assert_eq!(vectors.len(), names.len());
    for ((vector, name), algorithm) in vectors.iter().zip(names).zip(algorithms) {
        assert_eq!(vector["name"], name);
        let (challenge, credential) = registration_of(vector);
        let made = registration::verify(&party, &challenge, &credential).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!((made.algorithm, made.state.sign_count), (algorithm, 0), "{name}");

        let given = &vector["authentication"];
        let id = encode(&made.id);
        let response = json!({
            "clientDataJSON": encode(&hex(&given["clientDataJSON"])),
            "authenticatorData": encode(&hex(&given["authenticatorData"])),
            "signature": encode(&hex(&given["signature"])),
            "userHandle": encode(b"user"),
        });
        let credential = json!({"id": id, "rawId": id, "type": "public-key", "clientExtensionResults": {}, "response": response});
        let stored =
            RegisteredCredential { public_key: &made.public_key, user_handle: b"user", backup_eligible: made.state.backup_eligible };
        let assertion = Assertion::parse(&credential).unwrap();
        assertion.verify(&party, &hex(&given["challenge"]), stored).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
    }
}

/// The first vector has no user verification: what this program demands is stricter than the vectors.
#[test]
fn published_registrations_without_user_verification_are_refused_where_it_is_required() {
    let outcomes: Vec<Option<Refusal>> = vectors()
        .iter()
        .map(|vector| {
            let (challenge, credential) = registration_of(vector);
            registration::verify(&party(UserVerification::Required), &challenge, &credential).err()
        })
        .collect();
    assert_eq!(outcomes, [Some(Refusal::UserNotVerified), None, None, Some(Refusal::UserNotVerified)]);
}

/// Whatever bit of what was signed is changed, it is refused.
#[test]
fn a_published_use_with_any_bit_changed_is_refused() {
    let party = party(UserVerification::Preferred);
    for vector in vectors() {
        let (challenge, credential) = registration_of(&vector);
        let made = registration::verify(&party, &challenge, &credential).unwrap();
        let given = &vector["authentication"];
        let stored =
            RegisteredCredential { public_key: &made.public_key, user_handle: b"user", backup_eligible: made.state.backup_eligible };
        for part in ["clientDataJSON", "authenticatorData", "signature"] {
            let bytes = hex(&given[part]);
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let mut response = json!({"userHandle": encode(b"user")});
                for name in ["clientDataJSON", "authenticatorData", "signature"] {
                    response[name] = encode(&if name == part { changed.clone() } else { hex(&given[name]) }).into();
                }
                let id = encode(&made.id);
                let credential = json!({"id": id, "rawId": id, "type": "public-key", "response": response});
                let verified = Assertion::parse(&credential).and_then(|read| read.verify(&party, &hex(&given["challenge"]), stored));
                assert!(verified.is_err(), "{}: {part} byte {at}", vector["name"]);
            }
        }
    }
}
