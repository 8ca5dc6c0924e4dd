//! Of many calls at the same time exactly one wins.

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: one_code_signs_in_once, one_captcha_lets_one_through, one_name_goes_to_one, one_number_goes_to_one,
    there_is_one_administrator, wrong_passwords_are_counted_before_they_are_tested, wrong_old_passwords_are_counted,
    one_code_resets_once, logins_and_logouts_do_not_mix, every_login_counts);
both_engines!(limited: one_message_is_sent);

const MANY: usize = 50;
const MOBILE: &str = "13800000001";

fn address(number: usize) -> String {
    format!("203.0.113.{number}")
}

/// A captcha for each of many devices, so that captchas decide nothing.
async fn captchas(app: &TestApp, scene: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut captchas = Vec::new();
    for number in 0..MANY {
        let device = format!("device-{number}");
        let text = captcha_of(app, &device, scene).await?;
        captchas.push((device, text));
    }
    Ok(captchas)
}

async fn one_code_signs_in_once(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    let call = |number| Call::new("loginBySms").params(json!({"mobile": MOBILE, "code": code})).from_ip(&address(number));
    let replies = all_at_once(app, (0..MANY).map(call).collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-mobile-verify-code-error")), (1, MANY - 1));
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn one_captcha_lets_one_through(app: &TestApp) -> Outcome {
    let text = captcha(app, "register").await?;
    let call =
        |number| Call::new("registerUser").params(json!({"username": format!("user-{number}"), "password": PASSWORD, "captcha": text}));
    let replies = all_at_once(app, (0..MANY).map(call).collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-captcha-verify-fail")), (1, MANY - 1));
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn one_name_goes_to_one(app: &TestApp) -> Outcome {
    let calls = captchas(app, "register").await?.into_iter().enumerate().map(|(number, (device, text))| {
        let name = if number % 2 == 0 { "alice" } else { "Alice" };
        Call::new("registerUser").params(json!({"username": name, "password": PASSWORD, "captcha": text})).device(&device)
    });
    let replies = all_at_once(app, calls.collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-account-exists")), (1, MANY - 1));
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    let rows = log(app).await?;
    assert_eq!((rows.len(), rows.iter().filter(|row| row["state"] == 1).count()), (MANY, 1));
    Ok(())
}

async fn one_number_goes_to_one(app: &TestApp) -> Outcome {
    // Two live codes of one number come by an import only.
    for (id, code) in [("c1", "111111"), ("c2", "222222")] {
        let row = json!({
            "_id": id, "mobile": MOBILE, "scene": "login-by-sms", "code": code, "state": 0, "ip": "127.0.0.1", "created_date": START,
            "expired_date": START + 180_000,
        });
        app.put("opendb-verify-codes", row).await?;
    }
    let call = |number: usize| {
        let code = if number.is_multiple_of(2) { "111111" } else { "222222" };
        Call::new("loginBySms").params(json!({"mobile": MOBILE, "code": code})).from_ip(&address(number))
    };
    let replies = all_at_once(app, (0..MANY).map(call).collect()).await?;
    let mut kinds: Vec<&str> = replies.iter().filter_map(|reply| reply.body["type"].as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["login", "register"]);
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn there_is_one_administrator(app: &TestApp) -> Outcome {
    let call = |number| Call::new("registerAdmin").params(json!({"username": format!("admin-{number}"), "password": PASSWORD}));
    let replies = all_at_once(app, (0..MANY).map(call).collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-admin-exists")), (1, MANY - 1));
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn wrong_passwords_are_counted_before_they_are_tested(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let devices = captchas(app, "login-by-pwd").await?;
    let call = |password: &str, (device, text): &(String, String)| {
        Call::new("login").params(json!({"username": "alice", "password": password, "captcha": text})).device(device)
    };
    let replies = all_at_once(app, devices.iter().map(|device| call("wrong-password", device)).collect()).await?;
    assert_eq!(
        (count(&replies, "uni-id-password-error"), count(&replies, "uni-id-password-error-exceed-limit")),
        (6, MANY - 6),
        "{replies:?}"
    );
    let late = captcha(app, "login-by-pwd").await?;
    refused(&app.send(call(PASSWORD, &(DEVICE.to_owned(), late))).await?, "uni-id-password-error-exceed-limit");
    assert_eq!(user(app, &uid).await?["login_ip_limit"][0]["error_times"], 6);
    assert_eq!(log(app).await?.len(), MANY + 1);
    Ok(())
}

async fn wrong_old_passwords_are_counted(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let call = |_| Call::new("updatePwd").params(json!({"oldPassword": "wrong-password", "newPassword": PASSWORD})).token(&token);
    let replies = all_at_once(app, (0..MANY).map(call).collect()).await?;
    assert_eq!((count(&replies, "uni-id-password-error"), count(&replies, "uni-id-password-error-exceed-limit")), (6, MANY - 6));
    Ok(())
}

async fn one_code_resets_once(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1})).await?;
    let code = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    let call = |number| {
        let params = json!({"mobile": MOBILE, "code": code, "password": format!("password number {number}")});
        Call::new("resetPwdBySms").params(params).from_ip(&address(number))
    };
    let replies = all_at_once(app, (0..MANY).map(call).collect()).await?;
    assert_eq!(count(&replies, 0), 1);
    let winner = replies.iter().position(|reply| reply.code() == 0).unwrap_or_default();
    done(try_password(app, "alice", &format!("password number {winner}")).await?);
    Ok(())
}

async fn logins_and_logouts_do_not_mix(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let login = || Call::new("login").params(json!({"username": "alice", "password": PASSWORD}));
    let first = done(app.send(login()).await?).token()?;
    for round in 0..5 {
        let mut calls = vec![Call::new("logout").token(&first); 5];
        calls.extend((0..5).map(|_| login()));
        let replies = all_at_once(app, calls).await?;
        for reply in &replies[5..] {
            let token = done(reply.clone()).token()?;
            // A login that came before the logout gave the very token that it ended.
            if token != first {
                done(info(app, &token).await?);
            }
        }
        assert!(round > 0 || count(&replies[..5], 0) >= 1);
    }
    refused(&info(app, &first).await?, "uni-id-check-token-failed");
    let last = log_in(app, "alice").await?;
    done(info(app, &last).await?);
    assert!(
        user(app, &uid).await?["token"].as_array().is_some_and(|tokens| tokens.contains(&json!(last)) && !tokens.contains(&json!(first)))
    );
    Ok(())
}

/// Nothing gets lost where nobody has to lose.
async fn every_login_counts(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let calls = (0..MANY).map(|_| Call::new("login").params(json!({"username": "alice", "password": PASSWORD})));
    let replies = all_at_once(app, calls.collect()).await?;
    assert_eq!(count(&replies, 0), MANY);
    assert_eq!(log(app).await?.len(), MANY);
    Ok(())
}

fn limited(builder: TestAppBuilder) -> TestAppBuilder {
    builder
        .setting("limits.enabled", "true")
        .setting("limits.per_ip.send", "")
        .setting("limits.per_ip.captcha", "")
        .setting("limits.sends.per_target", "1/1m")
}

async fn one_message_is_sent(app: &TestApp) -> Outcome {
    let calls = captchas(app, "send-sms-code").await?.into_iter().map(|(device, text)| {
        Call::new("sendSmsCode").params(json!({"mobile": MOBILE, "scene": "login-by-sms", "captcha": text})).device(&device)
    });
    let replies = all_at_once(app, calls.collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-too-many-requests")), (1, MANY - 1));
    assert_eq!(app.sms.take().len(), 1);
    Ok(())
}
