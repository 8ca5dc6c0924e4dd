//! Two-step verification.

mod linking;

use data_encoding::BASE32_NOPAD;
use lingpai_domain::second_step::totp;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    store_in_between::controlled,
    *,
};

fn switched_on(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("security.second_step", "true")
}

fn hardened(builder: TestAppBuilder) -> TestAppBuilder {
    builder.mode(Mode::Production).setting("security.second_step", "true")
}

both_engines!(development: it_is_off_unless_the_operator_says_otherwise);
both_engines!(switched_on: a_login_takes_two_steps, setting_up_takes_the_password, it_counts_once_confirmed, every_way_in_asks_for_it,
    a_step_and_a_ticket_count_once, wrong_codes_lock, recovery_codes_open_once, it_is_switched_off_with_a_code, tickets_are_nothing_else,
    a_locked_address_learns_nothing, an_administrator_helps_who_lost_everything, one_of_many_with_one_answer_signs_in,
    one_ticket_spends_one_recovery_code, external_systems_ask_themselves);
both_engines!(hardened: nothing_readable_is_stored);
each_engine!(other_logins_cost_no_more_for_it);

const REQUIRED: &str = "uni-id-second-step-required";
const WRONG: &str = "uni-id-second-step-error";

/// Switches it on for a user; answers the secret and recovery codes. The code of the present step is used.
async fn switch_on(app: &TestApp, token: &str) -> anyhow::Result<(Vec<u8>, Vec<String>)> {
    let set_up = done(app.call_as(token, "setUpTotp", json!({"password": PASSWORD})).await?);
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    assert_eq!(secret.len(), 20);
    assert!(set_up.body["qrCode"].as_str().is_some_and(|picture| picture.starts_with("data:image/png;base64,")));
    let confirmed = done(app.call_as(token, "confirmTotp", json!({"code": code(app, &secret)})).await?);
    let codes = confirmed.body["recoveryCodes"].as_array().cloned().unwrap_or_default();
    Ok((secret, codes.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

fn now(app: &TestApp) -> i64 {
    app.program().state().base.clock.now_ms()
}

fn code(app: &TestApp, secret: &[u8]) -> String {
    totp::code(secret, totp::step_at(now(app)))
}

/// The code of the next step, so that none was used before.
fn next_code(app: &TestApp, secret: &[u8]) -> String {
    app.clock.advance(totp::STEP_MS);
    code(app, secret)
}

async fn ticket(app: &TestApp, reply: &Reply) -> anyhow::Result<String> {
    refused(reply, REQUIRED);
    assert_eq!(reply.body["secondStep"]["methods"], json!(["totp", "recovery-code"]));
    assert_eq!(reply.body["secondStep"]["expired"], json!(now(app) + 300_000));
    assert!(reply.body.get("newToken").is_none() && reply.body.get("uid").is_none());
    Ok(reply.body["secondStep"]["ticket"].as_str().unwrap_or_default().to_owned())
}

async fn finish(app: &TestApp, ticket: &str, code: &str) -> anyhow::Result<Reply> {
    app.call("loginBySecondStep", json!({"ticket": ticket, "code": code})).await
}

async fn it_is_off_unless_the_operator_says_otherwise(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    refused(&app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?, "uni-id-config-field-required");
    refused(&app.call_as(&token, "confirmTotp", json!({"code": "123456"})).await?, "uni-id-config-field-required");
    refused(&finish(app, "x.y", "123456").await?, "uni-id-second-step-expired");
    let status = done(app.call_as(&token, "getSecondStep", json!({})).await?);
    assert_eq!(status.body, json!({"errCode": 0, "available": false, "enabled": false, "recoveryCodesLeft": 0}));
    Ok(())
}

async fn a_login_takes_two_steps(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (secret, recovery) = switch_on(app, &token).await?;
    assert_eq!(recovery.len(), 10);
    let status = done(app.call_as(&token, "getSecondStep", json!({})).await?);
    assert_eq!(status.body, json!({"errCode": 0, "available": true, "enabled": true, "recoveryCodesLeft": 10}));
    let rows = log(app).await?.len();
    let reply = try_password(app, "alice", PASSWORD).await?;
    let ticket = ticket(app, &reply).await?;
    assert_eq!(log(app).await?.len(), rows);
    refused(&try_password(app, "alice", "wrong-password").await?, "uni-id-password-error");
    let reply = done(finish(app, &ticket, &next_code(app, &secret)).await?);
    assert_eq!((reply.uid()?, &reply.body["passwordConfirmed"], &reply.body["type"]), (uid.clone(), &json!(true), &json!("login")));
    done(info(app, &reply.token()?).await?);
    assert_eq!(last_log(app).await?, row(app, "login", 1, json!({"user_id": uid})));
    // A right password forgets the wrong ones, as ever.
    assert_eq!(user(app, &uid).await?["login_ip_limit"], json!([]));
    Ok(())
}

async fn setting_up_takes_the_password(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    refused(&app.call_as(&token, "setUpTotp", json!({})).await?, "uni-id-param-required");
    for _ in 0..6 {
        refused(&app.call_as(&token, "setUpTotp", json!({"password": "wrong-password"})).await?, "uni-id-password-error");
    }
    refused(&app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?, "uni-id-password-error-exceed-limit");
    // Who has none need not give one.
    let sms = sms_code(app, "13800000001", "login-by-sms").await?;
    let token = done(app.call("loginBySms", json!({"mobile": "13800000001", "code": sms})).await?).token()?;
    let set_up = done(app.call_as(&token, "setUpTotp", json!({})).await?);
    let uri = set_up.body["uri"].as_str().unwrap_or_default().to_owned();
    assert!(uri.starts_with("otpauth://totp/") && uri.contains(":13800000001?secret="), "{uri}");
    Ok(())
}

async fn it_counts_once_confirmed(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let set_up = done(app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    done(try_password(app, "alice", PASSWORD).await?);
    for method in ["removeTotp", "renewRecoveryCodes"] {
        refused(&app.call_as(&token, method, json!({"code": "123456"})).await?, "uni-id-second-step-not-exists");
    }
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    refused(&app.call_as(&token, "confirmTotp", json!({"code": another_code(&code(app, &secret))})).await?, WRONG);
    done(app.call_as(&token, "confirmTotp", json!({"code": code(app, &secret)})).await?);
    refused(&app.call_as(&token, "confirmTotp", json!({"code": code(app, &secret)})).await?, "uni-id-second-step-exists");
    refused(&app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?, "uni-id-second-step-exists");
    // The code that confirmed it is used up.
    let first = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    refused(&finish(app, &first, &code(app, &secret)).await?, WRONG);
    done(finish(app, &first, &next_code(app, &secret)).await?);
    Ok(())
}

async fn every_way_in_asks_for_it(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1, "email": "a@example.com", "email_confirmed": 1}))
        .await?;
    let token = log_in(app, "alice").await?;
    let (secret, _) = switch_on(app, &token).await?;
    let sms = sms_code(app, "13800000001", "login-by-sms").await?;
    let by_sms = app.call("loginBySms", json!({"mobile": "13800000001", "code": sms})).await?;
    done(finish(app, &ticket(app, &by_sms).await?, &next_code(app, &secret)).await?);
    let mail = email_code(app, "a@example.com", "login-by-email").await?;
    let by_mail = app.call("loginByEmailCode", json!({"email": "a@example.com", "code": mail})).await?;
    done(finish(app, &ticket(app, &by_mail).await?, &next_code(app, &secret)).await?);
    // A token that holds is renewed without it.
    done(app.call_as(&token, "refreshToken", json!({})).await?);
    Ok(())
}

async fn a_step_and_a_ticket_count_once(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let (secret, recovery) = switch_on(app, &token).await?;
    let tickets = [
        ticket(app, &try_password(app, "alice", PASSWORD).await?).await?,
        ticket(app, &try_password(app, "alice", PASSWORD).await?).await?,
    ];
    let code = next_code(app, &secret);
    done(finish(app, &tickets[0], &code).await?);
    refused(&finish(app, &tickets[1], &code).await?, WRONG);
    for answer in [&recovery[0], &another_code(&code)] {
        refused(&finish(app, &tickets[0], answer).await?, "uni-id-second-step-expired");
    }
    // A ticket that was used spends no recovery code.
    let status = done(app.call_as(&token, "getSecondStep", json!({})).await?);
    assert_eq!(status.body["recoveryCodesLeft"], json!(10));
    // Another device may be half a minute late, but not one that was earlier than the last.
    let late = next_code(app, &secret);
    app.clock.advance(totp::STEP_MS);
    done(finish(app, &tickets[1], &late).await?);
    Ok(())
}

async fn wrong_codes_lock(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (secret, recovery) = switch_on(app, &token).await?;
    let mut opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    for _ in 0..6 {
        refused(&finish(app, &opened, "000000").await?, WRONG);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"user_id": uid})));
    }
    for right in [next_code(app, &secret), recovery[0].clone()] {
        refused(&finish(app, &opened, &right).await?, "uni-id-second-step-exceed-limit");
    }
    app.clock.advance(3_600_000);
    opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    done(finish(app, &opened, &recovery[0]).await?);
    Ok(())
}

