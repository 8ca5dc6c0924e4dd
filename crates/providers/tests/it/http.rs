//! The one way out over HTTP.

use std::{sync::Arc, time::Duration};

use lingpai_providers::http::{Body, CircuitRule, Http, HttpOptions, HttpOptionsError, Request, Upstream, UpstreamError};
use serde_json::json;

use crate::{
    clock::StandingClock,
    http_server::{Answer, HttpServer},
};

const OPTIONS: HttpOptions = HttpOptions {
    connect_timeout: Duration::from_secs(20),
    timeout: Duration::from_secs(20),
    max_answer_bytes: 1000,
    max_at_once: 2,
    circuit: CircuitRule { failures: 1000, rest: Duration::from_secs(10) },
};

fn upstream_with(server: &HttpServer, options: HttpOptions) -> Upstream {
    // The server's own address has a path and a query of its own.
    let base = server.url.split("/send").next().unwrap();
    Http::new(options, Arc::new(StandingClock)).unwrap().upstream("test", base).unwrap()
}

async fn error_of(server: &HttpServer) -> UpstreamError {
    upstream_with(server, OPTIONS).json(Request::get("/x", &[("secret", "s3cr3t-value")])).await.unwrap_err()
}

#[tokio::test]
async fn json_is_read_whatever_it_calls_itself() {
    for kind in ["application/json", "text/plain", "text/html;charset=utf-8", "nonsense"] {
        let server = HttpServer::answering("200 OK", kind, r#"{"a":1}"#).await;
        assert_eq!(upstream_with(&server, OPTIONS).json(Request::get("", &[])).await, Ok(json!({"a": 1})), "{kind}");
    }
}

#[tokio::test]
async fn what_is_sent_is_what_was_asked_for() {
    let server = HttpServer::answering("200 OK", "text/plain", "{}").await;
    let upstream = upstream_with(&server, OPTIONS);
    let body = json!({"code": "c"});
    upstream.json(Request::post_json("/wxa/x", &[("access_token", "a b&c=中")], &body)).await.unwrap();
    upstream.json(Request::post_form("/form", &[], &[("k", "v w")]).with_headers(&[("x-own", "1")])).await.unwrap();
    let text = Request { path: "/text", query: &[], headers: &[], body: Body::Text("application/xml", "<a/>") };
    upstream.json(text).await.unwrap();
    let requests = server.requests();
    assert!(requests[0].head.starts_with("POST /wxa/x?access_token=a+b%26c%3D%E4%B8%AD HTTP/1.1\r\n"), "{}", requests[0].head);
    assert_eq!((requests[0].header("content-type"), requests[0].body.as_str()), (Some("application/json"), r#"{"code":"c"}"#));
    assert_eq!((requests[1].header("x-own"), requests[1].body.as_str()), (Some("1"), "k=v+w"));
    assert_eq!((requests[2].header("content-type"), requests[2].body.as_str()), (Some("application/xml"), "<a/>"));
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart_and_holds_no_secret() {
    let page = HttpServer::answering("200 OK", "text/html", "<title>Sign in</title> s3cr3t-value").await;
    assert_eq!(error_of(&page).await, UpstreamError::NotJson("<title>Sign in</title> ***".into()));
    let empty = HttpServer::answering("200 OK", "application/json", "").await;
    assert_eq!(error_of(&empty).await, UpstreamError::NotJson("nothing".into()));
    let refused = HttpServer::answering("502 Bad Gateway", "text/html", "down").await;
    assert_eq!(error_of(&refused).await, UpstreamError::Status(502, "down".into()));
    for bytes in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let broken = HttpServer::start(Answer::Bytes(bytes.into())).await;
        let error = error_of(&broken).await;
        assert!(matches!(&error, UpstreamError::Unreachable(words) if !words.contains("s3cr3t")), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n"] {
        let server = HttpServer::start(Answer::Endless(head.into())).await;
        assert_eq!(error_of(&server).await, UpstreamError::TooLarge(1000));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = HttpServer::answering("200 OK", "application/json", "{}").await;
    let head = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
    let server = HttpServer::start(Answer::Bytes(head.into_bytes())).await;
    assert!(matches!(error_of(&server).await, UpstreamError::Status(307, _)));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_call_that_hangs_ends_in_time_and_is_not_repeated() {
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let server = HttpServer::start(Answer::Hang(bytes.into())).await;
        let upstream = upstream_with(&server, HttpOptions { timeout: Duration::from_millis(300), ..OPTIONS });
        let error = upstream.json(Request::get("/x", &[])).await.unwrap_err();
        assert!(matches!(error, UpstreamError::TimedOut(_) | UpstreamError::Unreachable(_)), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_upstream_that_keeps_failing_is_left_alone() {
    let server = HttpServer::answering("500 Internal Server Error", "text/plain", "oops").await;
    let circuit = CircuitRule { failures: 2, rest: Duration::from_secs(10) };
    let upstream = upstream_with(&server, HttpOptions { circuit, ..OPTIONS });
    for _ in 0..2 {
        assert!(matches!(upstream.json(Request::get("/x", &[])).await, Err(UpstreamError::Status(500, _))));
    }
    assert_eq!(upstream.json(Request::get("/x", &[])).await, Err(UpstreamError::LeftAlone));
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn only_web_addresses_are_upstreams() {
    let http = Http::new(OPTIONS, Arc::new(StandingClock)).unwrap();
    for url in ["", "api.example.com", "ftp://api.example.com", "http://", "file:///etc/passwd"] {
        assert!(matches!(http.upstream("test", url), Err(HttpOptionsError::BaseUrl("test"))), "{url}");
    }
}
