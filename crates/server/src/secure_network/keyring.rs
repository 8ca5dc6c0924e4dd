//! The space's identity and its short-lived keys: kept in `opendb-open-data`, encrypted under the master key, the same
//! for all nodes. A key that is past its overlap is taken out of the row: that is the forward secrecy.

use std::{fmt, sync::Arc};

use lingpai_domain::{
    error::{Code, Error, Result},
    random::{Random, to_hex},
};
use lingpai_secure::{
    refusal::Refusal,
    space_key::{PublishedKeys, SpaceIdentity, SpaceKey},
};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{at_rest::AtRest, state::Base};

/// How long a key is the newest, milliseconds.
pub const ROTATED_EVERY_MS: i64 = 24 * 3_600_000;
/// How long handshakes with it are taken after that, milliseconds.
pub const OVERLAP_MS: i64 = 3_600_000;

const IDENTITY: &str = "lingpai:secure-network:identity";
const KEYS: &str = "lingpai:secure-network:space-keys";

/// Nodes that write at the same time begin again; more than this many at once there are not.
const ATTEMPTS: usize = 16;

/// Identity and keys, in memory as long as they are the store's.
pub struct Keyring {
    at_rest: Option<AtRest>,
    present: RwLock<Option<Arc<Present>>>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

/// What holds at this moment.
pub struct Present {
    /// The identity, which signs the keys.
    pub identity: SpaceIdentity,
    /// The keys, oldest first.
    pub keys: Vec<SpaceKey>,
    listed: Vec<Listed>,
}

impl fmt::Debug for Present {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Present").field("listed", &self.listed).finish_non_exhaustive()
    }
}

/// A key, for operators to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Milliseconds.
    pub not_before_ms: i64,
    /// Milliseconds, exclusive.
    pub not_after_ms: i64,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredKey {
    secret: Zeroizing<String>,
    not_before: i64,
    not_after: i64,
}

impl StoredKey {
    fn fresh(now_ms: i64, random: &dyn Random) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        random.fill(secret.as_mut_slice());
        Self {
            secret: Zeroizing::new(to_hex(secret.as_slice())),
            not_before: now_ms,
            not_after: now_ms.saturating_add(ROTATED_EVERY_MS + OVERLAP_MS),
        }
    }

    fn is_current(&self, now_ms: i64) -> bool {
        (self.not_before..self.not_before.saturating_add(ROTATED_EVERY_MS)).contains(&now_ms)
    }

    fn is_over(&self, now_ms: i64) -> bool {
        now_ms >= self.not_after
    }
}

impl Present {
    /// What a space's clients get to see.
    pub fn publish(&self, space_id: &str) -> PublishedKeys {
        PublishedKeys::publish(&self.identity, space_id, &self.keys)
    }

    /// The keys, oldest first.
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    fn is_due(&self, now_ms: i64) -> bool {
        let current = |key: &Listed| (key.not_before_ms..key.not_before_ms.saturating_add(ROTATED_EVERY_MS)).contains(&now_ms);
        !self.listed.iter().any(current) || self.listed.iter().any(|key| now_ms >= key.not_after_ms)
    }
}

