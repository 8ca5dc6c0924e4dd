//! `opendb-open-data`: credentials of third parties, each with an end. In production mode the values
//! are encrypted under the master key; plain ones of imported data are read all the same. Where there is
//! Redis they are kept there as well.

mod behind;
mod in_redis;

use std::sync::Arc;

use lingpai_domain::{
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_store::redis::Redis;
use serde_json::{Map, Value};

use self::in_redis::{Found, InRedis};
use crate::{
    at_rest::{AtRest, is_sealed},
    config::{Settings, settings::Mode},
    state::Base,
};

/// What the values' key is derived for.
pub const PURPOSE: &str = "opendb-open-data";

/// The collection, through which alone its values are read and written.
#[derive(Clone)]
pub struct OpenData {
    base: Base,
    cipher: Option<Arc<AtRest>>,
    redis: Option<Arc<InRedis>>,
}

/// A value.
#[derive(Clone, PartialEq)]
pub struct OpenValue {
    /// The value's fields.
    pub value: Map<String, Value>,
    /// `expired`, milliseconds; `None`: it has no end.
    pub expired: Option<i64>,
}

impl OpenData {
    /// The collection of a store. Values are encrypted in production mode, where there is a master key.
    pub fn new(base: Base, settings: &Settings, redis: Option<Redis>) -> Self {
        let key = settings.security.master_key.as_ref().filter(|_| settings.mode == Mode::Production);
        let cipher = key.and_then(|key| AtRest::new(key, PURPOSE)).map(Arc::new);
        let redis = redis.map(|redis| {
            let plain = settings.redis.as_ref().is_some_and(|redis| redis.plain_values);
            let cipher = cipher.clone().filter(|_| !plain);
            Arc::new(InRedis::new(redis, cipher, base.clock.clone(), base.random.clone()))
        });
        Self { base, cipher, redis }
    }

    /// A value that has not ended. One that cannot be read (sealed under another master key, no JSON
    /// object) counts as absent.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn read(&self, key: &str) -> Result<Option<OpenValue>> {
        let Some(redis) = &self.redis else { return self.read_stored(key).await };
        let may_fill = match redis.read(key).await {
            Found::Value(value) => return Ok(Some(value)),
            Found::Nothing => true,
            Found::Unusable => false,
        };
        let stored = self.read_stored(key).await?;
        if let (Some(value), true) = (&stored, may_fill) {
            redis.fill(key, value).await;
        }
        Ok(stored)
    }

    async fn read_stored(&self, key: &str) -> Result<Option<OpenValue>> {
        let Some((text, expired)) = self.base.store.open_data(key, self.base.clock.now_ms()).await? else { return Ok(None) };
        let plain = match (&self.cipher, is_sealed(&text)) {
            (Some(cipher), true) => cipher.open(key, &text),
            (None, true) => None,
            (_, false) => Some(text),
        };
        let value = plain.and_then(|plain| serde_json::from_str(&plain).ok());
        if value.is_none() {
            tracing::warn!("a value of opendb-open-data cannot be read: was it encrypted under another master key?");
        }
        Ok(value.map(|value| OpenValue { value, expired }))
    }

    /// Stores a value for so many seconds (`None`: without an end), in place of the former one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn write(&self, key: &str, value: &Map<String, Value>, seconds: impl Into<Option<i64>>) -> Result<()> {
        let now = self.base.clock.now_ms();
        let expired = seconds.into().map(|seconds| now.saturating_add(seconds.saturating_mul(1000)));
        let plain = serde_json::to_string(value).map_err(Error::internal)?;
        let text = match &self.cipher {
            Some(cipher) => cipher.seal(key, &plain, &*self.base.random).ok_or(Code::SystemError)?,
            None => plain,
        };
        self.base.store.put_open_data(key, &text, expired).await?;
        if let Some(redis) = &self.redis {
            redis.write(key, &OpenValue { value: value.clone(), expired }).await;
        }
        Ok(())
    }

    /// Removes a value. `Ok(false)`: there was none.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn remove(&self, key: &str) -> Result<bool> {
        let was_there = self.base.store.remove_open_data(key).await?;
        if let Some(redis) = &self.redis {
            redis.remove(key).await;
        }
        Ok(was_there)
    }
}

impl OpenValue {
    /// A field that is a text and not empty.
    pub fn secret(&self, field: &str) -> Option<Secret> {
        self.value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty()).map(Secret::new)
    }
}

impl std::fmt::Debug for OpenValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenValue").field("expired", &self.expired).finish_non_exhaustive()
    }
}
