//! Android Key Attestation: a certificate chain in which the device's secure hardware vouches for a key, the system's
//! boot state, and the application that asked.

use serde::{Serialize, Serializer};
use subtle::ConstantTimeEq;
use x509_parser::oid_registry::{OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, Oid, asn1_rs::oid};

use super::android_extension::KeyDescription;
use super::chain::Chain;
use super::{Revocations, Roots};
use crate::device_key::DevicePublicKey;
use crate::refusal::Refusal;
use crate::wire;

pub use super::android_extension::{RootOfTrust, SecurityLevel, VerifiedBootState};

/// The attestation extension.
const ATTESTATION: Oid<'static> = oid!(1.3.6.1.4.1.11129.2.1.17);

/// KeyMint's number for a key that may sign.
const PURPOSE_SIGN: u64 = 2;

/// KeyMint's number for a key that was generated in the device.
const ORIGIN_GENERATED: u64 = 0;

/// A registered build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The package's name.
    pub package: String,
    /// SHA-256 of the certificates that may sign it.
    pub cert_sha256: Vec<[u8; 32]>,
    /// A development entry admits devices with an unlocked boot loader.
    pub development: bool,
}

/// What a chain says, with everything that `lingpai secure inspect` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// 1 to 4 for Keymaster, 100 and more for KeyMint.
    pub attestation_version: u64,
    /// Who signed the statement.
    pub attestation_security_level: SecurityLevel,
    /// Keymaster's or KeyMint's own version.
    pub key_mint_version: u64,
    /// Where the key lives.
    pub key_mint_security_level: SecurityLevel,
    /// What the key was made for.
    #[serde(serialize_with = "hex")]
    pub challenge: Vec<u8>,
    /// The packages of the application that asked, and their version codes.
    pub packages: Vec<Package>,
    /// SHA-256 of the application's signing certificates.
    #[serde(serialize_with = "hex_list")]
    pub signatures: Vec<Vec<u8>>,
    /// The boot state; not said by all devices.
    #[serde(flatten)]
    pub root_of_trust: Option<RootOfTrust>,
    /// When the key was made, milliseconds since the Unix epoch.
    pub creation_ms: Option<u64>,
    /// For example 140000.
    pub os_version: Option<u64>,
    /// For example 202408.
    pub os_patch_level: Option<u64>,
    /// What the key may do, as KeyMint's numbers.
    pub purposes: Vec<u64>,
    /// Where the key comes from, as KeyMint's number: 0 is generated in the device.
    pub origin: Option<u64>,
    /// The attested key, if it is one on P-256.
    #[serde(skip)]
    pub key: Option<DevicePublicKey>,
}

/// A package of the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version code.
    pub version: u64,
}

/// Reads a chain (DER, leaf first) without judging it: for people to look at.
pub fn inspect<D: AsRef<[u8]>>(chain: &[D]) -> Result<Inspection, Refusal> {
    read(&Chain::parse(chain.iter().map(AsRef::as_ref))?)
}

/// Verifies a chain at `now_ms` (milliseconds since the Unix epoch): signatures up to a root, names, validity,
/// revocation. What it says is judged by [`Inspection::require_challenge`], [`Inspection::require_key`] and [`Inspection::judge`].
pub fn verify<D: AsRef<[u8]>>(chain: &[D], roots: &Roots, revocations: &Revocations, now_ms: i64) -> Result<Inspection, Refusal> {
    let chain = Chain::parse(chain.iter().map(AsRef::as_ref))?;
    // Read before the signatures: it is cheap, and refuses most nonsense.
    let inspection = read(&chain)?;
    chain.verify(roots, revocations, now_ms)?;
    Ok(inspection)
}

/// From when on the leaf of a chain (DER, leaf first) counts, milliseconds since the Unix epoch: the start of its validity,
/// but not before its issuers' (devices let it start in 1970).
pub fn leaf_start_ms<D: AsRef<[u8]>>(chain: &[D]) -> Result<i64, Refusal> {
    Ok(Chain::parse(chain.iter().map(AsRef::as_ref))?.leaf_start_ms())
}

