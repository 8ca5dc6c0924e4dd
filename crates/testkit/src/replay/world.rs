//! What a scenario runs in: the program, its database, and what stands around it.

use std::sync::Arc;

use anyhow::{Context, Result};
use lingpai_domain::clock::Clock;
use serde_json::{Map, Value, json};

use super::{
    bindings::Bindings,
    changes::{Document, Snapshot, changes, id_of},
    check::Outcome,
    recording::{Call, Operation, Scenario},
    request::{Request, SPACE},
};
use crate::{FrozenClock, RecordingSms, TestApp, TestDatabase, app::export_everything, upstreams::Upstreams};

/// The number that the recorded SMS service refused.
const REFUSED_NUMBER: &str = "19900000000";

/// The program in the middle of a scenario.
pub struct World {
    app: TestApp,
    snapshot: Snapshot,
    /// What the program asked of third parties.
    pub upstreams: Upstreams,
}

impl World {
    /// Starts the program with a scenario's configuration and documents.
    pub async fn start(scenario: &Scenario, bindings: &mut Bindings, database: TestDatabase, upstreams: Upstreams) -> Result<Self> {
        let clock = Arc::new(FrozenClock::default());
        bindings.enter_step(clock.now_ms(), "");
        let mut builder = TestApp::builder()
            .database(database)
            .center(&bindings.facts.folder)
            .space(SPACE)
            .clock(clock)
            .sms(Arc::new(RecordingSms::refusing([REFUSED_NUMBER])))
            // Recorded calls of external systems have lists that their signature does not cover.
            .setting("compat.unsigned_arrays", "true")
            .without_mail();
        for (path, value) in upstreams.settings() {
            builder = builder.setting(path, value);
        }
        for (collection, documents) in &scenario.seed {
            let documents = documents.iter().map(|document| instantiated(document, bindings)).collect::<Result<_>>();
            builder = builder.seed(collection, documents.with_context(|| format!("the seed of {collection}"))?);
        }
        let app = builder.start().await?;
        let snapshot = export_everything(&*app.store).await?;
        Ok(Self { app, snapshot, upstreams })
    }

