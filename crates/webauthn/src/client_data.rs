//! The client data that browsers make (section 5.8.1).

use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::{Refusal, RelyingParty, decode};

/// The longest client data, bytes.
pub const LONGEST: usize = 8 * 1024;

/// The longest challenge that is read, bytes.
const LONGEST_CHALLENGE: usize = 256;

/// What is looked at; other members are for later versions and are passed over.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

/// The kind of a ceremony.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ceremony {
    /// A credential is made.
    Create,
    /// A credential is used.
    Get,
}

/// Checks client data: the ceremony, the challenge, where the page came from.
pub fn check(bytes: &[u8], ceremony: Ceremony, challenge: &[u8], party: &RelyingParty) -> Result<(), Refusal> {
    let data: ClientData = serde_json::from_slice(bytes).map_err(|_| Refusal::Malformed)?;
    let kind = match ceremony {
        Ceremony::Create => "webauthn.create",
        Ceremony::Get => "webauthn.get",
    };
    if data.kind != kind {
        return Err(Refusal::WrongType);
    }
    let answered = decode(&data.challenge, LONGEST_CHALLENGE).map_err(|_| Refusal::WrongChallenge)?;
    if !bool::from(answered.ct_eq(challenge)) {
        return Err(Refusal::WrongChallenge);
    }
    if !party.origins.contains(&data.origin) {
        return Err(Refusal::WrongOrigin);
    }
    // Nobody has a reason to embed these pages.
    if data.cross_origin || data.top_origin.is_some() {
        return Err(Refusal::CrossOrigin);
    }
    Ok(())
}
