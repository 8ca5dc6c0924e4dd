//! Redis, beside the database: values that other programs and nodes read and write as well, each with an
//! end. Nothing stands here alone: whoever calls goes on with the database when Redis fails.
//!
//! A call has a time limit, connecting included. After a failure Redis is left alone for a while, so that
//! a server that hangs costs one call a second rather than every call its time limit.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use lingpai_domain::clock::Clock;
use redis::{
    Client, ErrorKind, Pipeline, RedisError as ClientError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

/// For how long Redis is left alone after a failure, milliseconds.
const REST_MS: i64 = 1_000;

/// A Redis server. Clones share the connection.
#[derive(Clone)]
pub struct Redis {
    manager: ConnectionManager,
    clock: Arc<dyn Clock>,
    time_limit: Duration,
    health: Arc<Health>,
}

#[derive(Default)]
struct Health {
    left_alone_until: AtomicI64,
    failing: AtomicBool,
}

/// Why Redis did not do it. Holds neither address nor values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedisError {
    /// Not `redis://…` or `rediss://…`, or a part of it is wrong. The URL may hold a password, so it is
    /// not shown.
    #[error("the URL of Redis is not understood")]
    Url,
    /// It failed a moment ago and is left alone; nothing was sent.
    #[error("Redis failed a moment ago and is left alone for a second")]
    LeftAlone,
    /// No answer within the time limit.
    #[error("no answer of Redis within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// Not reachable, or it refused.
    #[error("Redis: {0}")]
    Failed(String),
}

/// A value as it stands in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisValue {
    /// The text.
    pub text: String,
    /// How much longer it stands there, milliseconds; `None`: without an end.
    pub left_ms: Option<i64>,
}

impl Redis {
    /// A server by its URL (`redis://user:password@host:port/number`, `rediss://` with TLS). It is connected
    /// at the first call. Must be called inside of a runtime.
    ///
    /// # Errors
    /// [`RedisError::Url`]
    pub fn new(url: &str, time_limit: Duration, clock: Arc<dyn Clock>) -> Result<Self, RedisError> {
        let client = Client::open(url).map_err(|_| RedisError::Url)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(time_limit))
            .set_response_timeout(Some(time_limit))
            // Whoever calls next tries again; waiting here would be waiting in somebody's login.
            .set_number_of_retries(0);
        let manager = ConnectionManager::new_lazy_with_config(client, config).map_err(|_| RedisError::Url)?;
        Ok(Self { manager, clock, time_limit, health: Arc::default() })
    }

    /// Whether a URL is understood.
    pub fn is_url(url: &str) -> bool {
        Client::open(url).is_ok()
    }

    /// The value of a key.
    ///
    /// # Errors
    /// [`RedisError`]
    pub async fn get(&self, key: &str) -> Result<Option<RedisValue>, RedisError> {
        // Both in one transaction: the end must be that of the value.
        let mut both = redis::pipe();
        both.atomic().cmd("GET").arg(key).cmd("PTTL").arg(key);
        let (text, left): (Option<Vec<u8>>, i64) = self.ask(&both).await?;
        // What is no text was not written by us or our like.
        let text = text.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.map(|text| RedisValue { text, left_ms: (left >= 0).then_some(left) }))
    }

    /// Stores a value for so many milliseconds (`None`: without an end), in place of the former one.
    ///
    /// # Errors
    /// [`RedisError`]
    pub async fn set(&self, key: &str, text: &str, life_ms: Option<i64>) -> Result<(), RedisError> {
        self.store(key, text, life_ms, false).await
    }

    /// Stores a value unless there is one.
    ///
    /// # Errors
    /// [`RedisError`]
    pub async fn set_if_absent(&self, key: &str, text: &str, life_ms: Option<i64>) -> Result<(), RedisError> {
        self.store(key, text, life_ms, true).await
    }

    async fn store(&self, key: &str, text: &str, life_ms: Option<i64>, if_absent: bool) -> Result<(), RedisError> {
        let mut set = redis::pipe();
        set.cmd("SET").arg(key).arg(text);
        if let Some(life) = life_ms {
            // Redis refuses lives of nothing.
            set.arg("PX").arg(life.max(1));
        }
        if if_absent {
            set.arg("NX");
        }
        let _: Vec<redis::Value> = self.ask(&set).await?;
        Ok(())
    }

    /// Removes keys.
    ///
    /// # Errors
    /// [`RedisError`]
    pub async fn remove(&self, keys: &[String]) -> Result<(), RedisError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut remove = redis::pipe();
        remove.cmd("DEL").arg(keys);
        let _: Vec<redis::Value> = self.ask(&remove).await?;
        Ok(())
    }

    /// Some of the keys that begin with a text, about `count` looked at, and where to go on; 0: there are no
    /// more. Whoever begins at 0 and ends at 0 has seen every key that stood there all the while.
    ///
    /// # Errors
    /// [`RedisError`]
    pub async fn scan(&self, cursor: u64, prefix: &str, count: usize) -> Result<(u64, Vec<String>), RedisError> {
        let mut scan = redis::pipe();
        // Prefixes are ours and hold none of the pattern's characters.
        scan.cmd("SCAN").arg(cursor).arg("MATCH").arg(format!("{prefix}*")).arg("COUNT").arg(count);
        let ((next, keys),): ((u64, Vec<Vec<u8>>),) = self.ask(&scan).await?;
        // What is no text was not written by us or our like.
        Ok((next, keys.into_iter().filter_map(|key| String::from_utf8(key).ok()).collect()))
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// [`RedisError`]
    pub async fn check(&self) -> Result<(), RedisError> {
        let mut ping = redis::pipe();
        ping.cmd("PING");
        let _: Vec<redis::Value> = self.ask(&ping).await?;
        Ok(())
    }

    /// Whether a call would be sent now.
    pub fn is_left_alone(&self) -> bool {
        let now = self.clock.now_ms();
        let until = self.health.left_alone_until.load(Ordering::Relaxed);
        // A clock that was set back must not prolong it.
        (until - REST_MS..until).contains(&now)
    }

    async fn ask<T: redis::FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisError> {
        if self.is_left_alone() {
            return Err(RedisError::LeftAlone);
        }
        let mut manager = self.manager.clone();
        let outcome = match tokio::time::timeout(self.time_limit, commands.query_async(&mut manager)).await {
            Ok(outcome) => outcome.map_err(|error| failure(&error)),
            Err(_) => Err(RedisError::TimedOut(self.time_limit)),
        };
        match &outcome {
            Ok(_) => {
                if self.health.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!("Redis 已恢复 / Redis is back");
                }
            }
            Err(error) => {
                self.health.left_alone_until.store(self.clock.now_ms().saturating_add(REST_MS), Ordering::Relaxed);
                // Once an outage, not once a call.
                if !self.health.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%error, "Redis 不可用,改用数据库 / Redis fails, the database is used instead");
                }
            }
        }
        outcome
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redis(…)")
    }
}

/// What the client's errors say without addresses: their texts show the host at most, never a password, but
/// a server's own words might repeat a value.
fn failure(error: &ClientError) -> RedisError {
    let words = match error.kind() {
        ErrorKind::Io => format!("not reachable ({})", error.category()),
        _ => error.code().map_or_else(|| error.category().to_owned(), |code| format!("{} ({code})", error.category())),
    };
    RedisError::Failed(words)
}
