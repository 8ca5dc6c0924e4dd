//! From HTTP to calls and back.

mod body;
pub mod client;
mod client_space;
mod cors;
mod health;
mod listener;
mod opening;
mod outbox;
mod pages;
mod pages_settings;
mod peer;
mod reply;
pub mod url;

use std::sync::Arc;

use axum::{Router, routing::any, routing::get};

pub use listener::{Listener, ListenerOptions};
pub use peer::PeerAddress;

use crate::{openapi, state::State};

/// All routes.
pub fn router(state: Arc<State>) -> Router {
    let mut router = Router::new()
        .route("/client", any(client::handle))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(openapi::serve))
        .merge(pages::routes());
    for function in ["uni-id-co", "uni-captcha-co"] {
        for prefix in ["", "/http"] {
            router = router.route(&format!("{prefix}/{function}/{{*rest}}"), any(url::handle));
        }
    }
    if state.is_development() {
        router = router
            .route("/dev", get(health::welcome))
            .route("/dev/outbox", get(outbox::page))
            .route("/dev/outbox.jsonl", get(outbox::lines));
    }
    router.fallback(health::not_found).with_state(state)
}
