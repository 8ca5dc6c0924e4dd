//! What may never stand in a log.

use std::{
    io::Write,
    sync::{Arc, Once},
};

use lingpai_testkit::{app::SETUP_TOKEN, app::SPACE};
use parking_lot::Mutex;
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::kit::{
    people::*,
    weixin::{self, APP, MINI_PROGRAM, from_phone, mini_program},
    *,
};

both_engines!(production: no_secret_is_logged);
each_engine!(no_credential_of_wechat_is_logged);

/// Everything that the programs of this process have logged.
#[derive(Clone, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

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

impl Captured {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock()).into_owned()
    }
}

pub fn capture() -> Captured {
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
    assert!(secrets.len() > 25);
    let log = captured.text();
    assert!(log.contains("answered") && log.contains("refused") && log.contains("registerUser"), "nothing was captured: {log}");
    assert_none_stands(&log, &secrets);
    Ok(())
}

#[track_caller]
pub fn assert_none_stands(log: &str, secrets: &[String]) {
    for secret in secrets {
        for line in log.lines() {
            // Six digits may stand in the middle of an id; alone they are a code.
            let stands = match secret.bytes().all(|byte| byte.is_ascii_digit()) {
                true => line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == secret),
                false => line.contains(secret.as_str()),
            };
            assert!(!stands, "{secret:?} stands in the log: {line}");
        }
    }
}

/// Signs in, is refused, replaces a stale token, renews keys: with what WeChat hands out.
async fn no_credential_of_wechat_is_logged(engine: Engine) -> Outcome {
    let captured = capture();
    let listed = TestApp::builder().engine(engine).mode(Mode::Production);
    let world = weixin::start_with(listed.center_file("uni-open-bridge/config.json", r#"{"ipWhiteList": ["10.0.0.1"]}"#)).await?;
    let app = &world.app;
    let token = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-0neT1me"}))).await?).token()?;
    done(app.send(from_phone("loginByWeixin", json!({"code": "wx-0neT1me"}))).await?);
    for code in ["b4d-c0de-x", "neterr", "mp-0neT1me"] {
        refused(&app.send(mini_program("loginByWeixin", json!({"code": code}))).await?, "uni-id-get-third-party-account-failed");
    }
    let number = |code: &str| mini_program("loginByWeixinMobile", json!({"phoneCode": code}));
    done(app.send(number("phone-13712345678")).await?);
    world.weixin.void_access_token(MINI_PROGRAM);
    done(app.send(number("phone-13712345678~2")).await?);
    refused(&app.send(number("b4d-c0de-y")).await?, "uni-id-get-third-party-account-failed");
    let forged = json!({"encryptedData": "F0rgedData==", "iv": "F0rgedIv0000000000000w=="});
    refused(&app.send(mini_program("bindMobileByMpWeixin", forged).token(&token)).await?, "uni-id-get-third-party-account-failed");
    done(app.send(mini_program("secureNetworkHandshakeByWeixin", json!({"code": "mp-0therT1me"}))).await?);
    for (method, platform) in [("getAccessToken", "weixin-mp"), ("getTicket", "weixin-h5"), ("getEncryptKey", "weixin-mp")] {
        let params = json!({"dcloudAppid": APP, "platform": platform, "openid": "o_mp_0therT1me", "version": 10});
        let call = Call::new(method).function("uni-open-bridge").params(params);
        done(app.send(call.clone().from_ip("10.0.0.1")).await?);
        refused(&app.send(call).await?, "uni-id-illegal-request");
    }
    let secrets = [
        "0neT1me",
        "0therT1me",
        "b4d-c0de",
        "AT-wx-mp-appid",
        "13712345678",
        "F0rged",
        "VI6BpyrK9XH4i4AIGe86tg==",
        "6003f73ec441c386",
        "TICKET",
    ];
    let mut secrets: Vec<String> = secrets.map(str::to_owned).to_vec();
    for user in app.documents("uni-id-users").await? {
        let session_key = user.get("third_party").and_then(|keys| keys.pointer("/mp_weixin/session_key")).and_then(Value::as_str);
        secrets.extend(session_key.map(str::to_owned));
    }
    assert!(secrets.len() > 9);
    let log = captured.text();
    assert!(log.contains("is stale") && log.contains("invalid code"), "nothing was captured: {log}");
    assert_none_stands(&log, &secrets);
    world.stop().await
}
