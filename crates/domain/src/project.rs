//! The port to a project's own scripts (`custom-token.js`, `hooks/index.js`, `custom-password.js`).

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::{error::Result, secret::Secret};

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

    /// Runs `beforeRegister({userRecord, clientInfo})` and answers the record to be stored.
    async fn before_register(&self, record: Map<String, Value>, client_info: Map<String, Value>) -> Result<Map<String, Value>>;

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

    /// Tells of something that happened, and does not wait.
    fn notify(&self, event: AccountEvent, facts: Map<String, Value>);
}
