//! Pictures over HTTP: from where, how large, how long.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use lingpai_providers::pictures::{PictureError, Pictures};

use crate::http_server::{Answer, HttpServer};

fn anywhere() -> Pictures {
    Pictures::new(true, Duration::from_secs(5)).unwrap()
}

/// A transparent pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

fn png() -> Vec<u8> {
    STANDARD.decode(PNG).unwrap()
}

fn with_head(status: &str, more: &str, body: &[u8]) -> Answer {
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: text/plain\r\n{more}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    Answer::Bytes([head.as_bytes(), body].concat())
}

#[tokio::test]
async fn a_picture_is_one_whatever_the_server_calls_it() {
    let server = HttpServer::start(with_head("200 OK", "", &png())).await;
    assert!(anywhere().fetch(&server.url).await.unwrap().bytes.starts_with(b"\x89PNG"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn only_public_addresses_are_asked() {
    let server = HttpServer::start(with_head("200 OK", "", &png())).await;
    let port = server.url.split(':').nth(2).unwrap().split('/').next().unwrap().to_owned();
    let public_only = Pictures::new(false, Duration::from_secs(5)).unwrap();
    for host in ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "user:pass@127.0.0.1"] {
        let refused = public_only.fetch(&format!("http://{host}:{port}/a.png")).await;
        assert!(matches!(refused, Err(PictureError::Refused(_))), "{host}: {refused:?}");
    }
    for address in ["file:///etc/passwd", "data:image/png;base64,AAAA", "javascript:1", "", "ftp://example.com/a.png"] {
        assert!(matches!(public_only.fetch(address).await, Err(PictureError::Refused(_))), "{address}");
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = HttpServer::start(with_head("200 OK", "", &png())).await;
    let server = HttpServer::start(with_head("302 Found", &format!("location: {}\r\n", target.url), b"")).await;
    assert!(matches!(anywhere().fetch(&server.url).await, Err(PictureError::Refused(_))));
    assert!(target.requests().is_empty());
}

#[tokio::test]
async fn odd_answers_are_told_apart() {
    for (status, is_final) in [("404 Not Found", true), ("403 Forbidden", true), ("500 Oops", false), ("429 Slow", false)] {
        let server = HttpServer::start(with_head(status, "", &png())).await;
        let refused = matches!(anywhere().fetch(&server.url).await.unwrap_err(), PictureError::Refused(_));
        assert_eq!(refused, is_final, "{status}");
    }
    let endless = HttpServer::start(Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    assert_eq!(anywhere().fetch(&endless.url).await, Err(PictureError::Refused("it is too large")));
    let hanging = HttpServer::start(Answer::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec())).await;
    let impatient = Pictures::new(true, Duration::from_millis(50)).unwrap();
    assert!(matches!(impatient.fetch(&hanging.url).await, Err(PictureError::Unreachable(_))));
}
