//! Google's list of revoked attestation keys, fetched where `androidRevocations.url` says so, beside the file that the
//! operator keeps. The list is not signed: HTTPS vouches for it, and the last good one stays whatever comes instead.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lingpai_domain::clock::Clock;
use lingpai_providers::http::{Http, HttpOptions, Request, UpstreamError};
use lingpai_secure::{attestation::Revocations, refusal::Refusal};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use crate::{config::center::secure_network::RevocationSource, runtime::told, state::State};

/// How often it is looked whether the time has come.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure it is tried again so soon, milliseconds.
const RETRY_AFTER_MS: i64 = 600_000;
/// The largest list. Google's has some hundred KiB.
const CEILING_BYTES: usize = 8 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(30);
const FILE: &str = "android-revocations.json";

/// The list that was fetched.
pub struct RevocationList {
    file: PathBuf,
    present: RwLock<Option<Arc<Fetched>>>,
    tried: Mutex<Tried>,
    one_at_a_time: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Tried {
    url: String,
    at_ms: Option<i64>,
    succeeded: bool,
}

struct Fetched {
    list: Revocations,
    at_ms: i64,
}

/// Why a list does not take the place of the last good one.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("{0}")]
    Upstream(#[from] UpstreamError),
    #[error("the address cannot be called: {0}")]
    Address(#[from] lingpai_providers::http::HttpOptionsError),
    #[error("it is no revocation list")]
    NoList,
    #[error("it is empty")]
    Empty,
}

impl RevocationList {
    /// With the last good list in the data folder, if there is one.
    pub fn new(data: &Path) -> Self {
        let file = data.join("secure-network").join(FILE);
        let kept = read(&file);
        Self { file, present: RwLock::new(kept.map(Arc::new)), tried: Mutex::default(), one_at_a_time: tokio::sync::Mutex::default() }
    }

    /// Reads again what is kept in the data folder, as a restart does.
    pub fn read_again(&self) {
        *self.present.write() = read(&self.file).map(Arc::new);
        *self.tried.lock() = Tried::default();
    }

    /// What is revoked: the operator's list and the fetched one. Refuses to judge by a list that is older than the
    /// operator wants it (`whenStale`).
    ///
    /// # Errors
    /// [`Refusal::RevocationsStale`]
    pub fn judge_by(&self, own: &Revocations, source: Option<&RevocationSource>, now_ms: i64) -> Result<Revocations, Refusal> {
        let Some(source) = source else { return Ok(own.clone()) };
        let fetched = self.present.read().clone();
        let age_ms = fetched.as_ref().map(|fetched| now_ms.saturating_sub(fetched.at_ms));
        if source.refuses_when_stale && age_ms.is_none_or(|age| age > source.max_age_ms) {
            return Err(Refusal::RevocationsStale);
        }
        Ok(fetched.map_or_else(|| own.clone(), |fetched| own.and(&fetched.list)))
    }

    /// Fetches the list where it is time to.
    pub async fn refresh(&self, source: Option<&RevocationSource>, clock: &Arc<dyn Clock>) {
        let Some(source) = source else { return };
        let _turn = self.one_at_a_time.lock().await;
        let now_ms = clock.now_ms();
        self.show_age(now_ms);
        if !self.is_due(source, now_ms) {
            return;
        }
        let outcome = self.fetch(source, clock).await;
        self.tried.lock().succeeded = outcome.is_ok();
        let word = if outcome.is_ok() { "fetched" } else { "failed" };
        metrics::counter!("lingpai_secure_revocation_fetches_total", "outcome" => word).increment(1);
        match outcome {
            Ok(entries) => tracing::info!(entries, "吊销列表已更新 / the revocation list was fetched"),
            Err(error) => {
                tracing::warn!(%error, "吊销列表未能更新,继续使用上一份 / the revocation list could not be fetched, the last good one stays");
            }
        }
        self.show_age(now_ms);
    }

    fn is_due(&self, source: &RevocationSource, now_ms: i64) -> bool {
        let fetched_ms = self.present.read().as_ref().map(|fetched| fetched.at_ms);
        let mut tried = self.tried.lock();
        let is_new = tried.url != source.url;
        let wait = if tried.succeeded || tried.at_ms.is_none() { source.every_ms } else { RETRY_AFTER_MS };
        let last = tried.at_ms.or(fetched_ms);
        // A clock that was set back must not put it off.
        let is_due = is_new && tried.at_ms.is_some() || last.is_none_or(|last| !(last..last.saturating_add(wait)).contains(&now_ms));
        if is_due {
            *tried = Tried { url: source.url.clone(), at_ms: Some(now_ms), succeeded: false };
        }
        is_due
    }

    async fn fetch(&self, source: &RevocationSource, clock: &Arc<dyn Clock>) -> Result<usize, Unfit> {
        let options = HttpOptions { timeout: TIMEOUT, max_answer_bytes: CEILING_BYTES, ..HttpOptions::default() };
        let upstream = Http::new(options, clock.clone())?.upstream("android-revocations", &source.url)?;
        let answer = upstream.call(Request::get("", &[])).await?;
        answer.expect_success()?;
        let list = Revocations::from_json(&answer.body).map_err(|_| Unfit::NoList)?;
        if list.is_empty() {
            return Err(Unfit::Empty);
        }
        let at_ms = clock.now_ms();
        if let Err(error) = keep(&self.file, at_ms, &answer.body) {
            tracing::warn!(%error, "吊销列表未能写入数据目录 / the revocation list could not be kept in the data folder");
        }
        let entries = list.len();
        *self.present.write() = Some(Arc::new(Fetched { list, at_ms }));
        Ok(entries)
    }

    fn show_age(&self, now_ms: i64) {
        if let Some(fetched) = &*self.present.read() {
            let age_s = now_ms.saturating_sub(fetched.at_ms) / 1000;
            metrics::gauge!("lingpai_secure_revocations_age_seconds").set(age_s as f64);
            metrics::gauge!("lingpai_secure_revocations").set(fetched.list.len() as f64);
        }
    }
}

/// Runs until `stop` is told.
pub async fn keep_fresh(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    loop {
        let config = state.secure.config();
        let source = config.revocation_source.as_ref().filter(|_| config.enabled);
        tokio::select! {
            () = told(&mut stop) => return,
            () = async {
                state.secure.revocations.refresh(source, &state.base.clock).await;
                tokio::time::sleep(LOOK_EVERY).await;
            } => {}
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    fetched_at: i64,
    list: Value,
}

fn read(file: &Path) -> Option<Fetched> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    Some(Fetched { list: Revocations::from_json(kept.list.to_string().as_bytes()).ok()?, at_ms: kept.fetched_at })
}

/// Puts the new list into the place of the old one; there is a whole one at any time.
fn keep(file: &Path, fetched_at: i64, list: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let new = file.with_extension("new");
    std::fs::write(&new, serde_json::to_vec(&Kept { fetched_at, list: serde_json::from_slice(list)? })?)?;
    std::fs::rename(new, file)
}
