//! HPKE base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-GCM.
//!
//! The protocol uses AES-256-GCM; AES-128-GCM is there because RFC 9180, appendix A.1 has its vectors for it.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{agreement, hmac};
use zeroize::Zeroizing;

use crate::refusal::Refusal;

const KEM_SUITE: &[u8] = b"KEM\x00\x20";
const VERSION_LABEL: &[u8] = b"HPKE-v1";

/// Bytes of keys, secrets and the encapsulated key.
pub const KEY_LENGTH: usize = 32;

/// The cipher of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aead {
    /// AEAD id 0x0001.
    Aes128Gcm,
    /// AEAD id 0x0002.
    Aes256Gcm,
}

impl Aead {
    fn suite(self) -> &'static [u8; 10] {
        match self {
            Self::Aes128Gcm => b"HPKE\x00\x20\x00\x01\x00\x01",
            Self::Aes256Gcm => b"HPKE\x00\x20\x00\x01\x00\x02",
        }
    }

    fn key(self, prk: &[u8; 32], context: &[u8]) -> Result<LessSafeKey, Refusal> {
        let key = match self {
            Self::Aes128Gcm => UnboundKey::new(&AES_128_GCM, &*labeled_expand::<16>(self.suite(), prk, b"key", context)),
            Self::Aes256Gcm => UnboundKey::new(&AES_256_GCM, &*labeled_expand::<32>(self.suite(), prk, b"key", context)),
        };
        key.map(LessSafeKey::new).map_err(|_| Refusal::CannotOpen)
    }
}

/// An X25519 private key.
pub struct PrivateKey {
    key: agreement::PrivateKey,
    public: [u8; KEY_LENGTH],
}

impl PrivateKey {
    /// Takes 32 random bytes.
    pub fn from_bytes(secret: &[u8; KEY_LENGTH]) -> Result<Self, Refusal> {
        let key = agreement::PrivateKey::from_private_key(&agreement::X25519, secret).map_err(|_| Refusal::Malformed)?;
        let public = key.compute_public_key().map_err(|_| Refusal::Malformed)?;
        let public = public.as_ref().try_into().map_err(|_| Refusal::Malformed)?;
        Ok(Self { key, public })
    }

    /// The public key.
    pub fn public_key(&self) -> &[u8; KEY_LENGTH] {
        &self.public
    }

    /// The KEM's shared secret. Refuses points of small order, for which X25519 gives zero (RFC 9180, section 7.1.4).
    fn shared_secret(&self, peer: &[u8; 32], kem_context: [&[u8; 32]; 2]) -> Result<Zeroizing<[u8; 32]>, Refusal> {
        let peer = agreement::UnparsedPublicKey::new(&agreement::X25519, peer);
        agreement::agree(&self.key, peer, Refusal::CannotOpen, |dh| {
            let [enc, recipient] = kem_context;
            let prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", dh);
            let context = [enc.as_slice(), recipient.as_slice()].concat();
            Ok(labeled_expand(KEM_SUITE, &prk, b"shared_secret", &context))
        })
    }
}

/// One side of an established context. Messages are numbered; each `seal` or `open` that succeeds takes the next number.
pub struct Context {
    aead: Aead,
    key: LessSafeKey,
    base_nonce: Zeroizing<[u8; 12]>,
    exporter_secret: Zeroizing<[u8; 32]>,
    sequence: u64,
}

impl Context {
    /// The sender's side: `ephemeral` is 32 random bytes, used once. Returns the encapsulated key beside the context.
    pub fn sender(aead: Aead, recipient: &[u8; 32], info: &[u8], ephemeral: &[u8; 32]) -> Result<([u8; 32], Self), Refusal> {
        let ephemeral = PrivateKey::from_bytes(ephemeral)?;
        let shared = ephemeral.shared_secret(recipient, [&ephemeral.public, recipient])?;
        Ok((ephemeral.public, Self::schedule(aead, &shared, info)?))
    }

    /// The recipient's side.
    pub fn recipient(aead: Aead, enc: &[u8; 32], recipient: &PrivateKey, info: &[u8]) -> Result<Self, Refusal> {
        let shared = recipient.shared_secret(enc, [enc, &recipient.public])?;
        Self::schedule(aead, &shared, info)
    }

    /// The key schedule in mode 0, without a pre-shared key.
    fn schedule(aead: Aead, shared: &[u8; 32], info: &[u8]) -> Result<Self, Refusal> {
        let suite = aead.suite();
        let psk_id_hash = labeled_extract(suite, b"", b"psk_id_hash", b"");
        let info_hash = labeled_extract(suite, b"", b"info_hash", info);
        let context = [&[0u8][..], &psk_id_hash[..], &info_hash[..]].concat();
        let secret = labeled_extract(suite, shared, b"secret", b"");
        Ok(Self {
            aead,
            key: aead.key(&secret, &context)?,
            base_nonce: labeled_expand(suite, &secret, b"base_nonce", &context),
            exporter_secret: labeled_expand(suite, &secret, b"exp", &context),
            sequence: 0,
        })
    }

    /// Encrypts the next message; the tag is at the end.
    pub fn seal(&mut self, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut content = Vec::with_capacity(plaintext.len() + 16);
        content.extend_from_slice(plaintext);
        let nonce = self.nonce();
        self.key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut content).map_err(|_| Refusal::CannotOpen)?;
        self.advance()?;
        Ok(content)
    }

    /// Decrypts the next message, in place.
    pub fn open(&mut self, aad: &[u8], mut content: Vec<u8>) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let nonce = self.nonce();
        let length = self.key.open_in_place(nonce, Aad::from(aad), &mut content).map_err(|_| Refusal::CannotOpen)?.len();
        content.truncate(length);
        self.advance()?;
        Ok(Zeroizing::new(content))
    }

    /// A secret of 32 bytes that both sides derive for the purpose `context`.
    pub fn export(&self, context: &[u8]) -> Zeroizing<[u8; 32]> {
        labeled_expand(self.aead.suite(), &self.exporter_secret, b"sec", context)
    }

    fn nonce(&self) -> Nonce {
        let mut nonce = *self.base_nonce;
        for (byte, number) in nonce.iter_mut().skip(4).zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        Nonce::assume_unique_for_key(nonce)
    }

    fn advance(&mut self) -> Result<(), Refusal> {
        self.sequence = self.sequence.checked_add(1).ok_or(Refusal::CannotOpen)?;
        Ok(())
    }
}

fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<[u8; 32]> {
    mac(salt, &[VERSION_LABEL, suite, label, ikm])
}

fn labeled_expand<const N: usize>(suite: &[u8], prk: &[u8; 32], label: &[u8], info: &[u8]) -> Zeroizing<[u8; N]> {
    let length = [0, const { N as u8 }];
    expand(prk, &[&length, VERSION_LABEL, suite, label, info])
}

/// HKDF-Expand with SHA-256 (RFC 5869) for at most one block of output, which is all that is used here.
pub(crate) fn expand<const N: usize>(prk: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 32) };
    let mut parts: Vec<&[u8]> = info.to_vec();
    parts.push(&[1]);
    let block = mac(prk, &parts);
    let mut output = Zeroizing::new([0; N]);
    for (to, from) in output.iter_mut().zip(block.iter()) {
        *to = *from;
    }
    output
}

/// HMAC-SHA256; HKDF-Extract is this with the salt as the key.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut output = Zeroizing::new([0; 32]);
    for (to, from) in output.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    output
}
