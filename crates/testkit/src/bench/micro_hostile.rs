//! What conditions cost that are refused, from the text that a client sent: reading the JSON, and the condition until
//! something is too much. Whoever sends them needs no account.

use std::hint::black_box;

use anyhow::{Result, ensure};
use lingpai_domain::clientdb::{Session, command::Command};
use serde_json::{Map, Value, json};

use super::{measurement::Row, micro::repeat};

type Condition = fn() -> Value;

/// The conditions by the names of their rows.
pub const CONDITIONS: [(&str, Condition); 11] = [
    ("micro: hostile where, 10,000 terms", || terms().into()),
    ("micro: hostile where, 2,000 short terms", || vec!["a"; 2000].join("||").into()),
    ("micro: hostile where, 10,000 fields", || (0..10_000).map(|n| (format!("a{n}"), json!(n))).collect::<Map<_, _>>().into()),
    ("micro: hostile where, 10,000 commands", || command("or", (0..10_000).map(|n| json!({ "a": n })).collect())),
    ("micro: hostile where, nested text", || format!("{}a{}", "(".repeat(4000), ")".repeat(4000)).into()),
    ("micro: hostile where, nested objects", || (0..100).fold(json!(1), |inner, _| json!({ "a": inner }))),
    ("micro: hostile where, nested commands", || (0..30).fold(json!({"a": 1}), |inner, _| command("and", vec![inner]))),
    ("micro: hostile where, huge RegExp", || json!({"a": pattern("((a{1000}){1000}){1000}")})),
    ("micro: hostile where, huge RegExp of classes", || json!({"a": pattern("(\\p{L}|[^a-z]){500}")})),
    ("micro: hostile where, RegExp with look-ahead", || json!({"a": pattern("^(?=(a+)+$)")})),
    ("micro: hostile where, many large RegExp", || {
        (0..200).map(|n| (format!("a{n}"), pattern(&"\\p{L}".repeat(100)))).collect::<Map<_, _>>().into()
    }),
];

fn terms() -> String {
    (0..10_000).map(|n| format!("a{n} == {n}")).collect::<Vec<_>>().join(" || ")
}

fn pattern(source: &str) -> Value {
    json!({"$regexp": {"source": source, "flags": ""}})
}

fn command(method: &str, parts: Vec<Value>) -> Value {
    json!({"$db": [{"$method": "command", "$param": []}, {"$method": method, "$param": [parts]}]})
}

/// Measures one.
///
/// # Errors
/// If it is not refused.
pub fn measure(name: &str, quick: bool, condition: Condition) -> Result<Row> {
    let step = |method: &str, params: Value| json!({"$method": method, "$param": params});
    let chain = [step("collection", json!(["uni-id-users"])), step("where", json!([condition()])), step("get", json!([]))];
    let text = json!({ "$db": chain }).to_string();
    let session = Session { user: None, now_ms: 0, client_ip: String::new() };
    let is_refused = || {
        let command: Option<Value> = serde_json::from_str(black_box(&text)).ok();
        command.is_none_or(|command| Command::parse(&command, &session).is_err())
    };
    ensure!(is_refused(), "{name} is not refused");
    Ok(repeat(name, quick, is_refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_refused_as_a_condition() {
        for (name, condition) in CONDITIONS {
            measure(name, true, condition).unwrap();
        }
    }
}
