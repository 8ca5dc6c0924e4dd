//! Ceremonies that were begun. Nothing is stored when one begins - anybody may begin one -: the client gets all of
//! it, signed, and sends it back; that it is used once is the store's to see to when it ends.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    client::Client,
    random::{Random, to_hex},
    second_step::keys::{derive, mac},
    secret::{Secret, equal},
};

/// What a ceremony is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A user makes a passkey.
    Register {
        /// Who.
        uid: String,
        /// The user handle that it is made for.
        user_handle: Vec<u8>,
    },
    /// Somebody signs in.
    SignIn,
}

/// A ceremony that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ceremony {
    /// What for.
    pub purpose: Purpose,
    /// In which application.
    pub app: String,
    /// SHA-256 of the client's device id; of the empty text without one.
    pub device: [u8; 32],
    /// What the authenticator signs. Random, so it names the ceremony too.
    pub challenge: [u8; 32],
    /// Until when it may end, milliseconds.
    pub expires: i64,
}

impl Ceremony {
    /// For how long people are asked, milliseconds: what Web Authentication recommends.
    pub const TIMEOUT_MS: i64 = 5 * 60 * 1000;
    /// For how long a ceremony may be ended, milliseconds: a sign-in page may offer passkeys in the background, and
    /// begins another in time.
    const LIFETIME_MS: i64 = 15 * 60 * 1000;
    /// The longest text that is looked at.
    const LONGEST: usize = 4096;

    /// Begins one.
    pub fn begin(purpose: Purpose, client: &Client, now: i64, random: &dyn Random) -> Self {
        let mut challenge = [0u8; 32];
        random.fill(&mut challenge);
        Self { purpose, app: client.app_id.clone(), device: device_of(client), challenge, expires: now + Self::LIFETIME_MS }
    }

    /// Whether it may be ended here and now: in the application and on the device where it began, and in time.
    pub fn is_live(&self, client: &Client, now: i64) -> bool {
        self.app == client.app_id && equal(&self.device, &device_of(client)) && now < self.expires
    }

    /// The nonce that is used up when it ends.
    pub fn nonce(&self) -> String {
        format!("passkey {}", to_hex(&self.challenge))
    }
}

fn device_of(client: &Client) -> [u8; 32] {
    Sha256::digest(client.device_id.as_deref().unwrap_or_default()).into()
}

/// What ceremonies are signed with. `Debug` hides it.
#[derive(Clone)]
pub struct CeremonyKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for CeremonyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CeremonyKey(…)")
    }
}

impl CeremonyKey {
    /// The key that follows from a master key. Development mode has none: there it is forgotten with the process.
    pub fn new(master_key: Option<&Secret>, random: &dyn Random) -> Self {
        let mut forgotten = Zeroizing::new([0u8; 32]);
        random.fill(&mut *forgotten);
        let master = master_key.map_or(&forgotten[..], |key| key.expose().as_bytes());
        Self(derive(master, "lingpai passkeys: ceremonies"))
    }

    /// A ceremony as the client gets it.
    pub fn sign(&self, ceremony: &Ceremony) -> String {
        let (uid, handle) = match &ceremony.purpose {
            Purpose::Register { uid, user_handle } => (Some(uid), Some(BASE64_URL_SAFE_NO_PAD.encode(user_handle))),
            Purpose::SignIn => (None, None),
        };
        let encoded = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let body = json!([uid, handle, ceremony.app, encoded(&ceremony.device), encoded(&ceremony.challenge), ceremony.expires]);
        let body = encoded(body.to_string().as_bytes());
        let signature = encoded(&mac(&self.0[..], &[body.as_bytes()]));
        format!("{body}.{signature}")
    }

    /// Reads a ceremony. `None`: we did not begin it.
    pub fn verify(&self, text: &str) -> Option<Ceremony> {
        let (body, signature) = text.split_once('.').filter(|_| text.len() <= Ceremony::LONGEST)?;
        let decoded = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        if !equal(&decoded(signature)?, &mac(&self.0[..], &[body.as_bytes()])) {
            return None;
        }
        let fields: Value = serde_json::from_slice(&decoded(body)?).ok()?;
        let text = |at: usize| fields.get(at).and_then(Value::as_str);
        let purpose = match text(0) {
            Some(uid) => Purpose::Register { uid: uid.to_owned(), user_handle: decoded(text(1)?)? },
            None => Purpose::SignIn,
        };
        Some(Ceremony {
            purpose,
            app: text(2)?.to_owned(),
            device: decoded(text(3)?)?.try_into().ok()?,
            challenge: decoded(text(4)?)?.try_into().ok()?,
            expires: fields.get(5)?.as_i64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Source;

    struct Same(u8);

    impl Random for Same {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    fn client(app: &str, device: Option<&str>) -> Client {
        Client {
            app_id: app.into(),
            platform: "web".into(),
            device_id: device.map(str::to_owned),
            os_name: None,
            app_name: None,
            app_version: None,
            app_version_code: None,
            channel: None,
            ip: String::new(),
            user_agent: String::new(),
            source: Source::Client,
        }
    }

    #[test]
    fn a_ceremony_is_what_was_signed() {
        let key = CeremonyKey::new(Some(&Secret::new("one master key")), &Same(1));
        for purpose in [Purpose::SignIn, Purpose::Register { uid: "u".into(), user_handle: vec![3; 32] }] {
            let ceremony = Ceremony::begin(purpose, &client("a", Some("d")), 5, &Same(7));
            let text = key.sign(&ceremony);
            assert_eq!(key.verify(&text), Some(ceremony.clone()));
            // Every node signs alike.
            assert_eq!(CeremonyKey::new(Some(&Secret::new("one master key")), &Same(2)).verify(&text), Some(ceremony));
            for forged in [text.replace('.', ""), format!("{text}x"), text[1..].to_owned(), ".".into(), String::new(), "x".repeat(5000)] {
                assert_eq!(key.verify(&forged), None, "{forged}");
            }
            assert_eq!(CeremonyKey::new(Some(&Secret::new("another")), &Same(1)).verify(&text), None);
            assert_eq!(CeremonyKey::new(None, &Same(1)).verify(&text), None);
        }
    }

    #[test]
    fn a_ceremony_ends_where_it_began_and_in_time() {
        let begun = Ceremony::begin(Purpose::SignIn, &client("a", Some("d")), 5, &Same(7));
        assert!(begun.is_live(&client("a", Some("d")), 5));
        assert!(begun.is_live(&client("a", Some("d")), 5 + Ceremony::LIFETIME_MS - 1));
        assert!(!begun.is_live(&client("a", Some("d")), 5 + Ceremony::LIFETIME_MS));
        assert!(!begun.is_live(&client("b", Some("d")), 5));
        assert!(!begun.is_live(&client("a", Some("e")), 5));
        assert!(!begun.is_live(&client("a", None), 5));
    }
}
