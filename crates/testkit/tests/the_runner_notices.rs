//! Proves that a replay notices when a program answers or writes otherwise than recorded: each
//! recorded step is played by a stand-in that does exactly what was recorded, which must count as
//! equal, and against recordings that were changed in one place, which must not.

mod stand_in;

use lingpai_testkit::replay::{check::differences, recording::Call};
use serde_json::{Map, Value, json};
use stand_in::{Moment, for_each_call};

#[test]
fn a_program_that_does_what_was_recorded_is_equal() {
    let mut calls = 0;
    for_each_call(|moment| {
        calls += 1;
        let found = moment.differences(moment.call);
        assert!(found.is_empty(), "{}: {found:#?}", moment.place);
    });
    assert_eq!(calls, 2699);
}

#[test]
fn every_changed_value_is_noticed() {
    let mut tried = 0;
    for_each_call(|moment| {
        if moment.call.uncaught {
            return;
        }
        let recorded = json!({"response": moment.call.response.body, "dbAfter": moment.call.db_after, "jwt": moment.server_jwts()});
        for path in leaves(&recorded) {
            let mut mutated = recorded.clone();
            let leaf = mutated.pointer_mut(&path).unwrap();
            *leaf = other_value(leaf);
            moment.must_notice(&with_parts(moment.call, &mutated), &path);
            tried += 1;
        }
        let mut call = moment.call.clone();
        call.response.status += 1;
        moment.must_notice(&call, "status");
    });
    assert!(tried > 10_000, "only {tried} places were changed");
}

#[test]
fn every_missing_and_every_additional_field_is_noticed() {
    for_each_call(|moment| {
        if moment.call.uncaught {
            return;
        }
        let recorded = json!({"response": moment.call.response.body, "dbAfter": moment.call.db_after, "jwt": moment.server_jwts()});
        for (object, field) in fields(&recorded) {
            let mut mutated = recorded.clone();
            mutated.pointer_mut(&object).unwrap().as_object_mut().unwrap().remove(&field);
            moment.must_notice(&with_parts(moment.call, &mutated), &format!("{object} without {field}"));
        }
        for object in objects(&recorded) {
            let mut mutated = recorded.clone();
            mutated.pointer_mut(&object).unwrap().as_object_mut().unwrap().insert("additional".into(), json!([1]));
            moment.must_notice(&with_parts(moment.call, &mutated), &format!("{object} with another field"));
        }
    });
}

#[test]
fn every_missing_every_additional_and_every_reordered_element_is_noticed() {
    for_each_call(|moment| {
        if moment.call.uncaught {
            return;
        }
        let recorded = json!({"response": moment.call.response.body, "dbAfter": moment.call.db_after, "jwt": moment.server_jwts()});
        for array in arrays(&recorded) {
            let items = recorded.pointer(&array).unwrap().as_array().unwrap();
            let mut mutations =
                vec![("with another element", [items.as_slice(), &[json!({"op": "insert", "doc": {"_id": "additional"}})]].concat())];
            if let Some((_, rest)) = items.split_first() {
                mutations.push(("without its first element", rest.to_vec()));
            }
            // Operations on different documents have no order, nor have fields that are gone.
            let reversed: Vec<Value> = items.iter().rev().cloned().collect();
            if &reversed != items && !is_operations(&array) && !array.ends_with("/unset") {
                mutations.push(("reversed", reversed));
            }
            for (what, items) in mutations {
                let mut mutated = recorded.clone();
                *mutated.pointer_mut(&array).unwrap() = items.into();
                moment.must_notice(&with_parts(moment.call, &mutated), &format!("{array} {what}"));
            }
        }
    });
}

#[test]
fn another_order_of_a_tokens_fields_is_noticed() {
    let mut tried = 0;
    for_each_call(|moment| {
        let mut call = moment.call.clone();
        for bind in call.bind.values_mut().filter(|bind| !bind.is_made_by_client()) {
            let Some(payload) = &mut bind.payload else { continue };
            *payload = payload.iter().rev().map(|(key, value)| (key.clone(), value.clone())).collect();
            tried += 1;
        }
        if call.bind.values().any(|bind| bind.is_jwt() && !bind.is_made_by_client()) && !call.uncaught {
            moment.must_notice(&call, "payload in another order");
        }
    });
    assert!(tried > 100);
}

#[test]
fn texts_hashes_codes_and_ids_of_another_shape_are_noticed() {
    let mut tried = [0; 5];
    for_each_call(|moment| {
        // Which language `EN` means is left open, and so is that of a project's own texts.
        let any_language = moment.call.client_info("locale") == Some("EN") || moment.bindings.facts().has_own_texts();
        if moment.call.uncaught || any_language {
            return;
        }
        let shown = serde_json::to_string(&json!([moment.call.response.body, moment.call.db_after])).unwrap();
        let wrong: [(&str, &[Misshape]); 5] = [
            ("$text", &[|_| String::new(), |text| if text.is_ascii() { "中文".into() } else { "English".into() }]),
            ("$hmacSha256Hash", &[|hash| hash[1..].to_owned(), |hash| format!("{hash}0"), str::to_uppercase]),
            ("$smsCode", &[|code| code[1..].to_owned(), |_| "12345x".into()]),
            ("$captchaImage", &[|image| image[1..].to_owned(), |image| image.split(',').next().unwrap().to_owned()]),
            ("$inviteCode", &[|code| code[1..].to_owned(), str::to_lowercase]),
        ];
        for (at, (placeholder, mutations)) in wrong.iter().enumerate() {
            if !shown.contains(placeholder) {
                continue;
            }
            for mutate in *mutations {
                if let Some(outcome) = moment.outcome_with(placeholder, mutate) {
                    let mut bindings = moment.bindings.clone();
                    let found = differences(moment.call, &outcome, &mut bindings);
                    assert!(!found.is_empty(), "{}: another shape of {placeholder}", moment.place);
                    tried[at] += 1;
                }
            }
        }
    });
    assert!(tried.iter().all(|count| *count > 0), "{tried:?}");
}

