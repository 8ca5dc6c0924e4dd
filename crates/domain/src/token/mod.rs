//! Tokens: JWTs that existing cloud functions (uni-id-common) verify, and what makes them void.

mod claims;
mod gate;
mod jwt;

pub use claims::Claims;
pub use gate::{Gate, Refusal};
pub use jwt::{Payload, VerifyError, sign, verify};

/// The version that is written into tokens (`uniIdVersion`).
pub const UNI_ID_VERSION: &str = "1.0.19";

/// SHA-256 of a token's text, under which the list of logged-out tokens keeps it.
pub fn hash(token: &str) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(token.as_bytes()).into()
}
