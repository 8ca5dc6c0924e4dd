//! The storage ports.
//!
//! Each method is one atomic operation in the domain's words: it is on disk when it returns `Ok`,
//! or it did not happen. No transaction handle crosses a port. "Not found" is `Ok(None)` or a
//! variant of the outcome; `Err` means that the storage itself failed.

mod along;
mod changes;
mod codes;
mod documents;
mod files;
mod gate;
mod guesses;
mod indexes;
mod passkeys;
mod second_steps;
mod session_list;
mod sessions;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

pub use along::{AccountEdit, AuditRow, DeliveriesTo, DueDelivery, NewDelivery, PasswordEdit};
pub use changes::{InviteAcceptance, InviteAccepted, InviteeQuery, Invitees, PushDevice, UserUpdate, UserUpdated};
pub use codes::{CaptchaGuess, CaptchaOutcome, CodeGuess, CodeTarget, GuessOutcome, Issued, NewCaptcha, NewCode, SendLimit, SendScope};
pub use documents::{
    CHANGEABLE, DocumentChange, DocumentPage, DocumentQuery, DocumentsAdded, DocumentsChanged, FieldTerm, StoredDocument, is_own_collection,
};
pub use files::{FileAdded, FileQuota, FileRecord};
pub use gate::{GateChange, GateCursor, GateNews};
pub use guesses::{Guess, GuessKind};
pub use indexes::{CollectionIndex, IndexesKept, KeyedBy};
pub use passkeys::{CeremonyEnd, NewPasskey, PasskeyAdded, PasskeyHolder, PasskeyRemoval, PasskeyRemoved, PasskeyUse, PasskeyUsed};
pub use second_steps::{SecondStepAnswer, SecondStepOutcome, SecondStepTry, StoredSecondStep};
pub use session_list::{EndedToken, ListedToken, OtherSessionsEnd, OtherSessionsEnded, SessionEnd, TokenUse};
pub use sessions::{
    FailedLogin, FailedOutcome, LockRule, Logout, NewSession, PasswordChange, PasswordChanged, Registered, Registration, Renewal, Renewed,
    SessionView, SignIn, SignedIn, SignedInLinked, StatusChange,
};

use crate::{
    account::{AccountOverview, IdentityKind, User},
    log::{LogRow, LogType},
    passkey::Passkey,
};

/// What went wrong with the storage.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or not now: a lost connection, a pool without a free one, a lock.
    #[error("the database is not available: {0}")]
    Unavailable(Arc<dyn std::error::Error + Send + Sync>),
    /// It can be read but not written: a full disk, a read-only file or replica.
    #[error("the database does not take writes: {0}")]
    ReadOnly(Arc<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("the database failed: {0}")]
    Failed(Arc<dyn std::error::Error + Send + Sync>),
}

/// A result of a port.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Which users answer to an identifier.
#[derive(Clone, Debug)]
pub struct IdentityQuery {
    /// What kind of identifier.
    pub kind: IdentityKind,
    /// Any of these values (the literal one and the lower-case one, say).
    pub values: Vec<String>,
    /// The application that asks.
    pub app: String,
}

/// Which users answer to any of several identifiers, of different kinds.
#[derive(Clone, Debug)]
pub struct AnyIdentityQuery {
    /// The identifiers.
    pub identities: Vec<(IdentityKind, String)>,
    /// The application that asks.
    pub app: String,
}

/// The latest rows of the log for one identifier and address.
#[derive(Clone, Debug)]
pub struct RecentQuery {
    /// `type` of the rows.
    pub kind: LogType,
    /// `ip` of the rows.
    pub ip: String,
    /// Under which field the identifier stands.
    pub field: IdentityKind,
    /// The identifier as it was typed.
    pub value: String,
    /// Only rows with `create_date` after this, in milliseconds.
    pub since: i64,
}

/// The users that answer to an identifier.
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// Users of the asking application (or of all), at most two: a second one is a conflict.
    pub users: Vec<User>,
    /// Whether there are users of other applications.
    pub elsewhere: bool,
    /// Whether the latest three rows asked for by the [`RecentQuery`] exist and all failed.
    pub failed_thrice: bool,
}

/// A role with its permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `role_id`
    pub role_id: String,
    /// `permission`
    pub permission: Vec<String>,
}

