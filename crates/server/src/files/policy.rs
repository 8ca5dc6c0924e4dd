//! What a client may upload: one file, within a few minutes, signed by this server.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use lingpai_domain::{
    random::to_hex,
    secret::{self, Secret},
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// For how long an upload may begin, milliseconds.
pub const VALID_FOR_MS: i64 = 5 * 60 * 1000;

/// A permission to upload one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The file's id, made for this upload.
    pub id: String,
    /// The user.
    pub owner: Option<String>,
    /// The application.
    pub app: String,
    /// `cloudPath`
    pub cloud_path: String,
    /// Until when, milliseconds.
    pub expires: i64,
}

/// The master key's descendant that signs policies.
pub fn derive(master: &Secret) -> [u8; 32] {
    mac(master.expose().as_bytes(), b"lingpai file policy v1")
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

impl Policy {
    /// The policy as a form carries it: text and signature.
    pub fn seal(&self, key: &Secret) -> (String, String) {
        let text = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default());
        let signature = to_hex(&mac(key.expose().as_bytes(), text.as_bytes()));
        (text, signature)
    }

    /// A policy that this server signed and whose time has not come.
    pub fn open(text: &str, signature: &str, key: &Secret, now_ms: i64) -> Option<Self> {
        let expected = to_hex(&mac(key.expose().as_bytes(), text.as_bytes()));
        if !secret::equal(expected.as_bytes(), signature.as_bytes()) {
            return None;
        }
        let policy: Self = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (now_ms < policy.expires).then_some(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_what_was_signed_and_ends() {
        let policy = Policy { id: "a".into(), owner: Some("u".into()), app: "x".into(), cloud_path: "a.png".into(), expires: 1000 };
        let key = Secret::new("key");
        let (text, signature) = policy.seal(&key);
        assert_eq!(Policy::open(&text, &signature, &key, 999), Some(policy.clone()));
        assert_eq!(Policy::open(&text, &signature, &key, 1000), None);
        assert_eq!(Policy::open(&text, &signature, &Secret::new("other"), 0), None);
        let (other, _) = Policy { owner: None, ..policy }.seal(&key);
        assert_eq!(Policy::open(&other, &signature, &key, 0), None);
        assert_eq!(Policy::open(&text, "", &key, 0), None);
    }
}