async fn recovery_codes_open_once(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let (secret, recovery) = switch_on(app, &token).await?;
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    // As people type them.
    done(finish(app, &opened, &recovery[0].to_uppercase().replace('-', " ")).await?);
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    refused(&finish(app, &opened, &recovery[0]).await?, WRONG);
    let status = done(app.call_as(&token, "getSecondStep", json!({})).await?);
    assert_eq!(status.body["recoveryCodesLeft"], json!(9));
    let renewed = done(app.call_as(&token, "renewRecoveryCodes", json!({"code": next_code(app, &secret)})).await?);
    refused(&finish(app, &opened, &recovery[1]).await?, WRONG);
    done(finish(app, &opened, renewed.body["recoveryCodes"][3].as_str().unwrap_or_default()).await?);
    Ok(())
}

async fn it_is_switched_off_with_a_code(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let (secret, _) = switch_on(app, &token).await?;
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    refused(&app.call_as(&token, "removeTotp", json!({"code": "000000"})).await?, WRONG);
    done(app.call_as(&token, "removeTotp", json!({"code": next_code(app, &secret)})).await?);
    done(try_password(app, "alice", PASSWORD).await?);
    refused(&finish(app, &opened, &next_code(app, &secret)).await?, "uni-id-second-step-expired");
    switch_on(app, &token).await?;
    Ok(())
}

