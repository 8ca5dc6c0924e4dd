//! Signatures that clouds want under requests, and the dates in them.

pub mod acs3;
pub mod date;
pub mod sigv4;
pub mod tc3;

use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::random::to_hex;
use sha2::{Digest, Sha256};

/// Lower-case hex of SHA-256.
fn sha256_hex(bytes: &[u8]) -> String {
    to_hex(&Sha256::digest(bytes))
}

/// HMAC-SHA256.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length (RFC 2104, section 2).
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Percent-encoding that leaves letters, digits, `-`, `_`, `.` and `~` alone (RFC 3986, section 2.3).
pub(crate) fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;

    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
