//! Removes what is past its time, now and then.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use crate::{runtime::told, state::State};

const EVERY: Duration = Duration::from_secs(10 * 60);

/// Sweeps until `stop` is told.
pub async fn run(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            () = tokio::time::sleep(EVERY) => sweep(&state).await,
        }
    }
}

/// Sweeps once.
pub async fn sweep(state: &State) {
    let now = state.base.clock.now_ms();
    let before = |kept: Duration| now.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX));
    let retention = &state.settings.retention;
    if let Err(error) = state.base.store.sweep(now, before(retention.codes), retention.log.map(before)).await {
        tracing::warn!(%error, "old rows could not be swept");
    }
    if let Some(kept) = retention.audit
        && let Err(error) = state.base.store.sweep_audit(before(kept)).await
    {
        tracing::warn!(%error, "old rows of the audit could not be swept");
    }
    if let Err(error) = state.files.clear_incoming(now) {
        tracing::warn!(%error, "abandoned uploads could not be removed");
    }
}
