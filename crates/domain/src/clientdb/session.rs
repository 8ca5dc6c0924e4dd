//! Who asks, and when.

use crate::roles::ADMIN;

/// The surroundings of a request that conditions may speak of.
#[derive(Clone, Debug)]
pub struct Session {
    /// The caller; `None`: not logged in.
    pub user: Option<SessionUser>,
    /// Milliseconds; `$env.now`.
    pub now_ms: i64,
    /// `$env.clientIP`
    pub client_ip: String,
}

/// A caller who is logged in.
#[derive(Clone, Debug, Default)]
pub struct SessionUser {
    /// `auth.uid`
    pub uid: String,
    /// `auth.role`
    pub roles: Vec<String>,
    /// `auth.permission`
    pub permissions: Vec<String>,
    /// `auth.tokenExpired`, milliseconds.
    pub token_expired: Option<i64>,
}

impl Session {
    /// Whether the caller is an administrator, to whom permissions of schemas do not apply.
    pub fn is_admin(&self) -> bool {
        self.user.as_ref().is_some_and(|user| user.roles.iter().any(|role| role == ADMIN))
    }

    /// The caller's id.
    pub fn uid(&self) -> Option<&str> {
        self.user.as_ref().map(|user| user.uid.as_str())
    }
}
