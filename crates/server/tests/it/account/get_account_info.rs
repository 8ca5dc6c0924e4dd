//! `getAccountInfo`

use crate::kit::{people::*, *};

both_engines!(development: what_is_set_is_told, a_token_near_its_end_is_renewed, a_user_who_is_gone_has_no_account);

async fn what_is_set_is_told(app: &TestApp) -> Outcome {
    let all = json!({
        "nickname": "Al", "mobile": "13800000001", "mobile_confirmed": 1, "email": "a@example.com", "email_confirmed": 1,
        "wx_openid": {"mp": "o"}, "qq_openid": {"app": "o"}, "ali_openid": "o", "apple_openid": "o",
    });
    store_user(app, "full", all).await?;
    store_user(app, "plain", json!({"mobile": "13800000002", "email": "b@example.com", "wx_openid": {}})).await?;
    for (name, expected) in [("full", true), ("plain", false)] {
        let token = log_in(app, name).await?;
        let reply = done(info(app, &token).await?);
        assert_eq!(
            reply.body,
            json!({
                "errCode": 0, "isUsernameSet": true, "isNicknameSet": expected, "isPasswordSet": true, "isMobileBound": expected,
                "isEmailBound": expected, "isWeixinBound": expected, "isQQBound": expected, "isAlipayBound": expected,
                "isAppleBound": expected,
            })
        );
    }
    Ok(())
}

async fn a_token_near_its_end_is_renewed(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    app.clock.set(START + 6_000_000);
    assert_eq!(done(info(app, &token).await?).body.get("newToken"), None);
    app.clock.set(START + 6_000_001);
    let reply = done(info(app, &token).await?);
    let renewed = reply.token()?;
    assert_eq!(reply.body["newToken"]["tokenExpired"], START + 6_000_001 + 7_200_000);
    assert_eq!(user(app, &uid).await?["token"], json!([token, renewed]));
    done(info(app, &renewed).await?);
    app.clock.set(START + 7_200_000);
    done(info(app, &token).await?);
    app.clock.set(START + 7_200_001);
    refused(&info(app, &token).await?, "uni-id-token-expired");
    done(info(app, &renewed).await?);
    Ok(())
}

async fn a_user_who_is_gone_has_no_account(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    assert!(app.store.remove("uni-id-users", &uid).await?);
    refused(&info(app, &token).await?, "uni-id-account-not-exists");
    Ok(())
}
