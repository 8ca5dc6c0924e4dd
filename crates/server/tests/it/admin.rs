//! `addUser`, `updateUser`, and the methods that say for which applications users exist.

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};

both_engines!(development: only_administrators_may, a_lost_role_counts_at_once, users_are_added_as_they_can_sign_in, an_identifier_belongs_to_one,
    parallel_additions_have_one_winner, a_new_password_voids_tokens, a_ban_voids_tokens, fields_that_are_not_given_stay,
    unknown_users_are_not_updated, applications_are_listed_once, an_application_has_one_of_a_name, users_exist_where_they_are_listed);

const METHODS: [&str; 5] = ["addUser", "updateUser", "authorizeAppLogin", "removeAuthorizedApp", "setAuthorizedApp"];

async fn administrator(app: &TestApp) -> anyhow::Result<String> {
    store_user(app, "root", json!({"role": ["admin"]})).await?;
    log_in(app, "root").await
}

async fn only_administrators_may(app: &TestApp) -> Outcome {
    let (_, user) = someone(app, "alice").await?;
    let root = administrator(app).await?;
    for method in METHODS {
        for by_client in [false, true] {
            let call = |call: Call| if by_client { call.by_client() } else { call };
            refused(&app.send(call(Call::new(method))).await?, "uni-id-check-token-failed");
            refused(&app.send(call(Call::new(method).token(&user))).await?, "uni-id-permission-error");
            refused(&app.send(call(Call::new(method).token(&root))).await?, "uni-id-param-required");
        }
    }
    Ok(())
}

async fn a_lost_role_counts_at_once(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    store_user(app, "other", json!({"role": ["admin"]})).await?;
    let other = log_in(app, "other").await?;
    done(app.call_as(&root, "updateUser", json!({"uid": "u-other", "username": "other", "role": ["user"]})).await?);
    let add = |token: &str| app.send(Call::new("addUser").token(token).params(json!({"username": "x", "password": PASSWORD})));
    refused(&add(&other).await?, "uni-id-token-expired");
    app.clock.advance(1000);
    let fresh = log_in(app, "other").await?;
    refused(&add(&fresh).await?, "uni-id-permission-error");
    done(info(app, &fresh).await?);
    Ok(())
}

async fn users_are_added_as_they_can_sign_in(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let params = json!({
        "username": "Alice", "password": PASSWORD, "authorizedApp": ["__UNI__TEST", "__UNI__TEST"], "nickname": "A", "role": ["editor"],
        "mobile": "13800000001", "email": "Alice@Example.com", "tags": ["t"], "status": 0,
    });
    assert_eq!(done(app.call_as(&root, "addUser", params).await?).body, json!({"errCode": 0, "errMsg": ""}));
    for params in [json!({"username": "ALICE"}), json!({"mobile": "13800000001"}), json!({"email": "alice@example.com"})] {
        let mut params = params;
        params["password"] = PASSWORD.into();
        done(app.call("login", params).await?);
    }
    let added = app.documents("uni-id-users").await?.pop().unwrap_or_default();
    for (field, value) in [
        ("username", json!("alice")),
        ("email", json!("alice@example.com")),
        ("dcloud_appid", json!(["__UNI__TEST"])),
        ("role", json!(["editor"])),
        ("tags", json!(["t"])),
        ("status", json!(0)),
        ("nickname", json!("A")),
    ] {
        assert_eq!(added.get(field), Some(&value), "{field}");
    }
    // One without applications exists, but for none.
    done(app.call_as(&root, "addUser", json!({"username": "bob", "password": PASSWORD})).await?);
    refused(&try_password(app, "bob", PASSWORD).await?, "uni-id-account-not-exists-in-current-app");
    Ok(())
}

async fn an_identifier_belongs_to_one(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    store_user(app, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1, "email": "a@x.com", "email_confirmed": 1})).await?;
    store_user(app, "bob", json!({"dcloud_appid": ["__UNI__TEST"]})).await?;
    for taken in [json!({"username": "ALICE"}), json!({"mobile": "13800000001"}), json!({"email": "A@x.com"})] {
        let mut add = json!({"username": "carol", "password": PASSWORD, "authorizedApp": ["__UNI__TEST"]});
        let mut update = json!({"uid": "u-bob", "username": "bob", "nickname": "B", "password": "another password"});
        for (params, method) in [(&mut add, "addUser"), (&mut update, "updateUser")] {
            params.as_object_mut().unwrap_or(&mut Map::new()).extend(taken.as_object().cloned().unwrap_or_default());
            refused(&app.call_as(&root, method, params.clone()).await?, "uni-id-account-exists");
        }
    }
    assert_eq!(app.documents("uni-id-users").await?.len(), 3);
    assert_eq!(user(app, "u-bob").await?.get("nickname"), None);
    done(try_password(app, "bob", PASSWORD).await?);
    Ok(())
}

async fn parallel_additions_have_one_winner(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let call =
        |_| Call::new("addUser").token(&root).params(json!({"username": "new", "password": PASSWORD, "authorizedApp": ["__UNI__TEST"]}));
    let replies = all_at_once(app, (0..20).map(call).collect()).await?;
    assert_eq!((count(&replies, 0), count(&replies, "uni-id-account-exists")), (1, 19));
    Ok(())
}

async fn a_new_password_voids_tokens(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let (uid, token) = someone(app, "alice").await?;
    let update = |password: &str| app.call_as(&root, "updateUser", json!({"uid": uid, "username": "alice", "password": password}));
    done(update("   ").await?);
    done(info(app, &token).await?);
    // Within the very second in which the token was issued.
    app.clock.advance(1);
    assert_eq!(done(update("another password").await?).body, json!({"errCode": 0}));
    refused(&info(app, &token).await?, "uni-id-token-expired");
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-password-error");
    let fresh = done(try_password(app, "alice", "another password").await?).token()?;
    done(info(app, &fresh).await?);
    Ok(())
}

