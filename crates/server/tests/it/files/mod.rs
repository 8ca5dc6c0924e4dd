//! Uploaded files: signed, uploaded, served, deleted.

mod bucket;
mod limits;
mod serving;
mod uploads;

use lingpai_testkit::{app::SPACE, client_protocol::sign};

use crate::kit::*;

/// The smallest picture that there is, more or less.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\0IEND\xaeB`\x82";

/// `x-client-info`
const INFO: &str = "%7B%22uniPlatform%22%3A%22web%22%2C%22appId%22%3A%22__UNI__TEST%22%2C%22locale%22%3A%22en%22%7D";

/// A call of `serverless.file.resource.<method>`: status and whole answer.
pub async fn resource(app: &TestApp, method: &str, params: Value, token: &str) -> anyhow::Result<(u16, Value)> {
    let now = app.program().state().base.clock.now_ms();
    let method = format!("serverless.file.resource.{method}");
    let body = json!({"method": method, "params": params.to_string(), "spaceId": SPACE.id, "timestamp": now});
    let signature = body.as_object().map(|body| sign(body, SPACE.secret)).unwrap_or_default();
    let sent = app.http().post(app.url("/client")).header("x-serverless-sign", signature);
    let response = sent.header("x-client-info", INFO).header("x-client-token", token).json(&body).send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

/// The permission to upload.
pub async fn signed(app: &TestApp, path: &str, token: &str) -> anyhow::Result<Value> {
    let (status, mut answer) = resource(app, "generateProximalSign", json!({"cloudPath": path}), token).await?;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    Ok(answer["data"].take())
}

/// A form as browsers send it: the fields of `formData` first, then the file.
pub fn form(data: &Value, bytes: &[u8]) -> (String, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in data["formData"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        body.extend_from_slice(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes());
    }
    let name = data["name"].as_str().unwrap_or_default();
    let head = format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.png\"\r\nContent-Type: text/html\r\n\r\n");
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    ("multipart/form-data; boundary=edge".to_owned(), body)
}

/// Uploads: status and answer.
pub async fn upload(app: &TestApp, data: &Value, bytes: &[u8]) -> anyhow::Result<(u16, Value)> {
    let (kind, body) = form(data, bytes);
    let url = data["url"].as_str().unwrap_or_default();
    let response = app.http().post(url).header("content-type", kind).body(body).send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

/// Signs and uploads; answers the file's address.
pub async fn stored(app: &TestApp, path: &str, bytes: &[u8], token: &str) -> anyhow::Result<String> {
    let data = signed(app, path, token).await?;
    let (status, answer) = upload(app, &data, bytes).await?;
    assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
    Ok(data["fileUrl"].as_str().unwrap_or_default().to_owned())
}

/// Checks a failure: the client throws its code and words.
#[track_caller]
pub fn failed((status, answer): (u16, Value), code: &str) {
    assert!(status >= 400, "{status} {answer}");
    assert_eq!(answer["error"]["code"], code, "{answer}");
    assert!(answer["error"]["message"].as_str().is_some_and(|words| !words.is_empty() && !words.contains('{')), "{answer}");
}
