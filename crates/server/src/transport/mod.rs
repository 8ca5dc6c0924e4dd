//! From HTTP to calls and back.

mod agreements;
mod body;
pub mod client;
mod client_space;
mod cors;
mod files;
mod health;
mod listener;
mod opening;
mod outbox;
mod pages;
mod pages_settings;
mod pages_shell;
mod peer;
mod reply;
mod secure_network;
pub mod url;
pub mod url_envelope;
mod url_functions;
mod weixin_sign_in;

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, routing::any, routing::get};

pub use listener::{Listener, ListenerOptions};
pub use peer::PeerAddress;

use crate::{methods::UNI_OPEN_BRIDGE, openapi, state::State};

/// All routes.
pub fn router(state: Arc<State>) -> Router {
    let mut router = Router::new()
        .route("/client", any(client::handle))
        .route("/storage", any(files::upload).layer(DefaultBodyLimit::disable()))
        .route("/storage/{id}/{name}", any(files::serve))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/secure-network/keys", get(secure_network::keys).options(secure_network::keys))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi::serve))
        .route("/auth/weixin/start", get(weixin_sign_in::start))
        .route("/auth/weixin/callback", get(weixin_sign_in::callback))
        .merge(pages::routes());
    for function in ["uni-id-co", "uni-captcha-co", "uni-secure-network", UNI_OPEN_BRIDGE] {
        for prefix in ["", "/http"] {
            router = router.route(&format!("{prefix}/{function}/{{*rest}}"), any(url::handle));
        }
    }
    for path in ["", "/", "/{*rest}"] {
        router = router.route(&format!("/http/{{function}}{path}"), any(url_functions::handle));
    }
    if state.is_development() {
        router = router
            .route("/dev", get(health::welcome))
            .route("/dev/outbox", get(outbox::page))
            .route("/dev/outbox.jsonl", get(outbox::lines));
    }
    router.fallback(health::not_found).with_state(state)
}
