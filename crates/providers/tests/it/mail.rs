//! Mails by SMTP.

use std::{sync::Arc, time::Duration};

use lingpai_domain::{
    messaging::{Mail, MailGateway, SendError},
    secret::Secret,
};
use lingpai_providers::mail::{SmtpMailGateway, SmtpOptions, SmtpOptionsError, SmtpTls};

use crate::{
    clock::{Sevens, StandingClock},
    smtp_server::{Encryption, Manner, SmtpServer},
};

const PATIENCE: Duration = Duration::from_secs(20);
const IMPATIENCE: Duration = Duration::from_secs(1);

fn mail() -> Mail {
    Mail {
        to: "bob@example.com".into(),
        subject: "令牌 验证码 / code".into(),
        text: "Your code is 482913.\r\n.\r\n您的验证码".into(),
        html: "<p>您的验证码是 <b>482913</b></p>".into(),
    }
}

fn options(server: &SmtpServer, tls: SmtpTls) -> SmtpOptions {
    SmtpOptions {
        host: "localhost".into(),
        port: Some(server.port),
        tls,
        login: Some(("lingpai".into(), Secret::new("pa55word"))),
        from: "令牌 <no-reply@example.com>".into(),
        timeout: PATIENCE,
        extra_root_pem: Some(server.root_pem.clone()),
    }
}

fn gateway(options: &SmtpOptions) -> SmtpMailGateway {
    SmtpMailGateway::new(options, Arc::new(StandingClock), Arc::new(Sevens)).unwrap()
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
async fn a_mail_arrives_over_every_kind_of_connection() {
    for (server_tls, client_tls) in
        [(Encryption::None, SmtpTls::None), (Encryption::StartTls, SmtpTls::StartTls), (Encryption::Wrapper, SmtpTls::Wrapper)]
    {
        let server = SmtpServer::start(server_tls, Manner::Good).await;
        gateway(&options(&server, client_tls)).send(&mail()).await.unwrap();

        let mails = server.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].encrypted, client_tls != SmtpTls::None);
        // base64 of NUL lingpai NUL pa55word
        assert_eq!(mails[0].login.as_deref(), Some("AGxpbmdwYWkAcGE1NXdvcmQ="));
        assert!(mails[0].from.starts_with("MAIL FROM:<no-reply@example.com>"), "{}", mails[0].from);
        assert_eq!(mails[0].to, ["RCPT TO:<bob@example.com>"]);
    }
}

#[tokio::test]
async fn the_message_is_well_formed() {
    let server = SmtpServer::start(Encryption::None, Manner::Good).await;
    gateway(&options(&server, SmtpTls::None)).send(&mail()).await.unwrap();

    let data = server.mails().remove(0).data;
    let (head, body) = data.split_once("\r\n\r\n").unwrap();
    let sevens = |count: usize| "77".repeat(count);
    for header in [
        "From: =?utf-8?b?5Luk54mM?= <no-reply@example.com>".to_owned(),
        "To: bob@example.com".to_owned(),
        "Date: Thu, 09 Oct 2025 08:53:20 +0000".to_owned(),
        "Auto-Submitted: auto-generated".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        format!("Message-ID: <{}@example.com>", sevens(16)),
    ] {
        assert!(head.lines().any(|line| line == header), "{header} is missing in {head}");
    }
    assert!(head.is_ascii());
    assert!(head.contains("Subject: =?utf-8?b?5Luk54mMIOmqjOivgeeggQ==?= / code"), "{head}");
    let parts: Vec<&str> = body.split(&format!("--{}", sevens(20))).collect();
    assert_eq!(parts.len(), 4, "a text, a page and the end: {body}");
    assert!(parts[1].contains("text/plain; charset=utf-8") && parts[2].contains("text/html; charset=utf-8"), "{body}");
    // base64 of "Your code is" and of "<p>您"
    assert!(parts[1].contains("WW91ciBjb2RlIGlz") && parts[2].contains("PHA+5oKo"), "{body}");
}

#[tokio::test]
async fn headers_cannot_be_smuggled_in() {
    let server = SmtpServer::start(Encryption::None, Manner::Good).await;
    let gateway = gateway(&options(&server, SmtpTls::None));
    for subject in
        ["Hi\r\nBcc: eve@example.com\r\n\r\nbody", "Hi\nBcc: eve@example.com", "Hi\rBcc: eve@example.com\0", "令\r\nBcc: eve@example.com"]
    {
        gateway.send(&Mail { subject: subject.into(), ..mail() }).await.unwrap();
    }
    for mail in server.mails() {
        assert_eq!(mail.to, ["RCPT TO:<bob@example.com>"]);
        let (head, _) = mail.data.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        assert!(head.contains("Subject: "), "{head}");
    }

    // A line with a single dot ends the message on the wire.
    let text = "one\r\n.\r\nMAIL FROM:<eve@example.com>".to_owned();
    gateway.send(&Mail { text, ..mail() }).await.unwrap();

    let arrived = server.mails().len();
    assert_eq!(arrived, 5);
    for to in [
        "",
        "bob",
        "a@",
        "@b",
        "bob@example.com\r\nRCPT TO:<eve@example.com>",
        "bob@example.com, eve@example.com",
        "Bob <bob@example.com>",
        "bob@exam ple.com",
        "bob@example.com>",
    ] {
        refused(gateway.send(&Mail { to: to.into(), ..mail() }).await);
    }
    assert_eq!(server.mails().len(), arrived);
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = SmtpServer::start(Encryption::StartTls, Manner::Good).await;
    let gateway = gateway(&options(&server, SmtpTls::StartTls));
    for _ in 0..3 {
        gateway.send(&mail()).await.unwrap();
    }
    assert_eq!(server.mails().iter().map(|mail| mail.connection).collect::<Vec<_>>(), [0, 0, 0]);
}

