//! Renews the credentials of `uni-open-bridge/config.json` ahead of their end.

use std::{sync::Arc, time::Duration};

use lingpai_domain::error::{Code, Result};
use tokio::sync::watch;

use super::{BridgePlatform, Holder};
use crate::{config::center::Task, runtime::told, state::State};

/// How often it is looked: well within the five minutes before the end in which WeChat hands out the next
/// token while the present one is still good.
const EVERY: Duration = Duration::from_secs(60);

/// Looks again and again until `stop` is told.
pub async fn run(state: Arc<State>, mut stop: watch::Receiver<bool>) {
    if state.center.open_bridge().tasks.is_empty() {
        return;
    }
    loop {
        tokio::select! {
            () = told(&mut stop) => return,
            () = refresh(&state) => {}
        }
        tokio::select! {
            () = told(&mut stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Renews everything once that is near its end. Failures are logged and left to the next time.
pub async fn refresh(state: &State) {
    for task in &state.center.open_bridge().tasks {
        if let Err(error) = refresh_one(state, task).await {
            let (provider, credential) = (task.platform.provider(), task.credential.field());
            tracing::warn!(app = %task.app_id, provider, credential, ?error, "a credential could not be renewed");
        }
    }
}

async fn refresh_one(state: &State, task: &Task) -> Result<()> {
    let holder = Holder::of(state, &task.app_id, BridgePlatform::Weixin(task.platform))?;
    let Some((platform, application)) = holder.renewable() else { return Err(Code::ConfigFieldRequired.into()) };
    let tokens = &state.open_bridge.access_tokens;
    tokens.keep_ahead(task.credential, platform, application).await.map_err(|none| none.with_code(Code::UnknownError))
}
