//! Every field of every default schema: read and written by everybody as the schema's own text says. The text is read
//! here a second time, by other means than the program's.

use lingpai_domain::{clientdb::schema::DEFAULTS, store::CHANGEABLE};

use super::{
    permissions::{SECRET, everything},
    *,
};
use crate::kit::people::*;

both_engines!(development: every_field_is_read_as_its_schema_says, every_field_is_written_as_its_schema_says,
    documents_are_added_and_removed_as_their_schemas_say, closed_collections_are_closed_to_all);

/// Somebody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Owner,
    Other,
    WithRole,
    WithPermission,
    Administrator,
}

const EVERYBODY: [Who; 6] = [Who::Nobody, Who::Owner, Who::Other, Who::WithRole, Who::WithPermission, Who::Administrator];
/// What [`Who::WithPermission`] has.
const PERMISSIONS: [&str; 5] =
    ["READ_UNI_ID_USERS", "UPDATE_UNI_ID_USERS", "READ_UNI_ID_ROLES", "READ_UNI_ID_PERMISSIONS", "READ_UNI_ID_LOG"];

struct World<'a> {
    app: &'a TestApp,
    tokens: Vec<String>,
}

impl World<'_> {
    fn token(&self, who: Who) -> &str {
        EVERYBODY.iter().position(|known| *known == who).and_then(|place| self.tokens.get(place)).map_or("", String::as_str)
    }

    async fn ask(&self, who: Who, collection: &str, steps: &[(&str, Value)]) -> anyhow::Result<Value> {
        ask(self.app, self.token(who), collection, steps).await
    }
}

async fn world(app: &TestApp) -> anyhow::Result<World<'_>> {
    app.put("uni-id-roles", json!({"_id": "r1", "role_id": "keeper", "permission": PERMISSIONS})).await?;
    app.put("uni-id-roles", json!({"_id": "r2", "role_id": "guest", "permission": ["SOMETHING"]})).await?;
    app.hear_news().await?;
    let mut owner = everything();
    owner["inviter_uid"] = json!(["u-inviter"]);
    store_user(app, "owner", owner).await?;
    for (name, roles) in [("other", json!([])), ("with-role", json!(["guest"])), ("keeper", json!(["keeper"])), ("boss", json!(["admin"]))]
    {
        store_user(app, name, json!({"role": roles})).await?;
    }
    let mut tokens = vec![String::new()];
    for name in ["owner", "other", "with-role", "keeper", "boss"] {
        tokens.push(log_in(app, name).await?);
    }
    for (collection, schema) in open_schemas()? {
        if collection != "uni-id-users" {
            let mut doc = json!({"_id": "d"});
            for name in fields(&schema).keys() {
                doc[name] = value_of(collection, name, &schema, 0);
            }
            app.put(collection, doc).await?;
        }
    }
    app.hear_news().await?;
    Ok(World { app, tokens })
}

fn open_schemas() -> anyhow::Result<Vec<(&'static str, Value)>> {
    let parsed = DEFAULTS.iter().map(|(name, text)| Ok((*name, serde_json::from_str::<Value>(text)?)));
    let parsed = parsed.collect::<Result<Vec<_>, serde_json::Error>>()?;
    Ok(parsed.into_iter().filter(|(_, schema)| schema["closed"] != true).collect())
}

fn fields(schema: &Value) -> Map<String, Value> {
    schema["properties"].as_object().cloned().unwrap_or_default()
}

/// The document that everybody asks about.
fn subject(collection: &str) -> &'static str {
    if collection == "uni-id-users" { "u-owner" } else { "d" }
}

/// Whether a rule of a default schema lets somebody do something with [`subject`]. A rule that is not understood here
/// fails the test: it has to be taught.
fn allows(rule: Option<&Value>, who: Who) -> bool {
    match rule {
        None | Some(Value::Null) => true,
        Some(Value::Bool(always)) => *always || who == Who::Administrator,
        Some(Value::String(text)) => {
            who == Who::Administrator
                || text.split("||").any(|term| match term.trim() {
                    "auth.uid != null" => who != Who::Nobody,
                    "doc._id == auth.uid" => who == Who::Owner,
                    term => {
                        let name = term.strip_prefix('\'').and_then(|rest| rest.strip_suffix("' in auth.permission"));
                        let name = name.unwrap_or_else(|| panic!("{term:?} is not understood by this test"));
                        who == Who::WithPermission && PERMISSIONS.contains(&name)
                    }
                })
        }
        Some(other) => panic!("{other} is not understood by this test"),
    }
}