/// The collections whose documents can be exported, put and removed by name.
pub const COLLECTIONS: &[&str] = &[
    "uni-id-users",
    "uni-id-roles",
    "uni-id-permissions",
    "uni-id-log",
    "uni-id-device",
    "opendb-verify-codes",
    "opendb-open-data",
    "opendb-device",
    "opendb-frv-logs",
    "opendb-app-client-key",
    "lingpai-passkeys",
    "lingpai-audit",
];

/// What a store has done since it was opened, for tests that bound the cost of methods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundTrips {
    /// Reads: statements or batches that only read.
    pub reads: u64,
    /// Writes: operations that ended in a commit.
    pub writes: u64,
}

/// Everything that the program keeps.
#[async_trait]
pub trait Store: Send + Sync {
    /// Finds users by an identifier and, in the same round trip, looks at the recent log.
    async fn candidates(&self, query: &IdentityQuery, recent: Option<&RecentQuery>) -> Result<Candidates>;

    /// Finds users by several identifiers at once: who has any of them. `failed_thrice` is false.
    async fn candidates_of_any(&self, query: &AnyIdentityQuery) -> Result<Candidates>;

    /// Whether the latest three rows of the log exist and all failed.
    async fn failed_thrice(&self, recent: &RecentQuery) -> Result<bool>;

    /// A user by id, login columns included, `token` not.
    async fn user(&self, uid: &str) -> Result<Option<User>>;

    /// What is set and bound in an account.
    async fn account_overview(&self, uid: &str) -> Result<Option<AccountOverview>>;

    /// A user by id, and whether `token` is in the user's list.
    async fn session_view(&self, uid: &str, token: &str) -> Result<Option<SessionView>>;

    /// Creates a user, the user's identities and first session, and a row of the log.
    async fn register(&self, registration: &Registration) -> Result<Registered>;

    /// Starts a session after a successful proof of identity.
    async fn sign_in(&self, sign_in: &SignIn) -> Result<SignedIn>;

    /// Starts a session and replaces the user's document by `doc` (see [`UserUpdate::doc`]), both or
    /// neither. `lock` and `rehash` of the sign-in are for passwords and are not looked at.
    async fn sign_in_linked(&self, sign_in: &SignIn, doc: &Map<String, Value>) -> Result<SignedInLinked>;

    /// Counts a wrong password and logs it.
    async fn fail_login(&self, failure: &FailedLogin) -> Result<FailedOutcome>;

    /// Whether wrong passwords have locked an address out of an account by now.
    async fn is_locked_out(&self, uid: &str, ip: &str, now: i64, lock: LockRule) -> Result<bool>;

    /// Replaces a session's token by a new one beside it.
    async fn renew(&self, renewal: &Renewal) -> Result<Renewed>;

    /// Ends a session.
    async fn logout(&self, logout: &Logout) -> Result<()>;

    /// Stores a new password.
    async fn change_password(&self, change: &PasswordChange) -> Result<PasswordChanged>;

    /// Counts a guess of a user's own secret before it is tested. `Ok(false)`: there were as many as
    /// may be, this one is not counted and must not be tested. Of many callers at once no more are told
    /// `true` than may be.
    async fn count_guess(&self, guess: &Guess) -> Result<bool>;

    /// Forgets the guesses of a secret, where a right one was told and nothing is stored that would
    /// forget them (see [`GuessKind`]).
    async fn forget_guesses(&self, uid: &str, kind: GuessKind) -> Result<()>;

    /// Stores a new status. `Ok(false)`: no such user.
    async fn change_status(&self, change: &StatusChange) -> Result<bool>;

    /// Replaces a user's document, and with it identities, roles and inviter. Sessions, the login
    /// columns and wrong passwords stay.
    async fn update_user(&self, update: &UserUpdate) -> Result<UserUpdated>;

    /// As [`Store::update_user`], with a new password and a row of the audit, all of it or nothing.
    async fn edit_account(&self, edit: &AccountEdit) -> Result<UserUpdated>;

    /// Users of any application who have an identity, in the order of `_id`: at most `limit`.
    async fn holders(&self, kind: &IdentityKind, value: &str, limit: usize) -> Result<Vec<User>>;

    /// Users whom somebody invited, directly or through others.
    async fn invitees(&self, query: &InviteeQuery) -> Result<Invitees>;

