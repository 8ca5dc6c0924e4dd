//! Options for browsers, in JSON (sections 5.4, 5.5 and 5.1.9).

use serde_json::{Value, json};

use crate::{Algorithm, RelyingParty, encode};

/// Whom a credential is made for.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// The user handle, at most 64 bytes; must tell nothing about the user.
    pub handle: &'a [u8],
    /// What tells accounts apart in the list of a password manager (a user name, a number).
    pub name: &'a str,
    /// What people call the account.
    pub display_name: &'a str,
}

/// A credential that an authenticator may have already.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Names it.
    pub id: &'a [u8],
    /// How it may be reached.
    pub transports: &'a [String],
}

/// PublicKeyCredentialCreationOptionsJSON: a discoverable credential, on an authenticator that has none of `known`.
pub fn creation(
    party: &RelyingParty,
    party_name: &str,
    user: NewUser<'_>,
    challenge: &[u8],
    timeout_ms: u64,
    known: &[Known<'_>],
) -> Value {
    let descriptors: Vec<Value> =
        known.iter().map(|known| json!({"type": "public-key", "id": encode(known.id), "transports": known.transports})).collect();
    let algorithms: Vec<Value> = Algorithm::ALL.iter().map(|algorithm| json!({"type": "public-key", "alg": algorithm.number()})).collect();
    json!({
        "rp": {"id": party.id, "name": party_name},
        "user": {"id": encode(user.handle), "name": user.name, "displayName": user.display_name},
        "challenge": encode(challenge),
        "pubKeyCredParams": algorithms,
        "timeout": timeout_ms,
        "excludeCredentials": descriptors,
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": true,
            "userVerification": party.user_verification.wire(),
        },
        "attestation": "none",
        "extensions": {"credProps": true},
    })
}

/// PublicKeyCredentialRequestOptionsJSON: any discoverable credential of the relying party.
pub fn request(party: &RelyingParty, challenge: &[u8], timeout_ms: u64) -> Value {
    json!({
        "challenge": encode(challenge),
        "timeout": timeout_ms,
        "rpId": party.id,
        "allowCredentials": [],
        "userVerification": party.user_verification.wire(),
    })
}
