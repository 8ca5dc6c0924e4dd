//! `bindEmailByCode`, `unbindEmail`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: a_code_binds_the_address, addresses_of_others_are_refused, three_failures_demand_a_captcha, one_address_is_bound_once,
    an_address_is_unbound, the_last_way_in_stays);

const EMAIL: &str = "Alice@Example.com";
const SCENE: &str = "bind-email";

async fn bind(app: &TestApp, token: &str, email: &str, code: &str) -> anyhow::Result<Reply> {
    app.call_as(token, "bindEmailByCode", json!({"email": email, "code": code})).await
}

async fn a_code_binds_the_address(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let code = email_code(app, EMAIL, SCENE).await?;
    refused(&bind(app, &token, EMAIL, &another_code(&code)).await?, "uni-id-email-verify-code-error");
    assert_eq!(last_log(app).await?, row(app, "bind-email", 0, json!({"user_id": uid})));
    assert_eq!(done(bind(app, &token, EMAIL, &code).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "bind-email", 1, json!({"user_id": uid})));
    refused(&bind(app, &token, EMAIL, &code).await?, "uni-id-email-verify-code-error");
    assert_eq!(user(app, &uid).await?["email"], json!("alice@example.com"));
    done(app.call("login", json!({"email": EMAIL, "password": PASSWORD})).await?);
    // Again, and another one in its place.
    for email in [EMAIL, "other@example.com"] {
        let code = email_code(app, email, SCENE).await?;
        done(bind(app, &token, email, &code).await?);
    }
    refused(&app.call("login", json!({"email": EMAIL, "password": PASSWORD})).await?, "uni-id-account-not-exists");
    Ok(())
}

async fn addresses_of_others_are_refused(app: &TestApp) -> Outcome {
    store_user(app, "bob", json!({"email": "alice@example.com", "email_confirmed": 1})).await?;
    let (uid, token) = someone(app, "alice").await?;
    let code = email_code(app, EMAIL, SCENE).await?;
    refused(&bind(app, &token, EMAIL, &code).await?, "uni-id-bind-conflict");
    assert_eq!(last_log(app).await?, row(app, "bind-email", 0, json!({"user_id": uid})));
    assert_eq!(user(app, &uid).await?.get("email"), None);
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for _ in 0..3 {
        refused(&bind(app, &token, EMAIL, "000000").await?, "uni-id-email-verify-code-error");
    }
    refused(&bind(app, &token, EMAIL, "000000").await?, "uni-id-captcha-required");
    let code = email_code(app, EMAIL, SCENE).await?;
    let captcha = captcha(app, SCENE).await?;
    done(app.call_as(&token, "bindEmailByCode", json!({"email": EMAIL, "code": code, "captcha": captcha})).await?);
    Ok(())
}

/// Many users, each with a live code of their own for the address, as an import can make them.
async fn one_address_is_bound_once(app: &TestApp) -> Outcome {
    let mut calls = Vec::new();
    for number in 0..10 {
        let code = format!("{:06}", 100_000 + number);
        let row = json!({
            "_id": format!("c{number}"), "email": "a@example.com", "scene": SCENE, "code": code, "state": 0, "ip": "127.0.0.1",
            "created_date": START, "expired_date": START + 180_000,
        });
        app.put("opendb-verify-codes", row).await?;
        let (_, token) = someone(app, &format!("user-{number}")).await?;
        calls.push(Call::new("bindEmailByCode").token(&token).params(json!({"email": "a@example.com", "code": code})));
    }
    let replies = all_at_once(app, calls).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-bind-conflict")), (1, 9), "{replies:?}");
    Ok(())
}

async fn an_address_is_unbound(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({"email": "alice@example.com", "email_confirmed": 1})).await?;
    let token = log_in(app, "alice").await?;
    assert_eq!(done(app.call_as(&token, "unbindEmail", json!({})).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "unbind-email", 1, json!({"user_id": uid})));
    let doc = user(app, &uid).await?;
    assert_eq!((doc.get("email"), doc.get("email_confirmed")), (None, None));
    refused(&app.call_as(&token, "unbindEmail", json!({})).await?, "uni-id-unbind-failed");
    // It is free for others.
    let (_, bobs) = someone(app, "bob").await?;
    let code = email_code(app, EMAIL, SCENE).await?;
    done(bind(app, &bobs, EMAIL, &code).await?);
    Ok(())
}

async fn the_last_way_in_stays(app: &TestApp) -> Outcome {
    let code = email_code(app, EMAIL, "login-by-email").await?;
    let reply = done(app.call("loginByEmailCode", json!({"email": EMAIL, "code": code})).await?);
    refused(&app.call_as(&reply.token()?, "unbindEmail", json!({})).await?, "uni-id-unbind-unique-login");
    assert_eq!(last_log(app).await?, row(app, "unbind-email", 0, json!({"user_id": reply.uid()?})));
    assert_eq!(user(app, &reply.uid()?).await?["email"], json!("alice@example.com"));
    Ok(())
}
