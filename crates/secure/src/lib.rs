//! The secure network's bytes: which client may call, and what travels sealed.
//!
//! Everything here is a pure function of bytes: no I/O, no clock, no global randomness. Time comes in as
//! milliseconds since the Unix epoch, randomness as fixed arrays, revocation lists as data. (One exception,
//! on the client's side only: an ECDSA signature draws its per-signature nonce inside the cryptography library.)
//!
//! - [`space_key`], [`handshake`], [`envelope`], [`replay`]: the open protocol, version 1
//! - [`weixin`]: the envelope that WeChat mini programs speak
//! - [`attestation`]: what Android and Apple devices say about themselves
//! - [`refusal`]: every reason to refuse, and its error code on the wire

pub mod attestation;
pub mod client_key;
pub mod device_key;
pub mod envelope;
pub mod handshake;
pub mod hpke;
pub mod refusal;
pub mod replay;
pub mod space_key;
mod transcript;
pub mod weixin;
mod wire;

/// The protocol's name and version, the first word of everything that is signed, sealed or derived.
pub const PROTOCOL: &str = "lingpai-sn1";

/// The version number in `_uniCloudOptions.v`, handshake messages and published keys.
pub const VERSION: u32 = 1;
