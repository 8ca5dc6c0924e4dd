//! Passkeys.

use super::AuditRow;
use crate::{account::User, log::LogRow, passkey::Passkey};

/// The end of a ceremony, which is used up by what comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyEnd {
    /// Names it: see [`crate::passkey::Ceremony::nonce`].
    pub nonce: String,
    /// Until when it could be used, milliseconds.
    pub expires: i64,
    /// Now, milliseconds.
    pub now: i64,
}

/// A passkey to be stored.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// The passkey.
    pub passkey: Passkey,
    /// The ceremony in which it was made.
    pub ceremony: CeremonyEnd,
    /// How many a user may have.
    pub most: u32,
    /// Logged when it is stored.
    pub log: LogRow,
}

/// What became of a new passkey. Unless it is `Done` nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyAdded {
    /// It is stored, and the user's document counts it (`passkeys`).
    Done,
    /// The ceremony was used before.
    CeremonyUsed,
    /// Somebody (the user or another) has a passkey with this credential id.
    Taken,
    /// The user has as many as a user may have.
    TooMany,
    /// There is no such user.
    Gone,
}

/// A passkey and its user.
#[derive(Clone, Debug)]
pub struct PasskeyHolder {
    /// The passkey.
    pub passkey: Passkey,
    /// Whose it is.
    pub user: User,
}

/// A use of a passkey, after its signature was found right.
#[derive(Clone, Debug)]
pub struct PasskeyUse {
    /// Which.
    pub id: String,
    /// The ceremony in which it was used.
    pub ceremony: CeremonyEnd,
    /// The signature counter that it told.
    pub sign_count: u32,
    /// Whether it is backed up now.
    pub backed_up: bool,
}

/// What became of a use. Unless it is `Done` nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyUsed {
    /// Counter, backup and date are noted. Of many callers with the same ceremony exactly one is told so.
    Done,
    /// The ceremony was used before.
    CeremonyUsed,
    /// The counter did not grow: the passkey was copied, or another answer was faster.
    CounterBehind,
    /// There is no such passkey (any more).
    Gone,
}

/// A passkey to be removed.
#[derive(Clone, Debug)]
pub struct PasskeyRemoval {
    /// Whose.
    pub uid: String,
    /// The revision on which the decision rests: another passkey or another way in may have gone since.
    pub revision: i64,
    /// Which.
    pub id: String,
    /// Logged when it is removed.
    pub log: Option<LogRow>,
    /// Who did it, when it was not the user.
    pub audit: Option<AuditRow>,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasskeyRemoved {
    /// It is gone, and the user's document counts one less.
    Done,
    /// The user changed since it was read, or is gone. Nothing was stored.
    Stale,
    /// The user has no such passkey. Nothing was stored.
    Gone,
}
