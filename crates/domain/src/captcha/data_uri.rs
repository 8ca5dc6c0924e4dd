//! Pictures as data URIs (RFC 2397), as `captchaBase64` carries them.

use base64::Engine as _;

use super::Format;

/// The data URI of `image`. The prefixes are those that the clients know: `;utf8` before SVG
/// markup, `;base64` before the others. `strict` percent-encodes everything that RFC 3986 does not
/// allow in a URI, spaces and quotes included; otherwise only what browsers stumble over.
pub(super) fn data_uri(format: Format, image: &[u8], strict: bool) -> String {
    match format {
        Format::Svg => percent_encoded("data:image/svg+xml;utf8,", image, strict),
        Format::Png => base64("data:image/png;base64,", image),
        Format::Bmp => base64("data:image/bmp;base64,", image),
    }
}

fn base64(prefix: &str, image: &[u8]) -> String {
    let mut uri = String::with_capacity(prefix.len() + image.len().div_ceil(3) * 4);
    uri.push_str(prefix);
    base64::engine::general_purpose::STANDARD.encode_string(image, &mut uri);
    uri
}

fn percent_encoded(prefix: &str, markup: &[u8], strict: bool) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut uri = String::with_capacity(prefix.len() + markup.len() * if strict { 3 } else { 2 });
    uri.push_str(prefix);
    for &byte in markup {
        let plain = match byte {
            b'#' | b'%' | b'<' | b'>' | b'"' => false,
            // Spaces and single quotes end a URI in a stylesheet's url() and in native loaders.
            b' ' | b'\'' | b'`' | b'(' | b')' | b'\\' | b'^' | b'{' | b'|' | b'}' | b'[' | b']' => !strict,
            byte => byte.is_ascii_graphic(),
        };
        if plain {
            uri.push(char::from(byte));
        } else {
            uri.push('%');
            uri.push(char::from(DIGITS[usize::from(byte >> 4)]));
            uri.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_where_a_uri_would_end() {
        let markup = "<a b='#1 %' c=\"é\"/>".as_bytes();
        assert_eq!(data_uri(Format::Svg, markup, false), "data:image/svg+xml;utf8,%3Ca b='%231 %25' c=%22%C3%A9%22/%3E");
        assert_eq!(data_uri(Format::Svg, markup, true), "data:image/svg+xml;utf8,%3Ca%20b=%27%231%20%25%27%20c=%22%C3%A9%22/%3E");
    }

    #[test]
    fn pixels_are_base64() {
        assert_eq!(data_uri(Format::Png, &[0, 255, 1], true), "data:image/png;base64,AP8B");
        assert_eq!(data_uri(Format::Bmp, b"BM", false), "data:image/bmp;base64,Qk0=");
    }
}
