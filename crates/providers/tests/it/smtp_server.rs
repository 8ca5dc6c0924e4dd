//! A small SMTP server with STARTTLS and authentication that keeps what it is told.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What the server does differently from a good one.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Manner {
    #[default]
    Good,
    /// Takes the connection and never says a word.
    Silent,
    /// Greets, and answers nothing else.
    SilentAfterGreeting,
    /// Does not know the recipient; this is its answer.
    Refuses(&'static str),
    /// Answers EHLO without end.
    Endless,
    /// Takes its first recipient, but says so only when it hears the next command.
    LateWithFirstRecipient,
    /// Hangs up after a mail.
    LeavesAfterMail,
    /// Does not offer STARTTLS.
    WithoutStartTls,
}

/// How TLS begins.
#[derive(Clone, Copy, PartialEq)]
pub enum Encryption {
    None,
    StartTls,
    Wrapper,
}

/// One mail as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The number of its connection, from 0.
    pub connection: usize,
    pub encrypted: bool,
    /// The decoded argument of AUTH PLAIN.
    pub login: Option<String>,
    pub from: String,
    pub to: Vec<String>,
    pub data: String,
}

pub struct SmtpServer {
    pub port: u16,
    /// The certificate that a client must trust.
    pub root_pem: Vec<u8>,
    mails: Arc<Mutex<Vec<Received>>>,
}

impl SmtpServer {
    pub async fn start(tls: Encryption, manner: Manner) -> Self {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = mails.clone();
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let mut session = Session {
                    manner,
                    late: String::new(),
                    connection,
                    encrypted: false,
                    offers_tls: false,
                    login: None,
                    mails: kept.clone(),
                };
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if tls == Encryption::Wrapper {
                        let Ok(stream) = acceptor.accept(stream).await else { return };
                        session.encrypted = true;
                        session.talk(BufReader::new(stream), true).await;
                        return;
                    }
                    session.offers_tls = tls == Encryption::StartTls && manner != Manner::WithoutStartTls;
                    let Some(stream) = session.talk(BufReader::new(stream), true).await else { return };
                    let Ok(stream) = acceptor.accept(stream.into_inner()).await else { return };
                    (session.encrypted, session.offers_tls) = (true, false);
                    session.talk(BufReader::new(stream), false).await;
                });
            }
        });
        Self { port, root_pem: certified.cert.pem().into_bytes(), mails }
    }

    pub fn mails(&self) -> Vec<Received> {
        self.mails.lock().unwrap().clone()
    }
}

struct Session {
    manner: Manner,
    /// Answers that were held back.
    late: String,
    connection: usize,
    encrypted: bool,
    offers_tls: bool,
    login: Option<String>,
    mails: Arc<Mutex<Vec<Received>>>,
}

impl Session {
    /// Speaks until the client leaves (`None`) or wants TLS (the stream).
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut stream: BufReader<S>, greet: bool) -> Option<BufReader<S>> {
        if self.manner == Manner::Silent {
            let _ = stream.read_line(&mut String::new()).await;
            return None;
        }
        if greet {
            stream.write_all(b"220 localhost ready\r\n").await.ok()?;
        }
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if self.manner == Manner::SilentAfterGreeting {
                continue;
            }
            let late = std::mem::take(&mut self.late);
            stream.write_all(late.as_bytes()).await.ok()?;
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let answer = match verb.as_str() {
                "EHLO" if self.manner == Manner::Endless => {
                    while stream.write_all(b"250-MORE\r\n").await.is_ok() {}
                    return None;
                }
                "EHLO" if self.offers_tls => "250-localhost\r\n250-STARTTLS\r\n250 8BITMIME".to_owned(),
                "EHLO" => "250-localhost\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME".to_owned(),
                "STARTTLS" if self.offers_tls => {
                    stream.write_all(b"220 go ahead\r\n").await.ok()?;
                    return Some(stream);
                }
                "AUTH" => {
                    self.login = line.split(' ').nth(2).map(str::to_owned);
                    "235 welcome".to_owned()
                }
                "MAIL" => {
                    line.clone_into(&mut from);
                    "250 ok".to_owned()
                }
                "RCPT" => match self.manner {
                    Manner::Refuses(words) => words.to_owned(),
                    Manner::LateWithFirstRecipient if self.connection == 0 && to.is_empty() => {
                        to.push(line.to_owned());
                        "250 ok\r\n".clone_into(&mut self.late);
                        continue;
                    }
                    _ => {
                        to.push(line.to_owned());
                        "250 ok".to_owned()
                    }
                },
                "DATA" => {
                    stream.write_all(b"354 go on\r\n").await.ok()?;
                    let data = read_data(&mut stream).await?;
                    self.mails.lock().unwrap().push(Received {
                        connection: self.connection,
                        encrypted: self.encrypted,
                        login: self.login.clone(),
                        from: std::mem::take(&mut from),
                        to: std::mem::take(&mut to),
                        data,
                    });
                    if self.manner == Manner::LeavesAfterMail {
                        let _ = stream.write_all(b"250 taken\r\n").await;
                        return None;
                    }
                    "250 taken".to_owned()
                }
                "NOOP" | "RSET" => "250 ok".to_owned(),
                "QUIT" => {
                    let _ = stream.write_all(b"221 bye\r\n").await;
                    return None;
                }
                _ => "500 what?".to_owned(),
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
        }
    }
}

async fn read_data<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>) -> Option<String> {
    let mut data = String::new();
    loop {
        let start = data.len();
        if stream.read_line(&mut data).await.ok()? == 0 {
            return None;
        }
        if &data[start..] == ".\r\n" {
            data.truncate(start);
            return Some(data);
        }
    }
}
