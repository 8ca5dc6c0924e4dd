//! Values of `opendb-open-data` in Redis as well, under the same keys, as uni-open-bridge-common has them:
//! read there first, then in the database. The database stays what counts: it is written first, and
//! whatever fails in Redis is done without it.
//!
//! | | encrypted (production mode) | plain (`redis.plain_values`, development mode) |
//! |---|---|---|
//! | text | sealed `{value, expired}` | the JSON of the value, as other programs read and write it |
//! | stands there | ten minutes at most | until the value's end |
//!
//! Two nodes that write one key in the same moment may leave the earlier value in Redis; so may a node that
//! ends while it cannot reach Redis. That is why encrypted values stand there for a short time only.

use std::sync::Arc;

use lingpai_domain::{clock::Clock, random::Random};
use lingpai_store::redis::{Redis, RedisError, RedisValue};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};

use super::{
    OpenValue,
    behind::{self, Behind, CatchUp},
};
use crate::at_rest::{AtRest, is_sealed};

/// How long an encrypted value stands in Redis at most, milliseconds.
const LONGEST_LIFE_MS: i64 = 600_000;
/// How long an empty text stands for a removed value: longer than a read of the database takes that might
/// still bring the removed one back. Milliseconds.
const REMOVED_FOR_MS: i64 = 10_000;
/// Keys that are remembered as behind; about 10 MiB. When there are more, nothing in Redis is believed until all of
/// it is removed.
const MOST_BEHIND: usize = 65_536;
/// What all keys begin with.
const PREFIX: &str = "uni-id:";

/// The collection in Redis.
pub struct InRedis {
    redis: Redis,
    cipher: Option<Arc<AtRest>>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    behind: Mutex<Behind>,
}

/// What Redis has for a key.
#[derive(Debug, PartialEq)]
pub enum Found {
    /// A value that has not ended.
    Value(OpenValue),
    /// Nothing: what the database has may be put there.
    Nothing,
    /// Nothing that can be used, and nothing is to be put there.
    Unusable,
}

impl InRedis {
    /// `cipher`: what values are encrypted with; `None`: they are plain.
    pub fn new(redis: Redis, cipher: Option<Arc<AtRest>>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { redis, cipher, clock, random, behind: Mutex::new(Behind::new(MOST_BEHIND)) }
    }

    /// Looks for a value.
    pub async fn read(&self, key: &str) -> Found {
        self.catch_up().await;
        if self.behind.lock().holds(key) {
            return Found::Unusable;
        }
        match self.counted("get", self.redis.get(key).await) {
            Ok(Some(found)) => self.decode(key, &found),
            Ok(None) => Found::Nothing,
            Err(_) => Found::Unusable,
        }
    }

    /// Stores what was written to the database a moment ago.
    pub async fn write(&self, key: &str, value: &OpenValue) {
        self.catch_up().await;
        let stored = match self.encode(key, value) {
            Some((text, life)) => self.counted("set", self.redis.set(key, &text, life).await).is_ok(),
            None => false,
        };
        if !stored {
            self.behind.lock().add(key);
        }
    }

    /// Stores what was read from the database, unless somebody else was faster.
    pub async fn fill(&self, key: &str, value: &OpenValue) {
        if let Some((text, life)) = self.encode(key, value) {
            // If it fails nothing is wrong: what is not there is read from the database.
            let _ = self.counted("set", self.redis.set_if_absent(key, &text, life).await);
        }
    }

    /// Removes what was removed from the database a moment ago.
    pub async fn remove(&self, key: &str) {
        self.catch_up().await;
        // An empty text, rather than nothing: whoever has just read the database does not put it back.
        if self.counted("set", self.redis.set(key, "", Some(REMOVED_FOR_MS)).await).is_err() {
            self.behind.lock().add(key);
        }
    }

    /// Removes what fell behind while Redis could not be reached: a portion, so that no call waits long.
    async fn catch_up(&self) {
        if self.redis.is_left_alone() {
            return;
        }
        let next = self.behind.lock().to_remove();
        match next {
            CatchUp::Nothing => {}
            CatchUp::Keys(keys) => {
                let names: Vec<String> = keys.iter().map(|(key, _)| key.clone()).collect();
                if self.counted("remove", self.redis.remove(&names).await).is_ok() {
                    self.behind.lock().removed(&keys);
                }
            }
            CatchUp::All(page) => {
                let Ok((cursor, found)) = self.counted("scan", self.redis.scan(page.cursor, PREFIX, behind::PORTION).await) else { return };
                if self.counted("remove", self.redis.remove(&found).await).is_ok() {
                    self.behind.lock().removed_page(&page, cursor);
                }
            }
        }
    }

    fn decode(&self, key: &str, found: &RedisValue) -> Found {
        let now = self.clock.now_ms();
        let value = if found.text.is_empty() {
            return Found::Unusable;
        } else if is_sealed(&found.text) {
            self.cipher.as_ref().and_then(|cipher| cipher.open(&place(key), &found.text)).and_then(|plain| read_sealed(&plain))
        } else if self.cipher.is_none() {
            let value: Option<Map<String, Value>> = serde_json::from_str(&found.text).ok();
            value.map(|value| OpenValue { value, expired: found.left_ms.map(|left| now.saturating_add(left)) })
        } else {
            // Somebody else's plain text: where values are encrypted it is not believed.
            None
        };
        match value {
            Some(value) if value.expired.is_none_or(|end| end > now) => Found::Value(value),
            Some(_) => Found::Unusable,
            None => {
                tracing::warn!(
                    "a value in Redis cannot be read: was it encrypted under another master key, or written by another program?"
                );
                Found::Unusable
            }
        }
    }

    /// The text, and how long it stands there. `None`: it is over, or the cryptographic library refuses.
    fn encode(&self, key: &str, value: &OpenValue) -> Option<(String, Option<i64>)> {
        let left = value.expired.map(|end| end.saturating_sub(self.clock.now_ms()));
        if left.is_some_and(|left| left <= 0) {
            return None;
        }
        match &self.cipher {
            Some(cipher) => {
                let plain = json!({"value": value.value, "expired": value.expired}).to_string();
                let text = cipher.seal(&place(key), &plain, &*self.random)?;
                Some((text, Some(left.unwrap_or(i64::MAX).min(LONGEST_LIFE_MS))))
            }
            None => Some((serde_json::to_string(&value.value).ok()?, left)),
        }
    }

    fn counted<T>(&self, operation: &'static str, outcome: Result<T, RedisError>) -> Result<T, RedisError> {
        let word = match &outcome {
            Ok(_) => "ok",
            Err(RedisError::LeftAlone) => "left_alone",
            Err(_) => "failed",
        };
        metrics::counter!("lingpai_redis_calls_total", "operation" => operation, "outcome" => word).increment(1);
        outcome
    }
}

/// What a sealed text is bound to: not what the database's are, they differ in form.
fn place(key: &str) -> String {
    format!("redis\u{1f}{key}")
}

fn read_sealed(plain: &str) -> Option<OpenValue> {
    let mut both: Map<String, Value> = serde_json::from_str(plain).ok()?;
    let expired = both.get("expired").and_then(Value::as_i64);
    match both.remove("value")? {
        Value::Object(value) => Some(OpenValue { value, expired }),
        _ => None,
    }
}