/// A value that a field can have; `version` tells several apart.
fn value_of(collection: &str, name: &str, schema: &Value, version: i64) -> Value {
    let field = &schema["properties"][name];
    match (collection, name) {
        ("uni-id-users", "mobile") => return json!("13900000009"),
        ("uni-id-users", "email") => return json!("new@example.com"),
        ("uni-id-users", "username") => return json!("renamed"),
        ("uni-id-users", "status" | "mobile_confirmed" | "email_confirmed") => return json!(0),
        ("uni-id-users", "gender") => return json!(2),
        ("uni-id-users", "avatar_file") => return json!({"name": "b.png"}),
        ("uni-id-users", "identities" | "role") => return json!([]),
        ("uni-id-users", "dcloud_appid") => return json!(["*"]),
        ("uni-id-users", "wx_openid" | "qq_openid") => return json!({"mp": "openid-2"}),
        _ => {}
    }
    match field["bsonType"].as_str() {
        Some("string") => json!(format!("value-{version}")),
        Some("int" | "timestamp" | "double") => json!(version + 1),
        Some("array") => json!([format!("item-{version}")]),
        Some("object" | "file") => json!({"part": version}),
        Some("bool") => json!(version % 2 == 0),
        _ => json!("value"),
    }
}

#[track_caller]
fn is_refused(answer: &Value, who: Who, what: &str) {
    let code = answer["code"].as_str().unwrap_or_default();
    let is_right = code == "PERMISSION_ERROR" || (who == Who::Nobody && code == "TOKEN_INVALID_ANONYMOUS_USER");
    assert!(is_right && answer.get("data").is_none(), "{what} by {who:?}: {answer}");
}