async fn tickets_are_nothing_else(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (secret, _) = switch_on(app, &token).await?;
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    refused(&info(app, &opened).await?, "uni-id-check-token-failed");
    let code = next_code(app, &secret);
    let (body, signature) = opened.split_once('.').unwrap_or_default();
    for forged in [format!("{body}."), format!("{body}x.{signature}"), signature.to_owned(), token.clone()] {
        refused(&finish(app, &forged, &code).await?, "uni-id-second-step-expired");
    }
    // Of another application, after its time, after a new password, after a ban.
    let elsewhere = from_app("loginBySecondStep", "__UNI__OTHER", json!({"ticket": opened, "code": code}));
    refused(&app.send(elsewhere).await?, "uni-id-second-step-expired");
    app.clock.advance(300_000);
    refused(&finish(app, &opened, &next_code(app, &secret)).await?, "uni-id-second-step-expired");
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    app.clock.advance(1_000);
    let change = json!({"oldPassword": PASSWORD, "newPassword": "another password"});
    done(app.call_as(&token, "updatePwd", change).await?);
    refused(&finish(app, &opened, &next_code(app, &secret)).await?, "uni-id-second-step-expired");
    let opened = ticket(app, &try_password(app, "alice", "another password").await?).await?;
    let mut doc = user(app, &uid).await?;
    doc.insert("status".into(), json!(1));
    app.put("uni-id-users", Value::Object(doc)).await?;
    refused(&finish(app, &opened, &next_code(app, &secret)).await?, "uni-id-account-banned");
    Ok(())
}

/// A right password from a locked address looks like a wrong one.
async fn a_locked_address_learns_nothing(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    switch_on(app, &token).await?;
    let mut last = json!(null);
    for number in 0..8 {
        // Captchas are another matter: each guess has its own.
        let captcha = captcha(app, "login-by-pwd").await?;
        let params = json!({"username": "alice", "password": format!("wrong-{number}-password"), "captcha": captcha});
        last = app.call("login", params).await?.code();
    }
    assert_eq!(last, json!("uni-id-password-error-exceed-limit"));
    let captcha = captcha(app, "login-by-pwd").await?;
    let right = app.call("login", json!({"username": "alice", "password": PASSWORD, "captcha": captcha})).await?;
    refused(&right, "uni-id-password-error-exceed-limit");
    Ok(())
}

