//! The SMS webhook.

use std::{sync::Arc, time::Duration};

use lingpai_domain::{
    messaging::{SendError, Sms, SmsGateway},
    secret::Secret,
};
use lingpai_providers::sms::{WebhookOptionsError, WebhookSmsGateway, signature};

use crate::{
    clock::StandingClock,
    http_server::{Answer, HttpServer},
};

const PATIENCE: Duration = Duration::from_secs(20);
const IMPATIENCE: Duration = Duration::from_secs(1);

fn sms() -> Sms {
    Sms {
        mobile: "13800000000".into(),
        key: "app-key".into(),
        secret: Secret::new("app-s3cret"),
        template_id: "tpl-1".into(),
        data: [("name", "令牌"), ("code", "482913"), ("action", "登录"), ("expMinute", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
    }
}

fn gateway(url: &str, timeout: Duration) -> WebhookSmsGateway {
    WebhookSmsGateway::new(url, timeout, Arc::new(StandingClock)).unwrap()
}

async fn send_to(server: &HttpServer) -> Result<(), SendError> {
    gateway(&server.url, PATIENCE).send(&sms()).await
}

fn refused(result: Result<(), SendError>) -> String {
    match result {
        Err(SendError::Refused(words)) => words,
        other => panic!("not refused: {other:?}"),
    }
}

fn unreachable(result: Result<(), SendError>) -> String {
    match result {
        Err(SendError::Unreachable(words)) => words,
        other => panic!("not unreachable: {other:?}"),
    }
}

#[tokio::test]
async fn the_request_is_the_documented_one_and_can_be_verified() {
    let server = HttpServer::answering("200 OK", "application/json", r#"{"errCode":0}"#).await;
    send_to(&server).await.unwrap();

    let requests = server.requests();
    let request = &requests[0];
    assert!(request.head.starts_with("POST /send?from=lingpai HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(
        request.body,
        r#"{"smsKey":"app-key","phone":"13800000000","templateId":"tpl-1","data":{"name":"令牌","code":"482913","action":"登录","expMinute":"3"}}"#
    );
    assert_eq!(request.header("lingpai-timestamp"), Some("1760000000"));
    let expected = signature(&Secret::new("app-s3cret"), "1760000000", request.body.as_bytes());
    assert_eq!(request.header("lingpai-signature"), Some(expected.as_str()));
    assert!(!request.head.contains("app-s3cret") && !request.body.contains("app-s3cret"));
}

#[tokio::test]
async fn every_kind_of_yes_is_understood() {
    for body in ["", "ok", "{}", r#"{"code":0}"#, r#"{"code":"0","errCode":0}"#, r#"{"errCode":null,"data":[1]}"#, "[1]"] {
        let server = HttpServer::answering("202 Accepted", "application/json; charset=utf-8", body).await;
        assert!(send_to(&server).await.is_ok(), "{body}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_without_secrets() {
    let body = r#"{"errCode":0,"code":"isv.LIMIT","message":"13800000000 got 482913 too often, app-s3cret\n"}"#;
    let server = HttpServer::answering("200 OK", "application/json", body).await;
    assert_eq!(refused(send_to(&server).await), r#""isv.LIMIT": *** got *** too often, ***"#);
}

#[tokio::test]
async fn an_error_status_is_a_refusal_whatever_the_body_says() {
    let server = HttpServer::answering("500 Internal Server Error", "application/json", r#"{"errCode":0,"errMsg":"no credit"}"#).await;
    assert_eq!(refused(send_to(&server).await), "HTTP 500: no credit");

    let page = format!("<html>{}</html>", "Bad gateway ".repeat(500));
    let server = HttpServer::answering("502 Bad Gateway", "text/html", &page).await;
    let words = refused(send_to(&server).await);
    assert!(words.starts_with("HTTP 502: <html>Bad gateway") && words.chars().count() <= 201, "{words}");
}

#[tokio::test]
async fn an_html_page_is_no_yes() {
    let server = HttpServer::answering("200 OK", "Text/HTML; charset=utf-8", "<title>Sign in to the guest network</title>").await;
    assert!(refused(send_to(&server).await).contains("HTML page"));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = HttpServer::answering("200 OK", "application/json", "{}").await;
    for status in ["302 Found", "307 Temporary Redirect"] {
        let head = format!("HTTP/1.1 {status}\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", elsewhere.url);
        let server = HttpServer::start(Answer::Bytes(head.into_bytes())).await;
        assert!(refused(send_to(&server).await).starts_with("HTTP 30"));
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n"] {
        let server = HttpServer::start(Answer::Endless(head.into())).await;
        assert_eq!(refused(send_to(&server).await), "the answer is longer than 65536 bytes");
    }
}

#[tokio::test]
async fn the_longest_answer_is_still_read() {
    let body = format!(r#"{{"errCode":7,"errMsg":"no","padding":"{}"}}"#, "x".repeat(65_536 - 40));
    assert_eq!(body.len(), 65_536);
    let server = HttpServer::answering("200 OK", "application/json", &body).await;
    assert_eq!(refused(send_to(&server).await), "7: no");
}

#[tokio::test]
async fn a_gateway_that_hangs_is_given_up() {
    for bytes in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let server = HttpServer::start(Answer::Hang(bytes.into())).await;
        unreachable(gateway(&server.url, IMPATIENCE).send(&sms()).await);
        assert!(server.requests().len() <= 1, "a message is never sent twice");
    }
}

#[tokio::test]
async fn a_gateway_that_hangs_up_or_is_not_there_is_unreachable() {
    for bytes in ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"] {
        let server = HttpServer::start(Answer::Bytes(bytes.into())).await;
        unreachable(send_to(&server).await);
    }
    // Nothing listens on port 1, and no outgoing connection is given it.
    let words = unreachable(gateway("http://user:pa55word@127.0.0.1:1/", PATIENCE).send(&sms()).await);
    assert!(!words.contains("pa55word"), "{words}");
}

#[tokio::test]
async fn nothing_is_sent_that_nobody_could_verify() {
    let server = HttpServer::answering("200 OK", "application/json", "{}").await;
    let unsigned = Sms { secret: Secret::default(), ..sms() };
    assert!(matches!(gateway(&server.url, PATIENCE).send(&unsigned).await, Err(SendError::NotConfigured)));
    assert!(server.requests().is_empty());
}

#[test]
fn only_web_addresses_are_webhooks() {
    for url in ["", "sms.example.com", "ftp://sms.example.com", "http://", "file:///etc/passwd", "unix:/run/sms"] {
        let result = WebhookSmsGateway::new(url, PATIENCE, Arc::new(StandingClock));
        assert!(matches!(result, Err(WebhookOptionsError::Url)), "{url}");
    }
}
