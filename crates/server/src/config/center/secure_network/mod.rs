//! The folder `secure-network`: which clients may call what (`config.json`), Google's revocation list, and roots
//! other than the built-in ones.

mod parse;
mod registry;
mod rules;
mod source;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lingpai_secure::attestation::{APPLE_APP_ATTESTATION_ROOT, GOOGLE_KEY_ATTESTATION_ROOTS, Revocations, Roots};

pub use registry::{Entry, Identity, Platform, RegisteredApp, Version};
pub use rules::{Admission, ClientRule, Rule, Verification, canonical_function};
pub use source::{Source, Stamp};

/// What the secure network demands.
#[derive(Clone, Debug)]
pub struct SecureNetworkConfig {
    /// `enable`
    pub enabled: bool,
    /// `apps`
    pub apps: Vec<RegisteredApp>,
    /// `verifyClient`
    pub verification: Verification,
    /// `url`: whether verified functions may be called in the URL form, unverified.
    pub url_allowed: bool,
    /// `windowSeconds`: how far a client's clock may be off in the open protocol.
    pub window: Duration,
    /// `weixinWindowSeconds`: the same for mini programs.
    pub weixin_window: Duration,
    /// `clientKeyHours`: how long a client key is good.
    pub client_key_lifetime: Duration,
    /// `android-roots.pem`, else Google's.
    pub android_roots: Roots,
    /// `apple-roots.pem`, else Apple's.
    pub apple_roots: Roots,
    /// `android-revocations.json`
    pub revocations: Revocations,
    /// `androidRevocations`: where a list is fetched besides.
    pub revocation_source: Option<RevocationSource>,
}

/// `androidRevocations`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationSource {
    /// `url`
    pub url: String,
    /// `everyHours`, in milliseconds.
    pub every_ms: i64,
    /// `maxAgeHours`, in milliseconds.
    pub max_age_ms: i64,
    /// `whenStale`: whether Android's evidence is refused while the list is older than that.
    pub refuses_when_stale: bool,
}

impl Default for SecureNetworkConfig {
    /// Switched off.
    fn default() -> Self {
        Self {
            enabled: false,
            apps: Vec::new(),
            verification: Verification::Off,
            url_allowed: false,
            window: Duration::from_secs(60),
            weixin_window: Duration::from_secs(300),
            client_key_lifetime: Duration::from_secs(168 * 3600),
            android_roots: Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS).expect("the built-in roots are well-formed: a test reads them"),
            apple_roots: Roots::from_pem(APPLE_APP_ATTESTATION_ROOT).expect("the built-in roots are well-formed: a test reads them"),
            revocations: Revocations::default(),
            revocation_source: None,
        }
    }
}

impl SecureNetworkConfig {
    /// A registered application.
    pub fn app(&self, app_id: &str) -> Option<&RegisteredApp> {
        self.apps.iter().find(|app| app.app_id == app_id)
    }

    /// Whom a function admits; `None`: anyone, unverified.
    pub fn admission(&self, function: &str) -> Option<Admission<'_>> {
        if self.enabled { self.verification.admission(function) } else { None }
    }
}
