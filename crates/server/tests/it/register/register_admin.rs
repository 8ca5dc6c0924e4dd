//! `registerAdmin`

use lingpai_testkit::app::SETUP_TOKEN;

use crate::kit::{people::*, *};

both_engines!(development: there_is_one_administrator, a_taken_name_is_refused);

async fn there_is_one_administrator(app: &TestApp) -> Outcome {
    let params = json!({"username": "Admin", "password": PASSWORD, "nickname": "Boss"});
    let reply = done(app.call("registerAdmin", params).await?);
    let doc = user(app, &reply.uid()?).await?;
    assert_eq!((&doc["username"], &doc["nickname"], &doc["role"]), (&json!("admin"), &json!("Boss"), &json!(["admin"])));
    assert_eq!(reply.body["passwordConfirmed"], true);
    assert_eq!(log(app).await?, [row(app, "register", 1, json!({"user_id": reply.uid()?}))]);
    let payload = tokens::payload(&reply.token()?);
    assert_eq!((&payload["role"], &payload["permission"]), (&json!(["admin"]), &json!([])));

    refused(&app.call("registerAdmin", json!({"username": "other", "password": PASSWORD})).await?, "uni-id-admin-exists");
    let elsewhere = from_app("registerAdmin", "__UNI__OTHER", json!({"username": "other", "password": PASSWORD}));
    refused(&app.send(elsewhere).await?, "uni-id-admin-exists");
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn a_taken_name_is_refused(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    refused(&app.call("registerAdmin", json!({"username": "ALICE", "password": PASSWORD})).await?, "uni-id-account-exists");
    assert_eq!(last_log(app).await?, row(app, "register", 0, json!({})));
    Ok(())
}

both_engines!(production: the_set_up_token_is_demanded);

async fn the_set_up_token_is_demanded(app: &TestApp) -> Outcome {
    let params = |token: Value| json!({"username": "admin", "password": PASSWORD, "setupToken": token});
    for wrong in [json!(null), json!(""), json!("wrong"), json!(SETUP_TOKEN.to_uppercase()), json!(format!("{SETUP_TOKEN} "))] {
        refused(&app.call("registerAdmin", params(wrong)).await?, "uni-id-setup-token-required");
    }
    refused(&app.call("registerAdmin", params(json!([SETUP_TOKEN]))).await?, "uni-id-invalid-param");
    assert!(app.documents("uni-id-users").await?.is_empty());
    done(app.call("registerAdmin", params(json!(SETUP_TOKEN))).await?);
    refused(&app.call("registerAdmin", params(json!(SETUP_TOKEN))).await?, "uni-id-admin-exists");
    refused(&app.call("registerAdmin", params(json!("wrong"))).await?, "uni-id-setup-token-required");
    Ok(())
}
