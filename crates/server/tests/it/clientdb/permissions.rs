//! Who may read and write which field of the account collections.

use super::*;
use crate::kit::people::*;

both_engines!(development: every_field_of_users_is_read_as_the_schema_says, every_field_of_users_is_written_as_the_schema_says,
    other_collections_are_closed_or_for_their_permission, conditions_tell_nothing_of_fields_that_may_not_be_read,
    counting_by_role_tells_nobodys_role, administrators_change_users_through_the_port_of_users, revoked_permissions_count_at_once);

/// Everybody who asks.
struct People {
    owner: String,
    other: String,
    with_role: String,
    with_permission: String,
    admin: String,
}

const NICKNAMES: [&str; 5] = ["owner", "other", "with-role", "with-permission", "admin-1"];

async fn people(app: &TestApp) -> anyhow::Result<People> {
    let permissions =
        json!(["READ_UNI_ID_USERS", "UPDATE_UNI_ID_USERS", "READ_UNI_ID_ROLES", "READ_UNI_ID_PERMISSIONS", "READ_UNI_ID_LOG"]);
    app.put("uni-id-roles", json!({"_id": "r1", "role_id": "keeper", "permission": permissions})).await?;
    app.put("uni-id-roles", json!({"_id": "r2", "role_id": "guest", "permission": ["SOMETHING"]})).await?;
    app.hear_news().await?;
    let [owner, other, with_role, with_permission, admin] = NICKNAMES;
    store_user(app, owner, everything()).await?;
    store_user(app, other, json!({})).await?;
    store_user(app, with_role, json!({"role": ["guest"]})).await?;
    store_user(app, with_permission, json!({"role": ["keeper"]})).await?;
    store_user(app, admin, json!({"role": ["admin"]})).await?;
    Ok(People {
        owner: log_in(app, owner).await?,
        other: log_in(app, other).await?,
        with_role: log_in(app, with_role).await?,
        with_permission: log_in(app, with_permission).await?,
        admin: log_in(app, admin).await?,
    })
}

/// A value for every field that users can have.
pub fn everything() -> Value {
    json!({
        "nickname": "Owner", "avatar": "https://example.com/a.png", "avatar_file": {"name": "a.png"}, "gender": 1, "mobile": "13800000001",
        "mobile_confirmed": 1, "email": "o@example.com", "email_confirmed": 1, "status": 0, "dcloud_appid": ["*"], "register_date": 1,
        "register_env": {"client_ip": "1.1.1.1"}, "tags": ["t"], "comment": "c", "department_id": ["d"], "score": 1,
        "my_invite_code": "ABCDEF", "invite_time": 1, "wx_openid": {"mp": "o"}, "wx_unionid": "wu", "qq_openid": {"mp": "q"},
        "qq_unionid": "qu", "ali_openid": "a", "apple_openid": "ap", "identities": [], "third_party": {"mp_weixin": {"session_key": "s"}},
        "realname_auth": {"auth_status": 2}, "role": [], "mine": "a field that only this project knows", "valid_token_date": 1,
    })
}

const PUBLIC: [&str; 4] = ["_id", "nickname", "avatar", "avatar_file"];
const OWN: [&str; 14] = [
    "username",
    "gender",
    "mobile",
    "mobile_confirmed",
    "email",
    "email_confirmed",
    "role",
    "status",
    "dcloud_appid",
    "register_date",
    "score",
    "my_invite_code",
    "last_login_date",
    "last_login_ip",
];
const OF_KEEPERS: [&str; 11] = [
    "register_env",
    "tags",
    "comment",
    "department_id",
    "wx_openid",
    "wx_unionid",
    "qq_openid",
    "qq_unionid",
    "ali_openid",
    "apple_openid",
    "identities",
];
pub const SECRET: [&str; 7] =
    ["password", "password_secret_version", "token", "third_party", "login_ip_limit", "valid_token_date", "realname_auth"];

/// What one gets who asks for a field of the owner's by name.
async fn read(app: &TestApp, token: &str, field: &str) -> anyhow::Result<String> {
    let answer = ask(app, token, "uni-id-users", &[("doc", json!(["u-owner"])), ("field", json!([field])), ("get", json!([]))]).await?;
    if answer["code"] != 0 {
        assert_eq!(answer.get("data"), None);
        return Ok(answer["code"].as_str().unwrap_or_default().to_owned());
    }
    Ok(if answer["data"][0].get(field).is_some() { "read" } else { "nothing" }.to_owned())
}

