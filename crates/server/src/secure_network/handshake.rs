//! The server's side of a handshake: from a sealed hello to a stored client key and a sealed answer.

use lingpai_domain::client_info::{ClientInfo, Texts};
use lingpai_secure::{
    attestation::{Revocations, android, apple},
    envelope::TimeWindow,
    handshake::{Answer, Evidence, EvidencePolicy, Request, server},
    refusal::Refusal,
};
use serde_json::Value;

use super::{Refused, Secured};
use crate::{
    config::center::secure_network::{Entry, Identity, Platform, SecureNetworkConfig},
    state::State,
};

/// What the client says in the clear.
#[derive(Clone, Copy, Debug)]
pub struct Greeting<'a> {
    /// The space.
    pub space_id: &'a str,
    /// `clientInfo`
    pub client_info: &'a ClientInfo,
    /// The call's way.
    pub secured: &'a Secured,
}

/// Judges a hello (the parameters of `getAppClientKey`), stores the client key and seals the answer.
///
/// # Errors
/// [`Refused`]
pub async fn shake_hands(state: &State, greeting: Greeting<'_>, params: Value) -> Result<Answer, Refused> {
    let config = state.secure.config();
    let facts = ClientFacts::read(greeting.client_info)?;
    let platform = facts.registered_platform(&config)?;
    let request: Request = serde_json::from_value(params).map_err(|_| Refusal::Malformed)?;
    let now_ms = state.base.clock.now_ms();
    let window = TimeWindow { now_ms, tolerance_ms: i64::try_from(config.window.as_millis()).unwrap_or(i64::MAX) };
    let keyring = state.secure.keyring.present(&state.base).await?;
    let opened = match server::open(&request, greeting.space_id, &keyring.keys, window) {
        // Another node may have made a newer one.
        Err(Refusal::UnknownSpaceKey) => {
            let keyring = state.secure.keyring.refresh(&state.base).await?;
            server::open(&request, greeting.space_id, &keyring.keys, window)
        }
        outcome => outcome,
    }?;
    opened.matches(facts.app_id, facts.device_id)?;
    let hello = opened.hello();
    if hello.platform != platform.name() {
        return Err(Refusal::PlatformMismatch.into());
    }
    if platform == Platform::Web && greeting.secured.origin.as_deref() != Some(hello.package.as_str()) {
        return Err(Refusal::PackageMismatch.into());
    }
    let app = config.app(facts.app_id).ok_or(Refusal::AppNotRegistered)?;
    let entries: Vec<&Entry> = app.entries(platform).filter(|entry| entry.package() == hello.package).collect();
    let revocations = match hello.evidence {
        Evidence::Android(_) => state.secure.revocations.judge_by(&config.revocations, config.revocation_source.as_ref(), now_ms)?,
        Evidence::None | Evidence::Apple { .. } => Revocations::default(),
    };
    let challenge = hello.challenge;
    let challenged = opened.spend(state.secure.challenges.take(&state.base, challenge).await?)?;
    let policies: Vec<EvidencePolicy<'_>> = entries.iter().map(|entry| policy(entry, &config, &revocations, now_ms)).collect();
    let (number, accepted) = challenged.accept_any(&policies)?;
    let entry = entries.get(number).ok_or(Refusal::PackageMismatch)?;
    let (mut id, mut nonce) = ([0; 16], [0; 12]);
    state.base.random.fill(&mut id);
    state.base.random.fill(&mut nonce);
    let lifetime_ms = i64::try_from(config.client_key_lifetime.as_millis()).unwrap_or(i64::MAX);
    let (answer, record) = accepted.answer(id, now_ms.saturating_add(lifetime_ms), nonce)?;
    state.secure.client_keys.store(&state.base, &record, platform, entry.version).await?;
    let evidence = super::Trust::from(record.level).name();
    metrics::counter!("lingpai_secure_handshakes_total", "platform" => platform.name(), "evidence" => evidence).increment(1);
    Ok(answer)
}

fn policy<'a>(entry: &'a Entry, config: &'a SecureNetworkConfig, revocations: &'a Revocations, now_ms: i64) -> EvidencePolicy<'a> {
    const NO_ANDROID: &[android::Rule] = &[];
    const NO_APPLE: &[apple::Rule] = &[];
    EvidencePolicy {
        require: entry.require,
        android: if let Identity::Android(rule) = &entry.identity { std::slice::from_ref(rule) } else { NO_ANDROID },
        apple: if let Identity::Apple(rule) = &entry.identity { std::slice::from_ref(rule) } else { NO_APPLE },
        android_roots: &config.android_roots,
        apple_roots: &config.apple_roots,
        revocations,
        now_ms,
    }
}

/// What `clientInfo` says that the secure network needs.
#[derive(Clone, Copy, Debug)]
pub struct ClientFacts<'a> {
    /// `appId`
    pub app_id: &'a str,
    /// `deviceId`
    pub device_id: &'a str,
    /// The platform, if it is one that can be registered.
    pub platform: Option<Platform>,
}

impl<'a> ClientFacts<'a> {
    /// Reads them: 60101, 60102, 60103 for what is missing.
    ///
    /// # Errors
    /// Which is missing.
    pub fn read(info: &'a impl Texts) -> Result<Self, Refusal> {
        let text = |name: &str| info.text(name).filter(|text| !text.is_empty());
        let app_id = text("appId").ok_or(Refusal::AppIdMissing)?;
        let device_id = text("deviceId").ok_or(Refusal::DeviceIdMissing)?;
        let platform = match text("uniPlatform").unwrap_or_default() {
            "web" | "h5" => Some(Platform::Web),
            "mp-weixin" => Some(Platform::MpWeixin),
            "app-android" => Some(Platform::Android),
            "app-ios" => Some(Platform::Ios),
            "app" | "app-plus" => Platform::parse(&text("osName").ok_or(Refusal::OsNameMissing)?.to_ascii_lowercase()),
            _ => None,
        };
        Ok(Self { app_id, device_id, platform })
    }

    /// The platform, if the application is registered on it: 60200, 60201, 60202.
    ///
    /// # Errors
    /// What is not enabled or registered.
    pub fn registered_platform(&self, config: &SecureNetworkConfig) -> Result<Platform, Refusal> {
        if !config.enabled {
            return Err(Refusal::NotEnabled);
        }
        let app = config.app(self.app_id).ok_or(Refusal::AppNotRegistered)?;
        let platform = self.platform.filter(|platform| app.entries(*platform).next().is_some());
        platform.ok_or(Refusal::PlatformNotRegistered)
    }
}
