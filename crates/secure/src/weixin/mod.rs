//! The envelope that WeChat mini programs speak: AES-CBC with PKCS#7 under a key that WeChat hands to both sides.
//!
//! There is no MAC, so nothing may tell apart why a content could not be opened: [`EncryptKey::open`] and
//! [`EncryptKey::open_payload`] always decrypt, unpad in constant time, and parse; every failure is [`crate::refusal::Refusal::CannotOpen`].

mod checks;
mod cipher;
mod payload;

pub use checks::{ClientFacts, KeyLookup, RegistryEntry, verify};
pub use cipher::EncryptKey;
pub use payload::Payload;