async fn every_field_of_users_is_read_as_the_schema_says(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    let (no, anonymous) = ("PERMISSION_ERROR", "TOKEN_INVALID_ANONYMOUS_USER");
    let cases = [
        (&PUBLIC[..], ["read"; 5]),
        (&OWN[..], ["read", no, no, "read", "read"]),
        (&OF_KEEPERS[..], [no, no, no, "read", "read"]),
        (&SECRET[..], [no; 5]),
        (&["mine", "no_such_field"][..], [no, no, no, no, "read"]),
    ];
    for (fields, expected) in cases {
        for field in fields {
            let callers = [&p.owner, &p.other, &p.with_role, &p.with_permission, &p.admin];
            for ((caller, expected), name) in callers.into_iter().zip(expected).zip(NICKNAMES) {
                let expected = if *field == "no_such_field" && expected == "read" { "nothing" } else { expected };
                assert_eq!(read(app, caller, field).await?, expected, "{field} by {name}");
            }
            let outcome = read(app, "", field).await?;
            assert!(outcome == anonymous || outcome == no, "{field} by nobody: {outcome}");
        }
    }
    // Without a list of fields the same are left out instead.
    let whole = async |token: &str| {
        let found = data(ask(app, token, "uni-id-users", &[("doc", json!(["u-owner"])), ("get", json!([]))]).await?);
        let mut names: Vec<String> = found[0].as_object().map(|doc| doc.keys().cloned().collect()).unwrap_or_default();
        names.sort();
        anyhow::Ok(names)
    };
    let sorted = |lists: &[&[&str]]| {
        let mut names: Vec<String> = lists.concat().into_iter().chain(["invite_time"]).map(str::to_owned).collect();
        names.sort();
        names
    };
    assert_eq!(whole(&p.other).await?, {
        let mut names = PUBLIC.to_vec();
        names.sort();
        names
    });
    assert_eq!(whole(&p.owner).await?, sorted(&[&PUBLIC, &OWN]));
    assert_eq!(whole(&p.with_permission).await?, sorted(&[&PUBLIC, &OWN, &OF_KEEPERS]));
    assert_eq!(whole(&p.admin).await?, sorted(&[&PUBLIC, &OWN, &OF_KEEPERS, &["mine"]]));
    Ok(())
}

