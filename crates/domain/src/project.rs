//! The port to a project's own scripts (`custom-token.js`, `hooks/index.js`, `custom-password.js`,
//! `lang/index.js`, `validator.js`).

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::{error::Result, password::Strength, secret::Secret};

/// Something that happened to an account, told to a project that wants to know. It cannot be held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountEvent {
    /// `afterRegister`
    Register,
    /// `afterLogin`
    Login,
    /// `afterLogout`
    Logout,
    /// `afterPasswordChange`
    PasswordChange,
    /// `afterClose`
    Close,
    /// A passkey was added; told to webhooks only.
    BindPasskey,
    /// A passkey was removed; told to webhooks only.
    UnbindPasskey,
}

impl AccountEvent {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Register, Self::Login, Self::Logout, Self::PasswordChange, Self::Close, Self::BindPasskey, Self::UnbindPasskey];

    /// The name in settings and deliveries.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Login => "login",
            Self::Logout => "logout",
            Self::PasswordChange => "password-change",
            Self::Close => "close",
            Self::BindPasskey => "bind-passkey",
            Self::UnbindPasskey => "unbind-passkey",
        }
    }
}

/// A parameter of a method that `validator.js` describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedParameter {
    /// Its name.
    pub name: String,
    /// Whether it must be there. What a method demands it demands all the same.
    pub required: bool,
    /// Its type as the original writes them: `timestamp|array<timestamp>`.
    pub kind: String,
    /// Whether it was described for the very method: then the method takes it, even if it has no such
    /// parameter of its own.
    pub is_own: bool,
}

/// A project's own scripts. Each method may answer the error that the script threw
/// ([`crate::error::Error::thrown`]).
#[async_trait]
pub trait ProjectScripts: Send + Sync {
    /// Whether there is a `custom-token.js`.
    fn has_custom_token(&self) -> bool;

    /// Runs `custom-token.js` on `{uid, role, permission}`; what it returns replaces them.
    async fn custom_token(&self, claims: Map<String, Value>) -> Result<Map<String, Value>>;

    /// Whether `hooks/index.js` has `beforeRegister`.
    fn has_before_register(&self) -> bool;

    /// Runs `beforeRegister({userRecord, clientInfo, params})` and answers the record to be stored.
    /// `params` are those of the call that only the project knows: see [`Self::parameters`].
    async fn before_register(
        &self,
        record: Map<String, Value>,
        client_info: Map<String, Value>,
        params: Map<String, Value>,
    ) -> Result<Map<String, Value>>;

    /// Whether there is a `custom-password.js`.
    fn has_custom_password(&self) -> bool;

    /// Runs `encryptPassword`; answers what is stored.
    async fn encrypt_password(
        &self,
        password: &Secret,
        record: &Map<String, Value>,
        client_info: &Map<String, Value>,
    ) -> Result<(String, Option<i64>)>;

    /// Runs `verifyPassword`.
    async fn verify_password(&self, password: &Secret, record: &Map<String, Value>, client_info: &Map<String, Value>) -> Result<bool>;

    /// The text of `lang/index.js` for a key, in the language of a tag (`zh-Hans`, `ja-JP`).
    fn text(&self, tag: &str, key: &str) -> Option<String>;

    /// Whether `validator.js` has a rule for a type, or for what a list type consists of.
    fn has_rule(&self, kind: &str) -> bool;

    /// The parameters that `validator.js` describes for a method, those for all methods included.
    fn parameters(&self, method: &str) -> Vec<DescribedParameter>;

    /// Checks a value with the rules of `validator.js`, ours ([`crate::validate::check_kind`]) and basic
    /// types. `kind` is a type as the original writes them (`password`, `timestamp|array<timestamp>`).
    async fn check(&self, kind: &str, value: &Value, strength: Option<Strength>) -> Result<()>;

    /// Reads the files anew now, rather than when a change is noticed. Errors: what does not load; the
    /// former version goes on.
    async fn reload(&self) -> std::result::Result<(), String>;

    /// Tells of something that happened, and does not wait.
    fn notify(&self, event: AccountEvent, facts: Map<String, Value>);
}