    /// Gives a user who has none an inviter. Costs the same however many the user invited.
    async fn accept_invite(&self, acceptance: &InviteAcceptance) -> Result<InviteAccepted>;

    /// Uses up a nonce until `expires` (milliseconds). `Ok(false)`: it was used before and that use
    /// has not expired `now`. Of many callers at once exactly one is told `true`.
    async fn use_nonce(&self, nonce: &str, expires: i64, now: i64) -> Result<bool>;

    /// As [`Self::use_nonce`] with several different nonces, and without waiting for the disk: a use survives the end of
    /// the process, but a power cut may take those of the last moments along. For what expires within seconds and happens
    /// with every call. `Ok(false)`: at least one was used before; the others are used up all the same. Of many callers with
    /// the same nonces at once exactly one is told `true`.
    async fn use_fleeting_nonces(&self, nonces: &[String], expires: i64, now: i64) -> Result<bool>;

    /// Records uses of nonces that were decided on elsewhere, each with its end (milliseconds), all or none, and without
    /// waiting for the disk. What is recorded already stays until the later of the two ends.
    async fn remember_nonces(&self, nonces: &[(String, i64)]) -> Result<()>;

    /// SHA-256 and end (milliseconds) of nonces whose use has not ended `now`: at most `limit`, in no order.
    async fn live_nonces(&self, now: i64, limit: usize) -> Result<Vec<(Vec<u8>, i64)>>;

    /// Takes a lease until `until` (milliseconds). `Ok(false)`: somebody has it, and that lease has not
    /// ended `now`. Of many callers at once exactly one is told `true`.
    async fn take_lease(&self, name: &str, until: i64, now: i64) -> Result<bool>;

    /// Gives a lease back before its time. `until` names it: a lease that somebody else took after
    /// it had ended stays.
    async fn end_lease(&self, name: &str, until: i64) -> Result<()>;

    /// Stores where push messages reach a device. `Ok(false)`: several rows of `uni-id-device` have
    /// its `device_id`; nothing was stored. Of several rows of `opendb-device` the oldest is taken.
    async fn put_push_device(&self, device: &PushDevice) -> Result<bool>;

    /// A value of `opendb-open-data` and its `expired` (milliseconds) unless that time has come
    /// `now`. A value that is no text is handed out as its JSON.
    async fn open_data(&self, key: &str, now: i64) -> Result<Option<(String, Option<i64>)>>;

    /// Stores a value of `opendb-open-data` in place of the former one.
    async fn put_open_data(&self, key: &str, value: &str, expired: Option<i64>) -> Result<()>;

    /// Stores a value of `opendb-open-data` if the present one, ended or not, is `expected` (`None`: there is no such row).
    /// `Ok(false)`: it is another, and nothing was stored. Of many callers at once exactly one is told `true`.
    async fn replace_open_data(&self, key: &str, expected: Option<&str>, value: &str, expired: Option<i64>) -> Result<bool>;

    /// A document of `opendb-app-client-key` by its `_id`.
    async fn app_client_key(&self, id: &str) -> Result<Option<Map<String, Value>>>;

    /// Stores the counter of an App Attest key's assertion in a document of `opendb-app-client-key`, if it is greater than
    /// the one that is there. `Ok(false)`: it is not, or there is no such document. Of many callers at once with the same
    /// counter exactly one is told `true`.
    async fn raise_assertion_counter(&self, id: &str, counter: u32) -> Result<bool>;

    /// Removes a value of `opendb-open-data`. `Ok(false)`: there was none.
    async fn remove_open_data(&self, key: &str) -> Result<bool>;

    /// The row of `opendb-frv-logs` with this `certify_id`; of several the oldest.
    async fn frv_log(&self, certify_id: &str) -> Result<Option<Map<String, Value>>>;

    /// Adds a document to `opendb-frv-logs`. With a limit `(since, count)` it is refused
    /// (`Ok(false)`) if its `user_id` has `count` rows with `created_date` at or after `since`
    /// (milliseconds), however many callers ask at once.
    async fn add_frv_log(&self, doc: &Map<String, Value>, limit_per_day: Option<(i64, u32)>) -> Result<bool>;

