//! What a device says in an attestation, to be encoded for tests.

use rcgen::CustomExtension;

use super::certificates::der;

/// The application that asked, unless a test says otherwise.
pub const PACKAGE: &str = "com.example.demo";
/// Who signed it.
pub const SIGNER: [u8; 32] = [0xab; 32];

/// A `KeyDescription` to encode.
#[derive(Clone)]
pub struct Description {
    pub challenge: Vec<u8>,
    pub attestation_level: u8,
    pub keymint_level: u8,
    pub package: &'static str,
    pub signers: Vec<[u8; 32]>,
    pub purpose: u8,
    pub origin: u8,
    /// Locked, and the boot state.
    pub boot: Option<(bool, u8)>,
    /// Whether boot state and origin are said by the hardware.
    pub said_by_hardware: bool,
}

impl Default for Description {
    fn default() -> Self {
        Self {
            challenge: vec![],
            attestation_level: 1,
            keymint_level: 1,
            package: PACKAGE,
            signers: vec![SIGNER],
            purpose: 2,
            origin: 0,
            boot: Some((true, 0)),
            said_by_hardware: true,
        }
    }
}

impl Description {
    pub fn encode(&self) -> Vec<u8> {
        let package = der(&[0x30], &[der(&[4], self.package.as_bytes()), der(&[2], &[7])].concat());
        let signers: Vec<u8> = self.signers.iter().flat_map(|signer| der(&[4], signer)).collect();
        let application = der(&[0x30], &[der(&[0x31], &package), der(&[0x31], &signers)].concat());
        let application = der(&[0xbf, 0x85, 0x45], &der(&[4], &application));
        let mut facts = der(&[0xa1], &der(&[0x31], &der(&[2], &[self.purpose])));
        facts.extend(der(&[0xbf, 0x85, 0x3e], &der(&[2], &[self.origin])));
        if let Some((locked, state)) = self.boot {
            let locked = if locked { 0xff } else { 0 };
            let root = [der(&[4], &[0; 32]), der(&[1], &[locked]), der(&[10], &[state]), der(&[4], &[0; 32])].concat();
            facts.extend(der(&[0xbf, 0x85, 0x40], &der(&[0x30], &root)));
        }
        let (software, hardware) = if self.said_by_hardware { (application, facts) } else { ([facts, application].concat(), vec![]) };
        der(
            &[0x30],
            &[
                der(&[2], &[3]),
                der(&[10], &[self.attestation_level]),
                der(&[2], &[4]),
                der(&[10], &[self.keymint_level]),
                der(&[4], &self.challenge),
                der(&[4], &[]),
                der(&[0x30], &software),
                der(&[0x30], &hardware),
            ]
            .concat(),
        )
    }
}

pub fn extension(description: &Description) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 11129, 2, 1, 17], description.encode())
}
