//! Functions behind the gate: HTTP services in any language (`[[functions]]` in the settings), and a folder of cloud functions
//! that this program runs by Node (`[functions_host]`).

mod call;
pub mod host;
mod signature;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Context;
use axum::http::HeaderMap;
use lingpai_domain::{clock::Clock, secret::Secret};
use lingpai_providers::http::{CircuitRule, Http, HttpOptions, Upstream};
use parking_lot::RwLock;
use url::Url;

pub use call::{Failure, invoke};
pub use signature::{Signed, canonical, sign};

use crate::{config::Settings, state::State};

/// Answers may be so much larger than requests.
const ANSWER_FACTOR: usize = 4;
/// The host's own time limit comes first; this one is for a host that hangs.
const HOST_GRACE: Duration = Duration::from_secs(2);
/// What the host names itself with when it calls this program.
const HOST_TOKEN: &str = "x-lingpai-functions-host";

/// A function behind the gate.
pub struct Function {
    /// `functionTarget`
    pub name: String,
    /// Whether the URL form reaches it.
    pub http: bool,
    /// `None`: the host of cloud functions is not running just now.
    upstream: Option<Upstream>,
    /// Path and query of its address, which the signature covers.
    path: String,
    key: Secret,
}

/// What the host of cloud functions got at its start.
pub struct HostSecrets {
    /// Signs the calls of its functions.
    pub key: Secret,
    /// What it names itself with when it calls back.
    pub token: Secret,
}

/// All of them.
#[derive(Default)]
pub struct Functions {
    configured: HashMap<String, Arc<Function>>,
    hosted: RwLock<Hosted>,
}

#[derive(Default)]
struct Hosted {
    functions: HashMap<String, Arc<Function>>,
    /// The way to the host and its port; `None`: it is not running.
    way: Option<(Http, u16)>,
    token: Option<Secret>,
    /// Whether it ever ran.
    has_run: bool,
}

impl Functions {
    /// Prepares the ways to the services of the settings; nothing is connected yet.
    ///
    /// # Errors
    /// If the TLS library refuses, or an address is none.
    pub fn new(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let mut functions = HashMap::new();
        for configured in &settings.functions {
            let place = || format!("functions: {}", configured.name);
            let upstream = http(settings, clock, configured.timeout, configured.at_once)
                .and_then(|http| Ok(http.upstream("function", configured.url.expose())?))
                .with_context(place)?;
            // As the client makes it: without a slash at the end.
            let url = Url::parse(configured.url.expose().trim_end_matches('/')).with_context(place)?;
            let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            let function = Function {
                name: configured.name.clone(),
                http: configured.http,
                upstream: Some(upstream),
                path,
                key: configured.key.clone(),
            };
            functions.insert(configured.name.clone(), Arc::new(function));
        }
        Ok(Self { configured: functions, hosted: RwLock::default() })
    }

    /// A function by its name.
    pub fn find(&self, name: &str) -> Option<Arc<Function>> {
        self.configured.get(name).cloned().or_else(|| self.hosted.read().functions.get(name).cloned())
    }

    /// Whether a request carries the token of the host that runs now.
    pub fn is_from_host(&self, headers: &HeaderMap) -> bool {
        let Some(given) = headers.get(HOST_TOKEN) else { return false };
        let hosted = self.hosted.read();
        hosted.token.as_ref().is_some_and(|token| lingpai_domain::secret::equal(token.expose().as_bytes(), given.as_bytes()))
    }

    /// Whether there is no host to wait for. One that ended later on does not count: accounts work without it.
    pub fn are_prepared(&self, settings: &Settings) -> bool {
        settings.functions_host.is_none() || self.hosted.read().has_run
    }

    /// The host runs, on a loopback port.
    fn host_started(&self, state: &State, port: u16, secrets: &HostSecrets, names: &[String]) -> anyhow::Result<()> {
        let Some(host) = &state.settings.functions_host else { return Ok(()) };
        let http = http(&state.settings, &state.base.clock, host.timeout + HOST_GRACE, host.workers.saturating_add(host.queue))?;
        {
            let mut hosted = self.hosted.write();
            hosted.way = Some((http, port));
            hosted.token = Some(secrets.token.clone());
            hosted.has_run = true;
        }
        self.host_changed(state, secrets, names)
    }

    /// The host has these functions now.
    fn host_changed(&self, state: &State, secrets: &HostSecrets, names: &[String]) -> anyhow::Result<()> {
        let Some(host) = &state.settings.functions_host else { return Ok(()) };
        let mut hosted = self.hosted.write();
        let mut functions = HashMap::with_capacity(names.len());
        for name in names {
            let path = format!("/{name}");
            let upstream = match &hosted.way {
                Some((http, port)) => Some(http.upstream("function", &format!("http://127.0.0.1:{port}{path}"))?),
                None => None,
            };
            let http = host.http.iter().any(|listed| listed == "*" || listed == name);
            functions.insert(name.clone(), Arc::new(Function { name: name.clone(), http, upstream, path, key: secrets.key.clone() }));
        }
        hosted.functions = functions;
        Ok(())
    }

    /// The host runs no longer. Its functions stay known and cannot be reached: somebody else may have its port by now.
    fn host_ended(&self) {
        let mut hosted = self.hosted.write();
        hosted.way = None;
        hosted.token = None;
        for function in hosted.functions.values_mut() {
            let Function { name, http, path, key, .. } = &**function;
            *function = Arc::new(Function { name: name.clone(), http: *http, upstream: None, path: path.clone(), key: key.clone() });
        }
    }
}

fn http(settings: &Settings, clock: &Arc<dyn Clock>, timeout: Duration, at_once: usize) -> anyhow::Result<Http> {
    let options = HttpOptions {
        timeout,
        connect_timeout: timeout.min(Duration::from_secs(3)),
        max_answer_bytes: settings.server.body_limit_bytes.saturating_mul(ANSWER_FACTOR),
        max_at_once: at_once,
        // A function that fails for one caller's input must not be lost to the others.
        circuit: CircuitRule { failures: u32::MAX, rest: Duration::ZERO },
    };
    Ok(Http::new(options, clock.clone())?)
}
