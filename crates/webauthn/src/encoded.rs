//! Base64url without padding, as credentials in JSON are written.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use crate::Refusal;

/// Writes bytes.
pub fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads bytes, of which there may be so many at most.
///
/// # Errors
/// If there are more, or the text is not written as [`encode`] writes it.
pub fn decode(text: &str, longest: usize) -> Result<Vec<u8>, Refusal> {
    if text.len() > longest.div_ceil(3) * 4 {
        return Err(Refusal::TooLong);
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Malformed)?;
    if bytes.len() > longest { Err(Refusal::TooLong) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_one_way_of_writing_is_read() {
        assert_eq!(decode("_-8", 2), Ok(vec![0xff, 0xef]));
        assert_eq!(encode(&[0xff, 0xef]), "_-8");
        for text in ["_-8=", "/+8", "_-9", "_", "_-8 "] {
            assert_eq!(decode(text, 9), Err(Refusal::Malformed), "{text}");
        }
        assert_eq!(decode("AAAA", 2), Err(Refusal::TooLong));
        assert_eq!(decode("AAAAAAAA", 2), Err(Refusal::TooLong));
    }
}
