//! `logout`

use crate::kit::{people::*, *};

both_engines!(development: a_logged_out_token_is_void_at_once, a_token_near_its_end_is_not_renewed, by_the_client_protocol, other_sessions_go_on);

async fn a_logged_out_token_is_void_at_once(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    app.put("uni-id-device", json!({"_id": "d1", "user_id": uid, "device_id": DEVICE, "token_expired": START + 1})).await?;
    app.put("uni-id-device", json!({"_id": "d2", "user_id": uid, "device_id": "another", "token_expired": START + 1})).await?;
    app.clock.advance(1000);
    let reply = done(app.call_as(&token, "logout", json!({})).await?);
    assert_eq!(reply.body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "logout", 1, json!({"user_id": uid})));
    assert_eq!(user(app, &uid).await?["token"], json!([]));
    let expiry = async |id: &str| anyhow::Ok(app.document("uni-id-device", id).await?["token_expired"].clone());
    assert_eq!((expiry("d1").await?, expiry("d2").await?), (json!(0), json!(START + 1)));

    for method in ["getAccountInfo", "logout", "refreshToken", "closeAccount"] {
        refused(&app.call_as(&token, method, json!({})).await?, "uni-id-check-token-failed");
    }
    // Not even when it is nearly over, when other tokens earn a new one.
    app.clock.set(START + 7_000_000);
    refused(&info(app, &token).await?, "uni-id-check-token-failed");
    refused(&app.call_as(&token, "refreshToken", json!({})).await?, "uni-id-check-token-failed");
    app.clock.set(START + 8_000_000);
    refused(&info(app, &token).await?, "uni-id-token-expired");
    Ok(())
}

async fn a_token_near_its_end_is_not_renewed(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    app.clock.advance(7_000_000);
    let reply = done(app.call_as(&token, "logout", json!({})).await?);
    assert_eq!(reply.body.get("newToken"), None);
    assert_eq!(user(app, &uid).await?["token"], json!([]));
    Ok(())
}

async fn by_the_client_protocol(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    done(app.send(Call::new("logout").token(&token).by_client()).await?);
    refused(&app.send(Call::new("getAccountInfo").token(&token).by_client()).await?, "uni-id-check-token-failed");
    refused(&info(app, &token).await?, "uni-id-check-token-failed");
    Ok(())
}

async fn other_sessions_go_on(app: &TestApp) -> Outcome {
    let (uid, first) = someone(app, "alice").await?;
    app.clock.advance(1000);
    let second = log_in(app, "alice").await?;
    done(app.call_as(&first, "logout", json!({})).await?);
    done(info(app, &second).await?);
    assert_eq!(user(app, &uid).await?["token"], json!([second]));
    Ok(())
}
