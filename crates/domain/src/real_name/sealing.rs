//! How names and numbers are kept: encrypted with `sensitiveInfoEncryptSecret`.
//!
//! Written: `lp1.` and base64 of nonce, ciphertext and tag of AES-256-GCM. Keys are derived from the
//! secret with HMAC-SHA256, so that the secret itself remains the key of the older form only. The
//! nonce is an HMAC of the text: one text always has one sealed form, which is what lets the store
//! count the accounts of one identity card, and two texts never share a nonce.
//!
//! Read besides: base64 of AES-256-CBC with the secret as key and its first 16 bytes as
//! initialisation vector, as existing data has it (established from recordings).

use aes::Aes256;
use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::Pkcs7};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// What the written form begins with. No base64 has a dot.
const MARK: &str = "lp1.";
const NONCE: usize = 12;
/// Bytes of a key of AES-256, and so of the secret.
const KEY: usize = 32;

/// Which field is sealed: what is sealed as one does not open as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// `real_name`
    Name,
    /// `identity`
    Card,
    /// The photograph of a face verification.
    Photo,
}

impl Sealed {
    const fn label(self) -> &'static str {
        match self {
            Self::Name => "real_name",
            Self::Card => "identity",
            Self::Photo => "photo",
        }
    }
}

/// The stored value was not sealed with this secret, or was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value was not encrypted with sensitiveInfoEncryptSecret")]
pub struct Unreadable;

/// The keys that one `sensitiveInfoEncryptSecret` leads to.
pub struct SensitiveCipher {
    secret: Zeroizing<[u8; KEY]>,
    nonces: Zeroizing<[u8; KEY]>,
    texts: Aes256Gcm,
}

impl SensitiveCipher {
    /// Derives the keys. `None`: the secret is not 32 bytes long.
    pub fn new(secret: &Secret) -> Option<Self> {
        let secret: Zeroizing<[u8; KEY]> = Zeroizing::new(secret.expose().as_bytes().try_into().ok()?);
        let nonces = Zeroizing::new(hmac(&*secret, b"lingpai real name 1: nonces"));
        let key = Zeroizing::new(hmac(&*secret, b"lingpai real name 1: texts"));
        let texts = Aes256Gcm::new((&*key).into());
        Some(Self { secret, nonces, texts })
    }

    fn nonce(&self, field: Sealed, value: &[u8]) -> [u8; NONCE] {
        let mut message = Vec::with_capacity(value.len() + 16);
        message.extend_from_slice(field.label().as_bytes());
        message.push(0);
        message.extend_from_slice(value);
        let digest = hmac(&*self.nonces, &message);
        std::array::from_fn(|at| digest[at])
    }

    /// A value as existing data has it, for looking it up there.
    pub fn older_form(&self, value: &str) -> String {
        let Some(iv) = self.secret.first_chunk::<16>() else { return String::new() };
        let cipher = cbc::Encryptor::<Aes256>::new((&*self.secret).into(), iv.into());
        STANDARD.encode(cipher.encrypt_padded_vec::<Pkcs7>(value.as_bytes()))
    }

    fn open_older_form(&self, stored: &str) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let bytes = STANDARD.decode(stored).map_err(|_| Unreadable)?;
        let iv = self.secret.first_chunk::<16>().ok_or(Unreadable)?;
        let cipher = cbc::Decryptor::<Aes256>::new((&*self.secret).into(), iv.into());
        cipher.decrypt_padded_vec::<Pkcs7>(&bytes).map(Zeroizing::new).map_err(|_| Unreadable)
    }

    /// A value's one sealed form.
    pub fn seal(&self, field: Sealed, value: &[u8]) -> String {
        let nonce = self.nonce(field, value);
        let payload = Payload { msg: value, aad: field.label().as_bytes() };
        // It fails for texts beyond 64 GiB only, which no caller has.
        let Ok(text) = self.texts.encrypt((&nonce).into(), payload) else { return String::new() };
        format!("{MARK}{}", STANDARD.encode([nonce.as_slice(), &text].concat()))
    }

    /// A value from either form.
    ///
    /// # Errors
    /// [`Unreadable`]
    pub fn open(&self, field: Sealed, stored: &str) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
        let Some(encoded) = stored.strip_prefix(MARK) else { return self.open_older_form(stored) };
        let bytes = STANDARD.decode(encoded).map_err(|_| Unreadable)?;
        let (nonce, text) = bytes.split_first_chunk::<NONCE>().ok_or(Unreadable)?;
        let payload = Payload { msg: text, aad: field.label().as_bytes() };
        self.texts.decrypt(nonce.into(), payload).map(Zeroizing::new).map_err(|_| Unreadable)
    }
}

impl std::fmt::Debug for SensitiveCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SensitiveCipher(…)")
    }
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length (RFC 2104, section 2).
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher() -> SensitiveCipher {
        SensitiveCipher::new(&Secret::new("0123456789abcdef0123456789abcdef")).unwrap()
    }

    #[test]
    fn existing_data_is_read() {
        // Recorded from the original (conformance/10-account.json, "real name").
        for (stored, text) in [
            ("doT5P5TxiFkupkk7q1MFpg==", "张三"),
            ("b2F8s5Q9+RkZMeSm/8RnJw==", "欧阳·娜娜"),
            ("0whyJ0FnjXE8TQqC953G9I67RW3Um885mYa6LO5bMIo=", "11010519491231002X"),
        ] {
            assert_eq!(cipher().open(Sealed::Name, stored).unwrap().as_slice(), text.as_bytes());
            assert_eq!(cipher().older_form(text), stored);
        }
    }

    #[test]
    fn what_is_written_is_bound_to_secret_field_and_text() {
        let sealed = cipher().seal(Sealed::Card, b"11010519491231002X");
        assert_eq!(cipher().open(Sealed::Card, &sealed).unwrap().as_slice(), b"11010519491231002X");
        assert_eq!(sealed, cipher().seal(Sealed::Card, b"11010519491231002X"));
        assert_ne!(sealed, cipher().seal(Sealed::Name, b"11010519491231002X"));
        assert_eq!(cipher().open(Sealed::Name, &sealed), Err(Unreadable));
        let other = SensitiveCipher::new(&Secret::new("another secret with 32 characters")).is_none();
        assert!(other, "33 characters are no key");
        let other = SensitiveCipher::new(&Secret::new("another secret of 32 characters!")).unwrap();
        assert_eq!(other.open(Sealed::Card, &sealed), Err(Unreadable));
    }

    #[test]
    fn changed_values_are_refused() {
        let sealed = cipher().seal(Sealed::Name, "张三".as_bytes());
        let bytes = STANDARD.decode(sealed.strip_prefix(MARK).unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(cipher().open(Sealed::Name, &format!("{MARK}{}", STANDARD.encode(changed))), Err(Unreadable), "byte {at}");
        }
        for odd in ["", "lp1.", "lp1.AAAA", "lp1.!", "张三", "AAAA", "doT5P5TxiFkupkk7q1MFpgAA"] {
            assert_eq!(cipher().open(Sealed::Name, odd), Err(Unreadable), "{odd}");
        }
    }
}
