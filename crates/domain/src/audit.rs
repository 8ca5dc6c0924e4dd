//! Who changed what in administration: rows of `lingpai-audit`.

use serde_json::{Map, Value, json};

use crate::{account::User, context::Context, store::AuditRow};

/// Fields whose values are nobody's business: only that they changed is written down.
const HIDDEN: &[&str] = &["password", "token", "realname_auth", "third_party"];

impl Context<'_> {
    /// The row for what `actor` did to a user by a method. `before` is empty for a user who is made.
    pub fn audit_row(&self, actor: &str, action: &str, uid: &str, before: &Map<String, Value>, after: &Map<String, Value>) -> AuditRow {
        self.with_origin(row(self.id(), self.clock.now_ms(), actor, action, uid, before, after))
    }

    /// The row for what `actor` did to a document of a collection other than that of users. `before` is empty for one that is
    /// made, `after` for one that is removed.
    pub fn audit_row_of_document(
        &self,
        actor: &str,
        action: &str,
        collection: &str,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> AuditRow {
        let id = before.get("_id").or_else(|| after.get("_id")).and_then(Value::as_str).unwrap_or_default();
        let place = [("collection".to_owned(), collection.into()), ("document_id".to_owned(), id.into())];
        self.with_origin(row_about(self.id(), self.clock.now_ms(), actor, action, Map::from_iter(place), before, after))
    }

    /// Adds where it was done from.
    fn with_origin(&self, mut row: AuditRow) -> AuditRow {
        row.doc.insert("appid".into(), self.client.app_id.clone().into());
        row.doc.insert("ip".into(), self.client.ip.clone().into());
        row.doc.insert("ua".into(), self.client.user_agent.clone().into());
        row.doc.insert("device_id".into(), self.client.device_id.clone().into());
        row
    }
}

/// A row. `actor` is a user's `_id`, or `cli`, or `anyone` where a schema lets those in who are not logged in.
pub fn row(
    id: String,
    now: i64,
    actor: &str,
    action: &str,
    uid: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> AuditRow {
    row_about(id, now, actor, action, Map::from_iter([("user_id".to_owned(), uid.into())]), before, after)
}

fn row_about(
    id: String,
    now: i64,
    actor: &str,
    action: &str,
    about: Map<String, Value>,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> AuditRow {
    let doc = json!({"_id": id, "create_date": now, "actor": actor, "action": action});
    let mut doc = if let Value::Object(doc) = doc { doc } else { Map::new() };
    doc.extend(about);
    doc.insert("changes".to_owned(), changes(before, after).into());
    AuditRow { id, doc }
}

/// What is different: `{field: {from, to}}`, without what is `null`; `{field: {hidden: true}}` for secrets.
fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let mut changes = Map::new();
    let gone = before.keys().filter(|field| !after.contains_key(*field));
    for field in after.keys().chain(gone).filter(|field| *field != "_id") {
        let (from, to) = (before.get(field), after.get(field));
        if from == to {
            continue;
        }
        let change = if HIDDEN.contains(&field.as_str()) || field.starts_with("password_") {
            json!({"hidden": true})
        } else {
            let sides = [("from", from), ("to", to)].into_iter().filter_map(|(side, value)| Some((side.to_owned(), value?.clone())));
            Value::Object(sides.collect())
        };
        changes.insert(field.clone(), change);
    }
    changes
}

/// The row for a user whom the command line made.
pub fn row_of_command_line(id: String, now: i64, user: &User) -> AuditRow {
    row(id, now, "cli", "createAdmin", user.id(), &Map::new(), &user.doc)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn only_what_is_different_is_told_and_no_secret() {
        let before = object(json!({"_id": "u", "username": "a", "role": ["x"], "password": "old", "email": "e"}));
        let after = object(json!({"_id": "u", "username": "a", "role": [], "password": "new", "password_secret_version": 2, "status": 1}));
        let row = row("r".into(), 5, "boss", "updateUser", "u", &before, &after);
        assert_eq!(
            Value::from(row.doc),
            json!({
                "_id": "r", "create_date": 5, "actor": "boss", "action": "updateUser", "user_id": "u",
                "changes": {
                    "role": {"from": ["x"], "to": []}, "password": {"hidden": true}, "password_secret_version": {"hidden": true},
                    "status": {"to": 1}, "email": {"from": "e"},
                },
            })
        );
    }
}
