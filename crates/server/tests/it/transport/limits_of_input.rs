//! Too large, too slow, too strange: an answer in JSON or the end of the connection, and the
//! program goes on.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::kit::{
    raw_socket::{begin, connect, exchange, parse, talk},
    *,
};

both_engines!(impatient: large_bodies_are_refused, slow_senders_are_cut_off, absurd_heads_end_the_connection, http_2_works_without_an_upgrade);
both_engines!(narrow: connections_are_bounded);

const PATH: &str = "/uni-id-co/getSupportedLoginType";
const JSON_POST: &str = "POST /uni-id-co/getSupportedLoginType HTTP/1.1\r\ncontent-type: application/json";

fn impatient(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("server.header_timeout_ms", "300").setting("server.body_timeout_ms", "300").setting("server.body_limit_bytes", "65536")
}

async fn still_answers(app: &TestApp) -> Outcome {
    done(app.send(Call::new("getSupportedLoginType")).await?);
    assert!(app.documents("uni-id-users").await?.is_empty() && app.documents("uni-id-log").await?.is_empty());
    Ok(())
}

async fn large_bodies_are_refused(app: &TestApp) -> Outcome {
    let body = format!("{{\"params\":\"{}\"}}", "x".repeat(10 * 1024 * 1024));
    for path in [PATH, "/client"] {
        let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json");
        let reply = exchange(app, &head, body.as_bytes()).await?;
        assert_eq!(reply.status, 413, "{path}");
        assert!(reply.json().is_object(), "{path}");
        // A length that is a lie is refused before anything is sent.
        let lie = format!("{head}\r\nhost: localhost\r\ncontent-length: 99999999999\r\n\r\n");
        let reply = parse(&begin(app, lie.as_bytes()).await?)?;
        assert!([408, 413].contains(&reply.status) && reply.json().is_object(), "{path}: {}", reply.status);
        // In chunks, without any length.
        let mut chunked = format!("{head}\r\nhost: localhost\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n").into_bytes();
        for _ in 0..20 {
            chunked.extend_from_slice(format!("4000\r\n{}\r\n", "x".repeat(0x4000)).as_bytes());
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        assert_eq!(parse(&talk(app, &chunked).await?)?.status, 413, "{path}");
    }
    let fits = format!("{{\"clientInfo\":{{\"uniPlatform\":\"web\",\"appId\":\"__UNI__TEST\"}},\"more\":\"{}\"}}", "x".repeat(65_000));
    assert_eq!(exchange(app, JSON_POST, fits.as_bytes()).await?.json()["errCode"], 0);
    still_answers(app).await
}

async fn slow_senders_are_cut_off(app: &TestApp) -> Outcome {
    for unfinished in ["", "P", "POST /uni-id-co/login HTTP/1.1\r\nhost: local", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        // Whether something is said or not: the connection ends.
        begin(app, unfinished.as_bytes()).await?;
    }
    for path in [PATH, "/client"] {
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"a\":");
        let reply = parse(&begin(app, request.as_bytes()).await?)?;
        assert_eq!(reply.status, 408, "{path}");
        assert!(reply.json().is_object(), "{path}");
    }
    // A connection that is kept alive does not wait for ever either.
    let idle = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    assert_eq!(parse(&begin(app, idle.as_bytes()).await?)?.status, 200);
    still_answers(app).await
}

async fn absurd_heads_end_the_connection(app: &TestApp) -> Outcome {
    let heads = [
        format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n", "x".repeat(1024 * 1024)),
        format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x-many: 1\r\n".repeat(5_000)),
        format!("POST /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(100_000)),
        "POST\r\n\r\n".to_owned(),
        "\u{0}\u{1}\u{2}\r\n\r\n".to_owned(),
        format!("POST {PATH} HTTP/9.9\r\n\r\n"),
        format!("POST {PATH} HTTP/1.1\r\ncontent-length: -1\r\n\r\n"),
        format!("POST {PATH} HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello"),
        format!("POST {PATH} HTTP/1.1\r\nhost: localhost\r\nno colon\r\n\r\n"),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}".to_owned(),
    ];
    for head in heads {
        let answer = talk(app, head.as_bytes()).await?;
        if !answer.is_empty() {
            let status = parse(&answer)?.status;
            assert!((400..=505).contains(&status), "{status} for {}", head.chars().take(60).collect::<String>());
        }
    }
    // Many headers of an ordinary size are no reason for anything.
    let many: String = (0..60).map(|number| format!("\r\nx-header-{number}: value")).collect();
    let body = br#"{"clientInfo":{"uniPlatform":"web","appId":"__UNI__TEST"}}"#;
    assert_eq!(exchange(app, &format!("{JSON_POST}{many}"), body).await?.json()["errCode"], 0);
    still_answers(app).await
}

/// With prior knowledge (RFC 9113, section 3.3): the preface, empty SETTINGS, and HEADERS whose
/// fields are of HPACK's static table.
async fn http_2_works_without_an_upgrade(app: &TestApp) -> Outcome {
    let mut stream = connect(app).await?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?;
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await?;
    // :method GET, :scheme http, :path /healthz, :authority localhost
    let mut block = vec![0x82, 0x86, 0x04, 8];
    block.extend_from_slice(b"/healthz");
    block.extend_from_slice(&[0x01, 9]);
    block.extend_from_slice(b"localhost");
    let length = u8::try_from(block.len())?;
    stream.write_all(&[0, 0, length, 1, 0x05, 0, 0, 0, 1]).await?;
    stream.write_all(&block).await?;
    let (mut status, mut body) = (None, Vec::new());
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await?;
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        stream.read_exact(&mut payload).await?;
        match (head[3], head[8]) {
            (0, 1) => body.extend_from_slice(&payload),
            (1, 1) => status = payload.first().copied(),
            _ => {}
        }
        if head[8] == 1 && head[3] <= 1 && head[4] & 1 == 1 {
            break;
        }
    }
    // 0x88 is :status 200 in the static table.
    assert_eq!((status, body.as_slice()), (Some(0x88), &b"ok\n"[..]));
    Ok(())
}

fn narrow(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("server.max_connections", "2")
}

async fn connections_are_bounded(app: &TestApp) -> Outcome {
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(app).await?;
        stream.write_all(request).await?;
        let mut chunk = [0; 512];
        assert!(stream.read(&mut chunk).await? > 0);
        held.push(stream);
    }
    let mut third = connect(app).await?;
    third.write_all(request).await?;
    let mut chunk = [0; 512];
    let waited = tokio::time::timeout(std::time::Duration::from_millis(200), third.read(&mut chunk)).await;
    assert!(waited.is_err(), "a third connection was served");
    held.pop();
    assert!(third.read(&mut chunk).await? > 0);
    Ok(())
}
