//! What the program holds while it runs.

use std::{collections::HashSet, sync::Arc};

use anyhow::Context;
use lingpai_domain::{
    clock::Clock,
    id::Ids,
    limits::{Limiter, Rate},
    project::ProjectScripts,
    random::Random,
    second_step::SecondStepKeys,
    secret::Secret,
    store::Store,
    verification::CodePolicy,
    webhook::Subscription,
};
use lingpai_store::redis::Redis;

use crate::{
    avatars::Avatars,
    config::{Center, Settings, settings::Mode},
    delivery::Delivery,
    files::Files,
    functions::Functions,
    hashing::HashPool,
    open_bridge::OpenBridge,
    passkeys::Passkeys,
    pipeline::Bucket,
    secure_network::SecureNetwork,
    sessions::Sessions,
    speech::Speech,
    upstreams::Upstreams,
    uses::Uses,
    webhooks,
};

/// Everything that methods use.
pub struct State {
    /// `lingpai.toml`
    pub settings: Settings,
    /// The `uni-config-center` folder.
    pub center: Center,
    /// Storage, time, randomness.
    pub base: Base,
    /// Void tokens and roles.
    pub sessions: Arc<Sessions>,
    /// Limits and the hashing pool.
    pub guards: Guards,
    /// SMS and mail.
    pub delivery: Delivery,
    /// Redis, if there is any.
    pub redis: Option<Redis>,
    /// Third parties.
    pub upstreams: Upstreams,
    /// Credentials of third parties.
    pub open_bridge: OpenBridge,
    /// Functions that are HTTP services.
    pub functions: Functions,
    /// Who may call sealed, and who must.
    pub secure: SecureNetwork,
    /// How codes and captchas are kept.
    pub codes: CodePolicy,
    /// Files that clients upload.
    pub files: Files,
    /// Pictures of newcomers.
    pub avatars: Avatars,
    /// The project's own scripts, if it has any.
    pub scripts: Option<Arc<dyn ProjectScripts>>,
    /// When tokens were last used.
    pub uses: Uses,
    /// Who is told of what happens to accounts.
    pub subscriptions: Vec<Subscription>,
    /// What second steps are kept under; `None`: they are switched off.
    pub second_step_keys: Option<SecondStepKeys>,
    /// Passkeys; `None`: they are switched off.
    pub passkeys: Option<Passkeys>,
    /// What creating the first administrator takes in production mode.
    setup_token: Option<Secret>,
    /// Applications that are listed by name somewhere; `None`: any application.
    listed_apps: Option<HashSet<String>>,
}

/// Storage, time, randomness.
#[derive(Clone)]
pub struct Base {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Document ids.
    pub ids: Arc<Ids>,
}

/// What keeps one caller from using up everything.
pub struct Guards {
    /// Counts calls.
    pub limiter: Limiter,
    /// Hashes passwords.
    pub hashing: HashPool,
    rates: [Vec<Rate>; Bucket::ALL.len()],
}

impl Guards {
    /// The rates that a call of a bucket must keep to; none when limits are off.
    pub fn rates(&self, bucket: Bucket) -> &[Rate] {
        &self.rates[bucket as usize]
    }
}

