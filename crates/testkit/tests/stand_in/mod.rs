//! A stand-in for the program: it does exactly what was recorded.

use std::{path::Path, sync::Arc};

use lingpai_testkit::replay::{
    bindings::Bindings,
    changes::Change,
    check::{Outcome, differences},
    config::Facts,
    jwt::AppleKey,
    matching::Difference,
    recording::{Call, Recording, Step},
};
use serde_json::{Map, Value, json};

/// A call of a recording and what the stand-in did.
pub struct Moment<'a> {
    /// Where it stands, for messages.
    pub place: &'a str,
    /// The recorded call.
    pub call: &'a Call,
    /// What the stand-in did.
    pub outcome: &'a Outcome,
    /// What the runner knows before it compares.
    pub bindings: &'a Bindings,
    /// What the stand-in knows.
    program: &'a Bindings,
}

impl Moment<'_> {
    /// Compares what the stand-in did with a recording.
    pub fn differences(&self, call: &Call) -> Vec<Difference> {
        let mut binds = self.bindings.all().clone();
        binds.extend(call.bind.clone());
        differences(call, self.outcome, &mut self.bindings.with_binds(binds))
    }

    /// Header and payload of the JWTs that the program makes in this step.
    pub fn server_jwts(&self) -> Value {
        let jwts = self.call.bind.iter().filter(|(_, bind)| bind.is_jwt() && !bind.is_made_by_client());
        Value::Object(jwts.map(|(name, bind)| (name.clone(), json!({"header": bind.header, "payload": bind.payload}))).collect())
    }

    /// What the stand-in did, with other values wherever a placeholder was seen for the first
    /// time. `None`: there is no such place.
    pub fn outcome_with(&self, placeholder: &str, mutate: &fn(&str) -> String) -> Option<Outcome> {
        let known = |text: &str| self.bindings.value(text).is_some();
        let mut changed = false;
        let mut program = self.program.clone();
        let mut replace = |recorded: &Value, value: &mut Value| {
            replace_first_sights(recorded, value, &mut |text, value| {
                if text.starts_with(placeholder) && !known(text) {
                    let other = mutate(value.as_str().unwrap());
                    changed |= value.as_str() != Some(&other);
                    *value = other.into();
                }
            });
        };
        let mut body = self.outcome.body.clone().unwrap();
        replace(&self.call.response.body, &mut body);
        let recorded = Value::Object(self.call.db_after.clone());
        let mut written = program.instantiate(&recorded, "pass123456").unwrap();
        replace(&recorded, &mut written);
        changed.then(|| Outcome { status: self.outcome.status, body: Some(body), changes: to_changes(&written) })
    }
}

fn replace_first_sights(recorded: &Value, value: &mut Value, replace: &mut dyn FnMut(&str, &mut Value)) {
    match (recorded, value) {
        (Value::String(text), value @ Value::String(_)) => replace(text, value),
        (Value::Array(recorded), Value::Array(items)) => recorded.iter().zip(items).for_each(|(r, v)| replace_first_sights(r, v, replace)),
        (Value::Object(recorded), Value::Object(map)) => {
            recorded.iter().for_each(|(key, r)| replace_first_sights(r, map.get_mut(key).unwrap(), replace));
        }
        _ => {}
    }
}

/// Plays all recordings of the project.
pub fn for_each_call(mut visit: impl FnMut(&Moment<'_>)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    let apple = Arc::new(AppleKey::parse(&std::fs::read_to_string(folder.join("apple-test-key.json")).unwrap()).unwrap());
    for recording in Recording::read_folder(&folder).unwrap() {
        for scenario in &recording.scenarios {
            let facts = Arc::new(Facts::read(&folder.join("configs").join(&scenario.config)).unwrap());
            let mut runner = Bindings::new(scenario.binds(), facts.clone(), Some(apple.clone()));
            let mut program = runner.clone();
            let mut now = 1_760_000_000_000;
            for (at, step) in scenario.steps.iter().enumerate() {
                let place = format!("{} › {} › {at}", recording.file, scenario.name);
                let call = match step {
                    Step::Call(call) => call,
                    Step::Operation(operation) => {
                        now += operation.ms.unwrap_or(0);
                        continue;
                    }
                };
                now += if call.same_second { 0 } else { 1000 };
                let app = call.client_info("appId").unwrap_or_default();
                for bindings in [&mut runner, &mut program] {
                    bindings.enter_step(now, app);
                    bindings.make_client_tokens(&call.bind).unwrap();
                }
                let outcome = play(call, &mut program);
                visit(&Moment { place: &place, call, outcome: &outcome, bindings: &runner, program: &program });
                differences(call, &outcome, &mut runner);
            }
        }
    }
}

fn play(call: &Call, program: &mut Bindings) -> Outcome {
    let mut body = program.instantiate(&call.response.body, "pass123456").unwrap();
    if call.client_info("locale").is_some_and(|locale| locale.starts_with("en")) {
        speak_english(&call.response.body, &mut body);
    }
    let written = program.instantiate(&Value::Object(call.db_after.clone()), "pass123456").unwrap();
    let status = if call.uncaught { 200 } else { call.response.status };
    Outcome { status, body: Some(body), changes: to_changes(&written) }
}

fn speak_english(recorded: &Value, body: &mut Value) {
    for (field, value) in recorded.as_object().into_iter().flatten() {
        if value == "$text" {
            body[field] = "words".into();
        }
    }
}

fn to_changes(written: &Value) -> std::collections::BTreeMap<String, Vec<Change>> {
    let document = |value: &Value| -> Map<String, Value> { value.as_object().unwrap().clone() };
    let change = |operation: &Value| match operation["op"].as_str().unwrap() {
        "insert" => Change::Insert(document(&operation["doc"])),
        "update" => Change::Update {
            id: operation["_id"].as_str().unwrap().to_owned(),
            changed: document(&operation["changed"]),
            unset: serde_json::from_value(operation.get("unset").cloned().unwrap_or(json!([]))).unwrap(),
        },
        _ => Change::Remove { id: operation["_id"].as_str().unwrap().to_owned() },
    };
    let written = written.as_object().unwrap();
    written
        .iter()
        .map(|(collection, operations)| (collection.clone(), operations.as_array().unwrap().iter().map(change).collect()))
        .collect()
}
