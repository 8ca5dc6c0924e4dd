//! What is made of the master key for second steps: secrets at rest, digests of recovery codes, tickets.

use std::fmt;

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, Payload},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{
    account::User,
    error::{Code, Result},
    random::Random,
    secret::{Secret, equal},
};

/// Length of the number used once of AES-GCM, bytes.
const NONCE: usize = 12;

/// The keys. `Debug` hides them.
#[derive(Clone)]
pub struct SecondStepKeys {
    sealing: Zeroizing<[u8; 32]>,
    digests: Zeroizing<[u8; 32]>,
    tickets: Zeroizing<[u8; 32]>,
    links: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for SecondStepKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecondStepKeys(…)")
    }
}

/// Proof of the first step of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Who signs in.
    pub uid: String,
    /// To which application.
    pub app: String,
    /// Until when it may be used, milliseconds.
    pub expires: i64,
    /// Makes it usable once.
    pub nonce: String,
    /// Whether the first step was a password.
    pub by_password: bool,
    /// What the first step proved besides and the sign-in is to link ([`Context::sign_in_linked`](crate::context::Context)):
    /// fields of the user's document. Clients cannot read it.
    pub link: Map<String, Value>,
}

impl Ticket {
    /// For how long a ticket is valid, milliseconds.
    pub(super) const LIFETIME_MS: i64 = 5 * 60 * 1000;

    /// Refuses a ticket whose user changed the password since, or has no second step any more: the
    /// sign-in must begin anew.
    pub fn check_against(&self, user: &User) -> Result<()> {
        let made_at = self.expires - Self::LIFETIME_MS;
        let is_void = user.valid_token_date().is_some_and(|date| made_at < date);
        if user.has_second_step() && !is_void { Ok(()) } else { Err(Code::SecondStepExpired.into()) }
    }
}

impl SecondStepKeys {
    /// The keys that follow from a master key. Development mode has none: there secrets are kept
    /// under a key that everybody knows, and tickets under one that is forgotten with the process.
    pub fn new(master_key: Option<&Secret>, random: &dyn Random) -> Self {
        let mut forgotten = Zeroizing::new([0u8; 32]);
        random.fill(&mut *forgotten);
        let master = master_key.map_or(&b"development"[..], |key| key.expose().as_bytes());
        let for_tickets = if master_key.is_some() { master } else { &forgotten[..] };
        Self {
            sealing: derive(master, "lingpai second step: secrets"),
            digests: derive(master, "lingpai second step: recovery codes"),
            tickets: derive(for_tickets, "lingpai second step: tickets"),
            links: derive(for_tickets, "lingpai second step: links"),
        }
    }

    /// Encrypts a user's secret (AES-256-GCM; the number used once comes first).
    pub fn seal(&self, uid: &str, secret: &[u8], random: &dyn Random) -> Result<Vec<u8>> {
        let mut nonce = [0u8; NONCE];
        random.fill(&mut nonce);
        let payload = Payload { msg: secret, aad: uid.as_bytes() };
        let sealed = self.cipher().encrypt(&nonce.into(), payload).map_err(|_| Code::SystemError)?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts a user's secret.
    pub fn open(&self, uid: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(Code::SystemError)?;
        let payload = Payload { msg: sealed, aad: uid.as_bytes() };
        // Another master key than the one it was stored under, most likely.
        Ok(Zeroizing::new(self.cipher().decrypt(&(*nonce).into(), payload).map_err(|_| Code::SystemError)?))
    }

    /// The form in which a user's recovery code is stored.
    pub fn recovery_digest(&self, uid: &str, code: &str) -> [u8; 32] {
        mac(&self.digests[..], &[uid.as_bytes(), b"\0", code.as_bytes()])
    }

    /// A ticket as the client gets it.
    pub fn sign(&self, ticket: &Ticket) -> String {
        let link = self.seal_link(ticket);
        let body = json!([ticket.uid, ticket.app, ticket.expires, ticket.nonce, ticket.by_password, link]).to_string();
        let body = BASE64_URL_SAFE_NO_PAD.encode(body);
        let signature = BASE64_URL_SAFE_NO_PAD.encode(mac(&self.tickets[..], &[body.as_bytes()]));
        format!("{body}.{signature}")
    }

    /// Reads a ticket. `None`: we did not make it.
    pub fn verify(&self, text: &str) -> Option<Ticket> {
        let (body, signature) = text.split_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !equal(&signature, &mac(&self.tickets[..], &[body.as_bytes()])) {
            return None;
        }
        let fields: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        let text = |at: usize| fields.get(at).and_then(Value::as_str).map(str::to_owned);
        let (uid, nonce) = (text(0)?, text(3)?);
        let link = match fields.get(5)? {
            Value::Null => Map::new(),
            sealed => self.open_link(&uid, &nonce, sealed.as_str()?)?,
        };
        Some(Ticket { app: text(1)?, expires: fields.get(2)?.as_i64()?, by_password: fields.get(4)?.as_bool()?, uid, nonce, link })
    }

    fn seal_link(&self, ticket: &Ticket) -> Option<String> {
        let text = Some(&ticket.link).filter(|link| !link.is_empty()).map(|link| Value::Object(link.clone()).to_string())?;
        let payload = Payload { msg: text.as_bytes(), aad: ticket.uid.as_bytes() };
        let sealed = self.links_cipher().encrypt(&self.link_nonce(&ticket.nonce).into(), payload).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open_link(&self, uid: &str, nonce: &str, sealed: &str) -> Option<Map<String, Value>> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let payload = Payload { msg: &sealed, aad: uid.as_bytes() };
        let opened = self.links_cipher().decrypt(&self.link_nonce(nonce).into(), payload).ok()?;
        serde_json::from_slice(&opened).ok()
    }

    /// A ticket has 16 random bytes of its own, so that no other has the same.
    fn link_nonce(&self, nonce: &str) -> [u8; NONCE] {
        let mac = mac(&self.links[..], &[b"nonce", nonce.as_bytes()]);
        std::array::from_fn(|at| mac[at])
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.sealing).into())
    }

    fn links_cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new((&*self.links).into())
    }
}

