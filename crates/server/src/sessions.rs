//! Keeps the gate of void tokens and the roles up to date with the store.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use lingpai_domain::{
    error::Result,
    roles::RoleBook,
    store::{self, StoreError},
    token::Gate,
};
use parking_lot::RwLock;
use tokio::sync::{Mutex, watch};

use crate::{runtime::told, state::Base};

/// How often a node asks for news: well within the second that revocation may take.
const ASK_EVERY: Duration = Duration::from_millis(250);
/// How long an answer may take before what is remembered counts as stale.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// Tokens issued longer ago than this are looked up in the store instead of in memory: the store
/// forgets changes of the gate after 400 days.
const REMEMBERED_FOR_S: i64 = 399 * 24 * 60 * 60;

/// Void tokens and roles, in memory.
pub struct Sessions {
    /// Void tokens.
    pub gate: Gate,
    roles: RwLock<Arc<RoleBook>>,
    fresh: AtomicBool,
    asking: Mutex<()>,
    generation: watch::Sender<u64>,
}

impl Sessions {
    /// Reads everything that matters from the store.
    pub async fn load(base: &Base) -> store::Result<Self> {
        let sessions = Self {
            gate: Gate::default(),
            roles: RwLock::default(),
            fresh: AtomicBool::new(false),
            asking: Mutex::default(),
            generation: watch::Sender::new(0),
        };
        sessions.read_roles(base).await?;
        sessions.ask(base).await?;
        Ok(sessions)
    }

    /// The present roles.
    pub fn roles(&self) -> Arc<RoleBook> {
        self.roles.read().clone()
    }

    /// Whether changes that concern a token issued then (seconds) are remembered. A token that
    /// says nothing of its time could be of any.
    pub fn remembers(&self, issued_at: Option<i64>, base: &Base) -> bool {
        issued_at.is_some_and(|issued_at| issued_at > base.clock.now_s() - REMEMBERED_FOR_S)
    }

    /// Asks the store for news at once: after a change that this node made itself.
    pub async fn ask(&self, base: &Base) -> store::Result<()> {
        let _one_at_a_time = self.asking.lock().await;
        let outcome = self.ask_once(base).await;
        self.fresh.store(outcome.is_ok(), Ordering::Release);
        if outcome.is_ok() {
            self.generation.send_modify(|generation| *generation += 1);
        }
        outcome
    }

    async fn ask_once(&self, base: &Base) -> store::Result<()> {
        let news = base.store.gate_news(self.gate.cursor()).await?;
        if self.gate.apply(news, base.clock.now_ms()) {
            self.read_roles(base).await?;
        }
        Ok(())
    }

    async fn read_roles(&self, base: &Base) -> store::Result<()> {
        let roles = base.store.roles().await?;
        *self.roles.write() = Arc::new(RoleBook::new(roles.into_iter().map(|role| (role.role_id, role.permission))));
        Ok(())
    }

    /// Makes sure that what is remembered is at most about a second old: normally it is, and this
    /// costs nothing. While the store does not answer, tokens cannot be judged and are refused.
    pub async fn ensure_fresh(&self, base: &Base) -> Result<()> {
        if !self.fresh.load(Ordering::Acquire) {
            self.ask(base).await?;
        }
        Ok(())
    }

    /// A receiver that is told each time news was taken in, for tests that wait for it.
    pub fn generations(&self) -> watch::Receiver<u64> {
        self.generation.subscribe()
    }

    /// Asks again and again until `stop` is told.
    pub async fn keep_fresh(self: &Arc<Self>, base: Base, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = told(&mut stop) => return,
                () = tokio::time::sleep(ASK_EVERY) => {}
            }
            let outcome = match tokio::time::timeout(ANSWER_WITHIN, self.ask(&base)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    self.fresh.store(false, Ordering::Release);
                    continue;
                }
            };
            if let Err(error) = outcome {
                report(&error);
            }
        }
    }
}

fn report(error: &StoreError) {
    tracing::warn!(%error, "the store does not tell what was revoked: tokens are refused until it does");
}
