//! Carries out the requests of a project's scripts.

use std::sync::Arc;

use lingpai_hooks::{Exchange, HttpAccess, HttpFetch, HttpRequest, HttpResponse};
use lingpai_providers::fetch::{FetchClient, FetchRequest, Fetched};
use tokio::runtime::Handle;

use crate::config::settings;

/// The network that the settings grant; `None`: none.
///
/// # Errors
/// If the HTTP client cannot be set up.
pub fn access(settings: &settings::Scripts) -> anyhow::Result<Option<HttpAccess>> {
    if settings.hosts.is_empty() {
        return Ok(None);
    }
    let client = FetchClient::new(settings.private_addresses, HttpAccess::MAX_BODY)?;
    let fetching = Fetching { client: Arc::new(client), runtime: Handle::current() };
    Ok(Some(HttpAccess::new(settings.hosts.iter().cloned(), Arc::new(fetching))))
}

struct Fetching {
    client: Arc<FetchClient>,
    runtime: Handle,
}

impl HttpFetch for Fetching {
    fn start(&self, request: HttpRequest, exchange: Exchange) {
        let client = self.client.clone();
        let request = FetchRequest {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body,
            time_limit: request.time_limit,
        };
        // Scripts run on threads of their own.
        self.runtime.spawn(async move {
            let answer = |Fetched { status, headers, body }| HttpResponse { status, headers, body };
            exchange.finish(client.fetch(request).await.map(answer).map_err(|error| error.to_string()));
        });
    }
}
