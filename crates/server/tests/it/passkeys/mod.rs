//! Passkeys, with a software authenticator in the place of a phone.

mod adding;
mod keeping;
mod race;
mod signing_in;

use lingpai_webauthn::software::{Behaviour, SoftwareAuthenticator};

use crate::kit::{people::*, *};

both_engines!(development: they_are_off_unless_the_operator_says_otherwise);
both_engines!(switched_on: pages_and_apps_are_told_and_mini_programs_are_not);

/// Where the pages are.
pub const ORIGIN: &str = "https://id.example.com";

/// Passkeys of example.com.
pub fn switched_on(builder: TestAppBuilder) -> TestAppBuilder {
    builder
        .setting("passkeys.enabled", "true")
        .setting("passkeys.rp_id", "example.com")
        .setting("passkeys.rp_name", "Example")
        .setting("passkeys.origins", format!("[{ORIGIN:?}]"))
        .setting("passkeys.per_user", "3")
}

/// With two-step verification besides.
pub fn with_second_steps(builder: TestAppBuilder) -> TestAppBuilder {
    switched_on(builder).setting("security.second_step", "true")
}

/// How a phone behaves, and what it is told.
type Case = (fn(&mut Behaviour), &'static str);

/// A phone that belongs to nobody yet.
pub fn phone() -> SoftwareAuthenticator {
    SoftwareAuthenticator::new(ORIGIN)
}

/// Begins to add a passkey, with the password of tests.
pub async fn begin(app: &TestApp, token: &str) -> anyhow::Result<Value> {
    Ok(done(app.call_as(token, "startPasskeyRegistration", json!({"password": PASSWORD})).await?).body)
}

/// Ends it with what a phone makes.
pub async fn finish(app: &TestApp, token: &str, begun: &Value, credential: &Value) -> anyhow::Result<Reply> {
    app.call_as(token, "finishPasskeyRegistration", json!({"ceremonyId": begun["ceremonyId"], "credential": credential, "name": "Phone"}))
        .await
}

/// Adds a passkey; answers its id.
pub async fn add(app: &TestApp, token: &str, phone: &mut SoftwareAuthenticator) -> anyhow::Result<String> {
    let begun = begin(app, token).await?;
    let credential = phone.create(&begun["publicKey"]);
    let added = done(finish(app, token, &begun, &credential).await?);
    Ok(added.body["passkey"]["id"].as_str().unwrap_or_default().to_owned())
}

/// Begins to sign in.
pub async fn begin_login(app: &TestApp) -> anyhow::Result<Value> {
    Ok(done(app.call("startPasskeyLogin", json!({})).await?).body)
}

/// A sign-in with what a phone answers.
pub fn login(begun: &Value, credential: &Value) -> Call {
    Call::new("loginByPasskey").params(json!({"ceremonyId": begun["ceremonyId"], "credential": credential}))
}

/// Signs in with the phone's newest passkey.
pub async fn sign_in(app: &TestApp, phone: &SoftwareAuthenticator) -> anyhow::Result<Reply> {
    let begun = begin_login(app).await?;
    app.send(login(&begun, &phone.get(&begun["publicKey"]))).await
}

/// The caller's passkeys.
pub async fn listed(app: &TestApp, token: &str) -> anyhow::Result<Value> {
    Ok(done(app.call_as(token, "getPasskeys", json!({})).await?).body)
}

async fn they_are_off_unless_the_operator_says_otherwise(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let off = json!({"errCode": 0, "available": false, "limit": 0, "confirmBy": "password", "passkeys": []});
    assert_eq!(listed(app, &token).await?, off);
    let credential = json!({"ceremonyId": "x.y", "credential": {}});
    for reply in [
        app.call_as(&token, "startPasskeyRegistration", json!({"password": PASSWORD})).await?,
        app.call_as(&token, "finishPasskeyRegistration", credential.clone()).await?,
        app.call("startPasskeyLogin", json!({})).await?,
        app.call("loginByPasskey", credential).await?,
    ] {
        refused_with(&reply, "uni-id-config-field-required", "passkeys.enabled");
    }
    let ways = done(app.call("getSupportedLoginType", json!({})).await?).body["supportedLoginType"].to_string();
    assert!(!ways.contains("passkey"), "{ways}");
    Ok(())
}

async fn pages_and_apps_are_told_and_mini_programs_are_not(app: &TestApp) -> Outcome {
    for (platform, told) in [("web", true), ("h5", true), ("app-ios", true), ("mp-weixin", false)] {
        let reply = done(app.send(Call::new("getSupportedLoginType").client_info("uniPlatform", platform)).await?);
        let ways = reply.body["supportedLoginType"].as_array().cloned().unwrap_or_default();
        assert_eq!(ways.contains(&json!("passkey")), told, "{platform}");
    }
    Ok(())
}
