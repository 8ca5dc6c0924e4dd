//! `lingpai-audit`: who changed what in administration; and how long it, the log and codes are kept.

use lingpai_server::sweeper::sweep;

use crate::{
    clientdb::ask,
    kit::{people::*, *},
};

both_engines!(development: administration_is_written_down, what_is_refused_is_not, a_password_is_changed_with_everything_else_or_not_at_all,
    administration_by_client_db_is_written_down, what_users_do_with_their_own_is_not);
both_engines!(kept_for_a_day: old_rows_are_swept, the_log_and_codes_are_kept_as_long_as_the_settings_say);

fn kept_for_a_day(builder: TestAppBuilder) -> TestAppBuilder {
    let builder = builder.setting("retention.audit_days", "1");
    builder.setting("retention.log_days", "1").setting("retention.codes_hours", "1")
}

async fn administrator(app: &TestApp) -> anyhow::Result<String> {
    store_user(app, "root", json!({"role": ["admin"]})).await?;
    log_in(app, "root").await
}

async fn rows(app: &TestApp) -> anyhow::Result<Vec<Value>> {
    let rows = app.documents("lingpai-audit").await?;
    Ok(rows.into_iter().map(Value::from).collect())
}

async fn administration_is_written_down(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let add = json!({"username": "alice", "password": PASSWORD, "role": ["editor"]});
    done(app.call_as(&root, "addUser", add).await?);
    let uid = app.documents("uni-id-users").await?.into_iter().find(|user| user["username"] == "alice").unwrap_or_default()["_id"].clone();
    let update = json!({"uid": uid, "username": "alice", "role": [], "status": 1, "password": "another password", "nickname": "A"});
    done(app.call_as(&root, "updateUser", update).await?);
    done(app.call_as(&root, "authorizeAppLogin", json!({"uid": uid, "appId": "__UNI__X"})).await?);
    // Nothing changes: nothing to write down.
    done(app.call_as(&root, "authorizeAppLogin", json!({"uid": uid, "appId": "__UNI__X"})).await?);
    done(app.call_as(&root, "setAuthorizedApp", json!({"uid": uid, "appIdList": ["a"]})).await?);
    done(app.call_as(&root, "removeAuthorizedApp", json!({"uid": uid, "appId": "a"})).await?);
    let rows = rows(app).await?;
    let told: Vec<_> = rows.iter().map(|row| (row["action"].as_str().unwrap_or_default(), &row["actor"], &row["user_id"])).collect();
    let root = json!("u-root");
    let expected = ["addUser", "updateUser", "authorizeAppLogin", "setAuthorizedApp", "removeAuthorizedApp"];
    assert_eq!(told, expected.map(|action| (action, &root, &uid)));
    assert_eq!(
        (&rows[0]["ip"], &rows[0]["device_id"], &rows[0]["appid"], &rows[0]["create_date"], &rows[0]["ua"]),
        (&json!("127.0.0.1"), &json!(DEVICE), &json!("__UNI__TEST"), &json!(START), &json!("lingpai-testkit"))
    );
    assert_eq!(rows[0]["changes"]["username"], json!({"to": "alice"}));
    assert_eq!(
        rows[1]["changes"],
        json!({"role": {"from": ["editor"], "to": []}, "status": {"to": 1}, "nickname": {"to": "A"}, "password": {"hidden": true}})
    );
    assert_eq!(rows[2]["changes"], json!({"dcloud_appid": {"from": [], "to": ["__UNI__X"]}}));
    let text = Value::from(rows).to_string();
    assert!(!text.contains(PASSWORD) && !text.contains("HMAC"), "{text}");
    Ok(())
}

async fn what_is_refused_is_not(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let (uid, alices) = someone(app, "alice").await?;
    store_user(app, "bob", json!({})).await?;
    refused(
        &app.call_as(&root, "addUser", json!({"username": "bob", "password": PASSWORD, "authorizedApp": ["__UNI__TEST"]})).await?,
        "uni-id-account-exists",
    );
    refused(&app.call_as(&root, "updateUser", json!({"uid": uid, "username": "bob"})).await?, "uni-id-account-exists");
    refused(&app.call_as(&alices, "updateUser", json!({"uid": uid, "username": "x"})).await?, "uni-id-permission-error");
    refused(&app.call_as(&root, "authorizeAppLogin", json!({"uid": "nobody", "appId": "x"})).await?, "uni-id-account-not-exists");
    assert!(rows(app).await?.is_empty());
    Ok(())
}

async fn a_password_is_changed_with_everything_else_or_not_at_all(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let (uid, alices) = someone(app, "alice").await?;
    store_user(app, "bob", json!({})).await?;
    let before = user(app, &uid).await?;
    let update = json!({"uid": uid, "username": "bob", "password": "another password"});
    refused(&app.call_as(&root, "updateUser", update).await?, "uni-id-account-exists");
    assert_eq!(user(app, &uid).await?, before);
    done(info(app, &alices).await?);
    let update = json!({"uid": uid, "username": "alice2", "password": "another password"});
    done(app.call_as(&root, "updateUser", update).await?);
    refused(&info(app, &alices).await?, "uni-id-token-expired");
    done(try_password(app, "alice2", "another password").await?);
    Ok(())
}