/// A secret in the store that does not open.
#[derive(Debug, thiserror::Error)]
#[error("the secure network's {0} cannot be opened: was it stored under another security.master_key?")]
struct Unreadable(&'static str);

impl Keyring {
    /// An empty one: it is read, and made if need be, when it is first used.
    pub fn new(at_rest: Option<AtRest>) -> Self {
        Self { at_rest, present: RwLock::default(), one_at_a_time: tokio::sync::Mutex::default() }
    }

    /// The present identity and keys, rotated if it is time.
    ///
    /// # Errors
    /// If the store fails, or what is in it was sealed under another master key.
    pub async fn present(&self, base: &Base) -> Result<Arc<Present>> {
        match self.remembered(base) {
            Some(present) => Ok(present),
            None => self.refresh(base).await,
        }
    }

    fn remembered(&self, base: &Base) -> Option<Arc<Present>> {
        self.present.read().clone().filter(|present| !present.is_due(base.clock.now_ms()))
    }

    /// Reads the store again: another node may have rotated, an operator too.
    ///
    /// # Errors
    /// As [`Self::present`].
    pub async fn refresh(&self, base: &Base) -> Result<Arc<Present>> {
        let _turn = self.one_at_a_time.lock().await;
        self.agree(base, |keys, now_ms| {
            keys.retain(|key| !key.is_over(now_ms));
            if !keys.iter().any(|key| key.is_current(now_ms)) {
                keys.push(StoredKey::fresh(now_ms, &*base.random));
            }
        })
        .await
    }

    /// Puts one new key in the place of all others, at once. Clients that still seal to an old one shake hands again.
    ///
    /// # Errors
    /// As [`Self::present`].
    pub async fn rotate(&self, base: &Base) -> Result<Arc<Present>> {
        let _turn = self.one_at_a_time.lock().await;
        self.agree(base, |keys, now_ms| *keys = vec![StoredKey::fresh(now_ms, &*base.random)]).await
    }

    /// Changes the stored keys and remembers what came of it.
    async fn agree(&self, base: &Base, change: impl Fn(&mut Vec<StoredKey>, i64)) -> Result<Arc<Present>> {
        let identity = self.identity(base).await?;
        for _ in 0..ATTEMPTS {
            let now_ms = base.clock.now_ms();
            let stored = base.store.open_data(KEYS, now_ms).await?.map(|(text, _)| text);
            let mut keys: Vec<StoredKey> = match &stored {
                Some(text) => serde_json::from_str(&self.open(KEYS, text, "keys")?).map_err(Error::internal)?,
                None => Vec::new(),
            };
            let before = keys.clone();
            change(&mut keys, now_ms);
            if before != keys || stored.is_none() {
                let text = self.seal(KEYS, &serde_json::to_string(&keys).map_err(Error::internal)?, base)?;
                if !base.store.replace_open_data(KEYS, stored.as_deref(), &text, None).await? {
                    continue;
                }
            }
            let present = Arc::new(assemble(&identity, &keys)?);
            *self.present.write() = Some(present.clone());
            return Ok(present);
        }
        Err(Code::SystemError.into())
    }

    /// The identity's seed, made by whichever node is first.
    async fn identity(&self, base: &Base) -> Result<Zeroizing<[u8; 32]>> {
        for _ in 0..ATTEMPTS {
            if let Some((text, _)) = base.store.open_data(IDENTITY, base.clock.now_ms()).await? {
                let hex = self.open(IDENTITY, &text, "identity")?;
                return bytes_of(&hex).ok_or_else(|| Error::internal(Unreadable("identity")));
            }
            let mut seed = Zeroizing::new([0; 32]);
            base.random.fill(seed.as_mut_slice());
            let text = self.seal(IDENTITY, &to_hex(seed.as_slice()), base)?;
            base.store.replace_open_data(IDENTITY, None, &text, None).await?;
        }
        Err(Code::SystemError.into())
    }

    fn open(&self, place: &str, text: &str, what: &'static str) -> Result<Zeroizing<String>> {
        let opened = self.at_rest.as_ref().and_then(|at_rest| at_rest.open(place, text));
        opened.map(Zeroizing::new).ok_or_else(|| Error::internal(Unreadable(what)))
    }

    fn seal(&self, place: &str, text: &str, base: &Base) -> Result<String> {
        let sealed = self.at_rest.as_ref().and_then(|at_rest| at_rest.seal(place, text, &*base.random));
        sealed.ok_or_else(|| Code::SystemError.into())
    }
}

fn assemble(seed: &[u8; 32], keys: &[StoredKey]) -> Result<Present> {
    let unfit = |refusal: Refusal| Error::internal(refusal);
    let mut present = Present { identity: SpaceIdentity::from_seed(seed).map_err(unfit)?, keys: Vec::new(), listed: Vec::new() };
    for key in keys {
        let secret = bytes_of(&key.secret).ok_or_else(|| Error::internal(Unreadable("keys")))?;
        let space_key = SpaceKey::new(&secret, key.not_before, key.not_after).map_err(unfit)?;
        present.listed.push(Listed { id: space_key.id().to_owned(), not_before_ms: key.not_before, not_after_ms: key.not_after });
        present.keys.push(space_key);
    }
    Ok(present)
}

/// 32 bytes of their hexadecimal digits.
pub fn bytes_of(hex: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (number, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(number * 2..number * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
