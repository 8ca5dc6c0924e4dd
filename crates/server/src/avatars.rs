//! Pictures of newcomers: a third party's address is taken over at registration, and a little later the
//! picture itself, into this server's own storage. Nobody's login waits for that or fails by it.
//!
//! It takes an address at which clients reach the files (`storage.public_url`): a request's `Host` is the
//! client's word, and nothing that is stored may come from it. What is not a picture is taken away again;
//! what cannot be fetched at the moment stays at the third party's address.

use std::{collections::VecDeque, sync::Arc};

use anyhow::Context;
use lingpai_domain::store::{FileAdded, FileQuota, FileRecord, UserUpdate, UserUpdated};
use lingpai_providers::pictures::{Picture, PictureError, Pictures};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::{
    sync::{Mutex as AsyncMutex, Notify, watch},
    task::JoinSet,
};

use crate::{config::Settings, files::content, runtime::told, state::State};

/// Newcomers whose pictures wait; of more the third party's address stays.
const MOST: usize = 1_000;
/// Pictures that are fetched at the same time.
const AT_ONCE: usize = 4;
/// How often a user is read again who changed in between.
const ATTEMPTS: usize = 5;

/// Pictures that are to be fetched.
pub struct Avatars {
    /// `None`: none are.
    adopting: Option<Adopting>,
    waiting: Mutex<VecDeque<Newcomer>>,
    came: Notify,
    turn: AsyncMutex<()>,
}

struct Adopting {
    pictures: Pictures,
    /// Where clients reach the files.
    public_url: String,
}

struct Newcomer {
    uid: String,
    app: String,
    /// The third party's address, as it stands in `avatar_file`.
    address: String,
}

impl Avatars {
    /// As the settings say.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up.
    pub fn new(settings: &Settings) -> anyhow::Result<Self> {
        let storage = &settings.storage;
        let adopting = match &storage.public_url {
            Some(public_url) if storage.enabled && storage.avatars => Some(Adopting {
                pictures: Pictures::new(storage.avatars_from_private_addresses, settings.providers.timeout).context("avatars")?,
                public_url: public_url.clone(),
            }),
            _ => None,
        };
        Ok(Self { adopting, waiting: Mutex::default(), came: Notify::new(), turn: AsyncMutex::default() })
    }

    /// Takes note of a newcomer's picture, if there is one.
    pub fn take_note(&self, uid: &str, app: &str, fields: &Map<String, Value>) {
        let address = fields.get("avatar_file").and_then(|file| file.get("url")).and_then(Value::as_str);
        let (Some(address), Some(_)) = (address, &self.adopting) else { return };
        let mut waiting = self.waiting.lock();
        if waiting.len() >= MOST {
            drop(waiting);
            count("dropped");
            return;
        }
        waiting.push_back(Newcomer { uid: uid.to_owned(), app: app.to_owned(), address: address.to_owned() });
        drop(waiting);
        self.came.notify_one();
    }

    /// Fetches everything that waits. Rounds wait for each other.
    pub async fn round(&self, state: &Arc<State>) {
        let _one_at_a_time = self.turn.lock().await;
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < AT_ONCE {
                let Some(newcomer) = self.waiting.lock().pop_front() else { break };
                let state = state.clone();
                under_way.spawn(async move { state.avatars.adopt(&state, &newcomer).await });
            }
            if under_way.join_next().await.is_none() {
                return;
            }
        }
    }

    async fn adopt(&self, state: &State, newcomer: &Newcomer) {
        let Some(adopting) = &self.adopting else { return };
        let outcome = match adopting.pictures.fetch(&newcomer.address).await {
            Ok(picture) => keep(state, newcomer, picture, &adopting.public_url).await,
            Err(error @ PictureError::Unreachable(_)) => {
                tracing::info!(uid = %newcomer.uid, %error, "a newcomer's picture stays where it is");
                Ok("unreachable")
            }
            Err(error @ PictureError::Refused(_)) => {
                tracing::info!(uid = %newcomer.uid, %error, "a newcomer's picture is not taken over");
                replace(state, newcomer, None).await.map(|_| "refused")
            }
        };
        count(outcome.unwrap_or_else(|error| {
            tracing::warn!(uid = %newcomer.uid, error = format!("{error:#}"), "a newcomer's picture could not be stored");
            "failed"
        }));
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("lingpai_avatars_total", "outcome" => outcome).increment(1);
}

/// Fetches pictures until `stop` is told. What waits then stays at the third party's address.
pub async fn run(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    if state.avatars.adopting.is_none() {
        return;
    }
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            () = state.avatars.came.notified() => {}
        }
        let mut round = std::pin::pin!(state.avatars.round(&state));
        tokio::select! {
            () = &mut round => {}
            () = told(&mut stop) => {
                // What was begun is finished: it is bounded in time.
                state.avatars.waiting.lock().clear();
                return round.await;
            }
        }
    }
}

/// Stores the picture as the user's own file, and its address in place of the third party's.
async fn keep(state: &State, newcomer: &Newcomer, picture: Picture, public_url: &str) -> anyhow::Result<&'static str> {
    let base = &state.base;
    let id = base.random.hex(16);
    let name = format!("avatar.{}", Picture::EXTENSION);
    let mut incoming = state.files.receive(&id).await?;
    incoming.write(&picture.bytes).await?;
    incoming.finish().await?;
    let record = FileRecord {
        id: id.clone(),
        owner: Some(newcomer.uid.clone()),
        app: newcomer.app.clone(),
        cloud_path: format!("user/avatar/{name}"),
        size: picture.bytes.len() as u64,
        media_type: Picture::MEDIA_TYPE.to_owned(),
        created_at: base.clock.now_ms(),
    };
    let storage = &state.settings.storage;
    let quota = FileQuota { per_owner: storage.user_quota_bytes, total: storage.total_quota_bytes };
    if base.store.add_file(&record, quota).await? != FileAdded::Done {
        return Ok("over_quota");
    }
    let stored = state.files.keep(incoming, &id, content::named(Picture::MEDIA_TYPE)).await;
    let url = format!("{public_url}/storage/{id}/{name}");
    let file = json!({"name": record.cloud_path, "extname": Picture::EXTENSION, "url": url});
    let replaced = match stored {
        Ok(()) => replace(state, newcomer, Some(file)).await,
        Err(error) => Err(error.into()),
    };
    if !matches!(replaced, Ok(true)) {
        state.files.remove(&id).await?;
        base.store.remove_file(&id, None).await?;
    }
    replaced.map(|replaced| if replaced { "kept" } else { "changed" })
}

/// Replaces `avatar_file` where it is still the one of the registration. `Ok(false)`: it is not.
async fn replace(state: &State, newcomer: &Newcomer, file: Option<Value>) -> anyhow::Result<bool> {
    for _ in 0..ATTEMPTS {
        let Some(user) = state.base.store.user(&newcomer.uid).await? else { return Ok(false) };
        let present = user.doc.get("avatar_file").and_then(|file| file.get("url")).and_then(Value::as_str);
        if present != Some(newcomer.address.as_str()) {
            return Ok(false);
        }
        let mut doc = user.doc.clone();
        match &file {
            Some(file) => doc.insert("avatar_file".into(), file.clone()),
            None => doc.remove("avatar_file"),
        };
        let update =
            UserUpdate { uid: newcomer.uid.clone(), revision: user.revision, doc, identity_card_digest: None, log: None, on_taken: None };
        if state.base.store.update_user(&update).await? == UserUpdated::Done {
            return Ok(true);
        }
    }
    anyhow::bail!("the user changes all the time")
}