async fn a_ban_voids_tokens(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let (uid, token) = someone(app, "alice").await?;
    let update = |status: i64| app.call_as(&root, "updateUser", json!({"uid": uid, "username": "alice", "status": status}));
    for (status, code) in
        [(1, "uni-id-account-banned"), (2, "uni-id-account-auditing"), (3, "uni-id-account-audit-failed"), (4, "uni-id-account-closed")]
    {
        done(update(status).await?);
        refused(&info(app, &token).await?, code);
    }
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-account-closed");
    done(update(0).await?);
    done(info(app, &token).await?);
    Ok(())
}

async fn fields_that_are_not_given_stay(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let fields = json!({
        "mobile": "13800000001", "mobile_confirmed": 1, "dcloud_appid": ["__UNI__TEST"], "role": ["editor"], "tags": ["t"], "nickname": "A",
        "status": 0, "of_the_project": {"kept": true},
    });
    let uid = store_user(app, "alice", fields).await?;
    let mut expected = user(app, &uid).await?;
    done(app.call_as(&root, "updateUser", json!({"uid": uid, "username": "Alice"})).await?);
    assert_eq!(user(app, &uid).await?, expected);
    done(app.call_as(&root, "updateUser", json!({"uid": uid, "username": "alice", "mobile": "", "role": [], "nickname": "B"})).await?);
    expected.extend(json!({"mobile": "", "role": [], "nickname": "B"}).as_object().cloned().unwrap_or_default());
    expected.remove("mobile_confirmed");
    assert_eq!(user(app, &uid).await?, expected);
    Ok(())
}

async fn unknown_users_are_not_updated(app: &TestApp) -> Outcome {
    const CODE: &str = "uni-id-account-not-exists";
    let root = administrator(app).await?;
    for params in [json!({"password": PASSWORD}), json!({})] {
        let mut params = params;
        params["uid"] = "ghost".into();
        params["username"] = "ghost".into();
        refused(&app.call_as(&root, "updateUser", params).await?, CODE);
    }
    for (method, params) in [
        ("authorizeAppLogin", json!({"uid": "ghost", "appId": "A"})),
        ("removeAuthorizedApp", json!({"uid": "ghost", "appId": "A"})),
        ("setAuthorizedApp", json!({"uid": "ghost", "appIdList": ["A"]})),
    ] {
        refused(&app.call_as(&root, method, params).await?, CODE);
    }
    Ok(())
}

async fn applications_are_listed_once(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let uid = store_user(app, "alice", json!({"dcloud_appid": ["A"]})).await?;
    for (method, params, list) in [
        ("authorizeAppLogin", json!({"uid": uid, "appId": "B"}), json!(["A", "B"])),
        ("authorizeAppLogin", json!({"uid": uid, "appId": "B"}), json!(["A", "B"])),
        ("removeAuthorizedApp", json!({"uid": uid, "appId": "A"}), json!(["B"])),
        ("removeAuthorizedApp", json!({"uid": uid, "appId": "none"}), json!(["B"])),
        ("setAuthorizedApp", json!({"uid": uid, "appIdList": ["C", "D", "C"]}), json!(["C", "D"])),
        ("setAuthorizedApp", json!({"uid": uid, "appIdList": []}), json!([])),
    ] {
        assert_eq!(done(app.call_as(&root, method, params).await?).body, json!({"errCode": 0}));
        assert_eq!(user(app, &uid).await?["dcloud_appid"], list, "{method}");
    }
    let calls = (0..20).map(|n| Call::new("authorizeAppLogin").token(&root).params(json!({"uid": uid, "appId": format!("app-{}", n % 4)})));
    let replies = all_at_once(app, calls.collect()).await?;
    assert!(count(&replies, 0) >= 4, "{replies:?}");
    let mut listed: Vec<String> = serde_json::from_value(user(app, &uid).await?["dcloud_appid"].clone())?;
    listed.sort();
    assert_eq!(listed, ["app-0", "app-1", "app-2", "app-3"]);
    Ok(())
}

async fn an_application_has_one_of_a_name(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    store_user(app, "alice", json!({"dcloud_appid": ["A"]})).await?;
    app.put("uni-id-users", json!({"_id": "u-2", "username": "alice", "dcloud_appid": ["B"]})).await?;
    for (method, params) in
        [("authorizeAppLogin", json!({"uid": "u-2", "appId": "A"})), ("setAuthorizedApp", json!({"uid": "u-2", "appIdList": ["*"]}))]
    {
        refused(&app.call_as(&root, method, params).await?, "uni-id-account-conflict");
    }
    assert_eq!(user(app, "u-2").await?["dcloud_appid"], json!(["B"]));
    Ok(())
}

async fn users_exist_where_they_are_listed(app: &TestApp) -> Outcome {
    let root = administrator(app).await?;
    let uid = store_user(app, "alice", json!({"dcloud_appid": ["__UNI__OTHER"]})).await?;
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-account-not-exists-in-current-app");
    done(app.call_as(&root, "authorizeAppLogin", json!({"uid": uid, "appId": "__UNI__TEST"})).await?);
    done(try_password(app, "alice", PASSWORD).await?);
    done(app.call_as(&root, "removeAuthorizedApp", json!({"uid": uid, "appId": "__UNI__TEST"})).await?);
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-account-not-exists-in-current-app");
    Ok(())
}
