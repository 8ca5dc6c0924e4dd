//! Requests of scripts, with a client that answers from memory.

use std::sync::Arc;

use lingpai_hooks::{Exchange, HookError, HttpAccess, HttpFetch, HttpRequest, HttpResponse, Options};
use serde_json::{Value, json};

use crate::project::{Project, failure, hasty, patient, try_evaluate_in};

/// Answers with what it was asked; `/late` never, `/gone` with an error, `/dropped` not at all.
struct Echo;

impl HttpFetch for Echo {
    fn start(&self, request: HttpRequest, exchange: Exchange) {
        match request.url.path() {
            "/late" => std::mem::forget(exchange),
            "/gone" => exchange.finish(Err("connection refused".to_owned())),
            "/dropped" => drop(exchange),
            "/large" => {
                exchange.finish(Ok(HttpResponse { status: 200, body: vec![0; HttpAccess::MAX_BODY + 1], ..HttpResponse::default() }))
            }
            _ => {
                std::thread::spawn(move || {
                    let echo = json!({ "method": request.method, "url": request.url.as_str(), "headers": request.headers, "body": String::from_utf8_lossy(&request.body) });
                    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
                    exchange.finish(Ok(HttpResponse { status: 201, headers, body: echo.to_string().into_bytes() }));
                });
            }
        }
    }
}

fn granted(options: Options) -> Options {
    Options { http: Some(HttpAccess::new(["api.example.com".to_owned()], Arc::new(Echo))), ..options }
}

async fn run(body: &str) -> Result<Value, HookError> {
    try_evaluate_in(&Project::new(&[]), granted(patient()), body).await
}

#[tokio::test]
async fn fetch_sends_and_reads() {
    let body = "const r = await fetch('https://api.example.com/a?b=1', { method: 'post', headers: { 'X-A': '1' }, body: '令' });
        return [r.status, r.ok, r.headers.get('content-type'), await r.json()]";
    let echo = json!({ "method": "POST", "url": "https://api.example.com/a?b=1", "headers": [["x-a", "1"], ["content-type", "text/plain;charset=UTF-8"]], "body": "令" });
    assert_eq!(run(body).await.unwrap(), json!([201, true, "application/json", echo]));
}

#[tokio::test]
async fn httpclient_sends_and_reads() {
    let body = "const get = await uniCloud.httpclient.request('https://api.example.com/x', { data: { a: '1 2' }, dataType: 'json' });
        const post = await uniCloud.httpclient.request('https://api.example.com/x', { method: 'POST', contentType: 'json', data: { a: 1 }, dataType: 'json' });
        const form = await uniCloud.httpclient.request('https://api.example.com/x', { method: 'POST', data: { a: 1 }, dataType: 'text' });
        const both = await Promise.all([1, 2].map((n) => fetch('https://api.example.com/' + n)));
        return [get.data.url, post.data.body, post.data.headers, JSON.parse(form.data).body, get.status, both.length]";
    let headers = json!([["content-type", "application/json"]]);
    assert_eq!(run(body).await.unwrap(), json!(["https://api.example.com/x?a=1+2", "{\"a\":1}", headers, "a=1", 201, 2]));
}

#[tokio::test]
async fn only_granted_hosts_are_called() {
    let none = failure(patient(), "await fetch('https://api.example.com/')").await.to_string();
    assert!(none.contains("no network"), "{none}");
    for address in ["https://evil.example.com/", "https://127.0.0.1/", "file:///etc/passwd", "https://api.example.com@evil.net/"] {
        let error = run(&format!("await fetch('{address}')")).await.unwrap_err().to_string();
        assert!(error.contains("does not grant"), "{error}");
    }
    let forged = run("await fetch('https://api.example.com/', { headers: { a: 'x\\r\\nHost: y' } })").await.unwrap_err();
    assert!(forged.to_string().contains("line break"), "{forged}");
}

#[tokio::test]
async fn failures_reject_and_silence_times_out() {
    let caught = "try { await fetch('https://api.example.com/gone') } catch (e) { return e.message }";
    assert_eq!(run(caught).await.unwrap(), json!("connection refused"));
    assert!(run("await fetch('https://api.example.com/dropped')").await.unwrap_err().to_string().contains("given up"));
    assert!(run("await fetch('https://api.example.com/large')").await.unwrap_err().to_string().contains("too large"));
    let late = try_evaluate_in(&Project::new(&[]), granted(hasty()), "await fetch('https://api.example.com/late')").await;
    assert_eq!(late, Err(HookError::TimedOut));
}