async fn every_field_is_read_as_its_schema_says(app: &TestApp) -> Outcome {
    let world = world(app).await?;
    let mut looked_at = 0;
    for (collection, schema) in open_schemas()? {
        let id = subject(collection);
        let secrets = SECRET
            .iter()
            .filter(|_| collection == "uni-id-users")
            .map(|name| ((*name).to_owned(), json!({"permission": {"read": "secret"}})));
        for (name, field) in fields(&schema).into_iter().chain(secrets) {
            for who in EVERYBODY {
                let steps = [("doc", json!([id])), ("field", json!([name])), ("get", json!([]))];
                let answer = world.ask(who, collection, &steps).await?;
                let is_secret = field["permission"]["read"] == "secret";
                let allowed = !is_secret && allows(schema["permission"].get("read"), who) && allows(field["permission"].get("read"), who);
                if allowed {
                    assert_eq!(answer["code"], 0, "{collection}.{name} by {who:?}: {answer}");
                    assert!(answer["data"][0].get(&name).is_some(), "{collection}.{name} by {who:?}: {answer}");
                } else {
                    is_refused(&answer, who, &format!("{collection}.{name}"));
                }
                // Nor is it told by what is found.
                let found = [("where", json!([format!("_id == '{id}' && {name} != null")])), ("field", json!(["_id"])), ("get", json!([]))];
                let answer = world.ask(who, collection, &found).await?;
                let hits = answer["data"].as_array().map_or(0, Vec::len);
                assert_eq!(hits, usize::from(allowed), "{collection}.{name} by {who:?}: {answer}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 500, "{looked_at}");
    Ok(())
}

async fn every_field_is_written_as_its_schema_says(app: &TestApp) -> Outcome {
    let world = world(app).await?;
    for (collection, schema) in open_schemas()? {
        let id = subject(collection);
        let is_users = collection == "uni-id-users";
        let secrets = SECRET.iter().filter(|_| is_users).map(|name| ((*name).to_owned(), json!({"permission": {"write": "secret"}})));
        for (name, field) in fields(&schema).into_iter().chain(secrets).filter(|(name, _)| name != "_id") {
            let before = app.document(collection, id).await?;
            let is_composed = is_users && matches!(name.as_str(), "last_login_date" | "last_login_ip" | "inviter_uid");
            let value = if is_composed { before.get(&name).cloned().unwrap_or_default() } else { value_of(collection, &name, &schema, 7) };
            for who in EVERYBODY {
                let change = json!([{name.clone(): command("set", json!([value]))}]);
                let answer = world.ask(who, collection, &[("doc", json!([id])), ("update", change)]).await?;
                let rules = (schema["permission"].get("update"), field["permission"].get("write"));
                // What the schema sets, nobody else does; what the server keeps, only its methods change.
                let is_kept = !is_users && !CHANGEABLE.contains(&collection);
                let is_never = is_kept || field["permission"]["write"] == "secret" || field.get("forceDefaultValue").is_some();
                let after = app.document(collection, id).await?;
                if !is_never && allows(rules.0, who) && allows(rules.1, who) {
                    assert_eq!(answer["code"], 0, "{collection}.{name} by {who:?}: {answer}");
                    assert_eq!(after.get(&name) != before.get(&name), answer["updated"] == 1, "{collection}.{name} by {who:?}: {answer}");
                    app.put(collection, Value::Object(before.clone())).await?;
                    app.hear_news().await?;
                } else {
                    is_refused(&answer, who, &format!("{collection}.{name}"));
                    assert_eq!(after, before, "{collection}.{name} by {who:?}");
                }
            }
        }
    }
    Ok(())
}

async fn documents_are_added_and_removed_as_their_schemas_say(app: &TestApp) -> Outcome {
    let world = world(app).await?;
    for (collection, schema) in open_schemas()? {
        for who in EVERYBODY {
            let mut doc = json!({"_id": "new"});
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                doc[name] = value_of(collection, name, &schema, 3);
            }
            let answer = world.ask(who, collection, &[("add", json!([doc]))]).await?;
            let changeable = CHANGEABLE.contains(&collection);
            if changeable && allows(schema["permission"].get("create"), who) {
                assert_eq!(answer, json!({"code": 0, "inserted": 1, "id": "new"}), "{collection} by {who:?}");
            } else {
                is_refused(&answer, who, &format!("add to {collection}"));
            }
            let removes_users = collection == "uni-id-users";
            let id = if changeable { "new" } else { subject(collection) };
            let answer = world.ask(who, collection, &[("doc", json!([id])), ("remove", json!([]))]).await?;
            if (changeable || removes_users) && allows(schema["permission"].get("delete"), who) {
                let deleted = u64::from(removes_users || who == Who::Administrator);
                assert_eq!(answer, json!({"code": 0, "deleted": deleted}), "{collection} by {who:?}");
            } else {
                is_refused(&answer, who, &format!("remove from {collection}"));
            }
        }
    }
    Ok(())
}

async fn closed_collections_are_closed_to_all(app: &TestApp) -> Outcome {
    let world = world(app).await?;
    let mut closed = 0;
    for (collection, text) in DEFAULTS {
        let schema: Value = serde_json::from_str(text)?;
        if schema["closed"] != true {
            continue;
        }
        closed += 1;
        for who in EVERYBODY {
            for steps in [
                &[("get", json!([]))][..],
                &[("count", json!([]))],
                &[("doc", json!(["x"])), ("field", json!(["_id"])), ("get", json!([]))],
                &[("add", json!([{"a": 1}]))],
                &[("doc", json!(["x"])), ("update", json!([{"a": 1}]))],
                &[("doc", json!(["x"])), ("remove", json!([]))],
                &[("groupBy", json!(["a"])), ("groupField", json!(["count(*) as n"])), ("get", json!([]))],
            ] {
                denied(&world.ask(who, collection, steps).await?, "PERMISSION_ERROR");
            }
        }
    }
    assert!(closed >= 5, "{closed}");
    // Together they are all collections of the account system.
    assert_eq!(DEFAULTS.len(), lingpai_domain::store::COLLECTIONS.len());
    Ok(())
}
