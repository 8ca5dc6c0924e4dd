//! The bare server: the program's own listener with a router that reads the body, parses it as
//! JSON, and answers given bytes. What the program costs beyond this is its own work.

use std::{
    io::{Read, Write},
    sync::Arc,
    time::Duration,
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, Request, Response, StatusCode, header},
    routing::{any, put},
};
use http_body_util::BodyExt;
use lingpai_server::transport::{Listener, ListenerOptions};
use parking_lot::RwLock;
use tokio::sync::watch;

type Answer = Arc<RwLock<Bytes>>;

/// Where the bytes to answer are set.
pub const ANSWER_PATH: &str = "/answer";

/// Serves on a free port, which is printed, until the standard input ends.
///
/// # Errors
/// If there is no port.
pub async fn serve() -> Result<()> {
    let options = ListenerOptions { header_timeout: Duration::from_secs(10), max_connections: 10_000 };
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), options).await?;
    println!("http://{}/", listener.address()?);
    std::io::stdout().flush()?;
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(listener.serve(router(), stopped));
    // The end of the input is the end of the process that started this one.
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    let _ = ended.await;
    let _ = stop.send(true);
    Ok(serving.await?)
}

fn router() -> Router {
    Router::new()
        .route("/uni-id-co/{*rest}", any(answer))
        .route("/client", any(answer))
        .route(ANSWER_PATH, put(set))
        .with_state(Answer::default())
}

async fn set(State(state): State<Answer>, body: Bytes) -> StatusCode {
    *state.write() = body;
    StatusCode::OK
}

async fn answer(State(state): State<Answer>, request: Request<Body>) -> Response<Body> {
    let Ok(collected) = request.into_body().collect().await else { return status(StatusCode::BAD_REQUEST) };
    if serde_json::from_slice::<serde_json::Value>(&collected.to_bytes()).is_err() {
        return status(StatusCode::BAD_REQUEST);
    }
    let mut response = Response::new(Body::from(state.read().clone()));
    let headers = response.headers_mut();
    // The headers that the program sends.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("request-id", HeaderValue::from_static("00000000000000000000000000000000"));
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
