//! Trusted roots.

use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::refusal::Refusal;

/// Google's Key Attestation roots: a JSON array of PEM texts, as the public project android/keyattestation has it.
pub const GOOGLE_KEY_ATTESTATION_ROOTS: &[u8] = include_bytes!("../../roots/google-key-attestation.json");

/// Apple's App Attestation root in PEM.
pub const APPLE_APP_ATTESTATION_ROOT: &[u8] = include_bytes!("../../roots/apple-app-attestation.pem");

/// A set of trust anchors: names and keys. Their own validity is not checked (RFC 5280, section 6.1.1): to stop trusting
/// a root, take it out.
#[derive(Clone, Debug)]
pub struct Roots {
    ders: Vec<Vec<u8>>,
}

impl Roots {
    /// From certificates in DER.
    pub fn from_ders(ders: Vec<Vec<u8>>) -> Result<Self, Refusal> {
        for der in &ders {
            X509Certificate::from_der(der).map_err(|_| Refusal::Malformed)?;
        }
        Ok(Self { ders })
    }

    /// From any number of PEM certificates.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Refusal> {
        Self::from_ders(ders_from_pem(pem)?)
    }

    /// From a JSON array of PEM texts.
    pub fn from_json(json: &[u8]) -> Result<Self, Refusal> {
        let pems: Vec<String> = serde_json::from_slice(json).map_err(|_| Refusal::Malformed)?;
        Self::from_pem(pems.join("\n").as_bytes())
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = X509Certificate<'_>> {
        self.ders.iter().filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate))
    }
}

/// The certificates of a PEM text in their order, in DER: roots, or a chain to inspect.
pub fn ders_from_pem(pem: &[u8]) -> Result<Vec<Vec<u8>>, Refusal> {
    Pem::iter_from_buffer(pem).map(|pem| pem.map(|pem| pem.contents).map_err(|_| Refusal::Malformed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_included_roots_can_be_read() {
        assert_eq!(Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS).unwrap().certificates().count(), 2);
        assert_eq!(Roots::from_pem(APPLE_APP_ATTESTATION_ROOT).unwrap().certificates().count(), 1);
    }

    /// SHA-256 of the certificates, as independent public projects pin them: the roots at Apple's
    /// `certificateauthority/Apple_App_Attestation_Root_CA.pem` (valid from 2020 to 2045) and at Google's
    /// `attestation/root` (RSA of 2022, serial number f92009e853b6b045, and P-384 of 2025).
    #[test]
    fn the_included_roots_are_the_vendors() {
        let fingerprints = |roots: Roots| -> Vec<String> {
            let ders = roots.ders.iter();
            ders.map(|der| crate::wire::to_hex(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der).as_ref())).collect()
        };
        assert_eq!(
            fingerprints(Roots::from_pem(APPLE_APP_ATTESTATION_ROOT).unwrap()),
            ["1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932"]
        );
        assert_eq!(
            fingerprints(Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS).unwrap()),
            [
                "cedb1cb6dc896ae5ec797348bce9286753c2b38ee71ce0fbe34a9a1248800dfc",
                "6d9db4ce6c5c0b293166d08986e05774a8776ceb525d9e4329520de12ba4bcc0"
            ]
        );
    }

    #[test]
    fn a_broken_root_is_an_error() {
        assert!(Roots::from_ders(vec![vec![0x30, 0]]).is_err());
        assert!(Roots::from_json(b"{}").is_err());
    }
}
