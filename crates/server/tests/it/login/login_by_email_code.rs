//! `loginByEmailCode`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: a_new_address_registers_and_a_known_one_signs_in, codes_are_good_once_and_for_this_only, three_failures_demand_a_captcha,
    one_code_signs_in_once, forbidden_accounts_stay_out);

const EMAIL: &str = "Alice@Example.com";
const SCENE: &str = "login-by-email";
const WRONG: &str = "uni-id-email-verify-code-error";

async fn by_code(app: &TestApp, email: &str, code: &str) -> anyhow::Result<Reply> {
    app.call("loginByEmailCode", json!({"email": email, "code": code})).await
}

async fn a_new_address_registers_and_a_known_one_signs_in(app: &TestApp) -> Outcome {
    let code = email_code(app, EMAIL, SCENE).await?;
    let first = done(by_code(app, EMAIL, &code).await?);
    assert_eq!((&first.body["type"], &first.body["passwordConfirmed"]), (&json!("register"), &json!(false)));
    let doc = user(app, &first.uid()?).await?;
    assert_eq!((&doc["email"], &doc["email_confirmed"], doc.get("password")), (&json!("alice@example.com"), &json!(1), None));
    app.clock.advance(1000);
    let code = email_code(app, EMAIL, SCENE).await?;
    let second = done(by_code(app, "ALICE@example.com", &code).await?);
    assert_eq!((second.uid()?, &second.body["type"]), (first.uid()?, &json!("login")));
    assert_eq!(last_log(app).await?, row(app, "login", 1, json!({"user_id": first.uid()?})));
    Ok(())
}

async fn codes_are_good_once_and_for_this_only(app: &TestApp) -> Outcome {
    let other = email_code(app, EMAIL, "register").await?;
    refused(&by_code(app, EMAIL, &other).await?, WRONG);
    assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"email": EMAIL})));
    let code = email_code(app, EMAIL, SCENE).await?;
    done(by_code(app, EMAIL, &code).await?);
    refused(&by_code(app, EMAIL, &code).await?, WRONG);
    let code = email_code(app, EMAIL, SCENE).await?;
    app.clock.advance(180_000);
    refused(&by_code(app, EMAIL, &code).await?, WRONG);
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    for _ in 0..3 {
        refused(&by_code(app, EMAIL, "000000").await?, WRONG);
    }
    let code = email_code(app, EMAIL, SCENE).await?;
    refused(&by_code(app, EMAIL, &code).await?, "uni-id-captcha-required");
    let captcha = captcha(app, SCENE).await?;
    done(app.call("loginByEmailCode", json!({"email": EMAIL, "code": code, "captcha": captcha})).await?);
    Ok(())
}

async fn one_code_signs_in_once(app: &TestApp) -> Outcome {
    let code = email_code(app, EMAIL, SCENE).await?;
    let calls = (0..10).map(|_| Call::new("loginByEmailCode").params(json!({"email": EMAIL, "code": code}))).collect();
    let replies = all_at_once(app, calls).await?;
    assert_eq!(count(&replies, 0), 1, "{replies:?}");
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn forbidden_accounts_stay_out(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"email": "alice@example.com", "email_confirmed": 1, "status": 1})).await?;
    let code = email_code(app, EMAIL, SCENE).await?;
    refused(&by_code(app, EMAIL, &code).await?, "uni-id-account-banned");
    // An address that nobody confirmed leads to nobody.
    store_user(app, "bob", json!({"email": "bob@example.com", "email_confirmed": 0})).await?;
    let code = email_code(app, "bob@example.com", SCENE).await?;
    assert_eq!(done(by_code(app, "bob@example.com", &code).await?).body["type"], json!("register"));
    Ok(())
}