    /// Milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.app.clock.now_ms()
    }

    /// Turns the clock forwards.
    pub fn advance(&self, ms: i64) {
        self.app.clock.advance(ms);
    }

    /// Makes a call and looks at what it changed.
    pub async fn call(&mut self, call: &Call, bindings: &Bindings) -> Result<Outcome> {
        let reply = self.app.exchange(Request::of(call, bindings)?).await?;
        let after = export_everything(&*self.app.store).await?;
        let changes = changes(&self.snapshot, &after);
        self.snapshot = after;
        Ok(Outcome { status: reply.status, body: (!reply.body.is_null()).then_some(reply.body), changes })
    }

    /// Does to the database what a call that is not made was recorded to do.
    pub async fn stand_in_for(&mut self, call: &Call, bindings: &mut Bindings) -> Result<()> {
        bindings.make_missing(call.bind.keys().map(String::as_str))?;
        let param = |name: &str| call.body.get("params").and_then(|params| params.get(name)).and_then(Value::as_str);
        let password = param("newPassword").or_else(|| param("password")).unwrap_or_default();
        for (collection, operations) in &call.db_after {
            for operation in operations.as_array().into_iter().flatten() {
                let operation = bindings.instantiate(operation, password)?;
                self.write(collection, &operation).await.with_context(|| format!("{collection}: {operation}"))?;
            }
        }
        self.look().await
    }

    /// Does one operation of a `dbAfter`.
    async fn write(&self, collection: &str, operation: &Value) -> Result<()> {
        let store = &self.app.store;
        let id = operation.get("_id").and_then(Value::as_str).unwrap_or_default();
        match operation.get("op").and_then(Value::as_str) {
            Some("insert") => store.put(collection, operation.get("doc").and_then(Value::as_object).context("no document")?).await?,
            Some("update") => {
                // A document that the program has not got, on purpose, is not updated either.
                let Some(mut document) = self.documents(collection).find(|document| id_of(document) == id).cloned() else { return Ok(()) };
                document.extend(operation.get("changed").and_then(Value::as_object).cloned().unwrap_or_default());
                for field in operation.get("unset").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                    document.remove(field);
                }
                store.put(collection, &document).await?;
            }
            Some("remove") => {
                store.remove(collection, id).await?;
            }
            other => anyhow::bail!("unknown operation {other:?}"),
        }
        Ok(())
    }

    /// Inserts, updates or removes documents between calls.
    pub async fn edit(&mut self, operation: &Operation, bindings: &mut Bindings) -> Result<()> {
        let collection = operation.collection.as_deref().context("no collection")?;
        let store = self.app.store.clone();
        for document in &operation.docs {
            store.put(collection, &instantiated(document, bindings)?).await?;
        }
        let filter = instantiated(&operation.filter, bindings)?;
        let set = instantiated(&operation.set, bindings)?;
        if operation.op != "dbInsert" {
            let matching: Vec<Document> = self.documents(collection).filter(|document| matches(document, &filter)).cloned().collect();
            for mut document in matching {
                if operation.op == "dbRemove" {
                    store.remove(collection, id_of(&document)).await?;
                } else {
                    set.iter().for_each(|(path, value)| set_field(&mut document, path, value.clone()));
                    store.put(collection, &document).await?;
                }
            }
        }
        self.look().await
    }

    fn documents(&self, collection: &str) -> impl Iterator<Item = &Document> {
        self.snapshot.get(collection).into_iter().flatten()
    }

    /// Reads the database again, so that what the test's hand did is not taken for the program's,
    /// and lets the program hear of it.
    async fn look(&mut self) -> Result<()> {
        self.app.hear_news().await?;
        self.snapshot = export_everything(&*self.app.store).await?;
        Ok(())
    }

    /// Short messages since the last look, in the recordings' form.
    pub fn take_outbox(&self) -> Vec<Value> {
        let item = |sms: lingpai_domain::messaging::Sms| {
            let data: Map<String, Value> = sms.data.into_iter().map(|(name, value)| (name, value.into())).collect();
            json!({
                "kind": "sms", "smsKey": sms.key, "smsSecret": sms.secret.expose(), "phone": sms.mobile, "templateId": sms.template_id,
                "data": data,
            })
        };
        self.app.sms.take().into_iter().map(item).collect()
    }

    /// Ends the program and hands the database back.
    pub async fn stop(self) -> Result<TestDatabase> {
        self.app.stop_and_keep_database().await
    }
}

fn instantiated(map: &Map<String, Value>, bindings: &mut Bindings) -> Result<Document> {
    match bindings.instantiate(&Value::Object(map.clone()), "")? {
        Value::Object(map) => Ok(map),
        _ => anyhow::bail!("not an object"),
    }
}

/// Whether a document has these fields; dotted paths lead into objects.
fn matches(document: &Document, filter: &Map<String, Value>) -> bool {
    filter.iter().all(|(path, wanted)| {
        let pointer = format!("/{}", path.replace('.', "/"));
        let nested = || document.get(path.split('.').next()?).and_then(|_| Value::Object(document.clone()).pointer(&pointer).cloned());
        document.get(path).cloned().or_else(nested).as_ref() == Some(wanted)
    })
}

/// Sets a field; a dotted path leads into objects, which are made where they are missing.
fn set_field(document: &mut Document, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            document.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = document.entry(head).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Some(inner) = inner.as_object_mut() {
                set_field(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(value: Value) -> Document {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn dotted_paths_lead_into_objects() {
        let mut document = map(json!({"a": {"b": 1}}));
        set_field(&mut document, "a.c", json!(2));
        set_field(&mut document, "d.e.f", json!(3));
        set_field(&mut document, "g", json!(4));
        assert_eq!(Value::Object(document.clone()), json!({"a": {"b": 1, "c": 2}, "d": {"e": {"f": 3}}, "g": 4}));
        assert!(matches(&document, &map(json!({"a.b": 1, "g": 4}))));
        assert!(!matches(&document, &map(json!({"a.b": 2}))));
        assert!(!matches(&document, &map(json!({"x.y": 2}))));
    }
}
