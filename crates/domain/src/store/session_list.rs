//! The list of a user's sessions: reading it, noting uses, ending some.

use super::NewSession;
use crate::log::LogRow;

/// A token of a user's list. Times are milliseconds but for `issued_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedToken {
    /// SHA-256 of the token's text.
    pub hash: [u8; 32],
    /// SHA-256 of the first token of the session that it belongs to.
    pub chain: [u8; 32],
    /// `iat`, seconds; 0 if it could not be read (imported).
    pub issued_at: i64,
    /// Its end, if it has one.
    pub expires: Option<i64>,
    /// When the session's first token was made.
    pub started_at: i64,
    /// When it was made or last noted to be used.
    pub used_at: i64,
    /// From where.
    pub used_ip: Option<String>,
    /// The application that it was made for.
    pub app: Option<String>,
    /// The device that it was made for.
    pub device_id: Option<String>,
    /// The user agent that it was made for.
    pub user_agent: Option<String>,
}

/// A use of a token to be noted.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenUse {
    /// Whose token.
    pub uid: String,
    /// The token's text.
    pub token: String,
    /// When, milliseconds.
    pub at: i64,
    /// From where.
    pub ip: String,
}

// No Debug derived: tokens are secrets.
impl std::fmt::Debug for TokenUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenUse").field("uid", &self.uid).field("at", &self.at).finish_non_exhaustive()
    }
}

/// A session to be ended by its user.
#[derive(Clone, Debug)]
pub struct SessionEnd {
    /// Whose.
    pub uid: String,
    /// Which: see [`ListedToken::chain`].
    pub chain: [u8; 32],
    /// The row of the log if there was one.
    pub log: LogRow,
}

/// A token that was ended: its SHA-256 and its end in milliseconds, if it has one.
pub type EndedToken = ([u8; 32], Option<i64>);

/// All sessions of a user to be ended but the caller's, which begins anew with another token.
#[derive(Clone, Debug)]
pub struct OtherSessionsEnd {
    /// Whose.
    pub uid: String,
    /// The revision on which the decision rests.
    pub revision: i64,
    /// `valid_token_date`, milliseconds: every token issued before is void, listed or not.
    pub valid_token_date: i64,
    /// [`ListedToken::chain`] of the caller's session.
    pub chain: [u8; 32],
    /// When the caller's session began, milliseconds.
    pub started_at: i64,
    /// Its new token, dated no earlier than `valid_token_date`.
    pub session: NewSession,
    /// The row of the log.
    pub log: LogRow,
}

/// What became of an [`OtherSessionsEnd`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSessionsEnded {
    /// It happened.
    Done,
    /// The user changed since it was read, or has a token that `valid_token_date` would not end.
    /// Nothing was stored.
    Stale,
    /// See [`NewSession::hash`].
    TokenRevoked,
}
