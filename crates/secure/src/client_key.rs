//! The key that a handshake leaves on both sides, and what is derived from it.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::device_key::{DevicePublicKey, DeviceVerifier};
use crate::refusal::Refusal;
use crate::{PROTOCOL, hpke, transcript};

/// Bytes of an AES-GCM nonce. Callers hand in fresh random ones.
pub const NONCE_LENGTH: usize = 12;

/// A client key, ready to use: one AES-256-GCM key for calls, one for replies.
///
/// With random 96-bit nonces a direction is good for 2^32 messages (NIST SP 800-38D, section 8.3); keys expire long before.
pub struct ClientKey {
    id: String,
    device: DevicePublicKey,
    verifier: DeviceVerifier,
    expires_ms: i64,
    call: LessSafeKey,
    reply: LessSafeKey,
}

impl ClientKey {
    /// Derives both directions from the secret that the handshake exported; refuses a device key that is no point of P-256.
    /// `expires_ms` is exclusive, milliseconds since the Unix epoch.
    pub fn derive(id: &str, secret: &[u8; 32], device: DevicePublicKey, expires_ms: i64) -> Result<Self, Refusal> {
        // HKDF (RFC 5869) without a salt: extract with zeros, expand once for each direction.
        let prk = hpke::mac(&[0; 32], &[secret]);
        Ok(Self {
            call: direction(&prk, "call", id)?,
            reply: direction(&prk, "reply", id)?,
            verifier: DeviceVerifier::new(&device)?,
            id: id.to_owned(),
            device,
            expires_ms,
        })
    }

    /// The key's id, `encryptKeyId` on the wire.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The device that shook hands for this key.
    pub fn device(&self) -> &DevicePublicKey {
        &self.device
    }

    /// Whether the key is past its time.
    pub fn has_expired(&self, now_ms: i64) -> bool {
        now_ms >= self.expires_ms
    }

    /// Checks the device's signature over `message`.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        self.verifier.verify(message, signature)
    }

    pub(crate) fn seal_call(&self, nonce: [u8; NONCE_LENGTH], aad: &[u8], content: &[u8]) -> Result<Vec<u8>, Refusal> {
        seal(&self.call, nonce, aad, content)
    }

    pub(crate) fn open_call(&self, nonce: [u8; NONCE_LENGTH], aad: &[u8], content: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        open(&self.call, nonce, aad, content)
    }

    pub(crate) fn seal_reply(&self, nonce: [u8; NONCE_LENGTH], aad: &[u8], content: &[u8]) -> Result<Vec<u8>, Refusal> {
        seal(&self.reply, nonce, aad, content)
    }

    pub(crate) fn open_reply(&self, nonce: [u8; NONCE_LENGTH], aad: &[u8], content: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        open(&self.reply, nonce, aad, content)
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientKey").field("id", &self.id).field("expires_ms", &self.expires_ms).finish_non_exhaustive()
    }
}

fn direction(prk: &[u8; 32], name: &str, id: &str) -> Result<LessSafeKey, Refusal> {
    let info = transcript::encode(&format!("{PROTOCOL} {name} key"), &[id.as_bytes()]);
    let key: Zeroizing<[u8; 32]> = hpke::expand(prk, &[&info]);
    symmetric(&key)
}

/// An AES-256-GCM key.
pub(crate) fn symmetric(key: &[u8; 32]) -> Result<LessSafeKey, Refusal> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| Refusal::CannotOpen)
}

/// Encrypts; the 16-byte tag is at the end.
pub(crate) fn seal(key: &LessSafeKey, nonce: [u8; NONCE_LENGTH], aad: &[u8], content: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut sealed = Vec::with_capacity(content.len() + 16);
    sealed.extend_from_slice(content);
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), &mut sealed).map_err(|_| Refusal::CannotOpen)?;
    Ok(sealed)
}

/// Decrypts in place.
pub(crate) fn open(key: &LessSafeKey, nonce: [u8; NONCE_LENGTH], aad: &[u8], mut content: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    let nonce = Nonce::assume_unique_for_key(nonce);
    let length = key.open_in_place(nonce, Aad::from(aad), &mut content).map_err(|_| Refusal::CannotOpen)?.len();
    content.truncate(length);
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device_key::{DeviceSigner, SoftwareDeviceKey};

    fn key(secret: u8) -> ClientKey {
        let device = SoftwareDeviceKey::from_secret(&[7; 32]).unwrap().public_key();
        ClientKey::derive("k", &[secret; 32], device, 1).unwrap()
    }

    #[test]
    fn the_directions_have_different_keys() {
        let key = key(1);
        let sealed = key.seal_call([0; 12], b"aad", b"content").unwrap();
        assert_eq!(key.open_reply([0; 12], b"aad", sealed.clone()), Err(Refusal::CannotOpen));
        assert_eq!(key.open_call([0; 12], b"aad", sealed).unwrap(), b"content");
    }

    #[test]
    fn debug_output_has_no_key_material() {
        let key = key(0x41);
        assert_eq!(format!("{key:?}"), r#"ClientKey { id: "k", expires_ms: 1, .. }"#);
    }
}
