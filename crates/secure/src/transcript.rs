//! One encoding for everything that is signed, derived or authenticated.

/// Joins fields so that no two different lists give the same bytes: each field (the label first) is preceded by
/// its length as four bytes, big-endian. Fields are bounded by the request's body limit, far below 4 GiB.
pub(crate) fn encode(label: &str, fields: &[&[u8]]) -> Vec<u8> {
    let size = fields.iter().map(|field| field.len() + 4).sum::<usize>();
    let mut bytes = Vec::with_capacity(size + label.len() + 4);
    push(&mut bytes, label.as_bytes());
    for field in fields {
        push(&mut bytes, field);
    }
    bytes
}

fn push(bytes: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_byte_across_a_border_changes_the_encoding() {
        assert_ne!(encode("x", &[b"ab", b"c"]), encode("x", &[b"a", b"bc"]));
        assert_ne!(encode("x", &[b"ab"]), encode("x", &[b"ab", b""]));
        assert_ne!(encode("xa", &[b"b"]), encode("x", &[b"ab"]));
    }

    #[test]
    fn the_layout_is_length_then_bytes() {
        assert_eq!(encode("p", &[b"\xff\x00"]), [0, 0, 0, 1, b'p', 0, 0, 0, 2, 0xff, 0]);
    }
}
