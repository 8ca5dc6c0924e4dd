//! The device's own key: ECDSA P-256 with SHA-256.
//!
//! Signatures travel as the 64 bytes r || s (IEEE P1363), because that is what WebCrypto makes; clients on Android and
//! Apple convert from DER. Public keys travel as the 65-byte uncompressed point (SEC 1), which all of them export.

use aws_lc_rs::agreement;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, ParsedPublicKey, UnparsedPublicKey};

use crate::refusal::Refusal;

/// Bytes of a device's public key.
pub const PUBLIC_KEY_LENGTH: usize = 65;

/// Bytes of a device's signature.
pub const SIGNATURE_LENGTH: usize = 64;

/// A device's public key: the uncompressed P-256 point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DevicePublicKey([u8; PUBLIC_KEY_LENGTH]);

impl DevicePublicKey {
    /// Takes the 65 bytes. Whether the point is on the curve shows at the first [`verify`](Self::verify): an invalid
    /// point never verifies.
    pub fn from_bytes(bytes: [u8; PUBLIC_KEY_LENGTH]) -> Self {
        Self(bytes)
    }

    /// The 65 bytes.
    pub fn as_bytes(&self) -> &[u8; PUBLIC_KEY_LENGTH] {
        &self.0
    }

    /// Checks a signature over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0).verify(message, signature).map_err(|_| Refusal::BadSignature)
    }
}

/// A device's public key, decoded once for many signatures.
#[derive(Debug)]
pub(crate) struct DeviceVerifier(ParsedPublicKey);

impl DeviceVerifier {
    /// Refuses points that are not on the curve.
    pub fn new(key: &DevicePublicKey) -> Result<Self, Refusal> {
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.0).map(Self).map_err(|_| Refusal::BadSignature)
    }

    /// Checks a signature over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        self.0.verify_sig(message, signature).map_err(|_| Refusal::BadSignature)
    }
}

/// Who can sign as the device: on a phone the key store, in tests and Node [`SoftwareDeviceKey`].
pub trait DeviceSigner {
    /// The public key.
    fn public_key(&self) -> DevicePublicKey;

    /// r || s over SHA-256 of `message`, or why the device could not sign.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], Refusal>;
}

/// A device key in memory.
pub struct SoftwareDeviceKey {
    pair: EcdsaKeyPair,
    public: DevicePublicKey,
}

impl SoftwareDeviceKey {
    /// The key whose private scalar is `secret`; refuses zero and what is not below the curve's order.
    pub fn from_secret(secret: &[u8; 32]) -> Result<Self, Refusal> {
        let private = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, secret).map_err(|_| Refusal::Malformed)?;
        let point = private.compute_public_key().map_err(|_| Refusal::Malformed)?;
        let public = point.as_ref().try_into().map_err(|_| Refusal::Malformed)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, secret, point.as_ref())
            .map_err(|_| Refusal::Malformed)?;
        Ok(Self { pair, public: DevicePublicKey(public) })
    }
}

impl DeviceSigner for SoftwareDeviceKey {
    fn public_key(&self) -> DevicePublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], Refusal> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| Refusal::BadSignature)?;
        signature.as_ref().try_into().map_err(|_| Refusal::BadSignature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_only() {
        let key = SoftwareDeviceKey::from_secret(&[7; 32]).unwrap();
        let signature = key.sign(b"one").unwrap();
        assert_eq!(key.public_key().verify(b"one", &signature), Ok(()));
        assert_eq!(key.public_key().verify(b"two", &signature), Err(Refusal::BadSignature));
        assert_eq!(key.public_key().verify(b"one", &signature[..63]), Err(Refusal::BadSignature));
    }

    #[test]
    fn a_point_off_the_curve_never_verifies() {
        let mut point = *SoftwareDeviceKey::from_secret(&[7; 32]).unwrap().public_key().as_bytes();
        point[64] ^= 1;
        assert_eq!(DevicePublicKey::from_bytes(point).verify(b"one", &[1; 64]), Err(Refusal::BadSignature));
        assert!(DeviceVerifier::new(&DevicePublicKey::from_bytes(point)).is_err());
    }

    #[test]
    fn a_zero_scalar_is_no_key() {
        assert!(SoftwareDeviceKey::from_secret(&[0; 32]).is_err());
    }
}
