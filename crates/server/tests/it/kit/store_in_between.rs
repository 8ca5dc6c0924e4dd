//! A store between the program and its own, which fails and counts as the test wants.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use lingpai_domain::{
    account::{AccountOverview, IdentityKind, User},
    log::LogRow,
    passkey::Passkey,
    store::*,
};
use parking_lot::Mutex;

use super::{Map, TestAppBuilder, Value};

/// The test's end of a [`StoreInBetween`].
#[derive(Default)]
pub struct Control {
    failing: AtomicBool,
    /// Round trips since the last look, those of the program's own polling left out.
    counted: Mutex<RoundTrips>,
    /// Operations wait for each other, so that each one's round trips can be told.
    turn: tokio::sync::Mutex<()>,
}

impl Control {
    /// From now on every operation fails, or none.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Round trips since the last call.
    pub fn take_round_trips(&self) -> RoundTrips {
        std::mem::take(&mut self.counted.lock())
    }
}

/// Puts such a store into a program.
pub fn controlled(builder: TestAppBuilder) -> (TestAppBuilder, Arc<Control>) {
    let control = Arc::new(Control::default());
    let held = control.clone();
    (builder.through(move |inner| Arc::new(StoreInBetween { inner, control: held })), control)
}

struct StoreInBetween {
    inner: Arc<dyn Store>,
    control: Arc<Control>,
}

impl StoreInBetween {
    fn check_mood(&self) -> Result<()> {
        match self.control.failing.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable(Arc::new(io::Error::other("the test wants it to fail")))),
            false => Ok(()),
        }
    }

    fn count(&self, operation: &str, before: RoundTrips) {
        if operation == "gate_news" {
            return;
        }
        let after = self.inner.round_trips();
        let mut counted = self.control.counted.lock();
        counted.reads += after.reads - before.reads;
        counted.writes += after.writes - before.writes;
    }
}

macro_rules! passed_on {
    ($( async fn $name:ident(&self $(, $arg:ident: $kind:ty)*) -> $answer:ty; )+) => {
        #[async_trait]
        impl Store for StoreInBetween {
            $(
                async fn $name(&self $(, $arg: $kind)*) -> Result<$answer> {
                    self.check_mood()?;
                    let _one_at_a_time = self.control.turn.lock().await;
                    let before = self.inner.round_trips();
                    let outcome = self.inner.$name($($arg),*).await;
                    self.count(stringify!($name), before);
                    outcome
                }
            )+

            fn round_trips(&self) -> RoundTrips {
                self.inner.round_trips()
            }
        }
    };
}

