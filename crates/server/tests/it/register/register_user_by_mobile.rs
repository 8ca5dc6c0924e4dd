//! `registerUserByMobile`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: a_number_is_registered_with_a_password, wrong_codes_are_refused_and_logged, a_taken_number_is_refused,
    one_number_is_registered_once);

const MOBILE: &str = "13800000001";
const SCENE: &str = "register-by-sms";

async fn by_mobile(app: &TestApp, code: &str) -> anyhow::Result<Reply> {
    app.call("registerUserByMobile", json!({"mobile": MOBILE, "password": PASSWORD, "nickname": "Al", "code": code})).await
}

async fn a_number_is_registered_with_a_password(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, SCENE).await?;
    let reply = done(by_mobile(app, &code).await?);
    assert_eq!(reply.body["passwordConfirmed"], true);
    let doc = user(app, &reply.uid()?).await?;
    assert_eq!((&doc["mobile"], &doc["mobile_confirmed"], &doc["nickname"]), (&json!(MOBILE), &json!(1), &json!("Al")));
    done(app.call("login", json!({"mobile": MOBILE, "password": PASSWORD})).await?);
    Ok(())
}

async fn wrong_codes_are_refused_and_logged(app: &TestApp) -> Outcome {
    const WRONG: &str = "uni-id-mobile-verify-code-error";
    let code = sms_code(app, MOBILE, SCENE).await?;
    refused(&by_mobile(app, &another_code(&code)).await?, WRONG);
    assert_eq!(last_log(app).await?, row(app, "register", 0, json!({"mobile": MOBILE})));
    let other = sms_code(app, MOBILE, "login-by-sms").await?;
    if other != code {
        refused(&by_mobile(app, &other).await?, WRONG);
    }
    let weak = json!({"mobile": MOBILE, "password": "12345", "code": code});
    refused(&app.call("registerUserByMobile", weak).await?, "uni-id-invalid-password");
    assert!(app.documents("uni-id-users").await?.is_empty());
    Ok(())
}

async fn a_taken_number_is_refused(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1})).await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    refused(&by_mobile(app, &code).await?, "uni-id-account-exists");
    Ok(())
}

async fn one_number_is_registered_once(app: &TestApp) -> Outcome {
    let code = sms_code(app, MOBILE, SCENE).await?;
    let params = json!({"mobile": MOBILE, "password": PASSWORD, "code": code});
    let calls = (0..10).map(|_| Call::new("registerUserByMobile").params(params.clone())).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!(count(&replies, 0), 1, "{replies:?}");
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}