fn read(chain: &Chain<'_>) -> Result<Inspection, Refusal> {
    // An application can have the device attest a signing key of its own and sign a forged leaf with it. The attested
    // key's certificate would then be an issuer that carries an attestation.
    if chain.issuers().iter().any(|issuer| issuer.extensions().iter().any(|extension| extension.oid == ATTESTATION)) {
        return Err(Refusal::MisplacedAttestation);
    }
    let leaf = chain.leaf();
    let extension = leaf.get_extension_unique(&ATTESTATION).map_err(|_| Refusal::EvidenceMalformed)?;
    let description = KeyDescription::parse(extension.ok_or(Refusal::AttestationMissing)?.value)?;
    let application = description.software.application_id.unwrap_or_default();
    Ok(Inspection {
        attestation_version: description.attestation_version,
        attestation_security_level: description.attestation_level,
        key_mint_version: description.keymint_version,
        key_mint_security_level: description.keymint_level,
        challenge: description.challenge,
        packages: application.packages.into_iter().map(|(name, version)| Package { name, version }).collect(),
        signatures: application.signatures,
        root_of_trust: description.hardware.root_of_trust,
        creation_ms: description.software.creation_ms.or(description.hardware.creation_ms),
        os_version: description.hardware.os_version,
        os_patch_level: description.hardware.os_patch_level,
        purposes: description.hardware.purposes,
        origin: description.hardware.origin,
        key: p256_key(leaf),
    })
}

fn p256_key(leaf: &x509_parser::prelude::X509Certificate<'_>) -> Option<DevicePublicKey> {
    let info = leaf.public_key();
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok())?;
    let is_p256 = info.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && curve == OID_EC_P256;
    let point = info.subject_public_key.data.as_ref().try_into().ok()?;
    is_p256.then_some(DevicePublicKey::from_bytes(point))
}

impl Inspection {
    /// The key must have been made for this challenge.
    pub fn require_challenge(&self, challenge: &[u8]) -> Result<(), Refusal> {
        if bool::from(self.challenge.as_slice().ct_eq(challenge)) { Ok(()) } else { Err(Refusal::ChallengeMismatch) }
    }

    /// The attested key must be the device key.
    pub fn require_key(&self, device: &DevicePublicKey) -> Result<(), Refusal> {
        if self.key.as_ref() == Some(device) { Ok(()) } else { Err(Refusal::AttestedKeyMismatch) }
    }

    /// Judges application, key and device: 70004 or 70010 with the reason.
    ///
    /// The application first, so that a wrong build learns that it is wrong. All its signers must be registered.
    pub fn judge(&self, rule: &Rule) -> Result<(), Refusal> {
        if !self.packages.iter().any(|package| package.name == rule.package) {
            return Err(Refusal::PackageMismatch);
        }
        let registered = |digest: &Vec<u8>| rule.cert_sha256.iter().any(|cert| cert.as_slice() == digest.as_slice());
        if self.signatures.is_empty() || !self.signatures.iter().all(registered) {
            return Err(Refusal::CertificateMismatch);
        }
        if self.attestation_security_level.min(self.key_mint_security_level) < SecurityLevel::TrustedEnvironment {
            return Err(Refusal::SoftwareLevel);
        }
        if self.origin != Some(ORIGIN_GENERATED) || !self.purposes.contains(&PURPOSE_SIGN) {
            return Err(Refusal::UnsuitableKey);
        }
        if rule.development {
            return Ok(());
        }
        match &self.root_of_trust {
            Some(RootOfTrust { verified_boot_state: VerifiedBootState::Verified, device_locked: true }) => Ok(()),
            Some(RootOfTrust { verified_boot_state: VerifiedBootState::Verified, .. }) => Err(Refusal::BootloaderUnlocked),
            _ => Err(Refusal::BootNotVerified),
        }
    }
}

fn hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&wire::to_hex(bytes))
}

fn hex_list<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|bytes| wire::to_hex(bytes)))
}
