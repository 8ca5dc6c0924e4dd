//! Encryption of values at rest under `security.master_key`: AES-256-GCM with a key for each purpose.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::{random::Random, secret::Secret};
use sha2::Sha256;

/// What sealed texts begin with. Plain ones of imported data do not.
const PREFIX: &str = "lingpai:1:";

/// Seals and opens the values of one purpose.
pub struct AtRest {
    key: LessSafeKey,
}

impl AtRest {
    /// Derives the purpose's key: HMAC-SHA256 of the master key over the purpose. `None` only if the
    /// cryptographic library refuses.
    pub fn new(master_key: &Secret, purpose: &str) -> Option<Self> {
        let mut mac = Hmac::<Sha256>::new_from_slice(master_key.expose().as_bytes()).ok()?;
        mac.update(b"lingpai at rest\x1f");
        mac.update(purpose.as_bytes());
        let key = UnboundKey::new(&AES_256_GCM, &mac.finalize().into_bytes()).ok()?;
        Some(Self { key: LessSafeKey::new(key) })
    }

    /// Seals a text. `place` (collection and `_id`, say) is bound to it: moved elsewhere it does not open.
    pub fn seal(&self, place: &str, plain: &str, random: &dyn Random) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let mut bytes = plain.as_bytes().to_vec();
        let aad = Aad::from(place.as_bytes());
        self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes).ok()?;
        let sealed = [nonce.as_slice(), &bytes].concat();
        Some(format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens a text. `None`: it was sealed under another key or for another place, or is damaged.
    pub fn open(&self, place: &str, sealed: &str) -> Option<String> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed.strip_prefix(PREFIX)?).ok()?;
        let (nonce, bytes) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = bytes.to_vec();
        let aad = Aad::from(place.as_bytes());
        let plain = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), aad, &mut bytes).ok()?;
        String::from_utf8(plain.to_vec()).ok()
    }
}

/// Whether a text was sealed.
pub fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::SystemRandom;

    fn at_rest(master: &str, purpose: &str) -> AtRest {
        AtRest::new(&Secret::new(master), purpose).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_at_its_place_with_its_key_only() {
        let ours = at_rest("a master key", "open data");
        let sealed = ours.seal("k1", "secret 令牌", &SystemRandom).unwrap();
        assert!(is_sealed(&sealed) && !sealed.contains("secret"));
        assert_ne!(ours.seal("k1", "secret 令牌", &SystemRandom).unwrap(), sealed);
        assert_eq!(ours.open("k1", &sealed).as_deref(), Some("secret 令牌"));
        assert_eq!(ours.open("k2", &sealed), None);
        assert_eq!(at_rest("a master key", "something else").open("k1", &sealed), None);
        assert_eq!(at_rest("another key", "open data").open("k1", &sealed), None);
        let mut damaged = sealed.clone();
        let last = if damaged.pop() == Some('A') { 'B' } else { 'A' };
        damaged.push(last);
        assert_eq!(ours.open("k1", &damaged), None);
        for text in ["", "plain", "lingpai:1:", "lingpai:1:AAAA", "lingpai:1:!"] {
            assert_eq!(ours.open("k1", text), None, "{text}");
        }
    }
}
