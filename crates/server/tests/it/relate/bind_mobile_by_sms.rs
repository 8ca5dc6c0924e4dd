//! `bindMobileBySms`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: a_code_binds_the_number, ones_own_number_can_be_bound_again, numbers_of_others_are_refused, three_failures_demand_a_captcha,
    one_number_is_bound_once, one_code_binds_once);

const MOBILE: &str = "13800000001";
const SCENE: &str = "bind-mobile-by-sms";

async fn bind(app: &TestApp, token: &str, mobile: &str, code: &str) -> anyhow::Result<Reply> {
    app.call_as(token, "bindMobileBySms", json!({"mobile": mobile, "code": code})).await
}

async fn a_code_binds_the_number(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    refused(&bind(app, &token, MOBILE, &another_code(&code)).await?, "uni-id-mobile-verify-code-error");
    assert_eq!(last_log(app).await?, row(app, "bind-mobile", 0, json!({"user_id": uid})));
    assert_eq!(done(bind(app, &token, MOBILE, &code).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "bind-mobile", 1, json!({"user_id": uid})));
    refused(&bind(app, &token, MOBILE, &code).await?, "uni-id-mobile-verify-code-error");
    done(app.call("login", json!({"mobile": MOBILE, "password": PASSWORD})).await?);
    Ok(())
}

async fn ones_own_number_can_be_bound_again(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"mobile": MOBILE, "mobile_confirmed": 1})).await?;
    let token = log_in(app, "alice").await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    done(bind(app, &token, MOBILE, &code).await?);
    Ok(())
}

async fn numbers_of_others_are_refused(app: &TestApp) -> Outcome {
    store_user(app, "bob", json!({"mobile": MOBILE, "mobile_confirmed": 1, "dcloud_appid": ["__UNI__TEST"]})).await?;
    store_user(app, "carol", json!({"mobile": "13800000002", "mobile_confirmed": 1, "dcloud_appid": ["__UNI__OTHER"]})).await?;
    let uid = store_user(app, "alice", json!({"dcloud_appid": ["__UNI__TEST"]})).await?;
    let token = log_in(app, "alice").await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    refused(&bind(app, &token, MOBILE, &code).await?, "uni-id-bind-conflict");
    assert_eq!(last_log(app).await?, row(app, "bind-mobile", 0, json!({"user_id": uid})));
    assert_eq!(user(app, &uid).await?.get("mobile"), None);
    // Somebody of another application is nobody here.
    let code = sms_code(app, "13800000002", SCENE).await?;
    done(bind(app, &token, "13800000002", &code).await?);
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let (_, other) = someone(app, "bob").await?;
    for _ in 0..3 {
        refused(&bind(app, &token, MOBILE, "000000").await?, "uni-id-mobile-verify-code-error");
    }
    refused(&bind(app, &token, MOBILE, "000000").await?, "uni-id-captcha-required");
    refused(&bind(app, &other, MOBILE, "000000").await?, "uni-id-mobile-verify-code-error");
    let code = sms_code(app, MOBILE, SCENE).await?;
    let captcha = captcha(app, SCENE).await?;
    done(app.call_as(&token, "bindMobileBySms", json!({"mobile": MOBILE, "code": code, "captcha": captcha})).await?);
    Ok(())
}

/// Many users, each with a live code of their own for the number, as an import can make them.
async fn one_number_is_bound_once(app: &TestApp) -> Outcome {
    let mut calls = Vec::new();
    for number in 0..20 {
        let code = format!("{:06}", 100_000 + number);
        let row = json!({
            "_id": format!("c{number}"), "mobile": MOBILE, "scene": SCENE, "code": code, "state": 0, "ip": "127.0.0.1", "created_date": START,
            "expired_date": START + 180_000,
        });
        app.put("opendb-verify-codes", row).await?;
        let (_, token) = someone(app, &format!("user-{number}")).await?;
        calls.push(Call::new("bindMobileBySms").token(&token).params(json!({"mobile": MOBILE, "code": code})));
    }
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-bind-conflict")), (1, 19), "{replies:?}");
    let owners = app.documents("uni-id-users").await?.iter().filter(|user| user.contains_key("mobile")).count();
    assert_eq!(owners, 1);
    Ok(())
}

async fn one_code_binds_once(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let code = sms_code(app, MOBILE, SCENE).await?;
    let call = |number| {
        Call::new("bindMobileBySms").token(&token).params(json!({"mobile": MOBILE, "code": code})).from_ip(&format!("203.0.113.{number}"))
    };
    let replies = all_at_once(app, (0..20).map(call).collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-mobile-verify-code-error")), (1, 19), "{replies:?}");
    Ok(())
}
