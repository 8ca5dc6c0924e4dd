//! Every field of every default schema: read and written by everybody as the schema's own text says. The text is read
//! here a second time, by other means than the program's.

use std::collections::BTreeSet;

use lingpai_domain::{clientdb::schema::DEFAULTS, store::CHANGEABLE};

use super::{
    permissions::{SECRET, everything},
    *,
};
use crate::kit::people::*;

both_engines!(development: every_field_is_read_as_its_schema_says, every_field_is_written_as_its_schema_says,
    documents_are_added_and_removed_as_their_schemas_say, closed_collections_are_closed_to_all);

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    Nobody,
    Owner,
    Other,
    /// Has a role, whose permission no schema names.
    WithRole,
    /// Has a role with this permission and no other.
    With(String),
    Administrator,
}

struct World<'a> {
    app: &'a TestApp,
    /// Everybody, with their tokens.
    people: Vec<(Who, String)>,
}

impl World<'_> {
    async fn ask(&self, token: &str, collection: &str, steps: &[(&str, Value)]) -> anyhow::Result<Value> {
        ask(self.app, token, collection, steps).await
    }
}

/// Every permission that a default schema names.
fn permissions() -> BTreeSet<String> {
    let texts = DEFAULTS.iter().flat_map(|(_, text)| text.split("' in auth.permission").collect::<Vec<_>>());
    let names = texts.filter_map(|text| text.rsplit('\'').next()).filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'));
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

async fn world(app: &TestApp) -> anyhow::Result<World<'_>> {
    let permissions = permissions();
    assert!(permissions.len() >= 5, "{permissions:?}");
    let roles = permissions.iter().map(String::as_str).chain(["SOMETHING"]);
    for (place, permission) in roles.enumerate() {
        app.put("uni-id-roles", json!({"_id": format!("r{place}"), "role_id": format!("role-{permission}"), "permission": [permission]}))
            .await?;
    }
    app.hear_news().await?;
    let mut owner = everything();
    owner["inviter_uid"] = json!(["u-inviter"]);
    owner["avatar_file"] = json!({"extname": "png", "name": "a.png", "url": "https://example.com/a.png", "size": 1, "fileType": "image",
        "path": "a", "image": {"width": 1}, "uuid": "u"});
    store_user(app, "owner", owner).await?;
    let holders: Vec<(Who, Value)> = permissions.iter().map(|name| (Who::With(name.clone()), json!([format!("role-{name}")]))).collect();
    let others = [(Who::Other, json!([])), (Who::WithRole, json!(["role-SOMETHING"])), (Who::Administrator, json!(["admin"]))];
    let mut people = vec![(Who::Nobody, String::new()), (Who::Owner, log_in(app, "owner").await?)];
    for (place, (who, roles)) in others.into_iter().chain(holders).enumerate() {
        let name = format!("person-{place}");
        store_user(app, &name, json!({"role": roles})).await?;
        people.push((who, log_in(app, &name).await?));
    }
    for (collection, schema) in open_schemas()? {
        if collection != "uni-id-users" {
            let mut doc = json!({"_id": "d"});
            for (name, _) in schema["properties"].as_object().into_iter().flatten() {
                doc[name] = value_of(collection, name, &schema["properties"][name], 0);
            }
            app.put(collection, doc).await?;
        }
    }
    app.hear_news().await?;
    Ok(World { app, people })
}

fn open_schemas() -> anyhow::Result<Vec<(&'static str, Value)>> {
    let parsed = DEFAULTS.iter().map(|(name, text)| Ok((*name, serde_json::from_str::<Value>(text)?)));
    let parsed = parsed.collect::<Result<Vec<_>, serde_json::Error>>()?;
    Ok(parsed.into_iter().filter(|(_, schema)| schema["closed"] != true).collect())
}

/// A field: its path, what the schema says of it, and the rules on the way to it.
struct Field {
    path: Vec<String>,
    schema: Value,
    /// `permission` of the field and of those that it is a part of.
    rules: Vec<Value>,
}

impl Field {
    fn name(&self) -> String {
        self.path.join(".")
    }

