//! Base64 and fixed-size fields on the wire.

use base64::Engine;

use crate::refusal::Refusal;

/// Sealed content can be as large as a request may be: where the processor can, many characters are converted at once.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon")))]
mod engine {
    use std::sync::LazyLock;

    use base64::engine::Simd;
    use base64::engine::general_purpose::PAD;

    static FASTEST: LazyLock<Simd> = LazyLock::new(|| Simd::standard(PAD));

    pub fn engine() -> &'static Simd {
        &FASTEST
    }
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_feature = "neon"))))]
mod engine {
    pub fn engine() -> &'static base64::engine::GeneralPurpose {
        &base64::engine::general_purpose::STANDARD
    }
}

/// Padded standard base64.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    engine::engine().encode(bytes)
}

/// Strict padded standard base64: one text for one byte string, so that nothing is malleable.
pub(crate) fn from_base64(text: &str) -> Result<Vec<u8>, Refusal> {
    engine::engine().decode(text).map_err(|_| Refusal::Malformed)
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

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn whatever_the_processor_one_text_stands_for_one_byte_string() {
        for length in 0..130u8 {
            let bytes: Vec<u8> = (0..length).map(|number| number.wrapping_mul(157).wrapping_add(length)).collect();
            let text = to_base64(&bytes);
            assert_eq!(text, STANDARD.encode(&bytes));
            assert_eq!(from_base64(&text), Ok(bytes));
            for place in 0..text.len() {
                for other in [b'A', b'/', b'+', b'=', b'-', b'_', b' ', b'\n', 0, 0x80, 0xff] {
                    let mut changed = text.clone().into_bytes();
                    changed[place] = other;
                    let Ok(changed) = String::from_utf8(changed) else { continue };
                    assert_eq!(from_base64(&changed).ok(), STANDARD.decode(&changed).ok(), "{changed:?}");
                }
                assert_eq!(from_base64(&text[..place]).ok(), STANDARD.decode(&text[..place]).ok());
            }
        }
    }
}
