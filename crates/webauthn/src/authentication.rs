//! Signing in with a credential (section 7.2).

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    AuthenticatorState, LONGEST_CREDENTIAL_ID, PublicKey, Refusal, RelyingParty,
    authenticator_data::{self, AuthenticatorData},
    client_data::{self, Ceremony},
    decode,
};

/// The longest user handle, bytes (section 5.4.3).
const LONGEST_USER_HANDLE: usize = 64;

/// The longest signature, bytes: that of RSA with 4096 bits.
const LONGEST_SIGNATURE: usize = 512;

/// What was stored when the credential was registered.
#[derive(Clone, Copy, Debug)]
pub struct RegisteredCredential<'a> {
    /// COSE_Key.
    pub public_key: &'a [u8],
    /// The user handle that it was made for.
    pub user_handle: &'a [u8],
    /// Whether it could be backed up.
    pub backup_eligible: bool,
}

/// An answer that was read but not checked: who it says it is.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// Names the credential.
    pub credential_id: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
    user_handle: Option<Vec<u8>>,
}

/// AuthenticationResponseJSON (section 5.1), of which the rest is not looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    id: String,
    raw_id: String,
    #[serde(rename = "type")]
    kind: String,
    response: AssertionResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AssertionResponse {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

impl Assertion {
    /// Reads what a browser answered.
    ///
    /// # Errors
    /// If it is no such answer.
    pub fn parse(credential: &Value) -> Result<Self, Refusal> {
        let Response { id, raw_id, kind, response } = Response::deserialize(credential).map_err(|_| Refusal::Malformed)?;
        if kind != "public-key" {
            return Err(Refusal::Malformed);
        }
        if id != raw_id {
            return Err(Refusal::WrongCredential);
        }
        Ok(Self {
            credential_id: decode(&raw_id, LONGEST_CREDENTIAL_ID)?,
            client_data: decode(&response.client_data, client_data::LONGEST)?,
            authenticator_data: decode(&response.authenticator_data, authenticator_data::LONGEST)?,
            signature: decode(&response.signature, LONGEST_SIGNATURE)?,
            user_handle: response.user_handle.map(|handle| decode(&handle, LONGEST_USER_HANDLE)).transpose()?,
        })
    }

    /// Checks what needs no stored credential: the challenge and where the page came from.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check_client(&self, party: &RelyingParty, challenge: &[u8]) -> Result<(), Refusal> {
        client_data::check(&self.client_data, Ceremony::Get, challenge, party)
    }

    /// Checks all of it against the stored credential that it names. The counter is the caller's to compare
    /// ([`counter_is_plausible`]), where no other answer can come in between.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn verify(&self, party: &RelyingParty, challenge: &[u8], stored: RegisteredCredential<'_>) -> Result<AuthenticatorState, Refusal> {
        self.check_client(party, challenge)?;
        // Nobody was named at the beginning, so the authenticator must say whose the credential is (step 6).
        if self.user_handle.as_deref() != Some(stored.user_handle) {
            return Err(Refusal::WrongUserHandle);
        }
        let state = AuthenticatorData::parse(&self.authenticator_data)?.check(party)?;
        if state.backup_eligible != stored.backup_eligible {
            return Err(Refusal::InconsistentBackup);
        }
        let signed = [&self.authenticator_data, digest(&SHA256, &self.client_data).as_ref()].concat();
        PublicKey::parse(stored.public_key)?.verify(&signed, &self.signature)?;
        Ok(state)
    }
}

/// Whether a counter may follow another (step 22): it grows, or the authenticator has none. One that does not grow
/// is a sign that the credential was copied.
pub const fn counter_is_plausible(stored: u32, answered: u32) -> bool {
    answered > stored || (answered == 0 && stored == 0)
}

#[cfg(test)]
mod tests {
    use super::counter_is_plausible;

    #[test]
    fn counters_grow_or_are_none() {
        for (stored, answered, plausible) in [(0, 0, true), (0, 1, true), (5, 6, true), (5, 5, false), (5, 4, false), (5, 0, false)] {
            assert_eq!(counter_is_plausible(stored, answered), plausible, "{stored} {answered}");
        }
    }
}
