//! What travels during a handshake.

use serde::{Deserialize, Serialize};

use super::evidence::{Evidence, EvidenceLevel};
use crate::device_key::{DevicePublicKey, SIGNATURE_LENGTH};
use crate::refusal::Refusal;
use crate::{PROTOCOL, transcript, wire};

/// The longest sealed hello in bytes: attestation chains of about 6 KiB, with room to spare.
pub const MAX_SEALED_HELLO_LENGTH: usize = 64 * 1024;

/// The longest name that a hello may give (ids, package, version), in bytes: they are stored with the key.
pub const MAX_NAME_LENGTH: usize = 256;

/// The parameters of `getAppClientKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// [`crate::VERSION`].
    pub v: u32,
    /// The space key that the hello is sealed to.
    pub key_id: String,
    /// HPKE's encapsulated key, base64.
    pub enc: String,
    /// The sealed hello, base64.
    pub content: String,
}

/// The answer to `getAppClientKey`, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// [`crate::VERSION`].
    pub v: u32,
    /// Base64 of 12 bytes.
    pub nonce: String,
    /// Base64 of the ciphertext and tag.
    pub content: String,
}

/// What a client says about itself.
#[derive(Clone, Debug)]
pub struct Hello {
    /// The server's challenge.
    pub challenge: [u8; 32],
    /// The DCloud appId, `__UNI__...`.
    pub app_id: String,
    /// The device's id as uni-app reports it.
    pub device_id: String,
    /// `android`, `ios`, `web`, ...
    pub platform: String,
    /// The package name, bundle id or origin.
    pub package: String,
    /// The application's version.
    pub app_version: String,
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// What the platform attests, if it does.
    pub evidence: Evidence,
}

/// A hello in JSON, inside the seal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HelloWire {
    challenge: String,
    app_id: String,
    device_id: String,
    platform: String,
    package: String,
    app_version: String,
    timestamp: i64,
    device_key: String,
    proof: String,
    evidence: Option<EvidenceWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "format")]
enum EvidenceWire {
    #[serde(rename = "android-key-attestation")]
    Android { chain: Vec<String> },
    #[serde(rename = "apple-app-attest", rename_all = "camelCase")]
    Apple { key_id: String, attestation: String },
}

impl HelloWire {
    pub(super) fn new(hello: &Hello, device: &DevicePublicKey, proof: [u8; SIGNATURE_LENGTH]) -> Self {
        let evidence = match &hello.evidence {
            Evidence::None => None,
            Evidence::Android(chain) => Some(EvidenceWire::Android { chain: chain.iter().map(|der| wire::to_base64(der)).collect() }),
            Evidence::Apple { key_id, attestation } => {
                Some(EvidenceWire::Apple { key_id: wire::to_base64(key_id), attestation: wire::to_base64(attestation) })
            }
        };
        Self {
            challenge: wire::to_base64(&hello.challenge),
            app_id: hello.app_id.clone(),
            device_id: hello.device_id.clone(),
            platform: hello.platform.clone(),
            package: hello.package.clone(),
            app_version: hello.app_version.clone(),
            timestamp: hello.timestamp_ms,
            device_key: wire::to_base64(device.as_bytes()),
            proof: wire::to_base64(&proof),
            evidence,
        }
    }

    pub(super) fn parse(self) -> Result<(Hello, DevicePublicKey, [u8; SIGNATURE_LENGTH]), Refusal> {
        let names = [&self.app_id, &self.device_id, &self.platform, &self.package, &self.app_version];
        if names.iter().any(|name| name.len() > MAX_NAME_LENGTH) {
            return Err(Refusal::Malformed);
        }
        let evidence = match self.evidence {
            None => Evidence::None,
            Some(EvidenceWire::Android { chain }) => {
                Evidence::Android(chain.iter().map(|der| wire::from_base64(der)).collect::<Result<_, _>>()?)
            }
            Some(EvidenceWire::Apple { key_id, attestation }) => {
                Evidence::Apple { key_id: wire::array_from_base64(&key_id)?, attestation: wire::from_base64(&attestation)? }
            }
        };
        let hello = Hello {
            challenge: wire::array_from_base64(&self.challenge)?,
            app_id: self.app_id,
            device_id: self.device_id,
            platform: self.platform,
            package: self.package,
            app_version: self.app_version,
            timestamp_ms: self.timestamp,
            evidence,
        };
        let device = DevicePublicKey::from_bytes(wire::array_from_base64(&self.device_key)?);
        Ok((hello, device, wire::array_from_base64(&self.proof)?))
    }
}

/// What an answer says, inside the seal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnswerBody {
    /// The client key's id.
    pub key_id: String,
    /// Milliseconds since the Unix epoch, exclusive.
    pub expires: i64,
    /// What was accepted.
    pub evidence: EvidenceLevel,
}

/// HPKE's info: protocol, space and key.
pub(super) fn info(space_id: &str, key_id: &str) -> Vec<u8> {
    transcript::encode(PROTOCOL, &[space_id.as_bytes(), key_id.as_bytes()])
}

/// The associated data of a hello.
pub(super) fn hello_data(space_id: &str, key_id: &str) -> Vec<u8> {
    transcript::encode(&label("hello"), &[space_id.as_bytes(), key_id.as_bytes()])
}

/// The associated data of an answer.
pub(super) fn answer_data(space_id: &str, key_id: &str) -> Vec<u8> {
    transcript::encode(&label("answer"), &[space_id.as_bytes(), key_id.as_bytes()])
}

/// What the device key signs to prove that the client holds it: this encapsulated key, hence this HPKE context, for this binding.
pub(super) fn proof(space_id: &str, key_id: &str, enc: &[u8; 32], binding: &[u8; 32]) -> Vec<u8> {
    transcript::encode(&label("proof"), &[space_id.as_bytes(), key_id.as_bytes(), enc, binding])
}

/// The exporter context of the client key's secret.
pub(super) fn client_key_label() -> Vec<u8> {
    label("client key").into_bytes()
}

/// The exporter context of the key that seals the answer.
pub(super) fn answer_key_label() -> Vec<u8> {
    label("answer key").into_bytes()
}

fn label(purpose: &str) -> String {
    format!("{PROTOCOL} {purpose}")
}
