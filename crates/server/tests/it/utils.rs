//! `refreshToken`

mod secure_network_handshake_by_weixin;
mod set_push_cid;

use crate::kit::{people::*, *};

both_engines!(development: a_new_token_stands_beside_the_old_one, only_listed_tokens_are_renewed, statuses_are_told, roles_are_read_anew,
    gone_users_and_missing_tokens_are_told, by_the_client_protocol);

async fn refresh(app: &TestApp, token: &str) -> anyhow::Result<Reply> {
    app.call_as(token, "refreshToken", json!({})).await
}

async fn a_new_token_stands_beside_the_old_one(app: &TestApp) -> Outcome {
    let (uid, old) = someone(app, "alice").await?;
    app.clock.advance(2_000);
    let reply = done(refresh(app, &old).await?);
    let new = reply.token()?;
    assert_eq!(reply.body, json!({"errCode": 0, "newToken": {"token": new, "tokenExpired": START + 2_000 + 7_200_000}}));
    let doc = user(app, &uid).await?;
    assert_eq!((&doc["token"], &doc["last_login_date"]), (&json!([old, new]), &json!(START + 2_000)));
    done(info(app, &old).await?);
    done(info(app, &new).await?);
    Ok(())
}

async fn only_listed_tokens_are_renewed(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let unlisted = tokens::sign(&tokens::hs256(), &tokens::claims(&uid, START / 1000), tokens::SECRET);
    refused(&refresh(app, &unlisted).await?, "uni-id-check-token-failed");
    // Versions before 1.0.10 kept no list.
    let mut claims = tokens::claims(&uid, START / 1000);
    claims["uniIdVersion"] = json!("1.0.9");
    done(refresh(app, &tokens::sign(&tokens::hs256(), &claims, tokens::SECRET)).await?);
    let token = log_in(app, "alice").await?;
    app.clock.advance(7_200_001);
    refused(&refresh(app, &token).await?, "uni-id-token-expired");
    Ok(())
}

async fn statuses_are_told(app: &TestApp) -> Outcome {
    for (status, code) in
        [(1, "uni-id-account-banned"), (2, "uni-id-account-auditing"), (3, "uni-id-account-audit-failed"), (4, "uni-id-account-closed")]
    {
        let name = format!("user-{status}");
        let (uid, token) = someone(app, &name).await?;
        let mut doc = user(app, &uid).await?;
        doc.insert("status".into(), status.into());
        app.put("uni-id-users", Value::Object(doc)).await?;
        app.hear_news().await?;
        refused(&refresh(app, &token).await?, code);
        refused(&info(app, &token).await?, code);
    }
    Ok(())
}

async fn roles_are_read_anew(app: &TestApp) -> Outcome {
    app.put("uni-id-roles", json!({"_id": "r1", "role_id": "editor", "permission": ["read", "write"]})).await?;
    app.put("uni-id-roles", json!({"_id": "r2", "role_id": "author", "permission": ["write", "publish"]})).await?;
    app.hear_news().await?;
    store_user(app, "alice", json!({"role": ["editor", "author"]})).await?;
    let token = log_in(app, "alice").await?;
    let said = tokens::payload(&token);
    assert_eq!((&said["role"], &said["permission"]), (&json!(["editor", "author"]), &json!(["read", "write", "publish"])));
    app.put("uni-id-roles", json!({"_id": "r1", "role_id": "editor", "permission": ["read"]})).await?;
    assert!(app.store.remove("uni-id-roles", "r2").await?);
    app.hear_news().await?;
    app.clock.advance(1000);
    let said = tokens::payload(&done(refresh(app, &token).await?).token()?);
    assert_eq!((&said["role"], &said["permission"]), (&json!(["editor", "author"]), &json!(["read"])));
    Ok(())
}

async fn gone_users_and_missing_tokens_are_told(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    assert!(app.store.remove("uni-id-users", &uid).await?);
    refused(&refresh(app, &token).await?, "uni-id-account-not-exists");
    refused(&app.call("refreshToken", json!({})).await?, "uni-id-param-required");
    refused(&refresh(app, "").await?, "uni-id-param-required");
    Ok(())
}

async fn by_the_client_protocol(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    app.clock.advance(1000);
    let new = done(app.send(Call::new("refreshToken").token(&token).by_client()).await?).token()?;
    done(info(app, &new).await?);
    Ok(())
}
