//! Client keys: in `opendb-app-client-key`, their secrets encrypted under the master key, and those in use in memory.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_domain::{
    error::{Code, Error, Result},
    random::to_hex,
};
use lingpai_secure::{
    attestation::apple::{self, AttestedKey},
    client_key::ClientKey,
    device_key::DevicePublicKey,
    handshake::{EvidenceLevel, server::ClientKeyRecord},
};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::{
    at_rest::AtRest,
    config::center::secure_network::{Platform, Version},
    state::Base,
};

/// The collection.
pub const COLLECTION: &str = "opendb-app-client-key";

/// For how long a key in memory is believed in without asking the store. Keys that are revoked as they should be are refused
/// everywhere sooner ([`ClientKeys::look`]); this is for those that somebody removes from the database. Milliseconds.
pub const BELIEVED_FOR_MS: i64 = 5_000;

/// The row that says when keys were revoked last: a random text.
const REVOKED: &str = "lingpai:secure-network:client-keys-revoked";

/// Keys per generation; when one is full the one before it is forgotten. About 2 KiB a key.
const PER_GENERATION: usize = 8_192;

/// A key that is ready to use, and whose it is.
#[derive(Debug)]
pub struct ActiveKey {
    /// Opens and seals.
    pub key: ClientKey,
    /// `appId`
    pub app_id: String,
    /// `deviceId`
    pub device_id: String,
    /// The platform.
    pub platform: Platform,
    /// Package, bundle id, origin or mini program appid.
    pub package: String,
    /// Which registered build it was at the handshake.
    pub version: Version,
    /// What was accepted at the handshake.
    pub level: EvidenceLevel,
    /// The App Attest key of the handshake, with the counter of the attestation: later ones are in the store.
    pub app_attest: Option<AttestedKey>,
}

struct Remembered {
    key: Arc<ActiveKey>,
    believed_until_ms: i64,
}

#[derive(Default)]
struct Memory {
    /// What [`REVOKED`] said when it was last looked at.
    revoked: Option<String>,
    current: HashMap<String, Remembered>,
    previous: HashMap<String, Remembered>,
}

/// All client keys.
pub struct ClientKeys {
    at_rest: Option<AtRest>,
    memory: Mutex<Memory>,
}

impl ClientKeys {
    /// None in memory yet.
    pub fn new(at_rest: Option<AtRest>) -> Self {
        Self { at_rest, memory: Mutex::default() }
    }

    /// A key by its id; `None`: there is none (any more), or it is past its time.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find(&self, base: &Base, id: &str) -> Result<Option<Arc<ActiveKey>>> {
        let now_ms = base.clock.now_ms();
        let remembered = self.memory.lock().find(id, now_ms);
        let known = match remembered {
            Some((key, true)) => return Ok(Some(key)),
            Some((key, false)) => Some(key),
            None => None,
        };
        let Some(doc) = base.store.app_client_key(id).await? else {
            self.forget(id);
            return Ok(None);
        };
        let found = known.or_else(|| {
            let read = self.read(id, &doc);
            if read.is_none() {
                tracing::warn!(
                    key_id = id,
                    "a client key in the database cannot be read: was it stored under another security.master_key?"
                );
            }
            read.map(Arc::new)
        });
        let found = found.filter(|active| !active.key.has_expired(now_ms));
        match &found {
            Some(key) => self.memory.lock().remember(id, key.clone(), now_ms),
            None => self.forget(id),
        }
        Ok(found)
    }

    /// Stores the key that a handshake made.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn store(&self, base: &Base, record: &ClientKeyRecord, platform: Platform, version: Version) -> Result<()> {
        let sealed = self.at_rest.as_ref().and_then(|at_rest| {
            let secret = Zeroizing::new(to_hex(record.secret.as_slice()));
            at_rest.seal(&record.key_id, &secret, &*base.random)
        });
        let doc = json!({
            "_id": record.key_id,
            "appid": record.app_id,
            "device_id": record.device_id,
            "platform": platform.name(),
            "package": record.package,
            "app_version": record.app_version,
            "version": version.name(),
            "evidence": record.level,
            "device_key": STANDARD.encode(record.device.as_bytes()),
            "client_key": sealed.ok_or(Code::SystemError)?,
            "create_date": base.clock.now_ms(),
            "expired": record.expires_ms,
        });
        let Value::Object(mut doc) = doc else { return Err(Code::SystemError.into()) };
        if let Some(key) = &record.apple_key {
            doc.insert("app_attest_key".into(), STANDARD.encode(key.public_key.as_bytes()).into());
            doc.insert("assertion_counter".into(), key.counter.into());
        }
        Ok(base.store.put(COLLECTION, &doc).await?)
    }

    /// Looks whether keys were revoked since the last look. Then nothing in memory is believed in any more.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn look(&self, base: &Base) -> Result<()> {
        if self.memory.lock().is_empty() {
            return Ok(());
        }
        let revoked = base.store.open_data(REVOKED, base.clock.now_ms()).await?.map(|(text, _)| text);
        let mut memory = self.memory.lock();
        if memory.revoked != revoked {
            *memory = Memory { revoked, ..Memory::default() };
        }
        Ok(())
    }

    /// Forgets a key that is no more.
    pub fn forget(&self, id: &str) {
        let mut memory = self.memory.lock();
        memory.current.remove(id);
        memory.previous.remove(id);
    }

    fn read(&self, id: &str, doc: &Map<String, Value>) -> Option<ActiveKey> {
        let text = |name: &str| doc.get(name).and_then(Value::as_str);
        let secret = Zeroizing::new(self.at_rest.as_ref()?.open(id, text("client_key")?)?);
        let secret = super::keyring::bytes_of(&secret)?;
        let device: [u8; 65] = STANDARD.decode(text("device_key")?).ok()?.try_into().ok()?;
        let expires_ms = doc.get("expired")?.as_i64()?;
        Some(ActiveKey {
            key: ClientKey::derive(id, &secret, DevicePublicKey::from_bytes(device), expires_ms).ok()?,
            app_id: text("appid")?.to_owned(),
            device_id: text("device_id")?.to_owned(),
            platform: Platform::parse(text("platform")?)?,
            package: text("package")?.to_owned(),
            version: Version::parse(text("version")?)?,
            level: serde_json::from_value(doc.get("evidence")?.clone()).ok()?,
            app_attest: match text("app_attest_key") {
                Some(key) => Some(app_attest_key(key)?),
                None => None,
            },
        })
    }
}