passed_on! {
    async fn candidates(&self, query: &IdentityQuery, recent: Option<&RecentQuery>) -> Candidates;
    async fn candidates_of_any(&self, query: &AnyIdentityQuery) -> Candidates;
    async fn failed_thrice(&self, recent: &RecentQuery) -> bool;
    async fn user(&self, uid: &str) -> Option<User>;
    async fn account_overview(&self, uid: &str) -> Option<AccountOverview>;
    async fn session_view(&self, uid: &str, token: &str) -> Option<SessionView>;
    async fn register(&self, registration: &Registration) -> Registered;
    async fn sign_in(&self, sign_in: &SignIn) -> SignedIn;
    async fn sign_in_linked(&self, sign_in: &SignIn, doc: &Map<String, Value>) -> SignedInLinked;
    async fn fail_login(&self, failure: &FailedLogin) -> FailedOutcome;
    async fn is_locked_out(&self, uid: &str, ip: &str, now: i64, lock: LockRule) -> bool;
    async fn renew(&self, renewal: &Renewal) -> Renewed;
    async fn logout(&self, logout: &Logout) -> ();
    async fn change_password(&self, change: &PasswordChange) -> PasswordChanged;
    async fn count_guess(&self, guess: &Guess) -> bool;
    async fn forget_guesses(&self, uid: &str, kind: GuessKind) -> ();
    async fn change_status(&self, change: &StatusChange) -> bool;
    async fn update_user(&self, update: &UserUpdate) -> UserUpdated;
    async fn holders(&self, kind: &IdentityKind, value: &str, limit: usize) -> Vec<User>;
    async fn invitees(&self, query: &InviteeQuery) -> Invitees;
    async fn accept_invite(&self, acceptance: &InviteAcceptance) -> InviteAccepted;
    async fn use_nonce(&self, nonce: &str, expires: i64, now: i64) -> bool;
    async fn take_lease(&self, name: &str, until: i64, now: i64) -> bool;
    async fn end_lease(&self, name: &str, until: i64) -> ();
    async fn use_fleeting_nonces(&self, nonces: &[String], expires: i64, now: i64) -> bool;
    async fn remember_nonces(&self, nonces: &[(String, i64)]) -> ();
    async fn live_nonces(&self, now: i64, limit: usize) -> Vec<(Vec<u8>, i64)>;
    async fn put_push_device(&self, device: &PushDevice) -> bool;
    async fn open_data(&self, key: &str, now: i64) -> Option<(String, Option<i64>)>;
    async fn put_open_data(&self, key: &str, value: &str, expired: Option<i64>) -> ();
    async fn replace_open_data(&self, key: &str, expected: Option<&str>, value: &str, expired: Option<i64>) -> bool;
    async fn app_client_key(&self, id: &str) -> Option<Map<String, Value>>;
    async fn raise_assertion_counter(&self, id: &str, counter: u32) -> bool;
    async fn remove_open_data(&self, key: &str) -> bool;
    async fn frv_log(&self, certify_id: &str) -> Option<Map<String, Value>>;
    async fn add_frv_log(&self, doc: &Map<String, Value>, limit_per_day: Option<(i64, u32)>) -> bool;
    async fn finish_frv(&self, certify_id: &str, from_status: i64, to_status: i64) -> bool;
    async fn count_users_with_identity_card(&self, digest: &str) -> u64;
    async fn append_log(&self, row: &LogRow) -> ();
    async fn issue_code(&self, code: &NewCode) -> Issued;
    async fn withdraw_code(&self, id: &str) -> ();
    async fn consume_code(&self, guess: &CodeGuess) -> GuessOutcome;
    async fn issue_captcha(&self, captcha: &NewCaptcha) -> ();
    async fn refresh_captcha(&self, captcha: &NewCaptcha) -> bool;
    async fn consume_captcha(&self, guess: &CaptchaGuess) -> CaptchaOutcome;
    async fn roles(&self) -> Vec<Role>;
    async fn gate_news(&self, cursor: Option<GateCursor>) -> GateNews;
    async fn export(&self, collection: &str, after: Option<&str>, limit: usize) -> Vec<Map<String, Value>>;
    async fn put(&self, collection: &str, doc: &Map<String, Value>) -> ();
    async fn remove(&self, collection: &str, id: &str) -> bool;
    async fn remove_user(&self, uid: &str, audit: Option<&AuditRow>) -> bool;
    async fn count(&self, collection: &str) -> u64;
    async fn documents(&self, query: &DocumentQuery) -> DocumentPage;
    async fn add_documents(&self, collection: &str, docs: &[Map<String, Value>], audit: &[AuditRow]) -> DocumentsAdded;
    async fn change_documents(&self, collection: &str, changes: &[DocumentChange]) -> DocumentsChanged;
    async fn keep_indexes(&self, indexes: &[CollectionIndex]) -> IndexesKept;
    async fn add_file(&self, file: &FileRecord, quota: FileQuota) -> FileAdded;
    async fn file(&self, id: &str) -> Option<FileRecord>;
    async fn remove_file(&self, id: &str, owner: Option<&str>) -> bool;
    async fn admin_exists(&self) -> bool;
    async fn sweep(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> ();
    async fn check(&self) -> ();
    async fn edit_account(&self, edit: &AccountEdit) -> UserUpdated;
    async fn listed_tokens(&self, uid: &str) -> Vec<ListedToken>;
    async fn note_uses(&self, uses: &[TokenUse]) -> ();
    async fn end_session(&self, end: &SessionEnd) -> Vec<EndedToken>;
    async fn end_other_sessions(&self, end: &OtherSessionsEnd) -> OtherSessionsEnded;
    async fn second_step(&self, uid: &str) -> Option<StoredSecondStep>;
    async fn begin_second_step(&self, uid: &str, secret: &[u8], now: i64) -> bool;
    async fn confirm_second_step(&self, uid: &str, secret: &[u8], step: i64, recovery: &[[u8; 32]]) -> bool;
    async fn try_second_step(&self, attempt: &SecondStepTry) -> SecondStepOutcome;
    async fn replace_recovery_codes(&self, uid: &str, recovery: &[[u8; 32]]) -> bool;
    async fn replace_second_step_secret(&self, uid: &str, secret: &[u8], other: &[u8]) -> bool;
    async fn remove_second_step(&self, uid: &str, audit: Option<&AuditRow>) -> bool;
    async fn passkeys(&self, uid: &str) -> Vec<Passkey>;
    async fn passkey_holder(&self, credential_id: &[u8]) -> Option<PasskeyHolder>;
    async fn add_passkey(&self, new: &NewPasskey) -> PasskeyAdded;
    async fn use_passkey(&self, used: &PasskeyUse) -> PasskeyUsed;
    async fn rename_passkey(&self, uid: &str, id: &str, name: &str) -> bool;
    async fn remove_passkey(&self, removal: &PasskeyRemoval) -> PasskeyRemoved;
    async fn take_deliveries(&self, to: &DeliveriesTo, now: i64, busy_until: i64, most: u32) -> Vec<DueDelivery>;
    async fn finish_delivery(&self, id: &str) -> ();
    async fn postpone_delivery(&self, id: &str, due_at: i64) -> ();
    async fn sweep_audit(&self, before: i64) -> ();
}