    /// Changes the `status` of a row of `opendb-frv-logs` from one to another. `Ok(false)`: there is
    /// no such row, or its status is another. Of many callers at once exactly one is told `true`.
    async fn finish_frv(&self, certify_id: &str, from_status: i64, to_status: i64) -> Result<bool>;

    /// How many users have the identity card with this digest ([`UserUpdate::identity_card_digest`]).
    async fn count_users_with_identity_card(&self, digest: &str) -> Result<u64>;

    /// Appends a row to the log.
    async fn append_log(&self, row: &LogRow) -> Result<()>;

    /// Stores a code that was (or is about to be) sent, unless a limit forbids it.
    async fn issue_code(&self, code: &NewCode) -> Result<Issued>;

    /// Takes a code back whose message could not be delivered.
    async fn withdraw_code(&self, id: &str) -> Result<()>;

    /// Tries a code. The right one is used up; a wrong one is counted.
    async fn consume_code(&self, guess: &CodeGuess) -> Result<GuessOutcome>;

    /// Stores a captcha.
    async fn issue_captcha(&self, captcha: &NewCaptcha) -> Result<()>;

    /// Voids the latest captcha of the same device and scene and stores another.
    /// `Ok(false)`: there was none, and nothing was stored.
    async fn refresh_captcha(&self, captcha: &NewCaptcha) -> Result<bool>;

    /// Tries a captcha. The right one is used up; a wrong one is counted.
    async fn consume_captcha(&self, guess: &CaptchaGuess) -> Result<CaptchaOutcome>;

    /// All roles.
    async fn roles(&self) -> Result<Vec<Role>>;

    /// What has happened to sessions and roles since `cursor`; with `None` everything that still
    /// matters. Of one subject the newest change is the last.
    async fn gate_news(&self, cursor: Option<GateCursor>) -> Result<GateNews>;

    /// Documents of a collection (one of [`COLLECTIONS`]) in the order of insertion, as the
    /// original would show them: at most `limit`, after the given `_id`.
    async fn export(&self, collection: &str, after: Option<&str>, limit: usize) -> Result<Vec<Map<String, Value>>>;

    /// Inserts or replaces a whole document, as an import or an operator does: unlike
    /// [`Store::register`] it accepts identifiers that another user has already.
    async fn put(&self, collection: &str, doc: &Map<String, Value>) -> Result<()>;

    /// Removes a document. `Ok(false)`: there was none.
    async fn remove(&self, collection: &str, id: &str) -> Result<bool>;

