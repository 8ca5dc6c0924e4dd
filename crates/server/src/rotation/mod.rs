//! Exchanging secrets: what is at rest under one master key is put under another. Everything is done item by item and can
//! be begun again: what is under the new key already stays.

pub mod token_secret;

use lingpai_domain::{account::User, second_step::SecondStepKeys, secret::Secret};
use serde_json::{Map, Value};

use crate::{
    at_rest::{AtRest, is_sealed},
    open_data, secure_network,
    state::Base,
};

/// Documents of a page.
const PAGE: usize = 500;
/// How often an item is read again because it changed in between.
const ATTEMPTS: usize = 4;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Values of `opendb-open-data`: credentials of third parties, keys of the secure network.
    pub open_data: u64,
    /// Documents of `opendb-app-client-key`.
    pub client_keys: u64,
    /// Second steps of users.
    pub second_steps: u64,
    /// What was under the new key before.
    pub already: u64,
    /// What is under neither: left as it is.
    pub unreadable: u64,
}

/// The keys of one purpose.
struct Pair {
    old: AtRest,
    new: AtRest,
}

enum Resealed {
    Anew(String),
    Already,
    Unreadable,
}

impl Pair {
    fn new(old: &Secret, new: &Secret, purpose: &str) -> anyhow::Result<Self> {
        let derived = AtRest::new(old, purpose).zip(AtRest::new(new, purpose));
        let (old, new) = derived.ok_or_else(|| anyhow::anyhow!("no key can be derived"))?;
        Ok(Self { old, new })
    }

    fn reseal(&self, place: &str, text: &str, base: &Base) -> Resealed {
        match self.old.open(place, text).and_then(|plain| self.new.seal(place, &plain, &*base.random)) {
            Some(text) => Resealed::Anew(text),
            None if self.new.open(place, text).is_some() => Resealed::Already,
            None => Resealed::Unreadable,
        }
    }
}

/// Puts everything at rest under another master key. `dry_run`: only counts.
///
/// # Errors
/// If the store fails.
pub async fn master_key(base: &Base, old: &Secret, new: &Secret, dry_run: bool) -> anyhow::Result<Rotated> {
    let mut rotated = Rotated::default();
    open_data(base, old, new, dry_run, &mut rotated).await?;
    client_keys(base, old, new, dry_run, &mut rotated).await?;
    second_steps(base, old, new, dry_run, &mut rotated).await?;
    Ok(rotated)
}

/// All documents of a collection, a page at a time.
async fn page(base: &Base, collection: &str, after: &mut Option<String>) -> anyhow::Result<Vec<Map<String, Value>>> {
    let page = base.store.export(collection, after.as_deref(), PAGE).await?;
    *after = page.last().and_then(|doc| text(doc, "_id")).map(str::to_owned);
    Ok(page)
}

fn text<'a>(doc: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    doc.get(field).and_then(Value::as_str)
}

async fn open_data(base: &Base, old: &Secret, new: &Secret, dry_run: bool, rotated: &mut Rotated) -> anyhow::Result<()> {
    let purposes = [open_data::PURPOSE, secure_network::SPACE_KEYS].map(|purpose| Pair::new(old, new, purpose));
    let purposes = purposes.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    let mut after = None;
    loop {
        let docs = page(base, "opendb-open-data", &mut after).await?;
        for doc in &docs {
            let (Some(key), Some(value)) = (text(doc, "_id"), text(doc, "value")) else { continue };
            if !is_sealed(value) {
                continue;
            }
            let expired = doc.get("expired").and_then(Value::as_i64);
            let resealed = purposes.iter().map(|pair| pair.reseal(key, value, base));
            match resealed.reduce(|one, other| if matches!(one, Resealed::Unreadable) { other } else { one }) {
                Some(Resealed::Anew(_)) if dry_run => rotated.open_data += 1,
                Some(Resealed::Anew(anew)) => {
                    // Changed or gone in between: a server is still running, which writes under the old key.
                    anyhow::ensure!(base.store.replace_open_data(key, Some(value), &anew, expired).await?, STILL_RUNNING);
                    rotated.open_data += 1;
                }
                Some(Resealed::Already) => rotated.already += 1,
                Some(Resealed::Unreadable) | None => rotated.unreadable += 1,
            }
        }
        if docs.len() < PAGE {
            return Ok(());
        }
    }
}

const STILL_RUNNING: &str = "the data changes meanwhile: stop all nodes first / 数据正在变化,请先停止全部节点";

async fn client_keys(base: &Base, old: &Secret, new: &Secret, dry_run: bool, rotated: &mut Rotated) -> anyhow::Result<()> {
    let pair = Pair::new(old, new, secure_network::CLIENT_KEYS)?;
    let mut after = None;
    loop {
        let docs = page(base, secure_network::client_keys::COLLECTION, &mut after).await?;
        for doc in &docs {
            let (Some(id), Some(value)) = (text(doc, "_id"), text(doc, "client_key")) else { continue };
            match pair.reseal(id, value, base) {
                Resealed::Anew(_) if dry_run => rotated.client_keys += 1,
                Resealed::Anew(anew) => {
                    let mut changed = doc.clone();
                    changed.insert("client_key".into(), anew.into());
                    base.store.put(secure_network::client_keys::COLLECTION, &changed).await?;
                    rotated.client_keys += 1;
                }
                Resealed::Already => rotated.already += 1,
                Resealed::Unreadable => rotated.unreadable += 1,
            }
        }
        if docs.len() < PAGE {
            return Ok(());
        }
    }
}

async fn second_steps(base: &Base, old: &Secret, new: &Secret, dry_run: bool, rotated: &mut Rotated) -> anyhow::Result<()> {
    let keys = |master: &Secret| SecondStepKeys::new(Some(master), &*base.random);
    let (old, new) = (keys(old), keys(new));
    let mut after = None;
    loop {
        let docs = page(base, "uni-id-users", &mut after).await?;
        let users = docs.iter().map(|doc| User::new(doc.clone()));
        for user in users.filter(User::has_second_step) {
            second_step(base, &old, &new, user.id(), dry_run, rotated).await?;
        }
        if docs.len() < PAGE {
            return Ok(());
        }
    }
}

async fn second_step(
    base: &Base,
    old: &SecondStepKeys,
    new: &SecondStepKeys,
    uid: &str,
    dry_run: bool,
    rotated: &mut Rotated,
) -> anyhow::Result<()> {
    for _ in 0..ATTEMPTS {
        let Some(stored) = base.store.second_step(uid).await?.filter(|stored| stored.confirmed) else { return Ok(()) };
        let Ok(secret) = old.open(uid, &stored.secret) else {
            match new.open(uid, &stored.secret) {
                Ok(_) => rotated.already += 1,
                Err(_) => rotated.unreadable += 1,
            }
            return Ok(());
        };
        let anew = new.seal(uid, &secret, &*base.random)?;
        if dry_run || base.store.replace_second_step_secret(uid, &stored.secret, &anew).await? {
            rotated.second_steps += 1;
            return Ok(());
        }
    }
    anyhow::bail!(STILL_RUNNING)
}
