//! People of the tests: registered, stored, signed in.

use anyhow::{Context, Result};
use lingpai_domain::store::NewCaptcha;
use lingpai_testkit::clock::FrozenClock;

use super::{Call, Map, Reply, TestApp, Value, done, json};

/// Everyone's password.
pub const PASSWORD: &str = "pass123456";

/// A stored form of [`PASSWORD`], recorded from the original (type hmac-sha256).
pub const PASSWORD_HASH: &str =
    "$UNI_ID_HMAC_SHA256$20$0011223344556677889916459878f001bdb174534b442f7f0428ae2a29bd6acac8c511ba10bd5c4010b4";

/// The device of [`Call::new`].
pub const DEVICE: &str = "test-device";

/// When the tests begin, milliseconds.
pub const START: i64 = FrozenClock::RECORDED_START_MS;

/// Stores a user with [`PASSWORD`]; `_id` is `u-` and the name.
pub async fn store_user(app: &TestApp, name: &str, fields: Value) -> Result<String> {
    let uid = format!("u-{name}");
    let mut doc = json!({"_id": uid, "username": name, "password": PASSWORD_HASH, "password_secret_version": 1});
    let (Some(doc), Some(fields)) = (doc.as_object_mut(), fields.as_object()) else { anyhow::bail!("fields are an object") };
    doc.extend(fields.clone());
    app.put("uni-id-users", Value::Object(doc.clone())).await?;
    Ok(uid)
}

/// Stores a user and signs in. Answers `_id` and token.
pub async fn someone(app: &TestApp, name: &str) -> Result<(String, String)> {
    let uid = store_user(app, name, json!({})).await?;
    Ok((uid, log_in(app, name).await?))
}

/// Signs in by user name and answers the token.
pub async fn log_in(app: &TestApp, name: &str) -> Result<String> {
    done(try_password(app, name, PASSWORD).await?).token()
}

/// Tries to sign in.
pub async fn try_password(app: &TestApp, name: &str, password: &str) -> Result<Reply> {
    app.call("login", json!({"username": name, "password": password})).await
}

/// A captcha's text for [`DEVICE`]. Production mode does not tell, so there one is put into the store.
pub async fn captcha(app: &TestApp, scene: &str) -> Result<String> {
    captcha_of(app, DEVICE, scene).await
}

/// The same for another device.
pub async fn captcha_of(app: &TestApp, device: &str, scene: &str) -> Result<String> {
    let state = app.program().state();
    if state.is_development() {
        return app.captcha_for(device, scene).await;
    }
    let text = "XyZ7";
    let now = state.base.clock.now_ms();
    let row = NewCaptcha {
        id: state.base.ids.next(&*state.base.clock, &*state.base.random),
        device_id: device.to_owned(),
        scene: scene.to_owned(),
        code: state.codes.stored_captcha(device, scene, text),
        ip: "127.0.0.1".to_owned(),
        created_date: now,
        expired_date: now + 180_000,
    };
    app.store.issue_captcha(&row).await?;
    Ok(text.to_owned())
}

/// Registers by user name.
pub async fn register(app: &TestApp, name: &str) -> Result<Reply> {
    let captcha = captcha(app, "register").await?;
    app.call("registerUser", json!({"username": name, "password": PASSWORD, "captcha": captcha})).await
}

/// Has a code sent by SMS and reads it where the gateway got it.
pub async fn sms_code(app: &TestApp, mobile: &str, scene: &str) -> Result<String> {
    done(send_sms(app, mobile, scene).await?);
    app.sms.latest(mobile, "code").context("no message was sent")
}

/// Asks for a code by SMS.
pub async fn send_sms(app: &TestApp, mobile: &str, scene: &str) -> Result<Reply> {
    let captcha = captcha(app, "send-sms-code").await?;
    app.call("sendSmsCode", json!({"mobile": mobile, "scene": scene, "captcha": captcha})).await
}

/// Has a code sent by mail and reads it where the server got it.
pub async fn email_code(app: &TestApp, email: &str, scene: &str) -> Result<String> {
    done(send_email(app, email, scene).await?);
    let mail = app.mail.take().pop().context("no mail was sent")?;
    six_digits(&mail.text).context("a mail without a code")
}

/// Asks for a code by mail.
pub async fn send_email(app: &TestApp, email: &str, scene: &str) -> Result<Reply> {
    let captcha = captcha(app, "send-email-code").await?;
    app.call("sendEmailCode", json!({"email": email, "scene": scene, "captcha": captcha})).await
}

/// The first six digits in a row of a text.
pub fn six_digits(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_digit()).find(|run| run.len() == 6).map(str::to_owned)
}

/// A wrong code of the same form.
pub fn another_code(code: &str) -> String {
    if code == "000000" { "000001".to_owned() } else { "000000".to_owned() }
}

/// Whether a token is accepted.
pub async fn info(app: &TestApp, token: &str) -> Result<Reply> {
    app.call_as(token, "getAccountInfo", json!({})).await
}

/// A call of the URL form from another application.
pub fn from_app(method: &str, app_id: &str, params: Value) -> Call {
    Call::new(method).client_info("appId", app_id).params(params)
}

/// A user's document.
pub async fn user(app: &TestApp, uid: &str) -> Result<Map<String, Value>> {
    app.document("uni-id-users", uid).await
}

/// The log, oldest first, without ids.
pub async fn log(app: &TestApp) -> Result<Vec<Value>> {
    let rows = app.documents("uni-id-log").await?;
    Ok(rows.into_iter().map(without_id).collect())
}

/// The newest row of the log, without its id.
pub async fn last_log(app: &TestApp) -> Result<Value> {
    log(app).await?.pop().context("the log is empty")
}

fn without_id(mut row: Map<String, Value>) -> Value {
    row.remove("_id");
    Value::Object(row)
}

/// A row of the log as a call of [`Call::new`] leaves it now.
pub fn row(app: &TestApp, kind: &str, state: i64, subject: Value) -> Value {
    let now = app.program().state().base.clock.now_ms();
    let mut row = json!({
        "appid": "__UNI__TEST", "device_id": DEVICE, "ip": "127.0.0.1", "type": kind, "ua": "lingpai-testkit", "create_date": now,
    });
    if let (Some(row), Some(subject)) = (row.as_object_mut(), subject.as_object()) {
        row.extend(subject.clone());
        row.insert("state".into(), state.into());
    }
    row
}

/// All rows of codes and captchas for a scene, oldest first.
pub async fn codes(app: &TestApp, scene: &str) -> Result<Vec<Map<String, Value>>> {
    let rows = app.documents("opendb-verify-codes").await?;
    Ok(rows.into_iter().filter(|row| row.get("scene") == Some(&json!(scene))).collect())
}

/// `state` of all rows for a scene, oldest first: 0 live, 1 used, 2 void.
pub async fn states(app: &TestApp, scene: &str) -> Result<Vec<Value>> {
    Ok(codes(app, scene).await?.iter().map(|row| row.get("state").cloned().unwrap_or_default()).collect())
}
