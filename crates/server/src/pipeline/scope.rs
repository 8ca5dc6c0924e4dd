//! What a method works with.

use std::sync::Arc;

use serde_json::{Map, Value};

use lingpai_domain::{
    account::User,
    client::Client,
    client_info::ClientInfo,
    context::{Context, TokenPolicy},
    error::{Code, Error, Result},
    password::{PasswordPolicy, Verdict},
    project::ProjectScripts,
    registration::RegistrationPolicy,
    roles::RoleBook,
    second_step,
    secret::Secret,
    session::PresentToken,
    store::{Guess, GuessKind, LockRule},
    verification::CodePolicy,
};

use crate::{config::AppConfig, secure_network::Secured, speech::Speech, state::State, words::Locale};

/// The surroundings of one call that passed the checks.
pub struct Scope<'a> {
    /// The program's state.
    pub state: &'a State,
    /// The application's configuration for the caller's platform.
    pub config: Arc<AppConfig>,
    /// Who calls.
    pub client: &'a Client,
    /// `clientInfo` as the client sent it, for what [`Self::client`] leaves out.
    pub client_info: &'a ClientInfo,
    /// What the gate of the secure network found out.
    pub secured: &'a Secured,
    /// Names the call in the log.
    pub request_id: &'a str,
    /// In which language.
    pub locale: Locale,
    /// A token that was sent along and holds; methods that start a session end that one.
    pub present: Option<PresentToken>,
    /// The call's parameters that only the project's `validator.js` knows.
    pub(super) own_params: Map<String, Value>,
    pub(super) roles: Arc<RoleBook>,
}

impl Scope<'_> {
    /// What the domain's flows work with.
    pub fn context(&self) -> Context<'_> {
        Context {
            store: &*self.state.base.store,
            clock: &*self.state.base.clock,
            random: &*self.state.base.random,
            ids: &self.state.base.ids,
            gate: &self.state.sessions.gate,
            roles: &self.roles,
            client: self.client,
            scripts: self.state.scripts.as_deref(),
            subscriptions: &self.state.subscriptions,
            second_step_keys: self.state.second_step_keys.as_ref(),
            client_info: self.client_info,
            own_params: &self.own_params,
        }
    }

    /// What the caller is told.
    pub fn speech(&self) -> Speech<'_> {
        self.state.speech(self.client_info.text("locale"))
    }

    /// How tokens are made here, or what the configuration lacks for them.
    pub fn tokens(&self) -> Result<&TokenPolicy> {
        self.config.token.as_ref().map_err(|problem| config_error(&problem.place.path))
    }

    /// How passwords are kept here.
    pub fn passwords(&self) -> PasswordPolicy<'_> {
        PasswordPolicy::new(&self.config.password_secrets)
    }

    /// What registrations must keep to here.
    pub fn registration(&self) -> RegistrationPolicy {
        RegistrationPolicy {
            default_roles: self.config.user_register_default_role.clone(),
            auto_invite_code: self.config.auto_set_invite_code,
            force_invite_code: self.config.force_invite_code,
        }
    }

    /// How codes and captchas are kept.
    pub fn codes(&self) -> &CodePolicy {
        &self.state.codes
    }
}

/// The error for a configuration field with a wrong value.
pub fn config_error(field: &str) -> Error {
    Error::new(Code::ConfigFieldInvalid).with("field", field.to_owned())
}

