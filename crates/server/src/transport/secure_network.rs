//! `GET /secure-network/keys`: what clients seal handshakes to.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Extract,
    http::{Method, Request, Response, StatusCode},
};
use lingpai_secure::{refusal::Refusal, space_key::PublishedKeys};
use serde_json::Value;

use super::{cors, reply};
use crate::{secure_network::Refused, state::State, words::Locale};

/// Answers with the signed keys of the space that the query names.
pub async fn keys(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let headers = request.headers();
    if request.method() == Method::OPTIONS {
        return cors::preflight(&state.settings, headers);
    }
    let request_id = state.base.random.hex(16);
    match published(&state, request.uri().query().unwrap_or_default()).await.map(serde_json::to_value) {
        Ok(Ok(Value::Object(body))) => reply::json(&state.settings, headers, &request_id, StatusCode::OK, &body),
        Ok(_) => reply::json(&state.settings, headers, &request_id, StatusCode::INTERNAL_SERVER_ERROR, &Default::default()),
        Err(refused) => {
            let status = match &refused {
                Refused::By(_) => StatusCode::NOT_FOUND,
                _ => StatusCode::SERVICE_UNAVAILABLE,
            };
            refused.log(&request_id, "secure-network/keys", "", "", "");
            reply::json(&state.settings, headers, &request_id, status, &refused.body(Locale::default()))
        }
    }
}

async fn published(state: &State, query: &str) -> Result<PublishedKeys, Refused> {
    if !state.secure.config().enabled {
        return Err(Refusal::NotEnabled.into());
    }
    let named = query.split('&').find_map(|pair| pair.strip_prefix("spaceId="));
    let space = match (named, state.settings.spaces.as_slice()) {
        (Some(name), spaces) => spaces.iter().find(|space| space.id == name),
        (None, [space]) => Some(space),
        (None, _) => None,
    };
    let space = space.ok_or(Refusal::UnknownSpaceKey)?;
    Ok(state.secure.keyring.present(&state.base).await?.publish(&space.id))
}
