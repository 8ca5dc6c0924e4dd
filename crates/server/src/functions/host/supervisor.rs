//! Keeps the host running: starts it, starts it again when it ends, stops it with the program.

use std::{sync::Arc, time::Duration};

use anyhow::anyhow;
use lingpai_domain::secret::Secret;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use super::{
    Host, folder,
    process::{Entry, Event, Message, Process},
};
use crate::{functions::HostSecrets, runtime::told, state::State};

/// How long it may take until it can be called.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Pauses before it is started again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// A run of this length was a good one: the pauses begin anew, ms.
const GOOD_RUN_MS: i64 = 60_000;
/// How long calls under way may take at the end; the host itself allows ten seconds.
const PATIENCE: Duration = Duration::from_secs(12);

/// A host that is looked after.
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops it.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// Starts it and waits until it can be called.
///
/// # Errors
/// If the very first start fails: something is wrong with the machine or the settings.
pub async fn start(host: Host, state: Arc<State>) -> anyhow::Result<Running> {
    let (stop, stopped) = watch::channel(false);
    let (first, ready) = oneshot::channel();
    let task = tokio::spawn(keep(host, state, stopped, first));
    match ready.await {
        Ok(Ok(())) => Ok(Running { stop, task }),
        Ok(Err(words)) => Err(anyhow!("云函数宿主无法启动 / the host of cloud functions cannot start: {words}")),
        Err(_) => Err(anyhow!("云函数宿主无法启动 / the host of cloud functions cannot start")),
    }
}

async fn keep(host: Host, state: Arc<State>, mut stopped: watch::Receiver<bool>, first: oneshot::Sender<Result<(), String>>) {
    let mut first = Some(first);
    let mut pause = PAUSES.0;
    loop {
        let began = state.base.clock.now_ms();
        let secret = || Secret::new(state.base.random.hex(32));
        let secrets = HostSecrets { key: secret(), token: secret() };
        let why = match Process::start(&host, &secrets.key, &secrets.token) {
            Ok(process) => attend(process, &secrets, &state, &mut stopped, &mut first).await,
            Err(error) => Some(error.to_string()),
        };
        state.functions.host_ended();
        metrics::gauge!("lingpai_functions_host_up").set(0.0);
        let Some(why) = why else { return };
        if let Some(first) = first.take() {
            let _ = first.send(Err(why));
            return;
        }
        if state.base.clock.now_ms().saturating_sub(began) >= GOOD_RUN_MS {
            pause = PAUSES.0;
        }
        tracing::error!(why, again_in_ms = super::millis(pause), "the host of cloud functions ended");
        tokio::select! {
            () = told(&mut stopped) => return,
            () = tokio::time::sleep(pause) => {}
        }
        metrics::counter!("lingpai_functions_host_restarts_total").increment(1);
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// One run from its beginning to its end; answers why it ended, `None` if it was told to.
async fn attend(
    mut process: Process,
    secrets: &HostSecrets,
    state: &State,
    stopped: &mut watch::Receiver<bool>,
    first: &mut Option<oneshot::Sender<Result<(), String>>>,
) -> Option<String> {
    let pid = process.id();
    let too_late = tokio::time::sleep(READY_WITHIN);
    tokio::pin!(too_late);
    let mut is_ready = false;
    loop {
        let event = tokio::select! {
            () = told(stopped) => {
                process.stop(PATIENCE).await;
                return None;
            }
            () = &mut too_late, if !is_ready => return Some(format!("not ready within {} s", READY_WITHIN.as_secs())),
            event = process.next() => event,
        };
        match event {
            Event::Said(Message::Ready { port, functions, problems }) => {
                let names = admit(state, functions, &problems);
                if let Err(error) = state.functions.host_started(state, port, secrets, &names) {
                    return Some(format!("{error:#}"));
                }
                is_ready = true;
                metrics::gauge!("lingpai_functions_host_up").set(1.0);
                tracing::info!(pid, functions = names.join(" "), "the host of cloud functions is ready");
                if let Some(first) = first.take() {
                    let _ = first.send(Ok(()));
                }
            }
            Event::Said(Message::Changed { functions, problems }) => {
                let names = admit(state, functions, &problems);
                if let Err(error) = state.functions.host_changed(state, secrets, &names) {
                    return Some(format!("{error:#}"));
                }
                tracing::info!(functions = names.join(" "), "cloud functions were loaded again");
            }
            Event::Said(Message::Failed { text }) => return Some(text),
            Event::Said(Message::Output { .. }) => {}
            Event::Ended(status) => return Some(status),
        }
    }
}

/// The functions whose names are free; the others are told of.
fn admit(state: &State, functions: Vec<Entry>, problems: &[String]) -> Vec<String> {
    let mut names = Vec::with_capacity(functions.len());
    for problem in problems {
        tracing::warn!(problem, "functions_host");
    }
    for Entry { name } in functions {
        match folder::refusal(&state.settings, &name) {
            Some(problem) => tracing::warn!(problem, "functions_host"),
            None => names.push(name),
        }
    }
    names
}