/// Passwords, on the hashing pool where they cost milliseconds.
impl Scope<'_> {
    /// Refuses at once, before anything is used up, when no password could be stored.
    pub fn check_passwords(&self) -> Result<()> {
        if self.passwords().hashing_is_custom() && self.password_script().is_some() {
            return Ok(());
        }
        self.passwords().check().map_err(|error| config_error("passwordSecret").caused_by(error))
    }

    /// Makes `password` and `password_secret_version`.
    pub async fn hash_password(&self, password: &str) -> Result<(String, Option<i64>)> {
        let wrong = |error| config_error("passwordSecret").caused_by(error);
        if self.passwords().hashing_is_custom()
            && let Some(script) = self.password_script()
        {
            let info = self.context().info_for_scripts();
            let (stored, version) = script.encrypt_password(&Secret::new(password), &Map::new(), &info).await?;
            return Ok((stored, version.or(self.passwords().newest_version())));
        }
        if !self.passwords().hashing_is_slow() {
            return self.passwords().hash(password, &*self.state.base.random).map_err(wrong);
        }
        let (config, password, random) = (self.config.clone(), Secret::new(password), self.state.base.random.clone());
        let hash = move || PasswordPolicy::new(&config.password_secrets).hash(password.expose(), &*random);
        self.state.guards.hashing.run(hash).await?.map_err(wrong)
    }

    /// Tests a password.
    pub async fn verify_password(&self, user: &User, password: &str) -> Result<Verdict> {
        let stored = user.text("password");
        let version = user.integer("password_secret_version");
        if self.passwords().is_custom(version)
            && let Some(script) = self.password_script()
        {
            let info = self.context().info_for_scripts();
            let matches = script.verify_password(&Secret::new(password), &user.doc, &info).await?;
            let newest = self.passwords().newest_version();
            let outdated = newest.is_some() && newest != version;
            return Ok(if matches { Verdict::Match { outdated } } else { Verdict::Mismatch });
        }
        if !self.passwords().is_slow(version) {
            return Ok(self.passwords().verify(stored, version, password));
        }
        let (config, password, stored) = (self.config.clone(), Secret::new(password), stored.map(Secret::new));
        let verify =
            move || PasswordPolicy::new(&config.password_secrets).verify(stored.as_ref().map(Secret::expose), version, password.expose());
        self.state.guards.hashing.run(verify).await
    }

    fn password_script(&self) -> Option<&dyn ProjectScripts> {
        self.state.scripts.as_deref().filter(|scripts| scripts.has_custom_password())
    }

    /// Takes as long as testing a password of an account would.
    pub async fn pretend_password(&self, password: &str) -> Result<()> {
        if !self.passwords().hashing_is_slow() {
            self.passwords().pretend(password);
            return Ok(());
        }
        let (config, password) = (self.config.clone(), Secret::new(password));
        let pretend = move || PasswordPolicy::new(&config.password_secrets).pretend(password.expose());
        self.state.guards.hashing.run(pretend).await
    }

    /// Tests a signed-in user's own password, once the guess is counted.
    pub async fn demand_own_password(&self, user: &User, password: &str) -> Result<()> {
        self.count_guess(user.id(), GuessKind::Password).await?;
        match self.verify_password(user, password).await? {
            Verdict::Match { .. } => Ok(()),
            Verdict::Mismatch | Verdict::Unverifiable(_) => Err(Code::PasswordError.into()),
        }
    }

    /// Counts a guess of a signed-in user's own secret, before it is tested. What a right one leads to
    /// forgets them: see [`GuessKind`].
    pub async fn count_guess(&self, uid: &str, kind: GuessKind) -> Result<()> {
        let guess = Guess { uid: uid.to_owned(), kind, now: self.state.base.clock.now_ms(), lock: self.lock_rule() };
        match (self.state.base.store.count_guess(&guess).await?, kind) {
            (true, _) => Ok(()),
            (false, GuessKind::Password) => Err(Code::PasswordErrorExceedLimit.into()),
            (false, GuessKind::Totp) => Err(Code::SecondStepExceedLimit.into()),
        }
    }

    /// How many wrong secrets in a row lock the one who tries, at least one.
    pub fn lock_rule(&self) -> LockRule {
        second_step::lock(self.config.password_error_limit.into(), self.config.password_error_retry_time.into())
    }

    /// Takes in a change of sessions that this call made, so that it counts before the answer.
    pub async fn tell_gate(&self) -> Result<()> {
        Ok(self.state.sessions.ask(&self.state.base).await?)
    }
}