/// A key for one purpose.
pub(crate) fn derive(master: &[u8], purpose: &str) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(mac(master, &[purpose.as_bytes()]))
}

/// HMAC-SHA-256.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for byte in bytes {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    fn keys(master: Option<&str>) -> (SecondStepKeys, Counting) {
        let random = Counting(Default::default());
        (SecondStepKeys::new(master.map(Secret::new).as_ref(), &random), random)
    }

    #[test]
    fn a_sealed_secret_is_its_users_and_its_keys() {
        let (keys_of_one, random) = keys(Some("one master key"));
        let sealed = keys_of_one.seal("u", b"secret", &random).unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_eq!(&**keys_of_one.open("u", &sealed).unwrap(), b"secret");
        assert!(keys_of_one.open("v", &sealed).is_err());
        assert!(keys(Some("another")).0.open("u", &sealed).is_err());
        assert!(keys_of_one.open("u", &sealed[..11]).is_err());
        let mut broken = sealed.clone();
        broken[13] ^= 1;
        assert!(keys_of_one.open("u", &broken).is_err());
        assert_ne!(sealed, keys_of_one.seal("u", b"secret", &random).unwrap());
    }

    #[test]
    fn a_ticket_is_what_was_signed() {
        let (keys_of_one, _) = keys(Some("one master key"));
        let ticket = Ticket { uid: "u".into(), app: "a".into(), expires: 5, nonce: "n".into(), by_password: true, link: Map::new() };
        let text = keys_of_one.sign(&ticket);
        assert_eq!(keys_of_one.verify(&text), Some(ticket.clone()));
        let other = keys_of_one.sign(&Ticket { uid: "v".into(), ..ticket });
        let (body, signature) = (other.split('.').next().unwrap(), text.split('.').nth(1).unwrap());
        for forged in [format!("{body}.{signature}"), text.replace('.', ""), format!("{text}x"), ".".into(), String::new()] {
            assert_eq!(keys_of_one.verify(&forged), None, "{forged}");
        }
        assert_eq!(keys(Some("another")).0.verify(&text), None);
    }

    #[test]
    fn what_a_ticket_links_is_read_by_us_only() {
        let (keys_of_one, _) = keys(Some("one master key"));
        let link = json!({"wx_unionid": "u-1", "wx_openid": {"mp": "o-1"}}).as_object().unwrap().clone();
        let ticket = Ticket { uid: "u".into(), app: "a".into(), expires: 5, nonce: "n".into(), by_password: false, link };
        let text = keys_of_one.sign(&ticket);
        assert_eq!(keys_of_one.verify(&text), Some(ticket));
        let body = BASE64_URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
        assert!(!String::from_utf8(body).unwrap().contains("u-1"));
        assert_eq!(keys(Some("another")).0.verify(&text), None);
    }

    #[test]
    fn development_mode_signs_tickets_that_nobody_else_can() {
        let (one, random) = keys(None);
        let ticket = Ticket { uid: "u".into(), app: "a".into(), expires: 5, nonce: "n".into(), by_password: false, link: Map::new() };
        assert_eq!(SecondStepKeys::new(None, &random).verify(&one.sign(&ticket)), None);
    }
}
