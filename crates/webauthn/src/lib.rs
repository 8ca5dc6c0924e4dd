//! What a relying party does with passkeys, after Web Authentication Level 3 (W3C): options for the browser, and
//! the checks of what comes back (sections 7.1 and 7.2).
//!
//! Everything here is a pure function of bytes: no I/O, no clock, no randomness. Whether a challenge is fresh and
//! used once, whose a credential is, and where the counter is kept is the caller's business.
//!
//! Attestation is not asked for (`none`): statements that come nevertheless are read for their shape and not
//! believed. So no certificate is parsed, and nobody's make of authenticator is turned away or tracked.

pub mod authentication;
mod authenticator_data;
mod cbor;
mod client_data;
mod cose;
mod encoded;
pub mod options;
mod refusal;
pub mod registration;
#[cfg(feature = "testing")]
pub mod software;

pub use cose::{Algorithm, PublicKey};
pub use encoded::{decode, encode};
pub use refusal::Refusal;

/// Who asks for passkeys, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The RP ID: a domain, or `localhost`.
    pub id: String,
    /// Origins that pages and apps may ask from, compared byte for byte.
    pub origins: Vec<String>,
    /// Whether the authenticator must have verified the user (by PIN, finger, face).
    pub user_verification: UserVerification,
}

/// Whether the user must have been verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserVerification {
    /// Without it a ceremony is refused: a passkey is then two factors by itself.
    Required,
    /// It is told and nothing more.
    Preferred,
}

impl UserVerification {
    /// The name in options.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Preferred => "preferred",
        }
    }
}

/// The longest credential id, bytes (section 4, "Credential ID").
pub const LONGEST_CREDENTIAL_ID: usize = 1023;

/// What a ceremony told of the authenticator: the flags of section 6.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthenticatorState {
    /// The signature counter; 0 where the authenticator has none.
    pub sign_count: u32,
    /// The user was verified.
    pub user_verified: bool,
    /// The credential can be backed up (that of a passkey which is synchronised).
    pub backup_eligible: bool,
    /// It is backed up now.
    pub backed_up: bool,
}
