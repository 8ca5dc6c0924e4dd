//! What may never stand in a log.

use std::{
    io::Write,
    sync::{Arc, Once},
};

use lingpai_testkit::{app::SETUP_TOKEN, app::SPACE};
use parking_lot::Mutex;
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::kit::{people::*, *};

both_engines!(production: no_secret_is_logged);

/// Everything that the programs of this process have logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn capture() -> Captured {
    static START: Once = Once::new();
    static CAPTURED: std::sync::OnceLock<Captured> = std::sync::OnceLock::new();
    let captured = CAPTURED.get_or_init(Captured::default).clone();
    START.call_once(|| {
        let ours = ["lingpai_server", "lingpai_domain", "lingpai_store", "lingpai_providers"];
        let targets = Targets::new().with_targets(ours.map(|name| (name, tracing::Level::TRACE)));
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(captured.clone());
        tracing_subscriber::registry().with(targets).with(layer).init();
    });
    captured
}

/// Registers, signs in and out, asks for codes, guesses, resets, changes: with secrets of their own.
async fn no_secret_is_logged(app: &TestApp) -> Outcome {
    let captured = capture();
    let mut secrets = vec![SETUP_TOKEN.to_owned(), SPACE.secret.to_owned(), tokens::SECRET.to_owned()];
    let (first, second, wrong) = ("Fir5t-pa55word-x", "Sec0nd-pa55word-x", "Wr0ng-pa55word-x");
    secrets.extend([first, second, wrong].map(str::to_owned));

    let text = captcha(app, "register").await?;
    refused(
        &app.call("registerUser", json!({"username": "carol", "password": first, "captcha": "Gu3ss"})).await?,
        "uni-captcha-verify-fail",
    );
    secrets.extend([text.clone(), "Gu3ss".to_owned()]);
    secrets.push(done(app.call("registerUser", json!({"username": "carol", "password": first, "captcha": text})).await?).token()?);
    refused(&app.call("registerUser", json!({"username": "carol", "password": "pa5s!", "captcha": "x"})).await?, "uni-id-invalid-password");
    secrets.push("pa5s!".to_owned());
    refused(
        &app.call("registerAdmin", json!({"username": "root", "password": first, "setupToken": wrong})).await?,
        "uni-id-setup-token-required",
    );
    let admin = json!({"username": "root", "password": first, "setupToken": SETUP_TOKEN});
    secrets.push(done(app.call("registerAdmin", admin).await?).token()?);

    for password in [wrong, first] {
        let reply = app.call("login", json!({"username": "carol", "password": password})).await?;
        secrets.extend(reply.token().ok());
    }
    let code = sms_code(app, "13712345678", "login-by-sms").await?;
    refused(
        &app.call("loginBySms", json!({"mobile": "13712345678", "code": another_code(&code)})).await?,
        "uni-id-mobile-verify-code-error",
    );
    let token = done(app.call("loginBySms", json!({"mobile": "13712345678", "code": code})).await?).token()?;
    secrets.push(code);
    let code = sms_code(app, "13712345678", "set-pwd-by-sms").await?;
    done(app.call_as(&token, "setPwd", json!({"password": first, "code": code})).await?);
    secrets.push(code);
    app.clock.advance(1500);
    refused(&app.call_as(&token, "updatePwd", json!({"oldPassword": wrong, "newPassword": second})).await?, "uni-id-password-error");
    done(app.call_as(&token, "updatePwd", json!({"oldPassword": first, "newPassword": second})).await?);
    refused(&info(app, &token).await?, "uni-id-token-expired");
    secrets.push(token);
    let code = sms_code(app, "13712345678", "reset-pwd-by-sms").await?;
    done(app.call("resetPwdBySms", json!({"mobile": "13712345678", "code": code, "password": first})).await?);
    secrets.push(code);
    let code = email_code(app, "carol@example.com", "register").await?;
    let by_email = json!({"email": "carol@example.com", "password": second, "code": code});
    let token = done(app.call("registerUserByEmail", by_email).await?).token()?;
    secrets.push(code);
    let renewed = done(app.send(Call::new("refreshToken").token(&token).by_client()).await?).token()?;
    done(app.send(Call::new("logout").token(&renewed).by_client()).await?);
    secrets.extend([token, renewed]);
    app.sms.refuse("13787654321");
    refused(&send_sms(app, "13787654321", "login-by-sms").await?, "uni-id-send-failed");
    app.send(Call::new("getAccountInfo").token("a-f0rged.t0ken.x")).await?;
    secrets.push("a-f0rged.t0ken.x".to_owned());

    for user in app.documents("uni-id-users").await? {
        secrets.extend(user.get("password").and_then(Value::as_str).map(str::to_owned));
    }
    for row in app.documents("opendb-verify-codes").await? {
        secrets.extend(row.get("code").and_then(Value::as_str).map(str::to_owned));
    }
    let log = String::from_utf8_lossy(&captured.0.lock()).into_owned();
    assert!(log.contains("answered") && log.contains("refused") && log.contains("registerUser"), "nothing was captured: {log}");
    assert!(secrets.len() > 25);
    for secret in &secrets {
        for line in log.lines() {
            // Six digits may stand in the middle of an id; alone they are a code.
            let stands = match secret.bytes().all(|byte| byte.is_ascii_digit()) {
                true => line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == secret),
                false => line.contains(secret.as_str()),
            };
            assert!(!stands, "{secret:?} stands in the log: {line}");
        }
    }
    Ok(())
}
