//! What the server calls.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
};

use lingpai_domain::{clock::Clock, random::Random, secret::Secret};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::{
    engine::{BEFORE_REGISTER, CUSTOM_TOKEN, ENCRYPT_PASSWORD, Script, VERIFY_PASSWORD},
    error::{HookError, Problem},
    event::Event,
    options::Options,
    parameters::DescribedParameters,
    pool::{Pool, Reply, Task, Work},
    texts::Texts,
};

/// How often the files are looked at, in milliseconds.
const CHECK_INTERVAL_MS: u64 = 500;

/// The scripts of one project. Dropping it ends its threads.
///
/// The files are watched: a change is taken over at the next call, half a second after the last look
/// at most. A new version that does not load is logged, and the old one goes on.
pub struct Hooks {
    pool: Arc<Pool>,
    clock: Arc<dyn Clock>,
    checked_at: AtomicI64,
}

/// What `encryptPassword` answered.
#[derive(Clone, Debug)]
pub struct EncryptedPassword {
    /// What is stored in the record's `password`.
    pub password: Secret,
    /// What is stored in `password_secret_version`, where the script names one.
    pub version: Option<i64>,
}

impl Hooks {
    /// Loads the scripts of a folder (`uni-config-center/uni-id`). Waits until they are started, so it
    /// belongs to the program's start. A folder without scripts is fine.
    ///
    /// # Errors
    /// Everything that does not load: syntax errors, throws, missing functions.
    pub fn load(folder: &Path, options: Options, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, Vec<Problem>> {
        let problem = |what: String| vec![Problem { file: ".".to_owned(), line: None, what }];
        let pool = Pool::start(folder.to_owned(), options, random).map_err(|error| problem(format!("no thread: {error}")))?;
        let hooks = Self { pool, checked_at: AtomicI64::new(clock.now_ms()), clock };
        let (sender, receiver) = mpsc::channel();
        let done = Box::new(move |result| {
            // The receiver waits below.
            let _received = sender.send(result);
        });
        hooks.pool.submit(Task { work: Work::Load, reply: Reply::Load(done) }).map_err(|error| problem(error.to_string()))?;
        receiver.recv().unwrap_or_else(|_| Err(problem("the scripts were not loaded".to_owned())))?;
        Ok(hooks)
    }

    /// Reads the folder anew, whether it has changed or not.
    ///
    /// # Errors
    /// What does not load; the old version goes on.
    pub async fn reload(&self) -> Result<(), Vec<Problem>> {
        let problem = |what: &str| vec![Problem { file: ".".to_owned(), line: None, what: what.to_owned() }];
        let (sender, receiver) = oneshot::channel();
        let done = Box::new(move |result| {
            // The caller may have gone away; the load counts all the same.
            let _gone = sender.send(result);
        });
        self.pool.submit(Task { work: Work::Load, reply: Reply::Load(done) }).map_err(|error| problem(&error.to_string()))?;
        receiver.await.unwrap_or_else(|_| Err(problem("the scripts were not loaded")))
    }

    /// Whether there is a `custom-token.js`.
    pub fn has_custom_token(&self) -> bool {
        self.has(Script::CustomToken, CUSTOM_TOKEN)
    }

    /// Whether there is a `custom-password.js`.
    pub fn has_custom_password(&self) -> bool {
        self.has(Script::CustomPassword, VERIFY_PASSWORD)
    }

    /// Whether `hooks/index.js` has a `beforeRegister`.
    pub fn has_before_register(&self) -> bool {
        self.has(Script::Hooks, BEFORE_REGISTER)
    }

    /// Whether `hooks/index.js` handles the event.
    pub fn has_event(&self, event: Event) -> bool {
        self.has(Script::Hooks, event.function())
    }

    /// Whether `validator.js` has a rule for the type.
    pub fn has_rule(&self, name: &str) -> bool {
        self.has(Script::Validator, name)
    }

    /// The parameters that `validator.js` describes.
    pub fn parameters(&self) -> Arc<DescribedParameters> {
        self.check_soon();
        self.pool.loaded().map(|loaded| loaded.inventory.parameters.clone()).unwrap_or_default()
    }

    /// The texts of `lang/index.js`.
    pub fn texts(&self) -> Arc<Texts> {
        self.check_soon();
        self.pool.loaded().map(|loaded| loaded.inventory.texts.clone()).unwrap_or_default()
    }

    /// What `custom-token.js` makes of a token's payload (`uid`, `role`, `permission`).
    ///
    /// # Errors
    /// See [`HookError`]; also where the answer is not an object.
    pub async fn custom_token(&self, payload: Map<String, Value>) -> Result<Map<String, Value>, HookError> {
        match self.call(Script::CustomToken, CUSTOM_TOKEN, Value::Object(payload), None).await? {
            Some(Value::Object(payload)) => Ok(payload),
            _ => Err(HookError::failed("custom-token.js must return the token object")),
        }
    }

    /// What `beforeRegister` makes of a new user's record: what it returns, or the record that it
    /// changed in place. `params`: the call's own parameters ([`Hooks::parameters`]).
    ///
    /// # Errors
    /// [`HookError::Thrown`] where the script refuses the registration, otherwise as always.
    pub async fn before_register(
        &self,
        user_record: Map<String, Value>,
        client_info: Map<String, Value>,
        params: Map<String, Value>,
    ) -> Result<Map<String, Value>, HookError> {
        let argument = json!({ "userRecord": user_record, "clientInfo": client_info, "params": params });
        match self.call(Script::Hooks, BEFORE_REGISTER, argument, Some("userRecord")).await? {
            Some(Value::Object(user_record)) => Ok(user_record),
            _ => Err(HookError::failed("beforeRegister must return the user record")),
        }
    }

    /// What `encryptPassword` makes of a password: a text, or `{passwordHash | password, version}`.
    ///
    /// # Errors
    /// See [`HookError`]; also where the answer is neither.
    pub async fn encrypt_password(
        &self,
        password: &Secret,
        user_record: &Map<String, Value>,
        client_info: &Map<String, Value>,
    ) -> Result<EncryptedPassword, HookError> {
        let argument = json!({ "password": password.expose(), "userRecord": user_record, "clientInfo": client_info });
        let unusable = || HookError::failed("encryptPassword must return a text that is not empty");
        let encrypted = match self.call(Script::CustomPassword, ENCRYPT_PASSWORD, argument, None).await? {
            Some(Value::String(text)) => EncryptedPassword { password: Secret::new(text), version: None },
            Some(Value::Object(mut fields)) => {
                let text = fields.remove("passwordHash").or_else(|| fields.remove("password"));
                let Some(Value::String(text)) = text else { return Err(unusable()) };
                EncryptedPassword { password: Secret::new(text), version: fields.get("version").and_then(Value::as_i64) }
            }
            _ => return Err(unusable()),
        };
        if encrypted.password.is_empty() { Err(unusable()) } else { Ok(encrypted) }
    }

    /// Whether `verifyPassword` accepts the password: `true` or `{success: true}`. Anything that is
    /// neither yes nor no is an error, never a yes.
    ///
    /// # Errors
    /// See [`HookError`].
    pub async fn verify_password(
        &self,
        password: &Secret,
        user_record: &Map<String, Value>,
        client_info: &Map<String, Value>,
    ) -> Result<bool, HookError> {
        let argument = json!({ "password": password.expose(), "userRecord": user_record, "clientInfo": client_info });
        let answer = self.call(Script::CustomPassword, VERIFY_PASSWORD, argument, None).await?;
        let verdict = answer.as_ref().and_then(|answer| answer.as_bool().or_else(|| answer.get("success")?.as_bool()));
        verdict.ok_or_else(|| HookError::failed("verifyPassword must return true or false"))
    }

    /// Tells `hooks/index.js` what happened; returns at once. What the handler answers or throws
    /// changes nothing and is logged.
    ///
    /// # Errors
    /// [`HookError::Overloaded`]: too many events wait, this one is dropped.
    pub fn notify(&self, event: Event, payload: Map<String, Value>) -> Result<(), HookError> {
        if !self.has_event(event) {
            return Ok(());
        }
        let argument = Value::Object(payload);
        let work = Work::Call { script: Script::Hooks, function: event.function(), argument, in_place: None };
        self.pool.submit(Task { work, reply: Reply::Event(event) })
    }

    /// Checks each of `values` with a rule of `validator.js`.
    pub(crate) async fn check_rule(&self, rule: &str, values: Vec<Value>) -> Result<Vec<Value>, HookError> {
        match self.perform(Work::Rule { rule: rule.to_owned(), values }).await? {
            Some(Value::Array(verdicts)) => Ok(verdicts),
            _ => Err(HookError::failed("the rule gave no verdict")),
        }
    }

    async fn call(
        &self,
        script: Script,
        function: &'static str,
        argument: Value,
        in_place: Option<&'static str>,
    ) -> Result<Option<Value>, HookError> {
        self.perform(Work::Call { script, function, argument, in_place }).await
    }

    async fn perform(&self, work: Work) -> Result<Option<Value>, HookError> {
        if self.is_check_due() && self.pool.is_stale() {
            // Reported where it is loaded; the old version answers.
            let _reported = self.reload().await;
        }
        let (sender, receiver) = oneshot::channel();
        self.pool.submit(Task { work, reply: Reply::Call(sender) })?;
        receiver.await.unwrap_or(Err(HookError::Overloaded))
    }

    fn has(&self, script: Script, function: &str) -> bool {
        self.check_soon();
        self.pool
            .loaded()
            .is_some_and(|loaded| loaded.inventory.functions.get(script.index()).is_some_and(|functions| functions.contains(function)))
    }

    /// Has changed files read anew in the background, if it is time to look.
    fn check_soon(&self) {
        if self.is_check_due() && self.pool.is_stale() {
            // A full queue: the next look tries again.
            let _tried = self.pool.submit(Task { work: Work::Load, reply: Reply::Load(Box::new(|_| ())) });
        }
    }

    /// Whether the files were last looked at long enough ago; only one caller is told so.
    fn is_check_due(&self) -> bool {
        let now = self.clock.now_ms();
        let last = self.checked_at.load(Ordering::Relaxed);
        now.abs_diff(last) >= CHECK_INTERVAL_MS && self.checked_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.pool.stop();
    }
}