impl State {
    /// Puts it together.
    ///
    /// # Errors
    /// If the ways to third parties cannot be prepared.
    pub fn new(
        settings: Settings,
        center: Center,
        base: Base,
        sessions: Arc<Sessions>,
        delivery: Delivery,
        scripts: Option<Arc<dyn ProjectScripts>>,
        setup_token: Option<Secret>,
    ) -> anyhow::Result<Self> {
        let per_ip = &settings.limits.per_ip;
        let rates = Bucket::ALL.map(|bucket| {
            let configured = match bucket {
                Bucket::General => &per_ip.default,
                Bucket::Login => &per_ip.login,
                Bucket::Register => &per_ip.register,
                Bucket::Send => &per_ip.send,
                Bucket::Captcha => &per_ip.captcha,
            };
            if settings.limits.enabled { configured.iter().map(per_ms).collect() } else { Vec::new() }
        });
        let hashing = HashPool::start(&settings.passwords);
        let codes = CodePolicy {
            // Development mode keeps codes as they are: the outbox shows them anyway.
            key: match settings.mode {
                Mode::Production => settings.security.master_key.clone(),
                Mode::Development => None,
            },
            code_guesses: settings.limits.code_max_guesses,
            captcha_guesses: settings.limits.captcha_max_guesses,
        };
        let listed_apps = listed_apps(&settings);
        let redis = settings.redis.as_ref().map(|redis| redis.open(base.clock.clone())).transpose().context("redis.url")?;
        let upstreams = Upstreams::new(&settings, base.clock.clone(), base.random.clone())?;
        let open_bridge = OpenBridge::new(&base, &settings, upstreams.weixin.clone(), redis.clone());
        let uses = Uses::new(settings.sessions.note_uses);
        let subscriptions = webhooks::subscriptions(&settings);
        let second_step_keys =
            settings.security.second_step.then(|| SecondStepKeys::new(settings.security.master_key.as_ref(), &*base.random));
        let passkeys = Passkeys::new(&settings, &*base.random);
        let functions = Functions::new(&settings, &base.clock)?;
        let secure = SecureNetwork::new(&settings, center.secure_network());
        let guards = Guards { limiter: Limiter::default(), hashing, rates };
        let avatars = Avatars::new(&settings)?;
        let files = Files::new(&settings, base.clock.clone(), &*base.random)?;
        Ok(Self {
            settings,
            center,
            base,
            sessions,
            guards,
            delivery,
            redis,
            upstreams,
            open_bridge,
            functions,
            secure,
            codes,
            files,
            avatars,
            scripts,
            uses,
            subscriptions,
            second_step_keys,
            passkeys,
            setup_token,
            listed_apps,
        })
    }

    /// Whether an application may register users.
    pub fn knows_app(&self, app_id: &str) -> bool {
        app_id != "*" && self.center.lists(app_id) != Some(false) && self.listed_apps.as_ref().is_none_or(|apps| apps.contains(app_id))
    }

    /// Whether an application may register users and is called by its name in the configuration, of applications or of spaces:
    /// every other name may be one that a client made up.
    pub fn names_app(&self, app_id: &str) -> bool {
        let by_space = || self.settings.spaces.iter().any(|space| space.apps.iter().any(|app| app == app_id));
        self.knows_app(app_id) && (self.center.lists(app_id) == Some(true) || by_space())
    }

    /// What a client with this `locale` is told.
    pub fn speech<'a>(&'a self, client_locale: Option<&'a str>) -> Speech<'a> {
        Speech::new(client_locale, self.scripts.as_deref())
    }

    /// What creating the first administrator takes; `None` in development mode.
    pub fn setup_token(&self) -> Option<&Secret> {
        self.setup_token.as_ref()
    }

    /// Whether an unknown account answers as a wrong password does.
    pub fn hides_existence(&self) -> bool {
        self.settings.security.hide_account_existence
    }

    /// Whether this is development mode.
    pub fn is_development(&self) -> bool {
        self.settings.mode == Mode::Development
    }
}

/// The applications that the spaces list, unless one of them lists all.
fn listed_apps(settings: &Settings) -> Option<HashSet<String>> {
    let all = settings.spaces.is_empty() || settings.spaces.iter().any(|space| space.apps.iter().any(|app| app == "*"));
    (!all).then(|| settings.spaces.iter().flat_map(|space| space.apps.iter().cloned()).collect())
}

fn per_ms(rate: &crate::config::settings::Rate) -> Rate {
    Rate { count: rate.count, period_ms: i64::try_from(rate.period.as_millis()).unwrap_or(i64::MAX) }
}
