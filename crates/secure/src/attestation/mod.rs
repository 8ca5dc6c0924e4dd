//! What devices say about themselves: Android Key Attestation and Apple App Attest.
//!
//! Certificates are judged against roots, a revocation list and a time that are handed in.

pub mod android;
mod android_extension;
pub mod apple;
mod apple_object;
mod cbor;
mod chain;
mod der;
mod revocations;
mod roots;

pub use revocations::Revocations;
pub use roots::{APPLE_APP_ATTESTATION_ROOT, GOOGLE_KEY_ATTESTATION_ROOTS, Roots, ders_from_pem};
