//! Keeping passkeys: their names, removing them, the last way in, moving to another server.

use super::*;

both_engines!(switched_on: a_passkey_gets_another_name, a_passkey_is_removed, the_last_way_in_stays, a_passkey_is_a_way_in,
    others_passkeys_are_out_of_reach, passkeys_are_moved_with_their_users, clients_cannot_see_or_write_them);

async fn a_passkey_gets_another_name(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let id = add(app, &token, &mut phone()).await?;
    done(app.call_as(&token, "renamePasskey", json!({"id": id, "name": "  小明的手机\n"})).await?);
    assert_eq!(listed(app, &token).await?["passkeys"][0]["name"], json!("小明的手机"));
    refused(&app.call_as(&token, "renamePasskey", json!({"id": id, "name": "\u{0}"})).await?, "uni-id-invalid-param");
    refused(&app.call_as(&token, "renamePasskey", json!({"id": id})).await?, "uni-id-param-required");
    refused(&app.call_as(&token, "renamePasskey", json!({"id": "none", "name": "x"})).await?, "uni-id-passkey-not-exists");
    Ok(())
}

async fn a_passkey_is_removed(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (first, second) = (add(app, &token, &mut phone()).await?, add(app, &token, &mut phone()).await?);
    done(app.call_as(&token, "removePasskey", json!({"id": first})).await?);
    assert_eq!(last_log(app).await?, row(app, "unbind-passkey", 1, json!({"user_id": uid})));
    let left = listed(app, &token).await?["passkeys"].clone();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["id"]), (Some(1), &json!(second)));
    refused(&app.call_as(&token, "removePasskey", json!({"id": first})).await?, "uni-id-passkey-not-exists");
    // Name and password lead in.
    done(app.call_as(&token, "removePasskey", json!({"id": second})).await?);
    assert_eq!(user(app, &uid).await?["passkeys"], json!(0));
    Ok(())
}

async fn the_last_way_in_stays(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let (first, second) = (add(app, &token, &mut phone()).await?, add(app, &token, &mut phone()).await?);
    let mut doc = user(app, &uid).await?;
    doc.remove("password");
    app.put("uni-id-users", doc.clone().into()).await?;
    done(app.call_as(&token, "removePasskey", json!({"id": first})).await?);
    refused(&app.call_as(&token, "removePasskey", json!({"id": second})).await?, "uni-id-unbind-password-not-exists");
    assert_eq!(last_log(app).await?, row(app, "unbind-passkey", 0, json!({"user_id": uid})));
    doc.remove("username");
    app.put("uni-id-users", doc.into()).await?;
    refused(&app.call_as(&token, "removePasskey", json!({"id": second})).await?, "uni-id-unbind-unique-login");
    refused(&app.call_as(&token, "removePasskey", json!({"id": "none"})).await?, "uni-id-passkey-not-exists");
    assert_eq!(listed(app, &token).await?["passkeys"][0]["id"], json!(second));
    Ok(())
}

/// What was the last way in may go where there is a passkey.
async fn a_passkey_is_a_way_in(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({"wx_openid": {"mp": "w"}})).await?;
    let token = log_in(app, "alice").await?;
    add(app, &token, &mut phone()).await?;
    let mut doc = user(app, &uid).await?;
    doc.remove("password");
    doc.remove("username");
    app.put("uni-id-users", doc.into()).await?;
    done(app.call_as(&token, "unbindWeixin", json!({})).await?);
    let id = listed(app, &token).await?["passkeys"][0]["id"].clone();
    refused(&app.call_as(&token, "removePasskey", json!({"id": id})).await?, "uni-id-unbind-unique-login");
    Ok(())
}

async fn others_passkeys_are_out_of_reach(app: &TestApp) -> Outcome {
    let (_, alice) = someone(app, "alice").await?;
    let id = add(app, &alice, &mut phone()).await?;
    let (_, bob) = someone(app, "bob").await?;
    add(app, &bob, &mut phone()).await?;
    for (method, params) in [("removePasskey", json!({"id": id})), ("renamePasskey", json!({"id": id, "name": "mine"}))] {
        refused(&app.call_as(&bob, method, params).await?, "uni-id-passkey-not-exists");
    }
    assert_eq!(listed(app, &alice).await?["passkeys"][0]["name"], json!("Phone"));
    Ok(())
}

async fn passkeys_are_moved_with_their_users(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let mut phone = phone();
    phone.behaviour.counter = Some(3);
    add(app, &token, &mut phone).await?;
    let (users, passkeys) = (app.documents("uni-id-users").await?, app.documents("lingpai-passkeys").await?);
    assert_eq!((passkeys.len(), &passkeys[0]["user_id"], &passkeys[0]["sign_count"]), (1, &json!(uid), &json!(3)));
    assert!(app.store.remove("uni-id-users", &uid).await?);
    refused(&sign_in(app, &phone).await?, "uni-id-passkey-not-exists");
    for (collection, documents) in [("uni-id-users", users), ("lingpai-passkeys", passkeys)] {
        for doc in documents {
            app.put(collection, doc.into()).await?;
        }
    }
    phone.behaviour.counter = Some(4);
    assert_eq!(done(sign_in(app, &phone).await?).uid()?, uid);
    assert_eq!(user(app, &uid).await?["passkeys"], json!(1));
    Ok(())
}

async fn clients_cannot_see_or_write_them(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    add(app, &token, &mut phone()).await?;
    let all = crate::clientdb::ask(app, &token, "lingpai-passkeys", &[("get", json!([]))]).await?;
    assert_ne!(all["code"], json!(0), "{all}");
    let own = [("where", json!(["_id == $cloudEnv_uid"])), ("update", json!([{"passkeys": 9}]))];
    let written = crate::clientdb::ask(app, &token, "uni-id-users", &own).await?;
    assert_ne!(written["code"], json!(0), "{written}");
    assert_eq!(user(app, "u-alice").await?["passkeys"], json!(1));
    Ok(())
}
