//! What happens by itself: the configuration is read again when it changes, keys are rotated, old ones removed.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{SecureNetwork, client_keys};
use crate::{runtime::told, state::State};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Every so many looks the keyring is read again, for what other nodes and operators did to it.
const LOOKS_PER_REFRESH: u32 = 5;
/// Every so many looks old client keys are removed.
const LOOKS_PER_SWEEP: u32 = 600;

/// Runs until `stop` is told.
pub async fn keep_up(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    let mut looks = 0u32;
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        reload(&state.secure);
        if state.secure.config().enabled
            && let Err(error) = state.secure.client_keys.look(&state.base).await
        {
            tracing::warn!(cause = error.source.as_ref().map(ToString::to_string), "which client keys are revoked could not be read");
        }
        looks = looks.wrapping_add(1);
        if state.secure.config().enabled
            && looks.is_multiple_of(LOOKS_PER_REFRESH)
            && let Err(error) = state.secure.keyring.refresh(&state.base).await
        {
            tracing::warn!(cause = error.source.as_ref().map(ToString::to_string), "the secure network's keys could not be read");
        }
        if looks.is_multiple_of(LOOKS_PER_SWEEP) {
            sweep(&state).await;
        }
    }
}

/// Reads the folder again if it has changed. What is wrong with it is logged, and the former rules stay.
pub fn reload(secure: &SecureNetwork) {
    let known = secure.present.read().0.clone();
    let Some((stamp, config, problems)) = secure.source.changed(&known) else { return };
    for problem in &problems {
        tracing::error!(place = %problem.place, "{} / {}", problem.what.zh, problem.what.en);
    }
    let mut present = secure.present.write();
    present.0 = stamp;
    if problems.is_empty() {
        present.1 = Arc::new(config);
        tracing::info!("安全网络的配置已重新读取 / the secure network's configuration was read again");
    } else {
        tracing::error!("安全网络的配置有误,继续使用原来的 / the secure network's configuration has problems, the former one stays");
    }
}

/// Removes client keys that are past their time. They stand in the order of their handshakes, so the first that is not
/// ends the search.
pub async fn sweep(state: &State) {
    let now_ms = state.base.clock.now_ms();
    let is_over = |doc: &serde_json::Map<String, serde_json::Value>| {
        let over = doc.get("expired").and_then(serde_json::Value::as_i64).is_none_or(|end| end <= now_ms);
        over.then_some(true)
    };
    if let Err(error) = client_keys::remove(&state.base, is_over).await {
        tracing::warn!(cause = error.source.as_ref().map(ToString::to_string), "old client keys could not be removed");
    }
}
