//! clientDB, as the client's library sends it.

mod commands;
mod default_schemas;
mod indexes;
mod joins;
mod own_collections;
mod pages;
mod permissions;
mod refusals;
mod sessions;

use lingpai_testkit::{app::SPACE, client_protocol::sign};

use crate::kit::*;

/// A call of a chain.
pub fn step(method: &str, params: Value) -> Value {
    json!({"$method": method, "$param": params})
}

/// A chain on a collection.
pub fn chain(collection: &str, steps: &[(&str, Value)]) -> Value {
    let mut calls = vec![step("collection", json!([collection]))];
    calls.extend(steps.iter().map(|(method, params)| step(method, params.clone())));
    json!({"$db": calls})
}

/// A command like `db.command.gt(1)`.
pub fn command(method: &str, params: Value) -> Value {
    json!({"$db": [{"$method": "command"}, step(method, params)]})
}

/// Sends the arguments of the function; answers its `data`.
pub async fn send(app: &TestApp, arguments: Value, token: &str) -> anyhow::Result<Value> {
    send_to(app, "DCloud-clientDB", arguments, token).await
}

/// The same by a name of the function.
pub async fn send_to(app: &TestApp, function: &str, mut arguments: Value, token: &str) -> anyhow::Result<Value> {
    arguments["clientInfo"] = json!({"uniPlatform": "web", "appId": "__UNI__TEST", "deviceId": "test-device", "locale": "en"});
    if !token.is_empty() {
        arguments["uniIdToken"] = token.into();
    }
    let params = json!({"functionTarget": function, "functionArgs": arguments}).to_string();
    let now = app.program().state().base.clock.now_ms();
    let body = json!({"method": "serverless.function.runtime.invoke", "params": params, "spaceId": SPACE.id, "timestamp": now});
    let signature = body.as_object().map(|body| sign(body, SPACE.secret)).unwrap_or_default();
    let sent = app.http().post(app.url("/client")).header("x-serverless-sign", signature).header("x-client-token", token).json(&body);
    let response = sent.send().await?;
    assert_eq!(response.status().as_u16(), 200);
    let mut answer: Value = response.json().await?;
    assert_eq!(answer["success"], true, "{answer}");
    Ok(answer["data"].take())
}

/// Sends one chain.
pub async fn ask(app: &TestApp, token: &str, collection: &str, steps: &[(&str, Value)]) -> anyhow::Result<Value> {
    send(app, json!({"command": chain(collection, steps)}), token).await
}

/// The documents of a successful `get`.
#[track_caller]
pub fn data(answer: Value) -> Value {
    assert_eq!((&answer["code"], &answer["message"]), (&json!(0), &json!("")), "{answer}");
    answer["data"].clone()
}

/// Checks a refusal: `code` and words in `message`, and nothing else.
#[track_caller]
pub fn denied(answer: &Value, code: &str) {
    assert_eq!(answer["code"], code, "{answer}");
    // A place that was not filled has a name; braces of a caller's pattern do not begin with one.
    let has_gap = |words: &str| words.split('{').skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
    assert!(answer["message"].as_str().is_some_and(|words| !words.is_empty() && !has_gap(words)), "{answer}");
    assert_eq!(answer.as_object().map(Map::len), Some(2), "{answer}");
}
