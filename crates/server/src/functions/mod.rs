//! Functions behind the gate that are HTTP services, in any language (`[[functions]]` in the settings).

mod call;
mod signature;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Context;
use lingpai_domain::{clock::Clock, secret::Secret};
use lingpai_providers::http::{CircuitRule, Http, HttpOptions, Upstream};
use url::Url;

pub use call::{Failure, invoke};
pub use signature::{Signed, canonical, sign};

use crate::config::Settings;

/// Answers may be so much larger than requests.
const ANSWER_FACTOR: usize = 4;

/// A function that is an HTTP service.
pub struct Function {
    /// `functionTarget`
    pub name: String,
    upstream: Upstream,
    /// Path and query of its address, which the signature covers.
    path: String,
    key: Secret,
}

/// All of them.
#[derive(Default)]
pub struct Functions(HashMap<String, Arc<Function>>);

impl Functions {
    /// Prepares the ways there; nothing is connected yet.
    ///
    /// # Errors
    /// If the TLS library refuses, or an address is none.
    pub fn new(settings: &Settings, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let mut functions = HashMap::new();
        for configured in &settings.functions {
            let options = HttpOptions {
                timeout: configured.timeout,
                connect_timeout: configured.timeout.min(Duration::from_secs(3)),
                max_answer_bytes: settings.server.body_limit_bytes.saturating_mul(ANSWER_FACTOR),
                max_at_once: configured.at_once,
                // A function that fails for one caller's input must not be lost to the others.
                circuit: CircuitRule { failures: u32::MAX, rest: Duration::ZERO },
            };
            let place = || format!("functions: {}", configured.name);
            let upstream = Http::new(options, clock.clone())
                .and_then(|http| http.upstream("function", configured.url.expose()))
                .with_context(place)?;
            // As the client makes it: without a slash at the end.
            let url = Url::parse(configured.url.expose().trim_end_matches('/')).with_context(place)?;
            let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
            let function = Function { name: configured.name.clone(), upstream, path, key: configured.key.clone() };
            functions.insert(configured.name.clone(), Arc::new(function));
        }
        Ok(Self(functions))
    }

    /// A function by its name.
    pub fn find(&self, name: &str) -> Option<&Arc<Function>> {
        self.0.get(name)
    }
}