    fn rules<'f>(&'f self, of: &'f str) -> impl Iterator<Item = Option<&'f Value>> {
        self.rules.iter().map(move |permission| permission.get(of))
    }

    /// Where the field is in a document.
    fn place(&self) -> String {
        format!("/{}", self.path.join("/"))
    }

    /// An object with the value at the field's place.
    fn around(&self, value: Value) -> Value {
        self.path.iter().rev().fold(value, |inner, name| json!({ name.as_str(): inner }))
    }
}

/// Every field of a schema, parts of objects too.
fn fields(collection: &str, schema: &Value) -> Vec<Field> {
    fn collect(schema: &Value, path: &[String], rules: &[Value], found: &mut Vec<Field>) {
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let path = [path, std::slice::from_ref(name)].concat();
            let rules = [rules, &[schema["permission"].clone()]].concat();
            collect(schema, &path, &rules, found);
            found.push(Field { path, schema: schema.clone(), rules });
        }
    }
    let mut found = Vec::new();
    collect(schema, &[], &[], &mut found);
    // What no schema can open.
    let secrets = SECRET.iter().filter(|_| collection == "uni-id-users");
    let secret = json!({"read": "secret", "write": "secret"});
    found.extend(secrets.map(|name| Field { path: vec![(*name).to_owned()], schema: json!({}), rules: vec![secret.clone()] }));
    found
}

/// The document that everybody asks about.
fn subject(collection: &str) -> &'static str {
    if collection == "uni-id-users" { "u-owner" } else { "d" }
}

/// Whether a rule of a default schema lets somebody do something with [`subject`]. A rule that is not understood here
/// fails the test: it has to be taught.
fn allows(rule: Option<&Value>, who: &Who) -> bool {
    match rule {
        None | Some(Value::Null) => true,
        Some(Value::Bool(always)) => *always || *who == Who::Administrator,
        Some(Value::String(text)) if text == "secret" => false,
        Some(Value::String(text)) => {
            *who == Who::Administrator
                || text.split("||").any(|term| match term.trim() {
                    "auth.uid != null" => *who != Who::Nobody,
                    "doc._id == auth.uid" => *who == Who::Owner,
                    term => {
                        let name = term.strip_prefix('\'').and_then(|rest| rest.strip_suffix("' in auth.permission"));
                        let name = name.unwrap_or_else(|| panic!("{term:?} is not understood by this test"));
                        *who == Who::With(name.to_owned())
                    }
                })
        }
        Some(other) => panic!("{other} is not understood by this test"),
    }
}

/// A value that a field can have; `version` tells several apart.
fn value_of(collection: &str, name: &str, field: &Value, version: i64) -> Value {
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
    let kind = &field["bsonType"];
    match kind.as_str().or_else(|| kind.get(0)?.as_str()) {
        Some("string") => json!(format!("value-{version}")),
        Some("int" | "timestamp" | "double") => json!(version + 1),
        Some("array") => json!([format!("item-{version}")]),
        Some("object" | "file") => json!({"part": version}),
        Some("bool") => json!(version % 2 == 0),
        _ => json!("value"),
    }
}

#[track_caller]
fn is_refused(answer: &Value, who: &Who, what: &str) {
    let code = answer["code"].as_str().unwrap_or_default();
    let is_right = code == "PERMISSION_ERROR" || (*who == Who::Nobody && code == "TOKEN_INVALID_ANONYMOUS_USER");
    assert!(is_right && answer.get("data").is_none(), "{what} by {who:?}: {answer}");
}

