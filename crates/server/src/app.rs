//! The program as a library: a running server that the binary, the tests and the conformance
//! runner start alike.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use lingpai_domain::{
    clock::Clock,
    id::Ids,
    messaging::{MailGateway, SmsGateway},
    project::ProjectScripts,
    random::Random,
    secret::Secret,
    store::Store,
};
use lingpai_providers::outbox::Outbox;
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    avatars,
    config::{Center, Settings},
    delivery::Delivery,
    functions::host::{self, Host},
    open_bridge,
    runtime::told,
    scripts::FolderScripts,
    secure_network,
    sessions::Sessions,
    state::{Base, State},
    sweeper, telemetry,
    transport::{self, Listener, ListenerOptions},
    uses,
    webhooks::{self, Postman},
};

/// What a server is made of.
pub struct AppOptions {
    /// `lingpai.toml`
    pub settings: Settings,
    /// The `uni-config-center` folder.
    pub center: Center,
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Who carries short messages.
    pub sms: Option<Arc<dyn SmsGateway>>,
    /// Who carries mails.
    pub mail: Option<Arc<dyn MailGateway>>,
    /// What creating the first administrator takes; `None` in development mode.
    pub setup_token: Option<Secret>,
    /// Where to listen.
    pub listen: SocketAddr,
}

/// A running server.
pub struct App {
    address: SocketAddr,
    state: Arc<State>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    host: Option<host::Running>,
}

impl App {
    /// Starts a server.
    pub async fn start(options: AppOptions) -> anyhow::Result<Self> {
        let AppOptions { settings, center, store, clock, random, sms, mail, setup_token, listen } = options;
        let base = Base { store, clock: clock.clone(), random, ids: Arc::new(Ids::default()) };
        keep_indexes(&center, &base).await?;
        let sessions = Sessions::load(&base).await.context("reading what was revoked / 读取已撤销的会话")?;
        let scripts = load_scripts(&center, &settings, &base).await?;
        let outbox = open_outbox(&settings)?;
        let mut delivery = Delivery::new(sms, mail, outbox, clock);
        delivery.postman = Postman::new(&settings, base.clone()).context("webhooks")?;
        let listener_options =
            ListenerOptions { header_timeout: settings.server.header_timeout, max_connections: settings.server.max_connections };
        let listener = Listener::bind(listen, listener_options).await.with_context(|| {
            format!("cannot listen on {listen}: is another program there already? / 无法监听 {listen},端口可能已被占用")
        })?;
        let address = listener.address()?;
        let state = Arc::new(State::new(settings, center, base.clone(), Arc::new(sessions), delivery, scripts, setup_token)?);

        state.files.clear_incoming(base.clock.now_ms()).context("clearing the folder of uploads / 清理上传目录")?;
        let (stop, stopped) = watch::channel(false);
        let router = transport::router(state.clone());
        let sessions = state.sessions.clone();
        let tasks = vec![
            tokio::spawn(listener.serve(router, stopped.clone())),
            tokio::spawn({
                let stopped = stopped.clone();
                async move { sessions.keep_fresh(base, stopped).await }
            }),
            tokio::spawn(sweeper::run(state.clone(), stopped.clone())),
            tokio::spawn(secure_network::keep_up(state.clone(), stopped.clone())),
            tokio::spawn(secure_network::revocation_list::keep_fresh(state.clone(), stopped.clone())),
            tokio::spawn({
                let (state, stopped) = (state.clone(), stopped.clone());
                async move { state.secure.replays.keep_up(&state.base, stopped).await }
            }),
            tokio::spawn(open_bridge::refresher::run(state.clone(), stopped.clone())),
            tokio::spawn(uses::keep_noting(state.clone(), stopped.clone())),
            tokio::spawn(avatars::run(state.clone(), stopped.clone())),
            tokio::spawn(webhooks::run(state.clone(), stopped.clone())),
            tokio::spawn(upkeep(stopped)),
        ];
        let host = match start_host(&state, address).await {
            Ok(host) => host,
            Err(error) => {
                let _ = stop.send(true);
                return Err(error);
            }
        };
        Ok(Self { address, state, stop, tasks, host })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds, for tests.
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Finishes what is under way (ten seconds at most) and stops.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for task in self.tasks {
            let _ = task.await;
        }
        // Only now: what was under way may have been a cloud function's.
        if let Some(host) = self.host {
            host.stop().await;
        }
        // After the last call: other nodes and the next start find everything in the store, and need not wait.
        if let Err(error) = self.state.secure.replays.leave(&self.state.base).await {
            tracing::warn!(cause = error.source.as_ref().map(ToString::to_string), "the memory of sealed calls was not handed over");
        }
    }
}

/// Starts the host of cloud functions, if there is a folder of them.
async fn start_host(state: &Arc<State>, address: SocketAddr) -> anyhow::Result<Option<host::Running>> {
    match Host::prepare(&state.settings, address)? {
        Some(host) => Ok(Some(host::start(host, state.clone()).await?)),
        None => Ok(None),
    }
}

/// Makes the indexes of the project's own collections what the project says.
async fn keep_indexes(center: &Center, base: &Base) -> anyhow::Result<()> {
    let kept = base.store.keep_indexes(&center.schemas().indexes()).await.context("indexes of collections / 集合的索引")?;
    if let Some(index) = kept.not_unique.first() {
        let (collection, name, fields) = (&index.collection, &index.name, index.label());
        anyhow::bail!(
            "{collection}.index.json: {name} 不能唯一,已有 {fields} 相同的数据 / {name} cannot be unique: there are documents \
             with the same {fields} already"
        );
    }
    Ok(())
}

async fn load_scripts(center: &Center, settings: &Settings, base: &Base) -> anyhow::Result<Option<Arc<dyn ProjectScripts>>> {
    if !center.scripts().any() {
        return Ok(None);
    }
    let scripts = FolderScripts::load(&center.scripts().folder, &settings.scripts, base.clock.clone(), base.random.clone()).await?;
    Ok(Some(Arc::new(scripts)))
}

fn open_outbox(settings: &Settings) -> anyhow::Result<Option<Arc<Outbox>>> {
    if settings.mode != crate::config::settings::Mode::Development {
        return Ok(None);
    }
    std::fs::create_dir_all(&settings.data_dir).with_context(|| format!("making the data folder {}", settings.data_dir.display()))?;
    Ok(Some(Arc::new(Outbox::open(&settings.data_dir).context("opening the development outbox")?)))
}

async fn upkeep(mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = told(&mut stopped) => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => telemetry::metrics_endpoint::upkeep(),
        }
    }
}
