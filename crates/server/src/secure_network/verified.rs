//! The proof that a client was verified.

use lingpai_secure::{envelope::SecretType, handshake::EvidenceLevel};
use serde_json::{Value, json};

use crate::config::center::secure_network::{Platform, Version};

/// Proof that a call comes from a registered client; only the gate makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedClient {
    app_id: String,
    platform: Platform,
    version: Version,
    device_id: String,
    trust: Trust,
}

/// What vouches for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The platform attested application and device at the handshake.
    Attested,
    /// The client holds the device key of its handshake; nothing vouches for what it is.
    Keyed,
    /// The client holds its user's key at WeChat.
    Weixin,
}

impl Trust {
    /// The word that functions see.
    pub const fn name(self) -> &'static str {
        match self {
            Trust::Attested => "attested",
            Trust::Keyed => "keyed",
            Trust::Weixin => "weixin",
        }
    }
}

impl From<EvidenceLevel> for Trust {
    fn from(level: EvidenceLevel) -> Self {
        match level {
            EvidenceLevel::Attested => Trust::Attested,
            EvidenceLevel::Keyed => Trust::Keyed,
        }
    }
}

impl VerifiedClient {
    pub(super) fn new(app_id: &str, platform: Platform, version: Version, device_id: &str, trust: Trust) -> Self {
        Self { app_id: app_id.to_owned(), platform, version, device_id: device_id.to_owned(), trust }
    }

    /// `appId`
    pub fn app_id(&self) -> &str {
        &self.app_id
    }

    /// The platform.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Which registered build it is.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `deviceId`
    pub fn device_id(&self) -> &str {
        &self.device_id
    }

    /// What vouches for it.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// As functions see it.
    pub fn to_json(&self) -> Value {
        json!({
            "appId": self.app_id, "platform": self.platform.name(), "version": self.version.name(),
            "deviceId": self.device_id, "evidence": self.trust.name(),
        })
    }
}

/// What a call knows of the way it came.
#[derive(Clone, Debug)]
pub struct Secured {
    /// The space of the client protocol; `None` in the URL form.
    pub space_id: Option<String>,
    /// The `Origin` header.
    pub origin: Option<String>,
    /// What was sealed; functions compare it with what they demand.
    pub secret_type: SecretType,
    /// The proof, if the call has one.
    pub verified: Option<VerifiedClient>,
}

impl Default for Secured {
    /// Nothing was sealed and nobody verified.
    fn default() -> Self {
        Self { space_id: None, origin: None, secret_type: SecretType::None, verified: None }
    }
}
