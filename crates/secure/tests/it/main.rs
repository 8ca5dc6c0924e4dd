//! Vectors, whole protocol runs, and attacks.

mod android_attacks;
mod android_description;
mod android_vectors;
mod apple;
mod apple_objects;
mod certificates;
mod envelope_attacks;
mod handshake_attacks;
mod hpke_vectors;
mod protocol_vector;
mod setting;
mod weixin_vectors;

use std::path::PathBuf;

/// The text of a vector file.
fn vector(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Trusts one authority.
fn roots_of(authority: &certificates::Authority) -> lingpai_secure::attestation::Roots {
    lingpai_secure::attestation::Roots::from_ders(vec![authority.der.clone()]).unwrap()
}

/// Padded standard base64.
fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// Hexadecimal.
fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|index| u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).unwrap()).collect()
}
