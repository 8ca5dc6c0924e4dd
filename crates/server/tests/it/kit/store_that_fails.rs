//! A store that fails when the test wants it to.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use lingpai_domain::{account::User, log::LogRow, store::*};

use super::{Map, Value};

/// Passes everything on to another store, unless it is told to fail.
pub struct StoreThatFails {
    inner: Arc<dyn Store>,
    failing: Arc<AtomicBool>,
}

impl StoreThatFails {
    /// A store that fails while `failing` is set.
    pub fn around(inner: Arc<dyn Store>, failing: Arc<AtomicBool>) -> Self {
        Self { inner, failing }
    }

    fn check_mood(&self) -> Result<()> {
        match self.failing.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable(Arc::new(io::Error::other("the test wants it to fail")))),
            false => Ok(()),
        }
    }
}

macro_rules! passed_on {
    ($( async fn $name:ident(&self $(, $arg:ident: $kind:ty)*) -> $answer:ty; )+) => {
        #[async_trait]
        impl Store for StoreThatFails {
            $(
                async fn $name(&self $(, $arg: $kind)*) -> Result<$answer> {
                    self.check_mood()?;
                    self.inner.$name($($arg),*).await
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
    async fn failed_thrice(&self, recent: &RecentQuery) -> bool;
    async fn user(&self, uid: &str) -> Option<User>;
    async fn session_view(&self, uid: &str, token: &str) -> Option<SessionView>;
    async fn register(&self, registration: &Registration) -> Registered;
    async fn sign_in(&self, sign_in: &SignIn) -> SignedIn;
    async fn fail_login(&self, failure: &FailedLogin) -> FailedOutcome;
    async fn renew(&self, renewal: &Renewal) -> Renewed;
    async fn logout(&self, logout: &Logout) -> ();
    async fn change_password(&self, change: &PasswordChange) -> PasswordChanged;
    async fn change_status(&self, change: &StatusChange) -> bool;
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
    async fn count(&self, collection: &str) -> u64;
    async fn admin_exists(&self) -> bool;
    async fn sweep(&self, now: i64, codes_before: i64, log_before: Option<i64>) -> ();
    async fn check(&self) -> ();
}
