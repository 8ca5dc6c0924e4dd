//! When tokens were last used: kept in memory, and noted in the store now and then, so that no call
//! waits for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use lingpai_domain::store::{Store, TokenUse};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{runtime::told, state::State};

/// How many tokens are remembered between two notes; of more nothing is noted until the next.
const MOST: usize = 20_000;
/// How many are noted in one commit.
const AT_ONCE: usize = 500;

/// What has been used since the last note.
#[derive(Default)]
pub struct Uses {
    /// `None`: nothing is to be noted.
    every: Option<Duration>,
    used: Mutex<HashMap<Box<str>, TokenUse>>,
}

impl Uses {
    /// Notes uses so often; `None`: never.
    pub fn new(every: Option<Duration>) -> Self {
        Self { every, used: Mutex::default() }
    }

    /// Takes in a use of a token that holds.
    pub fn take_in(&self, uid: &str, token: &str, ip: &str, now: i64) {
        if self.every.is_none() {
            return;
        }
        // The signature tells tokens apart, and is shorter.
        let key = token.rsplit_once('.').map_or(token, |(_, signature)| signature);
        let mut used = self.used.lock();
        if let Some(known) = used.get_mut(key) {
            known.at = known.at.max(now);
            if known.ip != ip {
                ip.clone_into(&mut known.ip);
            }
        } else if used.len() < MOST {
            let first = TokenUse { uid: uid.to_owned(), token: token.to_owned(), at: now, ip: ip.to_owned() };
            used.insert(key.into(), first);
        }
    }

    /// Notes in the store what has been used. What cannot be noted is forgotten: the next use
    /// is as good.
    pub async fn note(&self, store: &dyn Store) {
        let used: Vec<TokenUse> = std::mem::take(&mut *self.used.lock()).into_values().collect();
        for uses in used.chunks(AT_ONCE) {
            if let Err(error) = store.note_uses(uses).await {
                tracing::warn!(%error, "the last use of tokens could not be noted");
                return;
            }
        }
    }
}

/// Notes uses until `stop` is told, and once more then.
pub async fn keep_noting(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    let Some(every) = state.uses.every else { return };
    loop {
        tokio::select! {
            () = told(&mut stop) => break,
            () = tokio::time::sleep(every) => state.uses.note(&*state.base.store).await,
        }
    }
    state.uses.note(&*state.base.store).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_the_last_use_counts() {
        let uses = Uses::new(Some(Duration::from_secs(60)));
        for number in 0..MOST + 10 {
            uses.take_in("u", &format!("h.p.{number}"), "1.1.1.1", 5);
        }
        assert_eq!(uses.used.lock().len(), MOST);
        uses.take_in("u", "h.p.0", "2.2.2.2", 9);
        uses.take_in("u", "h.p.0", "2.2.2.2", 7);
        let used = uses.used.lock();
        assert_eq!((used["0"].at, used["0"].ip.as_str()), (9, "2.2.2.2"));
        drop(used);
        let none = Uses::new(None);
        none.take_in("u", "t", "1.1.1.1", 5);
        assert!(none.used.lock().is_empty());
    }
}
