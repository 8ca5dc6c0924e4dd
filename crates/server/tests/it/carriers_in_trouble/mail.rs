//! Mail servers in trouble.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::*;

each_engine!(every_mail_server_in_every_trouble_is_told_alike);

/// What a mail server does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// What it should.
    Good,
    /// Takes the connection and says nothing.
    Silent,
    /// Hangs up at once.
    HangsUp,
    /// Is a web server.
    Html,
    /// Greets without end.
    Endless,
    /// Greets, and then says this to everything.
    Says(&'static str),
    /// Greets, and then says nothing.
    GreetsOnly,
}

const TROUBLES: [Manner; 9] = [
    Manner::Silent,
    Manner::HangsUp,
    Manner::Html,
    Manner::Endless,
    Manner::Says("550 5.7.1 no"),
    Manner::Says("421 4.3.2 come back later"),
    Manner::Says("what?"),
    Manner::Says("250-and so on"),
    Manner::GreetsOnly,
];

struct MailServer {
    port: u16,
    manner: Arc<Mutex<Manner>>,
    task: JoinHandle<()>,
}

impl MailServer {
    async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let manner = Arc::new(Mutex::new(Manner::Good));
        let present = manner.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let manner = *present.lock();
                // A client that has given up is no concern of the server's.
                tokio::spawn(async move { drop(talk(stream, manner).await) });
            }
        });
        Ok(Self { port, manner, task })
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn talk(stream: TcpStream, manner: Manner) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    match manner {
        Manner::HangsUp => return Ok(()),
        Manner::Html => stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>Sign in to the Wi-Fi</html>\r\n").await?,
        Manner::Endless => loop {
            stream.write_all(b"220-and so on\r\n").await?;
        },
        Manner::Silent => {}
        _ => stream.write_all(b"220 ready\r\n").await?,
    }
    let mut in_mail = false;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match manner {
            Manner::Good if in_mail && line != ".\r\n" => "",
            Manner::Good if verb == "DATA" => "354 go on\r\n",
            Manner::Good => "250 ok\r\n",
            Manner::Says(words) => &format!("{words}\r\n"),
            _ => "",
        };
        in_mail = verb == "DATA" || (in_mail && line != ".\r\n");
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

async fn every_mail_server_in_every_trouble_is_told_alike(engine: Engine) -> Outcome {
    let server = MailServer::start().await?;
    let port = server.port.to_string();
    let settings = [
        ("providers.email.host", "127.0.0.1"),
        ("providers.email.port", &port),
        ("providers.email.tls", "none"),
        ("providers.email.from", "no-reply@example.com"),
        ("providers.email.timeout_ms", "300"),
    ];
    let builder = TestApp::builder().engine(engine).real_carriers();
    let app = settings.into_iter().fold(builder, |builder, (path, value)| builder.setting(path, value)).start().await?;
    done(send_email(&app, "before@example.com", "register").await?);
    for (number, trouble) in TROUBLES.into_iter().enumerate() {
        *server.manner.lock() = trouble;
        // Connections that were kept are forgotten by then.
        app.clock.advance(3_600_000);
        let email = format!("user-{number}@example.com");
        let reply = tokio::time::timeout(PATIENCE, send_email(&app, &email, "register")).await??;
        assert_eq!(reply.code(), NOT_SENT, "{trouble:?}: {}", reply.body);
        assert!(!reply.body.to_string().contains("Wi-Fi"), "{}", reply.body);
        let kept = app.documents("opendb-verify-codes").await?.iter().filter(|row| row.get("email") == Some(&json!(email))).count();
        assert_eq!(kept, 0, "{trouble:?}: no code is left behind that nobody got");
    }
    *server.manner.lock() = Manner::Good;
    done(send_email(&app, "after@example.com", "register").await?);
    // Nobody is there at all.
    drop(server);
    app.clock.advance(3_600_000);
    refused(&send_email(&app, "nobody@example.com", "register").await?, NOT_SENT);
    app.stop().await
}
