//! The requests of the original pages, as they send them.

use super::*;
use crate::kit::people::*;

both_engines!(development: the_pages_requests_are_answered, strangers_see_and_change_nothing_of_others, a_keyed_read_is_quoted_as_the_page_writes_it,
    the_function_has_two_names);

async fn alice(app: &TestApp) -> anyhow::Result<(String, String)> {
    let fields = json!({"nickname": "Alice", "mobile": "13800000001", "mobile_confirmed": 1, "email": "a@example.com", "email_confirmed": 1,
        "register_env": {"client_ip": "1.1.1.1"}});
    let uid = store_user(app, "alice", fields).await?;
    Ok((uid, log_in(app, "alice").await?))
}

async fn the_pages_requests_are_answered(app: &TestApp) -> Outcome {
    // 1: whether to show "register an administrator"; nobody is logged in.
    let admins: &[(&str, Value)] = &[("where", json!([{"role": "admin"}])), ("count", json!([]))];
    assert_eq!(ask(app, "", "uni-id-users", admins).await?, json!({"code": 0, "total": 0}));
    store_user(app, "boss", json!({"role": ["admin"]})).await?;
    assert_eq!(ask(app, "", "uni-id-users", admins).await?, json!({"code": 0, "total": 1}));

    // 2: the personal centre.
    let (uid, token) = alice(app).await?;
    let fields = json!(["mobile,nickname,username,email,avatar_file"]);
    let own = [("where", json!(["'_id' == $cloudEnv_uid"])), ("field", fields), ("get", json!([]))];
    let expected = json!({"_id": uid, "mobile": "13800000001", "nickname": "Alice", "username": "alice", "email": "a@example.com"});
    assert_eq!(ask(app, &token, "uni-id-users", &own).await?, json!({"code": 0, "message": "", "data": [expected]}));
    denied(&ask(app, "", "uni-id-users", &own).await?, "TOKEN_INVALID_ANONYMOUS_USER");

    // 3 and 4: nickname and avatar.
    let update = |change: Value| [("where", json!(["_id==$env.uid"])), ("update", json!([change]))];
    let nickname = update(json!({"nickname": "Alice2"}));
    assert_eq!(ask(app, &token, "uni-id-users", &nickname).await?, json!({"code": 0, "updated": 1}));
    assert_eq!(ask(app, &token, "uni-id-users", &nickname).await?, json!({"code": 0, "updated": 0}));
    let avatar = json!({"avatar_file": {"extname": "png", "name": "a.png", "url": "https://files.example.com/a.png"}});
    assert_eq!(ask(app, &token, "uni-id-users", &update(avatar.clone())).await?, json!({"code": 0, "updated": 1}));
    let stored = user(app, &uid).await?;
    assert_eq!((stored.get("nickname"), stored.get("avatar_file")), (Some(&json!("Alice2")), avatar.get("avatar_file")));

    // uvue: the same by id, and the nickname twice.
    let fields = json!(["_id,username,nickname,avatar_file,mobile"]);
    let by_id = [("doc", json!([uid])), ("field", fields), ("get", json!([]))];
    let found = data(ask(app, &token, "uni-id-users", &by_id).await?);
    assert_eq!(
        (&found[0]["username"], &found[0]["mobile"], found.as_array().map(Vec::len)),
        (&json!("alice"), &json!("13800000001"), Some(1))
    );
    let neo = [("doc", json!([uid])), ("update", json!([{"nickname": "Neo"}]))];
    assert_eq!(ask(app, &token, "uni-id-users", &neo).await?, json!({"code": 0, "updated": 1}));
    assert_eq!(ask(app, &token, "uni-id-users", &neo).await?, json!({"code": 0, "updated": 0}));
    Ok(())
}

async fn strangers_see_and_change_nothing_of_others(app: &TestApp) -> Outcome {
    let (uid, _) = alice(app).await?;
    let (_, bob) = someone(app, "bob").await?;
    let by_id = [("doc", json!([uid])), ("field", json!(["_id,username,nickname,avatar_file,mobile"])), ("get", json!([]))];
    denied(&ask(app, &bob, "uni-id-users", &by_id).await?, "PERMISSION_ERROR");
    let change = [("doc", json!([uid])), ("update", json!([{"nickname": "Mallory"}]))];
    denied(&ask(app, &bob, "uni-id-users", &change).await?, "PERMISSION_ERROR");
    denied(&ask(app, "", "uni-id-users", &change).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    assert_eq!(user(app, &uid).await?.get("nickname"), Some(&json!("Alice")));
    // What nobody named does not come along.
    let found = data(ask(app, &bob, "uni-id-users", &[("doc", json!([uid])), ("get", json!([]))]).await?);
    assert_eq!(found, json!([{"_id": uid, "nickname": "Alice"}]));
    Ok(())
}

async fn a_keyed_read_is_quoted_as_the_page_writes_it(app: &TestApp) -> Outcome {
    let (uid, token) = alice(app).await?;
    for condition in [
        json!("_id==$env.uid"),
        json!("_id == $cloudEnv_uid"),
        json!("\"_id\" == $cloudEnv_uid"),
        json!("$env.uid == _id"),
        json!({"_id": {"$env": "uid"}}),
        json!({"_id": command("eq", json!([{"$env": "uid"}]))}),
    ] {
        let found = data(
            ask(app, &token, "uni-id-users", &[("where", json!([condition])), ("field", json!(["username"])), ("get", json!([]))]).await?,
        );
        assert_eq!(found, json!([{"_id": uid, "username": "alice"}]), "{condition}");
    }
    Ok(())
}

async fn the_function_has_two_names(app: &TestApp) -> Outcome {
    let (uid, token) = alice(app).await?;
    let own = json!({"command": chain("uni-id-users", &[("where", json!(["_id == $env.uid"])), ("field", json!(["username"])), ("get", json!([]))])});
    for name in ["DCloud-clientDB", "uni-clientDB"] {
        let answer = send_to(app, name, own.clone(), &token).await?;
        assert_eq!(answer, json!({"code": 0, "message": "", "data": [{"_id": uid, "username": "alice"}]}), "{name}");
    }
    Ok(())
}
