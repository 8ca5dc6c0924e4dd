//! Changing users, invitations, devices, nonces.

use serde_json::{Map, Value};

use crate::{account::User, log::LogRow};

/// A user's document to be replaced by another version of it.
#[derive(Clone, Debug)]
pub struct UserUpdate {
    /// Whose.
    pub uid: String,
    /// The revision on which the decision rests.
    pub revision: i64,
    /// The whole new document. The login columns (`last_login_date`, `last_login_ip`,
    /// `login_ip_limit`) and `token` in it are ignored: they stay as they are.
    pub doc: Map<String, Value>,
    /// A digest of the number of the user's identity card, by which
    /// [`super::Store::count_users_with_identity_card`] counts; `None` leaves what is stored.
    pub identity_card_digest: Option<String>,
    /// Logged when it succeeds.
    pub log: Option<LogRow>,
    /// Logged, in the same commit, when an identifier that the new version adds is taken.
    pub on_taken: Option<LogRow>,
}

/// What became of a [`UserUpdate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserUpdated {
    /// It happened.
    Done,
    /// The user changed since it was read, or is gone. Nothing was stored.
    Stale,
    /// An identifier that the old version did not have in that application belongs to another user
    /// of the same application (or of all). Only `on_taken` was stored. Identifiers that the user
    /// had already are no reason, even if imported data gave them to somebody else too.
    Taken,
}

/// Which users somebody invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteeQuery {
    /// The inviter.
    pub inviter: String,
    /// 1: invited by the inviter; 2: invited by those; and so on (`inviter_uid[level - 1]`).
    pub level: u32,
    /// How many to leave out.
    pub offset: u64,
    /// How many at most.
    pub limit: u32,
    /// Whether to count all of them.
    pub count: bool,
}

/// The users that somebody invited, in the order of `_id`.
#[derive(Clone, Debug, Default)]
pub struct Invitees {
    /// One page of them.
    pub users: Vec<User>,
    /// All of them, if that was asked for.
    pub total: Option<u64>,
}

/// Somebody accepts an invitation after the registration.
#[derive(Clone, Debug)]
pub struct InviteAcceptance {
    /// Who accepts. Must not have `inviter_uid` yet.
    pub uid: String,
    /// The inviter.
    pub inviter: String,
    /// `invite_time`, milliseconds.
    pub now: i64,
}

/// What became of an acceptance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteAccepted {
    /// `inviter_uid` is now the inviter and the inviter's own `inviter_uid`; everybody whom the
    /// user invited, at any level, has these appended too.
    Done,
    /// The user has an inviter already.
    HasInviter,
    /// The inviter is the user, or was invited (at any level) by the user.
    Circle,
    /// One of the two does not exist.
    Gone,
}

/// A device that push messages are to reach (`uni-id-device` and `opendb-device`).
#[derive(Clone, Debug)]
pub struct PushDevice {
    /// `device_id`
    pub device_id: String,
    /// `_id`s for rows that do not exist yet: of `uni-id-device`, of `opendb-device`.
    pub ids: [String; 2],
    /// Fields of the row of `uni-id-device`: `user_id`, `token_expired`, `push_clientid`, `appid`.
    /// An existing row keeps its other fields, and its `appid`.
    pub of_user: Map<String, Value>,
    /// Fields of the row of `opendb-device`. An existing row keeps its other fields.
    pub of_device: Map<String, Value>,
    /// `create_date` of a new row of `opendb-device`, milliseconds.
    pub now: i64,
}
