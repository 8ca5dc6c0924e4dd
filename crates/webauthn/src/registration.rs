//! Registering a new credential (section 7.1).

use serde::Deserialize;
use serde_json::Value;

use crate::{
    Algorithm, AuthenticatorState, LONGEST_CREDENTIAL_ID, Refusal, RelyingParty,
    authenticator_data::{self, AuthenticatorData},
    cbor::Reader,
    client_data::{self, Ceremony},
    decode,
};

/// The longest attestation object, bytes; those of TPMs with their certificates have about 6 KiB.
const LONGEST_ATTESTATION: usize = 32 * 1024 + authenticator_data::LONGEST;

/// How a client may reach an authenticator (section 5.8.4). Others that browsers may tell of are left out.
const TRANSPORTS: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

/// A credential that was made, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCredential {
    /// Names it.
    pub id: Vec<u8>,
    /// COSE_Key, as [`crate::PublicKey::parse`] reads it.
    pub public_key: Vec<u8>,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// The make of the authenticator, as it says itself; zeros where it does not.
    pub aaguid: [u8; 16],
    /// How it may be reached.
    pub transports: Vec<String>,
    /// Counter and flags.
    pub state: AuthenticatorState,
}

/// RegistrationResponseJSON (section 5.1), of which the rest is not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    id: String,
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: Attestation,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attestation {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
    transports: Option<Vec<String>>,
}

/// Checks what a browser made for a challenge.
///
/// # Errors
/// See [`Refusal`].
pub fn verify(party: &RelyingParty, challenge: &[u8], credential: &Value) -> Result<NewCredential, Refusal> {
    let response = Response::deserialize(credential).map_err(|_| Refusal::Malformed)?;
    if response.kind != "public-key" {
        return Err(Refusal::Malformed);
    }
    let raw_id = decode(&response.raw_id, LONGEST_CREDENTIAL_ID)?;
    let client_data = decode(&response.response.client_data, client_data::LONGEST)?;
    let attestation = decode(&response.response.attestation_object, LONGEST_ATTESTATION)?;
    client_data::check(&client_data, Ceremony::Create, challenge, party)?;
    let data = AuthenticatorData::parse(authenticator_data_of(&attestation)?)?;
    let state = data.check(party)?;
    let made = data.credential.ok_or(Refusal::Malformed)?;
    if response.id != response.raw_id || raw_id != made.id {
        return Err(Refusal::WrongCredential);
    }
    let mut transports: Vec<String> =
        response.response.transports.unwrap_or_default().into_iter().filter(|name| TRANSPORTS.contains(&name.as_str())).collect();
    transports.sort_unstable();
    transports.dedup();
    Ok(NewCredential {
        id: raw_id,
        public_key: made.public_key.to_vec(),
        algorithm: made.key.algorithm(),
        aaguid: made.aaguid,
        transports,
        state,
    })
}

/// The authenticator data in an attestation object (section 6.5.4).
fn authenticator_data_of(object: &[u8]) -> Result<&[u8], Refusal> {
    let mut reader = Reader::new(object);
    let (mut format, mut statement, mut data) = (None, None, None);
    for _ in 0..reader.map()? {
        let is_first = match reader.text()? {
            "fmt" => format.replace(reader.text()?).is_none(),
            "attStmt" => statement.replace(reader.item()?).is_none(),
            "authData" => data.replace(reader.bytes()?).is_none(),
            // What later versions may add.
            _ => reader.item().map(|_| true)?,
        };
        if !is_first {
            return Err(Refusal::Malformed);
        }
    }
    let (Some(format), Some(statement), Some(data)) = (format, statement, data) else { return Err(Refusal::Malformed) };
    // A statement is a map; that of the format "none" is empty (section 8.7).
    let entries = Reader::new(statement).map()?;
    if !reader.rest().is_empty() || (format == "none" && entries != 0) {
        return Err(Refusal::Malformed);
    }
    Ok(data)
}
