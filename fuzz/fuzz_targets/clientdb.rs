//! Whatever a client sends to clientDB, as a chain, as a condition or as a list of fields: it is read or
//! refused, and what is read can be evaluated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lingpai_domain::clientdb::{
    Session,
    command::Command,
    condition,
    evaluate::{Lookups, Subject, holds},
    jql,
    projection::Projection,
};
use serde_json::{Map, Value, json};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let session = Session { user: None, now_ms: 1_760_000_000_000, client_ip: "127.0.0.1".into() };
    let doc = json!({"_id": "a", "a": 1, "b": ["x", {"c": 2}], "d": {"$date": "2025-10-09T08:53:20.000Z"}, "e": null});
    let doc: &Map<String, Value> = doc.as_object().unwrap();
    let lookups = Lookups::default();
    let subject = Subject { doc, lookups: &lookups };
    if let Ok(expression) = jql::condition(text, &session) {
        let _ = holds(&expression, subject);
    }
    if let Ok(expression) = jql::permission(text) {
        let _ = holds(&expression.bind(&session), subject);
    }
    if let Ok(projection) = Projection::parse(&text.into(), &session) {
        projection.apply(doc);
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        if let Ok(expression) = condition::parse(&value, &session) {
            let _ = holds(&expression, subject);
        }
        let _ = Command::parse(&value, &session);
    }
});
