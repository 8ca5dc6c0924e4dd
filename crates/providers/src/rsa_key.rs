//! RSA keys as people paste them, and RSA2: RSASSA-PKCS1-v1_5 with SHA-256.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_domain::secret::Secret;
use zeroize::Zeroizing;

/// A private key that can sign.
pub struct RsaKey(RsaKeyPair);

/// What is wrong with a key. Says nothing of the key itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RsaKeyError {
    /// Not base64, with or without PEM's lines around it.
    #[error("the key is neither PEM nor base64")]
    Encoding,
    /// Neither PKCS#8 nor PKCS#1, or not of 2048 to 8192 bits.
    #[error("the key is no RSA key of 2048 bits or more (PKCS#8 or PKCS#1)")]
    Form,
}

impl RsaKey {
    /// Reads a key: PKCS#8 or PKCS#1; PEM, or what stands between PEM's lines, broken into lines or
    /// not. Line breaks may also have become `\n` in letters, as when JSON was escaped twice.
    ///
    /// # Errors
    /// [`RsaKeyError`]
    pub fn parse(text: &Secret) -> Result<Self, RsaKeyError> {
        let der = der(text.expose())?;
        RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der)).map(Self).map_err(|_| RsaKeyError::Form)
    }

    /// RSA2 of a message, in base64.
    pub fn sign(&self, message: &[u8]) -> Result<String, RsaKeyError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        // The padding of PKCS#1 v1.5 is not random; the parameter is not used.
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| RsaKeyError::Form)?;
        Ok(STANDARD.encode(signature))
    }
}

/// What PEM, or the base64 in it, stands for.
fn der(text: &str) -> Result<Zeroizing<Vec<u8>>, RsaKeyError> {
    let lines = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    let body: Zeroizing<String> = Zeroizing::new(
        lines.lines().filter(|line| !line.trim_start().starts_with("-----")).flat_map(str::chars).filter(|c| !c.is_whitespace()).collect(),
    );
    STANDARD.decode(body.as_bytes()).map(Zeroizing::new).map_err(|_| RsaKeyError::Encoding)
}

/// A public key that others sign for.
#[derive(Debug)]
pub struct RsaPublicKey(ParsedPublicKey);

impl RsaPublicKey {
    /// Reads a key in the same spellings: `SubjectPublicKeyInfo` ("BEGIN PUBLIC KEY") or PKCS#1.
    ///
    /// # Errors
    /// [`RsaKeyError`]
    pub fn parse(text: &str) -> Result<Self, RsaKeyError> {
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &*der(text)?).map_err(|_| RsaKeyError::Form)?;
        Ok(Self(key))
    }

    /// Whether this is the key's RSA2 signature of a message, in base64.
    pub fn signed(&self, message: &[u8], signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| self.0.verify_sig(message, &signature).is_ok())
    }
}

impl std::fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RsaKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test with openssl: `openssl genrsa 2048`, the same key in both forms.
    const PKCS8: &str = include_str!("../tests/fixtures/rsa-pkcs8.pem");
    const PKCS1: &str = include_str!("../tests/fixtures/rsa-pkcs1.pem");
    /// `printf message | openssl dgst -sha256 -sign rsa-pkcs8.pem | base64 -w0`
    const SIGNATURE: &str = include_str!("../tests/fixtures/rsa-signature.txt");

    fn body(pem: &str) -> String {
        pem.lines().filter(|line| !line.starts_with('-')).collect()
    }

    #[test]
    fn keys_are_read_as_they_are_pasted() {
        let in_letters = PKCS8.replace('\n', "\\n");
        for text in [PKCS8, PKCS1, &body(PKCS8), &body(PKCS1), &PKCS8.replace('\n', "\r\n"), &in_letters] {
            let key = RsaKey::parse(&Secret::new(text)).unwrap();
            assert_eq!(key.sign(b"message").unwrap(), SIGNATURE.trim(), "{}", &text[..40]);
        }
    }

    /// `openssl pkey -in rsa-pkcs8.pem -pubout`, and the same with `openssl rsa -RSAPublicKey_out`
    const PUBLIC: &str = include_str!("../tests/fixtures/rsa-public.pem");
    const PUBLIC_PKCS1: &str = include_str!("../tests/fixtures/rsa-public-pkcs1.pem");

    #[test]
    fn public_keys_are_read_as_they_are_pasted_and_tell_signatures() {
        for text in [PUBLIC, PUBLIC_PKCS1, &body(PUBLIC), &body(PUBLIC_PKCS1), &PUBLIC.replace('\n', "\\n")] {
            let key = RsaPublicKey::parse(text).unwrap();
            assert!(key.signed(b"message", SIGNATURE.trim()), "{text}");
            for (message, signature) in [("Message", SIGNATURE.trim()), ("message", "AAAA"), ("message", ""), ("message", "no base64!")] {
                assert!(!key.signed(message.as_bytes(), signature), "{message} {signature}");
            }
        }
        for text in ["", "no base64!", "AAAA", PKCS8] {
            assert!(RsaPublicKey::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_keys() {
        for (text, error) in [("", RsaKeyError::Form), ("no base64!", RsaKeyError::Encoding), ("AAAA", RsaKeyError::Form)] {
            assert_eq!(RsaKey::parse(&Secret::new(text)).unwrap_err(), error, "{text}");
        }
    }
}
