//! Wrong guesses are counted, and one code at a time is live.

use crate::kit::{people::*, *};

both_engines!(development: a_code_dies_of_five_guesses, a_captcha_dies_of_five_guesses, one_code_is_live_per_target_and_scene);
both_engines!(strict: the_number_of_guesses_is_a_setting);

const MOBILE: &str = "13800000001";

/// From another address each time: what dies is the code, wherever the guesses come from.
async fn guess(app: &TestApp, code: &str, number: i32) -> anyhow::Result<Reply> {
    let params = json!({"mobile": MOBILE, "code": code});
    app.send(Call::new("loginBySms").params(params).from_ip(&format!("203.0.113.{number}"))).await
}

async fn a_code_dies_of_five_guesses(app: &TestApp) -> Outcome {
    const WRONG: &str = "uni-id-mobile-verify-code-error";
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    for number in 1..=4 {
        refused(&guess(app, &another_code(&code), number).await?, WRONG);
    }
    done(guess(app, &code, 5).await?);

    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    for number in 1..=5 {
        refused(&guess(app, &another_code(&code), number).await?, WRONG);
    }
    assert_eq!(states(app, "login-by-sms").await?, [1, 2]);
    refused(&guess(app, &code, 6).await?, WRONG);
    // The next one lives.
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    done(guess(app, &code, 7).await?);
    Ok(())
}

async fn a_captcha_dies_of_five_guesses(app: &TestApp) -> Outcome {
    let register = |captcha: &str| app.call("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": captcha}));
    let text = captcha(app, "register").await?;
    for _ in 0..5 {
        refused(&register("none").await?, "uni-captcha-verify-fail");
    }
    refused(&register(&text).await?, "uni-captcha-verify-fail");
    assert_eq!(states(app, "register").await?, [2]);
    let text = captcha(app, "register").await?;
    for _ in 0..4 {
        refused(&register("none").await?, "uni-captcha-verify-fail");
    }
    done(register(&text).await?);
    Ok(())
}

async fn one_code_is_live_per_target_and_scene(app: &TestApp) -> Outcome {
    let first = sms_code(app, MOBILE, "login-by-sms").await?;
    let other_scene = sms_code(app, MOBILE, "reset-pwd-by-sms").await?;
    let other_target = sms_code(app, "13800000002", "login-by-sms").await?;
    let second = sms_code(app, MOBILE, "login-by-sms").await?;
    assert_eq!(states(app, "login-by-sms").await?, [2, 0, 0]);
    refused(&guess(app, &first, 1).await?, "uni-id-mobile-verify-code-error");
    done(guess(app, &second, 2).await?);
    done(app.call("loginBySms", json!({"mobile": "13800000002", "code": other_target})).await?);
    done(app.call("resetPwdBySms", json!({"mobile": MOBILE, "code": other_scene, "password": PASSWORD})).await?);
    Ok(())
}

fn strict(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("limits.code_max_guesses", "1").setting("limits.captcha_max_guesses", "1")
}

async fn the_number_of_guesses_is_a_setting(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, "login-by-sms").await?;
    refused(&guess(app, &another_code(&code), 1).await?, "uni-id-mobile-verify-code-error");
    refused(&guess(app, &code, 2).await?, "uni-id-mobile-verify-code-error");
    let register = |captcha: &str| app.call("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": captcha}));
    let text = captcha(app, "register").await?;
    refused(&register("none").await?, "uni-captcha-verify-fail");
    refused(&register(&text).await?, "uni-captcha-verify-fail");
    Ok(())
}