async fn old_rows_are_swept(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    done(app.call_as(&root, "addUser", json!({"username": "old", "password": PASSWORD})).await?);
    app.clock.advance(86_400_000);
    let root = log_in(app, "root").await.or(Ok::<_, anyhow::Error>(root))?;
    done(app.call_as(&root, "addUser", json!({"username": "new", "password": PASSWORD})).await?);
    app.clock.advance(1);
    sweep(app.program().state()).await;
    let rows = rows(app).await?;
    assert_eq!((rows.len(), &rows[0]["changes"]["username"]["to"]), (1, &json!("new")));
    Ok(())
}

/// The console and others change roles, permissions and users by clientDB.
async fn administration_by_client_db_is_written_down(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let (uid, _) = someone(app, "alice").await?;
    let id = ("doc", json!(["r1"]));
    let role = json!({"_id": "r1", "role_id": "editor", "role_name": "Editor", "permission": ["read"]});
    let by_id = ("doc", json!([uid]));
    let done = async |collection: &str, steps: &[(&str, Value)]| {
        let answer = ask(app, &root, collection, steps).await?;
        assert_eq!(answer["code"], 0, "{answer}");
        anyhow::Ok(())
    };
    done("uni-id-roles", &[("add", json!([role]))]).await?;
    done("uni-id-roles", &[id.clone(), ("update", json!([{"permission": ["read", "write"]}]))]).await?;
    // Nothing changes: nothing to write down.
    done("uni-id-roles", &[id.clone(), ("update", json!([{"permission": ["read", "write"]}]))]).await?;
    done("uni-id-users", &[by_id.clone(), ("update", json!([{"role": ["editor"], "status": 1}]))]).await?;
    done("uni-id-roles", &[id, ("remove", json!([]))]).await?;
    done("uni-id-users", &[by_id, ("remove", json!([]))]).await?;
    let rows = rows(app).await?;
    let told: Vec<_> =
        rows.iter().map(|row| (row["action"].as_str().unwrap_or_default(), &row["collection"], &row["document_id"])).collect();
    let (roles, none, r1) = (json!("uni-id-roles"), Value::Null, json!("r1"));
    assert_eq!(
        told,
        [
            ("clientDB.add", &roles, &r1),
            ("clientDB.update", &roles, &r1),
            ("clientDB.update", &none, &none),
            ("clientDB.remove", &roles, &r1),
            ("clientDB.remove", &none, &none),
        ]
    );
    assert!(rows.iter().all(|row| row["actor"] == "u-root" && row["ip"] == "127.0.0.1"), "{rows:?}");
    assert_eq!(rows[1]["changes"], json!({"permission": {"from": ["read"], "to": ["read", "write"]}}));
    assert_eq!((&rows[2]["user_id"], &rows[2]["changes"]["role"]), (&json!(uid), &json!({"to": ["editor"]})));
    assert_eq!((&rows[4]["user_id"], &rows[4]["changes"]["username"]), (&json!(uid), &json!({"from": "alice"})));
    let text = Value::from(rows).to_string();
    assert!(!text.contains("HMAC") && !text.contains("eyJ"), "{text}");
    Ok(())
}

async fn what_users_do_with_their_own_is_not(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let own = ("doc", json!([uid]));
    let answer = ask(app, &token, "uni-id-users", &[own.clone(), ("update", json!([{"nickname": "A"}]))]).await?;
    assert_eq!(answer, json!({"code": 0, "updated": 1}));
    // Nor what is refused.
    assert_ne!(ask(app, &token, "uni-id-users", &[own, ("update", json!([{"role": ["admin"]}]))]).await?["code"], 0);
    assert!(rows(app).await?.is_empty());
    Ok(())
}

async fn the_log_and_codes_are_kept_as_long_as_the_settings_say(app: &TestApp) -> Outcome {
    // A captcha and a code, both of which last three minutes, and a row of the log.
    done(register(app, "alice").await?);
    sms_code(app, "13800000001", "login-by-sms").await?;
    let kept = async || anyhow::Ok((app.documents("opendb-verify-codes").await?.len(), log(app).await?.len()));
    let before = kept().await?;
    assert!(before.0 >= 2 && before.1 == 1, "{before:?}");
    app.clock.advance(3_600_000);
    sweep(app.program().state()).await;
    assert_eq!(kept().await?, before);
    app.clock.advance(180_001);
    sweep(app.program().state()).await;
    assert_eq!(kept().await?, (0, 1));
    app.clock.advance(86_400_000 - 3_600_000 - 180_001);
    done(register(app, "bob").await?);
    sweep(app.program().state()).await;
    assert_eq!(log(app).await?.len(), 2);
    app.clock.advance(1);
    sweep(app.program().state()).await;
    assert_eq!(log(app).await?.len(), 1);
    Ok(())
}
