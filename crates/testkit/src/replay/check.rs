//! Compares a call's outcome with the recorded one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    bindings::Bindings,
    changes::Change,
    matching::{Difference, Language, Matcher},
    recording::Call,
};

/// What a call did.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The HTTP status.
    pub status: u16,
    /// The method's answer. `None`: the body was not JSON.
    pub body: Option<Value>,
    /// What changed in the database, by collection.
    pub changes: BTreeMap<String, Vec<Change>>,
}

/// All differences between the recorded call and what happened. Placeholders that are seen for the
/// first time are bound.
pub fn differences(call: &Call, outcome: &Outcome, bindings: &mut Bindings) -> Vec<Difference> {
    let language = if bindings.facts.has_own_texts() { None } else { language(call) };
    let mut matcher = Matcher::new(bindings, language);
    if call.uncaught {
        matcher.compare_crash(outcome);
        matcher.compare_changes_of_crash(&call.db_after, &outcome.changes);
    } else {
        matcher.compare("/response/status", &call.response.status.into(), &outcome.status.into());
        match &outcome.body {
            Some(body) => matcher.compare("/response/body", &call.response.body, body),
            None => matcher.report_unreadable(Some(call.response.body.clone())),
        }
        matcher.compare_changes(&call.db_after, &outcome.changes);
    }
    matcher.differences
}

/// The language that a call asks for. `None`: opinions differ.
fn language(call: &Call) -> Option<Language> {
    let locale = call.client_info("locale").or_else(|| call.client_info("LOCALE"));
    let shouted = locale.is_some_and(|locale| locale.to_lowercase().starts_with("en") && !locale.starts_with("en"));
    (!shouted).then(|| Language::of_locale(locale))
}

impl Matcher<'_> {
    /// Where the original crashed, any clear error is right as long as it is not a server's error.
    fn compare_crash(&mut self, outcome: &Outcome) {
        if outcome.status != 200 {
            let (expected, got) = (Some(200.into()), Some(outcome.status.into()));
            self.differences.push(Difference { path: "/response/status".into(), expected, got, note: "the original crashed here" });
        }
        let Some(body) = &outcome.body else { return self.report_unreadable(None) };
        let is_code = |code: &Value| code.as_str().is_some_and(|text| !text.is_empty()) || code.as_i64().is_some_and(|number| number != 0);
        if !body.get("errCode").is_some_and(is_code) {
            let (path, got) = ("/response/body/errCode".into(), body.get("errCode").cloned());
            self.differences.push(Difference { path, expected: Some("an error code".into()), got, note: "the original crashed here" });
        }
        if body.get("errMsg").and_then(Value::as_str).is_none_or(|text| text.trim().is_empty()) {
            let (path, got) = ("/response/body/errMsg".into(), body.get("errMsg").cloned());
            self.differences.push(Difference { path, expected: Some("$text".into()), got, note: "the original crashed here" });
        }
    }

    fn report_unreadable(&mut self, expected: Option<Value>) {
        self.differences.push(Difference { path: "/response/body".into(), expected, got: None, note: "the answer is not JSON" });
    }
}
