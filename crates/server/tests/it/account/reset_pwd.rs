//! `resetPwdBySms` and `resetPwdByEmail`

use crate::kit::{people::*, *};

both_engines!(development: a_code_sent_by_sms_resets_the_password, a_code_sent_by_mail_resets_the_password, wrong_codes_are_refused_and_logged,
    whose_number_it_is_must_be_clear, three_failures_demand_a_captcha);

const MOBILE: &str = "13800000001";
const EMAIL: &str = "alice@example.com";
const NEW: &str = "another password";

async fn by_sms(app: &TestApp, mobile: &str, code: &str) -> anyhow::Result<Reply> {
    app.call("resetPwdBySms", json!({"mobile": mobile, "code": code, "password": NEW})).await
}

async fn by_email(app: &TestApp, email: &str, code: &str) -> anyhow::Result<Reply> {
    app.call("resetPwdByEmail", json!({"email": email, "code": code, "password": NEW})).await
}

async fn alice(app: &TestApp) -> anyhow::Result<(String, String)> {
    let uid = store_user(app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1, "email": EMAIL, "email_confirmed": 1})).await?;
    let token = log_in(app, "alice").await?;
    app.clock.advance(1500);
    Ok((uid, token))
}

async fn is_reset(app: &TestApp, uid: &str, token: &str) -> Outcome {
    refused(&info(app, token).await?, "uni-id-token-expired");
    refused(&app.call_as(token, "refreshToken", json!({})).await?, "uni-id-token-expired");
    assert_eq!(user(app, uid).await?["valid_token_date"], START + 1500);
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-password-error");
    let token = done(try_password(app, "alice", NEW).await?).token()?;
    done(info(app, &token).await?);
    Ok(())
}

async fn a_code_sent_by_sms_resets_the_password(app: &TestApp) -> Outcome {
    let (uid, token) = alice(app).await?;
    let code = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    assert_eq!(done(by_sms(app, MOBILE, &code).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "reset-pwd", 1, json!({"mobile": MOBILE})));
    refused(&by_sms(app, MOBILE, &code).await?, "uni-id-mobile-verify-code-error");
    is_reset(app, &uid, &token).await
}

async fn a_code_sent_by_mail_resets_the_password(app: &TestApp) -> Outcome {
    let (uid, token) = alice(app).await?;
    let code = email_code(app, "Alice@example.com", "reset-pwd-by-email").await?;
    done(by_email(app, "ALICE@example.com", &code).await?);
    assert_eq!(last_log(app).await?, row(app, "reset-pwd", 1, json!({"email": "ALICE@example.com"})));
    is_reset(app, &uid, &token).await
}

async fn wrong_codes_are_refused_and_logged(app: &TestApp) -> Outcome {
    let (uid, token) = alice(app).await?;
    let code = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    refused(&by_sms(app, MOBILE, &another_code(&code)).await?, "uni-id-mobile-verify-code-error");
    assert_eq!(last_log(app).await?, row(app, "reset-pwd", 0, json!({"mobile": MOBILE})));
    let code = email_code(app, EMAIL, "reset-pwd-by-email").await?;
    refused(&by_email(app, EMAIL, &another_code(&code)).await?, "uni-id-email-verify-code-error");
    assert_eq!(last_log(app).await?, row(app, "reset-pwd", 0, json!({"email": EMAIL})));
    // A code that signs in does not reset.
    let other = sms_code(app, MOBILE, "login-by-sms").await?;
    refused(&by_sms(app, MOBILE, &other).await?, "uni-id-mobile-verify-code-error");
    app.clock.advance(180_000);
    refused(&by_email(app, EMAIL, &code).await?, "uni-id-email-verify-code-error");
    assert_eq!(user(app, &uid).await?["password"], PASSWORD_HASH);
    done(info(app, &token).await?);
    Ok(())
}

async fn whose_number_it_is_must_be_clear(app: &TestApp) -> Outcome {
    for (name, fields) in [
        ("unconfirmed", json!({"mobile": "13800000002", "mobile_confirmed": 0})),
        ("elsewhere", json!({"mobile": "13800000003", "mobile_confirmed": 1, "dcloud_appid": ["__UNI__OTHER"]})),
        ("one", json!({"mobile": "13800000004", "mobile_confirmed": 1})),
        ("two", json!({"mobile": "13800000004", "mobile_confirmed": 1})),
    ] {
        store_user(app, name, fields).await?;
    }
    for (mobile, code) in [
        ("13800000002", "uni-id-account-not-exists"),
        ("13800000003", "uni-id-account-not-exists-in-current-app"),
        ("13800000004", "uni-id-account-conflict"),
    ] {
        let sent = sms_code(app, mobile, "reset-pwd-by-sms").await?;
        refused(&by_sms(app, mobile, &sent).await?, code);
    }
    for user in app.documents("uni-id-users").await? {
        assert_eq!((&user["password"], user.get("valid_token_date")), (&json!(PASSWORD_HASH), None));
    }
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    alice(app).await?;
    let code = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    for _ in 0..3 {
        refused(&by_sms(app, MOBILE, &another_code(&code)).await?, "uni-id-mobile-verify-code-error");
    }
    refused(&by_sms(app, MOBILE, &code).await?, "uni-id-captcha-required");
    let with = |captcha: &str| app.call("resetPwdBySms", json!({"mobile": MOBILE, "code": code, "password": NEW, "captcha": captcha}));
    refused(&with("none").await?, "uni-captcha-verify-fail");
    let stale = captcha(app, "reset-pwd-by-sms").await?;
    app.clock.advance(100_000);
    done(with(&captcha(app, "reset-pwd-by-sms").await?).await?);
    app.clock.advance(80_001);
    let code = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    for _ in 0..3 {
        let wrong = json!({"mobile": MOBILE, "code": another_code(&code), "password": NEW});
        app.call("resetPwdBySms", wrong).await?;
    }
    let late = json!({"mobile": MOBILE, "code": code, "password": NEW, "captcha": stale});
    refused(&app.call("resetPwdBySms", late).await?, "uni-captcha-verify-overdue");
    Ok(())
}
