//! What platforms attest about a client, and whether it suffices.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::attestation::{Revocations, Roots, android, apple};
use crate::device_key::DevicePublicKey;
use crate::refusal::Refusal;
use crate::{PROTOCOL, transcript};

use super::Hello;

/// What a client sends as proof of what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing.
    None,
    /// An Android Key Attestation chain of the device key, DER, leaf first.
    Android(Vec<Vec<u8>>),
    /// An Apple App Attest attestation object (CBOR) and the App Attest key's id.
    Apple {
        /// SHA-256 of the App Attest key.
        key_id: [u8; 32],
        /// The object that `attestKey` returned.
        attestation: Vec<u8>,
    },
}

/// What was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvidenceLevel {
    /// The client holds a device key; nothing vouches for what it is.
    Keyed,
    /// The platform vouches for application and device.
    Attested,
}

/// What the registry demands of one application on one platform, and what to judge by.
#[derive(Clone, Copy)]
pub struct EvidencePolicy<'a> {
    /// The least that is accepted.
    pub require: EvidenceLevel,
    /// Registered Android builds.
    pub android: &'a [android::Rule],
    /// Registered Apple builds.
    pub apple: &'a [apple::Rule],
    /// Google's roots.
    pub android_roots: &'a Roots,
    /// Apple's roots.
    pub apple_roots: &'a Roots,
    /// Google's revocation list.
    pub revocations: &'a Revocations,
    /// The time at which certificates must be valid, milliseconds since the Unix epoch.
    pub now_ms: i64,
}

/// What evidence must be made for: SHA-256 over challenge, device key, appId and deviceId, each with its length.
///
/// Android fixes the attestation challenge before the key exists, so there the device key is left out
/// (`device` is `None`) and the attested key itself must be the device key.
pub fn binding(challenge: &[u8; 32], device: Option<&DevicePublicKey>, app_id: &str, device_id: &str) -> [u8; 32] {
    let key: &[u8] = device.map_or(&[], |key| key.as_bytes());
    let fields = [challenge.as_slice(), key, app_id.as_bytes(), device_id.as_bytes()];
    let hash = digest(&SHA256, &transcript::encode(&format!("{PROTOCOL} binding"), &fields));
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    bytes
}

/// The App Attest key that a handshake established, for later assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub level: EvidenceLevel,
    pub apple_key: Option<apple::AttestedKey>,
}

impl EvidencePolicy<'_> {
    /// Judges the evidence. Evidence that is present must hold, even where none is required.
    pub(super) fn judge(&self, hello: &Hello, device: &DevicePublicKey) -> Result<Judged, Refusal> {
        let platform = match &hello.evidence {
            Evidence::None => hello.platform.as_str(),
            Evidence::Android(_) => "android",
            Evidence::Apple { .. } => "ios",
        };
        if platform != hello.platform {
            return Err(Refusal::PlatformMismatch);
        }
        match &hello.evidence {
            Evidence::None if self.require == EvidenceLevel::Attested => Err(Refusal::EvidenceMissing),
            Evidence::None if !self.lists_package(hello) => Err(Refusal::PackageMismatch),
            Evidence::None => Ok(Judged { level: EvidenceLevel::Keyed, apple_key: None }),
            Evidence::Android(chain) => {
                let challenge = binding(&hello.challenge, None, &hello.app_id, &hello.device_id);
                let inspection = android::verify(chain, self.android_roots, self.revocations, self.now_ms)?;
                inspection.require_challenge(&challenge)?;
                inspection.require_key(device)?;
                first_match(self.android.iter().filter(|rule| rule.package == hello.package), |rule| inspection.judge(rule))?;
                Ok(Judged { level: EvidenceLevel::Attested, apple_key: None })
            }
            Evidence::Apple { key_id, attestation } => {
                let hash = binding(&hello.challenge, Some(device), &hello.app_id, &hello.device_id);
                let key = first_match(self.apple.iter().filter(|rule| rule.bundle_id == hello.package), |rule| {
                    apple::verify_attestation(attestation, key_id, &hash, rule, self.apple_roots, self.now_ms)
                })?;
                Ok(Judged { level: EvidenceLevel::Attested, apple_key: Some(key) })
            }
        }
    }
}

impl EvidencePolicy<'_> {
    /// Whether the package that a client claims is registered; on other platforms there is nothing to compare here
    /// (a browser's origin is the transport's to check).
    fn lists_package(&self, hello: &Hello) -> bool {
        match hello.platform.as_str() {
            "android" => self.android.iter().any(|rule| rule.package == hello.package),
            "ios" => self.apple.iter().any(|rule| rule.bundle_id == hello.package),
            _ => true,
        }
    }
}

/// The first rule that accepts; otherwise the last rule's reason, or that no rule names the package.
fn first_match<'r, R: 'r, T>(rules: impl Iterator<Item = &'r R>, mut judge: impl FnMut(&'r R) -> Result<T, Refusal>) -> Result<T, Refusal> {
    let mut refusal = Refusal::PackageMismatch;
    for rule in rules {
        match judge(rule) {
            Ok(accepted) => return Ok(accepted),
            Err(reason) => refusal = reason,
        }
    }
    Err(refusal)
}
