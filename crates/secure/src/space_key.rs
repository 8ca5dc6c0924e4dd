//! The space's keys: a long-lived Ed25519 identity that clients pin, and short-lived X25519 keys that it signs.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::hpke::PrivateKey;
use crate::refusal::Refusal;
use crate::{PROTOCOL, VERSION, transcript, wire};

/// The space's identity: signs space keys and nothing else.
pub struct SpaceIdentity {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl SpaceIdentity {
    /// Takes the 32-byte Ed25519 seed.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, Refusal> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Refusal::Malformed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| Refusal::Malformed)?;
        Ok(Self { pair, public })
    }

    /// The public key that clients pin at build time.
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public
    }

    /// States that `key` belongs to `space_id` during its validity.
    pub fn sign(&self, space_id: &str, key: &SpaceKey) -> KeyStatement {
        let mut statement = KeyStatement {
            key_id: key.id.clone(),
            public_key: wire::to_base64(key.private.public_key()),
            not_before: key.not_before_ms,
            not_after: key.not_after_ms,
            signature: String::new(),
        };
        let signature = self.pair.sign(&statement.signed_bytes(space_id, key.private.public_key()));
        statement.signature = wire::to_base64(signature.as_ref());
        statement
    }
}

/// A short-lived key that clients seal handshakes to. Dropping it erases it: that is the forward secrecy.
pub struct SpaceKey {
    id: String,
    private: PrivateKey,
    not_before_ms: i64,
    not_after_ms: i64,
}

impl SpaceKey {
    /// Takes 32 random bytes and the validity in milliseconds: from `not_before_ms`, and before `not_after_ms`
    /// (rotation interval plus overlap).
    pub fn new(secret: &[u8; 32], not_before_ms: i64, not_after_ms: i64) -> Result<Self, Refusal> {
        let private = PrivateKey::from_bytes(secret)?;
        let id = key_id(private.public_key());
        Ok(Self { id, private, not_before_ms, not_after_ms })
    }

    /// The key's id: the first 16 hexadecimal digits of SHA-256 of the public key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the key may be used at this time.
    pub fn is_valid_at(&self, now_ms: i64) -> bool {
        (self.not_before_ms..self.not_after_ms).contains(&now_ms)
    }

    pub(crate) fn private(&self) -> &PrivateKey {
        &self.private
    }
}

/// A signed space key, as `GET /secure-network/keys` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyStatement {
    /// See [`SpaceKey::id`].
    pub key_id: String,
    /// The X25519 public key, base64.
    pub public_key: String,
    /// Milliseconds since the Unix epoch.
    pub not_before: i64,
    /// Milliseconds since the Unix epoch, exclusive.
    pub not_after: i64,
    /// The identity's Ed25519 signature, base64.
    pub signature: String,
}

impl KeyStatement {
    /// The key, after checking its signature, its id and its validity against the pinned identity.
    pub fn verify(&self, identity: &[u8; 32], space_id: &str, now_ms: i64) -> Result<VerifiedSpaceKey, Refusal> {
        let public: [u8; 32] = wire::array_from_base64(&self.public_key)?;
        let signature: [u8; 64] = wire::array_from_base64(&self.signature)?;
        UnparsedPublicKey::new(&ED25519, identity)
            .verify(&self.signed_bytes(space_id, &public), &signature)
            .map_err(|_| Refusal::BadIdentitySignature)?;
        if self.key_id != key_id(&public) {
            return Err(Refusal::BadIdentitySignature);
        }
        if !(self.not_before..self.not_after).contains(&now_ms) {
            return Err(Refusal::ExpiredSpaceKey);
        }
        Ok(VerifiedSpaceKey { id: self.key_id.clone(), public })
    }

    fn signed_bytes(&self, space_id: &str, public: &[u8; 32]) -> Vec<u8> {
        let (from, to) = (self.not_before.to_string(), self.not_after.to_string());
        let fields = [space_id.as_bytes(), self.key_id.as_bytes(), public, from.as_bytes(), to.as_bytes()];
        transcript::encode(&format!("{PROTOCOL} space key"), &fields)
    }
}