#[tokio::test]
async fn many_at_once_share_a_few_connections() {
    let server = SmtpServer::start(Encryption::None, Manner::Good).await;
    let gateway = Arc::new(gateway(&options(&server, SmtpTls::None)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let gateway = gateway.clone();
        tasks.spawn(async move { gateway.send(&mail()).await });
    }
    assert!(tasks.join_all().await.into_iter().all(|result| result.is_ok()));
    let mails = server.mails();
    assert_eq!(mails.len(), 64);
    assert!(mails.iter().all(|mail| mail.connection < 8));
}

#[tokio::test]
async fn a_refusal_is_told_without_the_address() {
    for words in ["550 5.1.1 <bob@example.com> is unknown (482913)", "450 try <bob@example.com> later"] {
        let server = SmtpServer::start(Encryption::None, Manner::Refuses(words)).await;
        let told = refused(gateway(&options(&server, SmtpTls::None)).send(&mail()).await);
        assert!(told.contains(&words[..3]) && !told.contains("bob@") && !told.contains("482913"), "{told}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    for manner in [Manner::Silent, Manner::SilentAfterGreeting] {
        let server = SmtpServer::start(Encryption::None, manner).await;
        let options = SmtpOptions { timeout: IMPATIENCE, ..options(&server, SmtpTls::None) };
        unreachable(gateway(&options).send(&mail()).await);
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let server = SmtpServer::start(Encryption::None, Manner::Endless).await;
    let options = SmtpOptions { timeout: IMPATIENCE, ..options(&server, SmtpTls::None) };
    unreachable(gateway(&options).send(&mail()).await);
}

/// A connection on which an answer is outstanding must not carry another mail: that mail would
/// also go to the first one's recipient.
#[tokio::test]
async fn a_mail_that_was_given_up_does_not_touch_the_next() {
    let server = SmtpServer::start(Encryption::None, Manner::LateWithFirstRecipient).await;
    let gateway = gateway(&SmtpOptions { timeout: IMPATIENCE, ..options(&server, SmtpTls::None) });
    unreachable(gateway.send(&Mail { to: "eve@example.com".into(), ..mail() }).await);
    gateway.send(&mail()).await.unwrap();

    let mails = server.mails();
    assert_eq!(mails.iter().flat_map(|mail| &mail.to).collect::<Vec<_>>(), ["RCPT TO:<bob@example.com>"]);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_replaced() {
    let server = SmtpServer::start(Encryption::None, Manner::LeavesAfterMail).await;
    let gateway = gateway(&options(&server, SmtpTls::None));
    for _ in 0..2 {
        gateway.send(&mail()).await.unwrap();
    }
    assert_eq!(server.mails().iter().map(|mail| mail.connection).collect::<Vec<_>>(), [0, 1]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unreachable() {
    let server = SmtpServer::start(Encryption::None, Manner::Good).await;
    // Nothing listens on port 1, and no outgoing connection is given it.
    unreachable(gateway(&SmtpOptions { port: Some(1), ..options(&server, SmtpTls::None) }).send(&mail()).await);
}

#[tokio::test]
async fn encryption_is_never_given_up_silently() {
    let server = SmtpServer::start(Encryption::StartTls, Manner::WithoutStartTls).await;
    assert!(gateway(&options(&server, SmtpTls::StartTls)).send(&mail()).await.is_err());
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_is_refused() {
    for (server_tls, client_tls) in [(Encryption::StartTls, SmtpTls::StartTls), (Encryption::Wrapper, SmtpTls::Wrapper)] {
        let server = SmtpServer::start(server_tls, Manner::Good).await;
        let trusting = options(&server, client_tls);
        let stranger = SmtpOptions { extra_root_pem: None, ..trusting.clone() };
        let other_name = SmtpOptions { host: "127.0.0.1".into(), ..trusting };
        for options in [stranger, other_name] {
            unreachable(gateway(&options).send(&mail()).await);
        }
        assert!(server.mails().is_empty());
    }
}

#[tokio::test]
async fn options_that_cannot_work_are_refused_at_once() {
    let server = SmtpServer::start(Encryption::None, Manner::Good).await;
    let good = options(&server, SmtpTls::StartTls);
    let problem = |options: SmtpOptions| SmtpMailGateway::new(&options, Arc::new(StandingClock), Arc::new(Sevens)).err().unwrap();
    assert!(matches!(problem(SmtpOptions { host: String::new(), ..good.clone() }), SmtpOptionsError::NoHost));
    assert!(matches!(problem(SmtpOptions { from: "nobody".into(), ..good.clone() }), SmtpOptionsError::From(_)));
    let plain = SmtpOptions { host: "mail.example.com".into(), tls: SmtpTls::None, ..good.clone() };
    assert!(matches!(problem(plain), SmtpOptionsError::PlainToOtherMachine(_)));
    let root = SmtpOptions { extra_root_pem: Some(b"-----BEGIN CERTIFICATE-----\n%\n".to_vec()), ..good };
    assert!(matches!(problem(root), SmtpOptionsError::Tls(_)));
}
