//! Sign in with Apple.

pub mod identity_token;

use std::sync::Arc;

use lingpai_domain::clock::Clock;
use tokio::sync::Mutex;

use crate::http::{Http, HttpOptionsError, Request, Upstream, UpstreamError};
use identity_token::{AppleIdentity, AppleKeys, Expected, IdentityTokenError};

/// Keys older than this are asked for again, milliseconds.
const LONGEST_KEPT_MS: i64 = 24 * 3600 * 1000;

/// Apple is asked no more often, whatever keys tokens name: anybody can make up a name. Milliseconds.
const SHORTEST_BETWEEN_MS: i64 = 60_000;

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum AppleError {
    /// Apple's keys are not to be had.
    #[error("Apple's public keys: {0}")]
    Keys(#[from] UpstreamError),
    /// The token is refused.
    #[error(transparent)]
    Token(#[from] IdentityTokenError),
}

/// Apple's keys, kept and refreshed. Clones share them.
#[derive(Clone)]
pub struct Apple {
    upstream: Upstream,
    clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    keys: Option<Arc<AppleKeys>>,
    /// When they came, milliseconds.
    came: i64,
    /// When Apple was last asked, milliseconds.
    asked: Option<i64>,
}

impl Apple {
    /// The keys by their whole address.
    ///
    /// # Errors
    /// If it is no web address.
    pub fn new(http: &Http, keys_url: &str, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        Ok(Self { upstream: http.upstream("apple", keys_url)?, clock, kept: Arc::default() })
    }

    /// Checks an identity token. A key that is not known makes the set be asked for again: Apple
    /// changes its keys without notice.
    ///
    /// # Errors
    /// [`AppleError`]
    pub async fn identity(&self, token: &str, audiences: &[String], nonce: Option<&str>) -> Result<AppleIdentity, AppleError> {
        let expected = Expected { audiences, nonce, now_s: self.clock.now_s() };
        let keys = self.keys(None).await?;
        match keys.verify(token, &expected) {
            Err(IdentityTokenError::UnknownKey) => Ok(self.keys(Some(&keys)).await?.verify(token, &expected)?),
            outcome => Ok(outcome?),
        }
    }

    /// The keys; others than `unfit` if they may be asked for.
    async fn keys(&self, unfit: Option<&Arc<AppleKeys>>) -> Result<Arc<AppleKeys>, UpstreamError> {
        // One asks, the others wait for what comes.
        let mut kept = self.kept.lock().await;
        let now = self.clock.now_ms();
        if let Some(keys) = &kept.keys {
            let is_unfit = unfit.is_some_and(|unfit| Arc::ptr_eq(unfit, keys));
            let asked_lately = kept.asked.is_some_and(|asked| now < asked + SHORTEST_BETWEEN_MS);
            if asked_lately || (!is_unfit && now < kept.came + LONGEST_KEPT_MS) {
                return Ok(keys.clone());
            }
        }
        kept.asked = Some(now);
        match self.fetch().await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                (kept.keys, kept.came) = (Some(keys.clone()), now);
                Ok(keys)
            }
            // Signatures hold no less while Apple cannot be reached.
            Err(error) => kept.keys.clone().inspect(|_| tracing::warn!(%error, "Apple's keys were not refreshed")).ok_or(error),
        }
    }

    async fn fetch(&self) -> Result<AppleKeys, UpstreamError> {
        let answer = self.upstream.call(Request::get("", &[])).await?;
        answer.expect_success()?;
        AppleKeys::parse(&answer.body).ok_or(UpstreamError::Incomplete("keys"))
    }
}
