//! Registering, signing in and out, passwords and status: what changes a user's sessions.

use super::{AuditRow, NewDelivery};
use crate::{account::User, log::LogRow};

/// A token to be added to a user's list.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The JWT.
    pub token: String,
    /// SHA-256 of the JWT's text. If it is on the list of logged-out tokens the operation answers
    /// `TokenRevoked` and does nothing: a JWT has whole seconds only, so one that was logged out
    /// this very second can come into being again.
    pub hash: [u8; 32],
    /// `iat`, seconds.
    pub issued_at: i64,
    /// `exp`, seconds.
    pub expires_at: i64,
    /// The application.
    pub app: String,
    /// The client's device.
    pub device_id: Option<String>,
    /// The client's address: also the user's new `last_login_ip`.
    pub ip: String,
    /// The client's user agent.
    pub user_agent: String,
    /// Now, milliseconds: also the user's new `last_login_date`.
    pub now: i64,
    /// How many tokens the list may have; 0: no bound. The newest stay. Expired ones and those
    /// issued before `valid_token_date` leave first.
    pub max_tokens: usize,
}

/// The end of a session.
#[derive(Clone, Debug)]
pub struct Logout {
    /// Whose.
    pub uid: String,
    /// The JWT; all its copies leave the list.
    pub token: String,
    /// SHA-256 of the JWT's text, put on the list of logged-out tokens.
    pub hash: [u8; 32],
    /// The token's end in milliseconds, if it has one: it need not be remembered longer.
    pub expires: Option<i64>,
    /// `token_expired` of this user's rows of `uni-id-device` with this id becomes 0.
    pub device_id: Option<String>,
    /// The row of the log.
    pub log: LogRow,
}

/// A user to be created.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The document with `_id`; without `token`, `last_login_date`, `last_login_ip`, which come
    /// from the session.
    pub user: User,
    /// Whether the user takes the one administrator's seat.
    pub admin_seat: bool,
    /// The first session; `None` when an operator creates the user.
    pub session: Option<NewSession>,
    /// A session that ends with it.
    pub previous: Option<Logout>,
    /// Logged when it succeeds.
    pub log: Option<LogRow>,
    /// Logged, in the same round trip, when an identifier is taken.
    pub on_conflict: Option<LogRow>,
    /// Who did it, when it was not the user.
    pub audit: Option<AuditRow>,
}

/// What became of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It happened.
    Done,
    /// An identifier belongs to a user of the same application (or of all).
    AccountExists,
    /// There is an administrator already.
    AdminExists,
    /// See [`NewSession::hash`].
    TokenRevoked,
}

/// When an address is locked out of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockRule {
    /// That many wrong passwords (passwordErrorLimit).
    pub limit: i64,
    /// Forget wrong passwords after this time since the last one (passwordErrorRetryTime), ms.
    pub retry_ms: i64,
}

/// A session to be started.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Whose.
    pub uid: String,
    /// The revision on which the decision rests.
    pub revision: i64,
    /// The session.
    pub session: NewSession,
    /// For logins by password: refuse if the address is locked out by now; else forget its wrong
    /// passwords and everyone's stale ones.
    pub lock: Option<LockRule>,
    /// A stronger hash of the same password: `password`, `password_secret_version`.
    pub rehash: Option<(String, Option<i64>)>,
    /// A session that ends with it. It is ended before the new one begins.
    pub previous: Option<Logout>,
    /// The row of the log.
    pub log: LogRow,
}

/// What became of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedIn {
    /// It happened.
    Done,
    /// The address is locked out of the account. Nothing was stored.
    Locked,
    /// The user changed since it was read. Nothing was stored: read again and decide again.
    Stale,
    /// See [`NewSession::hash`].
    TokenRevoked,
}

/// What became of a sign-in that brings a new version of the user's document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignedInLinked {
    /// Both happened.
    Done,
    /// The user changed since it was read. Nothing was stored.
    Stale,
    /// An identifier that the new version adds belongs to another user of the same application (or
    /// of all). Nothing was stored.
    Taken,
    /// See [`NewSession::hash`].
    TokenRevoked,
}

/// A wrong password to be counted.
#[derive(Clone, Debug)]
pub struct FailedLogin {
    /// Whose password it was not.
    pub uid: String,
    /// The client's address.
    pub ip: String,
    /// Now, milliseconds.
    pub now: i64,
    /// When the address is locked out.
    pub lock: LockRule,
    /// The row of the log.
    pub log: LogRow,
}

/// What became of a wrong password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedOutcome {
    /// It was counted.
    Counted,
    /// The address was locked out already: only the row of the log was written.
    Locked,
}

/// A user and one of the user's tokens.
#[derive(Clone, Debug)]
pub struct SessionView {
    /// The user.
    pub user: User,
    /// Whether the token is in the list.
    pub listed: bool,
}

/// A token to be replaced. The old one stays in the list until it expires, as in the original:
/// other requests may be under way with it.
#[derive(Clone, Debug)]
pub struct Renewal {
    /// Whose.
    pub uid: String,
    /// The revision on which the decision rests.
    pub revision: i64,
    /// The old token, which must still be in the list; `None`: a token of a version that did not
    /// keep lists.
    pub old_token: Option<String>,
    /// SHA-256 of the old token: if it was logged out in the meantime, nothing happens.
    pub old_hash: [u8; 32],
    /// The new token.
    pub session: NewSession,
}

/// What became of a renewal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// It happened.
    Done,
    /// The old token is not in the list, or was logged out.
    NotListed,
    /// The user changed since it was read. Nothing was stored.
    Stale,
    /// See [`NewSession::hash`].
    TokenRevoked,
}

/// A password to be stored.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// Whose.
    pub uid: String,
    /// The revision on which the decision rests.
    pub revision: i64,
    /// `password`
    pub password: String,
    /// `password_secret_version`; `None` leaves the field as it is.
    pub version: Option<i64>,
    /// `valid_token_date`, milliseconds: tokens issued before are void. `None` leaves it. If the user
    /// has a token that is dated no earlier (see [`NewSession::hash`]), it is stored as the millisecond
    /// after that, so that no token survives.
    pub valid_token_date: Option<i64>,
    /// A row of the log.
    pub log: Option<LogRow>,
    /// Who is told, besides those of the row of the log.
    pub told: Vec<NewDelivery>,
}

/// What became of a password change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordChanged {
    /// It happened.
    Done,
    /// The user changed since it was read, or is gone. Nothing was stored.
    Stale,
}

/// A status to be stored.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// Whose.
    pub uid: String,
    /// `status`
    pub status: i64,
    /// Who is told.
    pub told: Vec<NewDelivery>,
}
