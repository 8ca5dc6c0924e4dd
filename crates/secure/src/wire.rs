//! Base64 and fixed-size fields on the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::refusal::Refusal;

/// Padded standard base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Strict padded standard base64: one text for one byte string, so that nothing is malleable.
pub(crate) fn from_base64(text: &str) -> Result<Vec<u8>, Refusal> {
    STANDARD.decode(text).map_err(|_| Refusal::Malformed)
}

/// Base64 of exactly `N` bytes.
pub(crate) fn array_from_base64<const N: usize>(text: &str) -> Result<[u8; N], Refusal> {
    // Checked first: no allocation for a text that is too long anyway.
    if text.len() != N.div_ceil(3) * 4 {
        return Err(Refusal::Malformed);
    }
    from_base64(text)?.try_into().map_err(|_| Refusal::Malformed)
}

/// Lower-case hexadecimal.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}