fn app_attest_key(base64: &str) -> Option<AttestedKey> {
    let point: [u8; 65] = STANDARD.decode(base64).ok()?.try_into().ok()?;
    let key_id = apple::client_data_hash(&point);
    Some(AttestedKey { key_id, public_key: DevicePublicKey::from_bytes(point), counter: 0 })
}

impl Memory {
    fn is_empty(&self) -> bool {
        self.current.is_empty() && self.previous.is_empty()
    }

    /// A key, and whether it is still believed in.
    fn find(&self, id: &str, now_ms: i64) -> Option<(Arc<ActiveKey>, bool)> {
        let found = self.current.get(id).or_else(|| self.previous.get(id))?;
        // A clock that was set back must not prolong belief.
        let believed = (found.believed_until_ms - BELIEVED_FOR_MS..found.believed_until_ms).contains(&now_ms);
        Some((found.key.clone(), believed && !found.key.key.has_expired(now_ms)))
    }

    fn remember(&mut self, id: &str, key: Arc<ActiveKey>, now_ms: i64) {
        if self.current.len() >= PER_GENERATION && !self.current.contains_key(id) {
            self.previous = std::mem::take(&mut self.current);
        }
        self.current.insert(id.to_owned(), Remembered { key, believed_until_ms: now_ms.saturating_add(BELIEVED_FOR_MS) });
    }
}

/// Which keys an operator means.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Of this application.
    pub app_id: Option<String>,
    /// Of this device.
    pub device_id: Option<String>,
    /// This one.
    pub key_id: Option<String>,
}

impl Chosen {
    /// Whether a document is meant.
    pub fn includes(&self, doc: &Map<String, Value>) -> bool {
        let is = |wanted: &Option<String>, name: &str| {
            wanted.as_deref().is_none_or(|wanted| doc.get(name).and_then(Value::as_str) == Some(wanted))
        };
        is(&self.app_id, "appid") && is(&self.device_id, "device_id") && is(&self.key_id, "_id")
    }
}

/// Removes the keys that an operator means, and lets all nodes know; how many there were.
///
/// # Errors
/// If the store fails.
pub async fn revoke(base: &Base, chosen: &Chosen) -> Result<usize> {
    let removed = remove(base, |doc| Some(chosen.includes(doc))).await?;
    if removed > 0 {
        base.store.put_open_data(REVOKED, &base.random.hex(16), None).await?;
    }
    Ok(removed)
}

/// Documents are read in pages of this many.
const PAGE: usize = 500;

/// Calls `each` with every document, in the order of their handshakes, until it says no.
///
/// # Errors
/// If the store fails.
pub async fn walk(base: &Base, mut each: impl FnMut(&Map<String, Value>) -> bool) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = base.store.export(COLLECTION, after.as_deref(), PAGE).await?;
        if page.iter().any(|doc| !each(doc)) || page.len() < PAGE {
            return Ok(());
        }
        after = page.last().and_then(|doc| doc.get("_id")).and_then(Value::as_str).map(str::to_owned);
        if after.is_none() {
            return Err(Error::new(Code::SystemError));
        }
    }
}

/// Removes documents; how many there were.
///
/// # Errors
/// If the store fails.
pub async fn remove(base: &Base, meant: impl Fn(&Map<String, Value>) -> Option<bool>) -> Result<usize> {
    let mut ids = Vec::new();
    walk(base, |doc| {
        let verdict = meant(doc);
        if let (Some(true), Some(id)) = (verdict, doc.get("_id").and_then(Value::as_str)) {
            ids.push(id.to_owned());
        }
        verdict.is_some()
    })
    .await?;
    let mut removed = 0;
    for id in &ids {
        removed += usize::from(base.store.remove(COLLECTION, id).await?);
    }
    Ok(removed)
}