async fn every_field_of_users_is_written_as_the_schema_says(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    let no = "PERMISSION_ERROR";
    let write = async |token: &str, field: &str, value: &Value| {
        let before = user(app, "u-owner").await?;
        let change = json!([{field: value}]);
        let answer = ask(app, token, "uni-id-users", &[("doc", json!(["u-owner"])), ("update", change)]).await?;
        if answer["code"] == 0 {
            let after = user(app, "u-owner").await?;
            assert_eq!(after.get(field) != before.get(field), answer["updated"] == 1, "{field}");
            app.put("uni-id-users", Value::Object(before)).await?;
            return anyhow::Ok("written".to_owned());
        }
        assert_eq!(user(app, "u-owner").await?, before, "{field}");
        Ok(answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let values = [
        ("nickname", json!("New"), ["written", no, no, "written", "written"]),
        ("avatar", json!("https://example.com/b.png"), ["written", no, no, "written", "written"]),
        ("avatar_file", json!({"name": "b.png"}), ["written", no, no, "written", "written"]),
        ("gender", json!(2), ["written", no, no, "written", "written"]),
        ("username", json!("renamed"), [no, no, no, no, "written"]),
        ("mobile", json!("13900000009"), [no, no, no, no, "written"]),
        ("email", json!("new@example.com"), [no, no, no, no, "written"]),
        ("mobile_confirmed", json!(0), [no, no, no, no, "written"]),
        ("role", json!(["guest"]), [no, no, no, no, "written"]),
        ("status", json!(0), [no, no, no, no, "written"]),
        ("score", json!(99), [no, no, no, no, "written"]),
        ("tags", json!(["x"]), [no, no, no, no, "written"]),
        ("password", json!("x"), [no; 5]),
        ("token", json!([]), [no; 5]),
        ("valid_token_date", json!(0), [no; 5]),
        ("login_ip_limit", json!([]), [no; 5]),
        ("realname_auth", json!({"auth_status": 2}), [no; 5]),
        ("third_party", json!({}), [no; 5]),
    ];
    for (field, value, expected) in values {
        let callers = [&p.owner, &p.other, &p.with_role, &p.with_permission, &p.admin];
        for ((caller, expected), name) in callers.into_iter().zip(expected).zip(NICKNAMES) {
            assert_eq!(write(caller, field, &value).await?, expected, "{field} by {name}");
        }
        let outcome = write("", field, &value).await?;
        assert!(outcome == "TOKEN_INVALID_ANONYMOUS_USER" || outcome == no, "{field} by nobody: {outcome}");
    }
    for token in [&p.owner, &p.other, &p.with_permission, ""] {
        let answer = ask(app, token, "uni-id-users", &[("doc", json!(["u-owner"])), ("remove", json!([]))]).await?;
        denied(&answer, "PERMISSION_ERROR");
        denied(&ask(app, token, "uni-id-users", &[("add", json!([{"username": "made"}]))]).await?, "PERMISSION_ERROR");
    }
    // Not even administrators add users here: uni-id-co does it, with everything that belongs to it.
    denied(&ask(app, &p.admin, "uni-id-users", &[("add", json!([{"username": "made"}]))]).await?, "PERMISSION_ERROR");
    Ok(())
}

async fn other_collections_are_closed_or_for_their_permission(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    for collection in ["opendb-verify-codes", "opendb-open-data", "opendb-app-client-key", "opendb-frv-logs"] {
        for token in [&p.owner, &p.with_permission, &p.admin, ""] {
            for steps in [
                &[("get", json!([]))][..],
                &[("count", json!([]))],
                &[("add", json!([{"a": 1}]))],
                &[("doc", json!(["x"])), ("remove", json!([]))],
            ] {
                denied(&ask(app, token, collection, steps).await?, "PERMISSION_ERROR");
            }
        }
    }
    for (collection, keepers) in
        [("uni-id-roles", true), ("uni-id-permissions", true), ("uni-id-log", true), ("uni-id-device", false), ("opendb-device", false)]
    {
        let outcome = async |token: &str| anyhow::Ok(ask(app, token, collection, &[("get", json!([]))]).await?["code"].clone());
        let expected = if keepers { json!(0) } else { json!("PERMISSION_ERROR") };
        assert_eq!(outcome(&p.with_permission).await?, expected, "{collection}");
        assert_eq!(outcome(&p.admin).await?, 0, "{collection}");
        for token in [&p.owner, &p.with_role] {
            assert_eq!(outcome(token).await?, "PERMISSION_ERROR", "{collection}");
        }
        assert_ne!(outcome("").await?, 0, "{collection}");
        let change = [("doc", json!(["x"])), ("update", json!([{"comment": "x"}]))];
        denied(&ask(app, &p.with_permission, collection, &change).await?, "PERMISSION_ERROR");
    }
    denied(&ask(app, &p.admin, "uni-id-log", &[("add", json!([{"type": "login"}]))]).await?, "PERMISSION_ERROR");
    denied(&ask(app, &p.admin, "no-such-collection", &[("get", json!([]))]).await?, "PERMISSION_ERROR");
    Ok(())
}

async fn conditions_tell_nothing_of_fields_that_may_not_be_read(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    for (condition, field) in [
        (json!({"mobile": "13800000001"}), "mobile"),
        (json!("mobile == '13800000001'"), "mobile"),
        (json!("/^138/.test(mobile)"), "mobile"),
        (json!("mobile != null"), "mobile"),
        (json!("!(mobile == '1')"), "mobile"),
        (json!("substrCP(mobile, 0, 3) == '138'"), "mobile"),
    ] {
        let steps = [("where", json!([condition])), ("field", json!(["_id"])), ("get", json!([]))];
        let found = data(ask(app, &p.other, "uni-id-users", &steps).await?);
        assert!(found.as_array().is_some_and(|docs| docs.iter().all(|doc| doc["_id"] == "u-other")), "{field}: {found}");
    }
    for steps in [
        vec![("where", json!(["password != null"])), ("count", json!([]))],
        vec![("orderBy", json!(["password desc"])), ("get", json!([]))],
        vec![("groupBy", json!(["password"])), ("get", json!([]))],
        vec![("field", json!(["concat(password, 'x') as p"])), ("get", json!([]))],
        vec![("where", json!(["third_party.mp_weixin.session_key == 's'"])), ("get", json!([]))],
        vec![("field", json!(["third_party.mp_weixin.session_key as k"])), ("get", json!([]))],
    ] {
        for token in [&p.owner, &p.admin] {
            denied(&ask(app, token, "uni-id-users", &steps).await?, "PERMISSION_ERROR");
        }
    }
    // Sorted by what one may not read: only one's own rows are left.
    let sorted = data(ask(app, &p.other, "uni-id-users", &[("orderBy", json!(["mobile desc"])), ("get", json!([]))]).await?);
    assert_eq!(sorted.as_array().map(Vec::len), Some(1));
    let computed = [("field", json!(["concat(username, '') as name"])), ("get", json!([]))];
    assert_eq!(data(ask(app, &p.other, "uni-id-users", &computed).await?), json!([{"_id": "u-other", "name": "other"}]));
    Ok(())
}

async fn counting_by_role_tells_nobodys_role(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    let count =
        async |token: &str, condition: Value| ask(app, token, "uni-id-users", &[("where", json!([condition])), ("count", json!([]))]).await;
    assert_eq!(count("", json!({"role": "admin"})).await?["total"], 1);
    // Together with `_id` it would tell who is an administrator.
    assert_eq!(count(&p.other, json!({"role": "admin", "_id": "u-admin-1"})).await?["total"], 0);
    assert_eq!(count(&p.admin, json!({"role": "admin", "_id": "u-admin-1"})).await?["total"], 1);
    denied(&count("", json!({"role": "admin", "nickname": "x", "username": "admin-1"})).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    denied(&count("", json!({"mobile": "13800000001"})).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    Ok(())
}

async fn administrators_change_users_through_the_port_of_users(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    let update =
        async |uid: &str, change: Value| ask(app, &p.admin, "uni-id-users", &[("doc", json!([uid])), ("update", json!([change]))]).await;
    // A new name can be used to log in at once, and nobody else's can be taken.
    assert_eq!(update("u-other", json!({"username": "Renamed"})).await?["updated"], 1);
    log_in(app, "renamed").await?;
    denied(&update("u-other", json!({"username": "owner"})).await?, "DUPLICATE_KEY");
    denied(&update("u-other", json!({"username": "bad name"})).await?, "VALIDATION_ERROR");
    // A ban counts at once.
    assert_eq!(update("u-owner", json!({"status": 1})).await?["updated"], 1);
    assert_eq!(info(app, &p.owner).await?.code(), "uni-id-account-banned");
    // A new role counts at once, a lost one as well.
    assert_eq!(update("u-other", json!({"role": ["keeper"]})).await?["updated"], 1);
    assert_eq!(ask(app, &p.other, "uni-id-log", &[("get", json!([]))]).await?["code"], 0);
    let remove = [("doc", json!(["u-with-role"])), ("remove", json!([]))];
    assert_eq!(ask(app, &p.admin, "uni-id-users", &remove).await?, json!({"code": 0, "deleted": 1}));
    assert!(user(app, "u-with-role").await.is_err());
    Ok(())
}

async fn revoked_permissions_count_at_once(app: &TestApp) -> Outcome {
    let p = people(app).await?;
    assert_eq!(ask(app, &p.with_permission, "uni-id-log", &[("get", json!([]))]).await?["code"], 0);
    let change = [("doc", json!(["r1"])), ("update", json!([{"permission": ["READ_UNI_ID_USERS"]}]))];
    assert_eq!(ask(app, &p.admin, "uni-id-roles", &change).await?["updated"], 1);
    denied(&ask(app, &p.with_permission, "uni-id-log", &[("get", json!([]))]).await?, "PERMISSION_ERROR");
    Ok(())
}