#[test]
fn where_the_original_crashed_a_crash_and_a_write_are_noticed() {
    let mut tried = 0;
    for_each_call(|moment| {
        if !moment.call.uncaught {
            return;
        }
        let mut check = |mutate: &dyn Fn(&mut lingpai_testkit::replay::check::Outcome), what: &str| {
            let mut outcome = moment.outcome.clone();
            mutate(&mut outcome);
            let found = differences(moment.call, &outcome, &mut moment.bindings.clone());
            assert!(!found.is_empty(), "{}: {what}", moment.place);
            tried += 1;
        };
        check(&|outcome| outcome.status = 500, "status 500");
        check(&|outcome| outcome.body = None, "no JSON");
        for (field, value) in [("errCode", json!(0)), ("errCode", json!("")), ("errMsg", json!(""))] {
            check(&|outcome| outcome.body.as_mut().unwrap()[field] = value.clone(), field);
        }
        check(
            &|outcome| {
                let change = lingpai_testkit::replay::changes::Change::Insert([("_id".to_owned(), json!("new"))].into_iter().collect());
                outcome.changes.entry("uni-id-users".into()).or_default().push(change);
            },
            "a write",
        );
    });
    assert!(tried > 1_000);
}

/// Gives a value another shape.
type Misshape = fn(&str) -> String;

impl Moment<'_> {
    fn must_notice(&self, mutated: &Call, what: &str) {
        assert!(!self.differences(mutated).is_empty(), "{}: {what}", self.place);
    }
}

/// The call with other recorded parts.
fn with_parts(call: &Call, parts: &Value) -> Call {
    let mut call = call.clone();
    call.response.body = parts["response"].clone();
    call.db_after = parts["dbAfter"].as_object().unwrap().clone();
    for (name, jwt) in parts["jwt"].as_object().unwrap() {
        let bind = call.bind.get_mut(name).unwrap();
        bind.header = jwt["header"].as_object().cloned();
        bind.payload = jwt["payload"].as_object().cloned();
    }
    call
}

/// A value that is not this one, and of the same kind.
fn other_value(value: &Value) -> Value {
    match value {
        Value::Null => json!(false),
        Value::Bool(yes) => json!(!yes),
        Value::Number(number) => json!(number.as_i64().unwrap() + 1),
        Value::String(text) if text == "$now" => json!("$now+1s"),
        Value::String(text) if text == "$nowSec" => json!("$nowSec+1"),
        Value::String(text) => json!(format!("{text}≠")),
        Value::Array(_) => json!(["another"]),
        Value::Object(_) => json!({"another": 1}),
    }
}

fn is_operations(path: &str) -> bool {
    path.starts_with("/dbAfter/") && path.matches('/').count() == 2
}

fn leaves(value: &Value) -> Vec<String> {
    paths(value, &|value| match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(_) => false,
        _ => true,
    })
}

fn arrays(value: &Value) -> Vec<String> {
    paths(value, &Value::is_array)
}

/// Objects whose fields are compared: not the list of JWTs, nor that of collections.
fn objects(value: &Value) -> Vec<String> {
    paths(value, &Value::is_object)
        .into_iter()
        .filter(|path| {
            !matches!(path.as_str(), "" | "/jwt" | "/dbAfter") && path.matches('/').count() != 2 || path.starts_with("/response/")
        })
        .collect()
}

fn fields(value: &Value) -> Vec<(String, String)> {
    let of = |path: &String| {
        let map: &Map<String, Value> = value.pointer(path).unwrap().as_object().unwrap();
        map.keys().map(|key| (path.clone(), key.clone())).collect::<Vec<_>>()
    };
    let mut fields: Vec<_> = objects(value).iter().flat_map(of).collect();
    fields.extend(of(&"/dbAfter".to_owned()));
    fields
}

fn paths(value: &Value, wanted: &dyn Fn(&Value) -> bool) -> Vec<String> {
    fn walk(value: &Value, path: String, wanted: &dyn Fn(&Value) -> bool, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| walk(item, format!("{path}/{at}"), wanted, found)),
            Value::Object(map) => map.iter().for_each(|(key, item)| walk(item, format!("{path}/{key}"), wanted, found)),
            _ => {}
        }
        if wanted(value) {
            found.push(path);
        }
    }
    let mut found = Vec::new();
    walk(value, String::new(), wanted, &mut found);
    found
}