async fn one_of_many_with_one_answer_signs_in(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let (secret, _) = switch_on(app, &token).await?;
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    let code = next_code(app, &secret);
    let calls = (0..5).map(|_| Call::new("loginBySecondStep").params(json!({"ticket": opened, "code": code}))).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-second-step-expired")), (1, 4), "{replies:?}");
    Ok(())
}

async fn one_ticket_spends_one_recovery_code(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let (_, recovery) = switch_on(app, &token).await?;
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    let calls = recovery.iter().map(|code| Call::new("loginBySecondStep").params(json!({"ticket": opened, "code": code}))).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-second-step-expired")), (1, 9), "{replies:?}");
    let status = done(app.call_as(&token, "getSecondStep", json!({})).await?);
    assert_eq!(status.body["recoveryCodesLeft"], json!(9));
    Ok(())
}

async fn an_administrator_helps_who_lost_everything(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    switch_on(app, &token).await?;
    store_user(app, "root", json!({"role": ["admin"]})).await?;
    let root = log_in(app, "root").await?;
    refused(&app.call_as(&token, "removeSecondStep", json!({"uid": uid})).await?, "uni-id-permission-error");
    done(app.call_as(&root, "removeSecondStep", json!({"uid": uid})).await?);
    refused(&app.call_as(&root, "removeSecondStep", json!({"uid": uid})).await?, "uni-id-second-step-not-exists");
    done(try_password(app, "alice", PASSWORD).await?);
    let rows = app.documents("lingpai-audit").await?;
    assert_eq!((rows.len(), &rows[0]["actor"], &rows[0]["user_id"]), (1, &json!("u-root"), &json!(uid)));
    assert_eq!(rows[0]["changes"], json!({"second_step": {"from": ["totp"], "to": []}}));
    Ok(())
}

async fn external_systems_ask_themselves(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    switch_on(app, &token).await?;
    // The signature is tested elsewhere: here it is enough that nothing but it is asked for.
    let reply = app.call("externalLogin", json!({"uid": uid})).await?;
    assert_ne!(reply.code(), json!(REQUIRED), "{}", reply.body);
    Ok(())
}

async fn nothing_readable_is_stored(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (secret, recovery) = switch_on(app, &token).await?;
    let stored = app.store.second_step(&uid).await?.map(|stored| stored.secret).unwrap_or_default();
    assert!(!stored.is_empty() && !stored.windows(secret.len()).any(|window| window == secret));
    let documents = Value::from(user(app, &uid).await?).to_string();
    assert!(!documents.contains(&BASE32_NOPAD.encode(&secret)) && recovery.iter().all(|code| !documents.contains(code)));
    let opened = ticket(app, &try_password(app, "alice", PASSWORD).await?).await?;
    done(finish(app, &opened, &next_code(app, &secret)).await?);
    Ok(())
}

async fn other_logins_cost_no_more_for_it(engine: Engine) -> Outcome {
    let (builder, store) = controlled(switched_on(TestApp::builder().engine(engine)));
    let app = builder.start().await?;
    let (_, token) = someone(&app, "alice").await?;
    store_user(&app, "bob", json!({})).await?;
    let (secret, _) = switch_on(&app, &token).await?;
    store.take_round_trips();
    log_in(&app, "bob").await?;
    let plain = store.take_round_trips();
    assert!(plain.reads <= 2 && plain.writes <= 1, "{plain:?}");
    let opened = ticket(&app, &try_password(&app, "alice", PASSWORD).await?).await?;
    let first = store.take_round_trips();
    assert!(first.reads <= 3 && first.writes == 0, "{first:?}");
    done(finish(&app, &opened, &next_code(&app, &secret)).await?);
    let second = store.take_round_trips();
    assert!(second.reads <= 2 && second.writes <= 3, "{second:?}");
    app.stop().await
}
