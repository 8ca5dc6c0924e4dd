//! Photographs that come from a face verification.

use base64::{Engine, engine::general_purpose::STANDARD};

/// The largest photograph that is kept, bytes.
pub const LARGEST: usize = 1024 * 1024;

/// Reads a photograph from base64, perhaps with a data URI's head. `None`: it is too large, or neither
/// JPEG nor PNG.
pub fn read(text: &str) -> Option<Vec<u8>> {
    let body = match text.strip_prefix("data:") {
        Some(uri) => uri.split_once(";base64,")?.1,
        None => text,
    };
    if body.len() > LARGEST * 4 / 3 + 4 {
        return None;
    }
    let bytes = STANDARD.decode(body.split_whitespace().collect::<String>()).ok()?;
    let is_image = bytes.starts_with(&[0xff, 0xd8, 0xff]) || bytes.starts_with(b"\x89PNG\r\n\x1a\n");
    (is_image && bytes.len() <= LARGEST).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_are_kept() {
        assert_eq!(read("/9j/AA==").unwrap(), [0xff, 0xd8, 0xff, 0]);
        assert_eq!(read("data:image/png;base64,iVBORw0KGgo=").unwrap(), b"\x89PNG\r\n\x1a\n");
        for odd in ["", "PHN2Zz4=", "no base64", "data:image/png,x"] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(read(&STANDARD.encode([&[0xff, 0xd8, 0xff][..], &vec![0; LARGEST]].concat())), None);
    }
}