    /// As [`Store::remove`] for a user. `audit`: who did it, when it was not the user; stored in the same commit.
    async fn remove_user(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool>;

    /// How many documents a collection has.
    async fn count(&self, collection: &str) -> Result<u64>;

    /// Documents by a condition, in the order of insertion, also those of a project's own collections.
    async fn documents(&self, query: &DocumentQuery) -> Result<DocumentPage>;

    /// Adds documents to one of [`CHANGEABLE`] or to a project's own collection: all or none. `audit`: who did it, stored in
    /// the same commit.
    async fn add_documents(&self, collection: &str, docs: &[Map<String, Value>], audit: &[AuditRow]) -> Result<DocumentsAdded>;

    /// Replaces and removes documents of one of [`CHANGEABLE`] or of a project's own collection, each
    /// unless it changed since it was read.
    async fn change_documents(&self, collection: &str, changes: &[DocumentChange]) -> Result<DocumentsChanged>;

    /// Makes those indexes that are not there, and removes indexes of collections that are not among these.
    async fn keep_indexes(&self, indexes: &[CollectionIndex]) -> Result<IndexesKept>;

    /// Notes a file that was uploaded, unless it would be too much.
    async fn add_file(&self, file: &FileRecord, quota: FileQuota) -> Result<FileAdded>;

    /// A file by its id.
    async fn file(&self, id: &str) -> Result<Option<FileRecord>>;

    /// Forgets a file, if it is this owner's (`None`: whoever's it is). `Ok(false)`: there is none.
    async fn remove_file(&self, id: &str, owner: Option<&str>) -> Result<bool>;

    /// Whether a user with role `admin` exists.
    async fn admin_exists(&self) -> Result<bool>;

    /// Removes what is past its time: codes, captchas and values of `opendb-open-data` that expired before `codes_before`, log
    /// rows created before `log_before`, sessions, nonces and guesses expired before `now` (milliseconds),
    /// and changes of the gate that no token can be older than.
    async fn sweep(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> Result<()>;

    /// The tokens of a user's list, oldest first.
    async fn listed_tokens(&self, uid: &str) -> Result<Vec<ListedToken>>;

    /// Notes uses of tokens. Of tokens that are not in the list (any more) nothing is noted.
    async fn note_uses(&self, uses: &[TokenUse]) -> Result<()>;

    /// Ends a session with all its tokens that are in the list, and answers these: none if there is
    /// no such session.
    async fn end_session(&self, end: &SessionEnd) -> Result<Vec<EndedToken>>;

    /// Ends all other sessions of a user.
    async fn end_other_sessions(&self, end: &OtherSessionsEnd) -> Result<OtherSessionsEnded>;

    /// A user's second step.
    async fn second_step(&self, uid: &str) -> Result<Option<StoredSecondStep>>;

    /// Stores a second step that is not confirmed yet, in place of such a one. `Ok(false)`: there is
    /// a confirmed one, or no such user.
    async fn begin_second_step(&self, uid: &str, secret: &[u8], now: i64) -> Result<bool>;

    /// Confirms the second step with this (encrypted) secret by the code of a time step, stores
    /// digests of recovery codes, and notes it in the user's document (`second_step`). `Ok(false)`:
    /// there is none to confirm.
    async fn confirm_second_step(&self, uid: &str, secret: &[u8], step: i64, recovery: &[[u8; 32]]) -> Result<bool>;

    /// Tries an answer. A right one is used up; a wrong one is counted.
    async fn try_second_step(&self, attempt: &SecondStepTry) -> Result<SecondStepOutcome>;

    /// Puts other recovery codes in the place of those that are left. `Ok(false)`: there is no
    /// confirmed second step.
    async fn replace_recovery_codes(&self, uid: &str, recovery: &[[u8; 32]]) -> Result<bool>;

    /// Puts another encryption of the same secret in the place of `secret`, and removes the recovery
    /// codes, whose digests belong to the key before. `Ok(false)`: another is stored, or none.
    async fn replace_second_step_secret(&self, uid: &str, secret: &[u8], other: &[u8]) -> Result<bool>;

    /// Removes a second step, confirmed or not. `audit`: who did it, when it was not the user.
    /// `Ok(false)`: there was none.
    async fn remove_second_step(&self, uid: &str, audit: Option<&AuditRow>) -> Result<bool>;

    /// A user's passkeys, oldest first.
    async fn passkeys(&self, uid: &str) -> Result<Vec<Passkey>>;

    /// The passkey with a credential id, and its user.
    async fn passkey_holder(&self, credential_id: &[u8]) -> Result<Option<PasskeyHolder>>;

    /// Stores a passkey and uses its ceremony up.
    async fn add_passkey(&self, new: &NewPasskey) -> Result<PasskeyAdded>;

    /// Notes a use of a passkey and uses its ceremony up.
    async fn use_passkey(&self, used: &PasskeyUse) -> Result<PasskeyUsed>;

    /// Names a user's passkey. `Ok(false)`: the user has no such passkey.
    async fn rename_passkey(&self, uid: &str, id: &str, name: &str) -> Result<bool>;

    /// Removes a user's passkey.
    async fn remove_passkey(&self, removal: &PasskeyRemoval) -> Result<PasskeyRemoved>;

    /// Takes at most `most` deliveries that are due `now`; until `busy_until` (milliseconds) nobody
    /// else is given them.
    async fn take_deliveries(&self, to: &DeliveriesTo, now: i64, busy_until: i64, most: u32) -> Result<Vec<DueDelivery>>;

    /// Forgets a delivery: it was accepted, or given up.
    async fn finish_delivery(&self, id: &str) -> Result<()>;

    /// Makes a delivery due at another time (milliseconds).
    async fn postpone_delivery(&self, id: &str, due_at: i64) -> Result<()>;

    /// Removes rows of the audit created before a time in milliseconds.
    async fn sweep_audit(&self, before: i64) -> Result<()>;

    /// Whether the database answers and takes writes.
    async fn check(&self) -> Result<()>;

    /// Round trips since the store was opened.
    fn round_trips(&self) -> RoundTrips;
}