/// What `GET /secure-network/keys` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PublishedKeys {
    /// [`VERSION`].
    pub v: u32,
    /// The space.
    pub space_id: String,
    /// The identity's public key, base64: for people to compare, clients use the pinned one.
    pub identity_key: String,
    /// The signed keys.
    pub keys: Vec<KeyStatement>,
}

impl PublishedKeys {
    /// Signs and lists `keys`.
    pub fn publish<'a>(identity: &SpaceIdentity, space_id: &str, keys: impl IntoIterator<Item = &'a SpaceKey>) -> Self {
        Self {
            v: VERSION,
            space_id: space_id.to_owned(),
            identity_key: wire::to_base64(identity.public_key()),
            keys: keys.into_iter().map(|key| identity.sign(space_id, key)).collect(),
        }
    }

    /// What a client seals to: among the keys that verify against the pinned identity, the one that started last.
    pub fn choose(&self, identity: &[u8; 32], space_id: &str, now_ms: i64) -> Result<VerifiedSpaceKey, Refusal> {
        if self.v != VERSION || self.space_id != space_id {
            return Err(Refusal::UnknownSpaceKey);
        }
        let mut newest: Option<(i64, VerifiedSpaceKey)> = None;
        let mut refusal = Refusal::UnknownSpaceKey;
        for statement in &self.keys {
            match statement.verify(identity, space_id, now_ms) {
                Ok(key) if newest.as_ref().is_none_or(|(from, _)| statement.not_before > *from) => {
                    newest = Some((statement.not_before, key));
                }
                Ok(_) => {}
                Err(reason) => refusal = reason,
            }
        }
        newest.map(|(_, key)| key).ok_or(refusal)
    }
}

/// A space key that the pinned identity vouches for at the time of the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedSpaceKey {
    id: String,
    public: [u8; 32],
}

impl VerifiedSpaceKey {
    /// The key's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn public(&self) -> &[u8; 32] {
        &self.public
    }
}

fn key_id(public: &[u8; 32]) -> String {
    wire::to_hex(digest(&SHA256, public).as_ref()).chars().take(16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup() -> (SpaceIdentity, PublishedKeys) {
        let identity = SpaceIdentity::from_seed(&[1; 32]).unwrap();
        let keys = [SpaceKey::new(&[2; 32], 0, 200).unwrap(), SpaceKey::new(&[3; 32], 100, 300).unwrap()];
        let published = PublishedKeys::publish(&identity, "space", &keys);
        (identity, published)
    }

    #[test]
    fn a_client_takes_the_newest_valid_key() {
        let (identity, published) = setup();
        assert_eq!(published.choose(identity.public_key(), "space", 50).unwrap().id(), published.keys[0].key_id);
        assert_eq!(published.choose(identity.public_key(), "space", 150).unwrap().id(), published.keys[1].key_id);
        assert_eq!(published.choose(identity.public_key(), "space", 300), Err(Refusal::ExpiredSpaceKey));
    }

    #[test]
    fn keys_of_another_identity_or_space_are_refused() {
        let (identity, published) = setup();
        let other = SpaceIdentity::from_seed(&[9; 32]).unwrap();
        assert_eq!(published.choose(other.public_key(), "space", 50), Err(Refusal::BadIdentitySignature));
        assert_eq!(published.keys[0].verify(identity.public_key(), "other", 50), Err(Refusal::BadIdentitySignature));
    }

    #[test]
    fn stretching_the_validity_breaks_the_signature() {
        let (identity, mut published) = setup();
        published.keys[0].not_after = 10_000;
        assert_eq!(published.keys[0].verify(identity.public_key(), "space", 500), Err(Refusal::BadIdentitySignature));
    }

    #[test]
    fn the_json_shape_is_stable() {
        let (_, published) = setup();
        let value = serde_json::to_value(&published).unwrap();
        assert_eq!(value["v"], 1);
        let keys: Vec<_> = value["keys"][0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["keyId", "publicKey", "notBefore", "notAfter", "signature"]);
    }
}