async fn every_field_is_read_as_its_schema_says(app: &TestApp) -> Outcome {
    let world = world(app).await?;
    let mut looked_at = 0;
    for (collection, schema) in open_schemas()? {
        let id = subject(collection);
        for field in fields(collection, &schema) {
            let name = field.name();
            for (who, token) in &world.people {
                let steps = [("doc", json!([id])), ("field", json!([name])), ("get", json!([]))];
                let answer = world.ask(token, collection, &steps).await?;
                let allowed = allows(schema["permission"].get("read"), who) && field.rules("read").all(|rule| allows(rule, who));
                if allowed {
                    assert_eq!(answer["code"], 0, "{collection}.{name} by {who:?}: {answer}");
                    assert!(answer["data"][0].pointer(&field.place()).is_some(), "{collection}.{name} by {who:?}: {answer}");
                } else {
                    is_refused(&answer, who, &format!("{collection}.{name}"));
                }
                // Nor is it told by what is found.
                let found = [("where", json!([format!("_id == '{id}' && {name} != null")])), ("field", json!(["_id"])), ("get", json!([]))];
                let answer = world.ask(token, collection, &found).await?;
                let hits = answer["data"].as_array().map_or(0, Vec::len);
                assert_eq!(hits, usize::from(allowed), "{collection}.{name} by {who:?}: {answer}");
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 1000, "{looked_at}");
    Ok(())
}

async fn every_field_is_written_as_its_schema_says(app: &TestApp) -> Outcome {
    let world = world(app).await?;
    for (collection, schema) in open_schemas()? {
        let id = subject(collection);
        let is_users = collection == "uni-id-users";
        for field in fields(collection, &schema).into_iter().filter(|field| field.path != ["_id"]) {
            let name = field.name();
            let before = app.document(collection, id).await?;
            let value_in = |doc: &Map<String, Value>| Value::Object(doc.clone()).pointer(&field.place()).cloned();
            let is_composed = is_users && matches!(name.as_str(), "last_login_date" | "last_login_ip" | "inviter_uid");
            let value = if is_composed { value_in(&before).unwrap_or_default() } else { value_of(collection, &name, &field.schema, 7) };
            for (who, token) in &world.people {
                let change = json!([field.around(command("set", json!([value])))]);
                let answer = world.ask(token, collection, &[("doc", json!([id])), ("update", change)]).await?;
                // What the schema sets, nobody else does; what the server keeps, only its methods change.
                let is_kept = !is_users && !CHANGEABLE.contains(&collection);
                let is_never = is_kept || field.schema.get("forceDefaultValue").is_some();
                let is_allowed = allows(schema["permission"].get("update"), who) && field.rules("write").all(|rule| allows(rule, who));
                let after = app.document(collection, id).await?;
                if !is_never && is_allowed {
                    assert_eq!(answer["code"], 0, "{collection}.{name} by {who:?}: {answer}");
                    assert_eq!(value_in(&after) != value_in(&before), answer["updated"] == 1, "{collection}.{name} by {who:?}: {answer}");
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
        for (who, token) in &world.people {
            let mut doc = json!({"_id": "new"});
            for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                doc[name] = value_of(collection, name, &schema["properties"][name], 3);
            }
            let answer = world.ask(token, collection, &[("add", json!([doc]))]).await?;
            let changeable = CHANGEABLE.contains(&collection);
            if changeable && allows(schema["permission"].get("create"), who) {
                assert_eq!(answer, json!({"code": 0, "inserted": 1, "id": "new"}), "{collection} by {who:?}");
            } else {
                is_refused(&answer, who, &format!("add to {collection}"));
            }
            let removes_users = collection == "uni-id-users";
            let id = if changeable { "new" } else { subject(collection) };
            let answer = world.ask(token, collection, &[("doc", json!([id])), ("remove", json!([]))]).await?;
            if (changeable || removes_users) && allows(schema["permission"].get("delete"), who) {
                let deleted = u64::from(removes_users || *who == Who::Administrator);
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
        for (_, token) in &world.people {
            for steps in [
                &[("get", json!([]))][..],
                &[("count", json!([]))],
                &[("doc", json!(["x"])), ("field", json!(["_id"])), ("get", json!([]))],
                &[("add", json!([{"a": 1}]))],
                &[("doc", json!(["x"])), ("update", json!([{"a": 1}]))],
                &[("doc", json!(["x"])), ("remove", json!([]))],
                &[("groupBy", json!(["a"])), ("groupField", json!(["count(*) as n"])), ("get", json!([]))],
            ] {
                denied(&world.ask(token, collection, steps).await?, "PERMISSION_ERROR");
            }
        }
    }
    assert!(closed >= 5, "{closed}");
    // Together they are all collections of the account system.
    assert_eq!(DEFAULTS.len(), lingpai_domain::store::COLLECTIONS.len());
    Ok(())
}
