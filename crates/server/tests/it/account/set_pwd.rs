//! `setPwd`

use crate::kit::{people::*, *};

both_engines!(development: a_code_sets_the_password, wrong_codes_are_refused_and_logged, three_failures_demand_a_captcha,
    without_a_number_there_is_no_code, a_user_who_is_gone_has_no_password);

const MOBILE: &str = "13800000001";
const SCENE: &str = "set-pwd-by-sms";
const NEW: &str = "another password";

/// Signs in by SMS: an account without a password. Answers `_id` and token.
async fn newcomer(app: &TestApp) -> anyhow::Result<(String, String)> {
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    let reply = done(app.call("loginBySms", json!({"mobile": MOBILE, "code": code})).await?);
    Ok((reply.uid()?, reply.token()?))
}

async fn set(app: &TestApp, token: &str, code: &str) -> anyhow::Result<Reply> {
    app.call_as(token, "setPwd", json!({"password": NEW, "code": code})).await
}

async fn a_code_sets_the_password(app: &TestApp) -> Outcome {
    let (uid, token) = newcomer(app).await?;
    app.clock.advance(1000);
    let code = sms_code(app, MOBILE, SCENE).await?;
    assert_eq!(done(set(app, &token, &code).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "login", 1, json!({"mobile": MOBILE})));
    done(app.call("login", json!({"mobile": MOBILE, "password": NEW})).await?);
    // A first password ends no session.
    done(info(app, &token).await?);
    assert_eq!(user(app, &uid).await?.get("valid_token_date"), None);
    refused(&set(app, &token, &code).await?, "uni-id-mobile-verify-code-error");
    Ok(())
}

async fn wrong_codes_are_refused_and_logged(app: &TestApp) -> Outcome {
    const CODE: &str = "uni-id-mobile-verify-code-error";
    let (uid, token) = newcomer(app).await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    refused(&set(app, &token, &another_code(&code)).await?, CODE);
    assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"mobile": MOBILE})));
    app.clock.advance(180_000);
    refused(&set(app, &token, &code).await?, CODE);
    assert_eq!(user(app, &uid).await?.get("password"), None);
    refused(&app.call_as(&token, "setPwd", json!({"password": "short", "code": code})).await?, "uni-id-invalid-password");
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    let (_, token) = newcomer(app).await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    for _ in 0..3 {
        refused(&set(app, &token, &another_code(&code)).await?, "uni-id-mobile-verify-code-error");
    }
    refused(&set(app, &token, &code).await?, "uni-id-captcha-required");
    let with = |captcha: &str| app.call_as(&token, "setPwd", json!({"password": NEW, "code": code, "captcha": captcha}));
    refused(&with("none").await?, "uni-captcha-verify-fail");
    let late = captcha(app, SCENE).await?;
    app.clock.advance(100_000);
    done(with(&captcha(app, SCENE).await?).await?);
    app.clock.advance(80_001);
    for _ in 0..3 {
        refused(&set(app, &token, "000000").await?, "uni-id-mobile-verify-code-error");
    }
    refused(&with(&late).await?, "uni-captcha-verify-overdue");
    Ok(())
}

async fn without_a_number_there_is_no_code(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    refused(&set(app, &token, "123456").await?, "uni-id-unbind-mobile-not-exists");
    assert_eq!(user(app, &uid).await?["password"], PASSWORD_HASH);
    Ok(())
}

async fn a_user_who_is_gone_has_no_password(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    assert!(app.store.remove("uni-id-users", &uid).await?);
    refused(&set(app, &token, "123456").await?, "uni-id-account-not-exists");
    Ok(())
}
