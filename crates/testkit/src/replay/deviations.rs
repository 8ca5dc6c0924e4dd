//! Where the program answers otherwise on purpose.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::{
    bindings::Bindings,
    matching::{Difference, Matcher},
};

/// What an answer's value is where the program has nothing: `{"$absent": true}`.
const ABSENT: &str = "$absent";

/// One step that is expected to differ.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// The recordings' file.
    pub file: String,
    /// The scenario's name.
    pub scenario: String,
    /// The step's number, from 0.
    pub step: usize,
    /// The step's method, so that a list that slipped is noticed.
    pub method: String,
    /// Why, for readers; names the deviation.
    pub why: Value,
    /// Where the program differs, and what it has there. Placeholders are allowed; `$any` stands
    /// for anything, `{"$absent": true}` for nothing.
    pub answers: BTreeMap<String, Value>,
}

/// All deviations.
#[derive(Clone, Debug, Default)]
pub struct Deviations(Vec<Deviation>);

impl Deviations {
    /// Reads `{"deviations": [...]}`.
    ///
    /// # Errors
    /// If the file cannot be read, has another form, lists a step twice, or a step without any
    /// answer or reason.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// The same from a text.
    ///
    /// # Errors
    /// See [`Deviations::read`].
    pub fn parse(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct File {
            deviations: Vec<Deviation>,
        }
        let File { deviations } = serde_json::from_str(text)?;
        let mut seen = std::collections::HashSet::new();
        for deviation in &deviations {
            let place = format!("{} › {} › {}", deviation.file, deviation.scenario, deviation.step);
            if deviation.answers.is_empty() || deviation.why.as_str().is_some_and(|why| why.trim().is_empty()) || deviation.why.is_null() {
                bail!("{place} lacks an answer or a reason");
            }
            if !seen.insert(place.clone()) {
                bail!("{place} is listed twice");
            }
        }
        Ok(Self(deviations))
    }

    /// Those of a scenario.
    pub fn of<'a>(&'a self, file: &'a str, scenario: &'a str) -> impl Iterator<Item = &'a Deviation> {
        self.0.iter().filter(move |deviation| deviation.file == file && deviation.scenario == scenario)
    }

    /// Those of a file.
    pub fn of_file<'a>(&'a self, file: &'a str) -> impl Iterator<Item = &'a Deviation> {
        self.0.iter().filter(move |deviation| deviation.file == file)
    }
}

impl Deviation {
    /// Which differences the deviation does not explain, and which of its answers did not come.
    pub fn unexplained(&self, differences: &[Difference], bindings: &mut Bindings) -> Vec<Difference> {
        let mut left = Vec::new();
        let mut used = Vec::new();
        for difference in differences {
            match self.answers.get(&difference.path) {
                Some(answer) if agrees(answer, difference.got.as_ref(), bindings) => used.push(&difference.path),
                Some(answer) => {
                    used.push(&difference.path);
                    left.push(Difference {
                        expected: Some(answer.clone()),
                        note: "a deviation is listed, but not this one",
                        ..difference.clone()
                    });
                }
                None => left.push(difference.clone()),
            }
        }
        for (path, answer) in &self.answers {
            if !used.contains(&path) {
                let note = "stale deviation: the program does not differ here";
                left.push(Difference { path: path.clone(), expected: Some(answer.clone()), got: None, note });
            }
        }
        left
    }
}

fn agrees(answer: &Value, got: Option<&Value>, bindings: &mut Bindings) -> bool {
    match (answer.get(ABSENT), got) {
        (Some(_), got) => got.is_none(),
        (None, None) => false,
        (None, Some(got)) => {
            let mut matcher = Matcher::new(bindings, None);
            matcher.compare("", answer, got);
            matcher.differences.is_empty()
        }
    }
}

/// What a deviation's `answers` would say of a difference: what came, with placeholders in the
/// place of what the run generated.
pub fn answer_for(difference: &Difference, bindings: &Bindings) -> Value {
    match &difference.got {
        None => serde_json::json!({ABSENT: true}),
        Some(got) => generalised(difference.path.rsplit('/').next().unwrap_or_default(), got, bindings),
    }
}

fn generalised(field: &str, value: &Value, bindings: &Bindings) -> Value {
    match value {
        Value::String(text) if !text.is_empty() && matches!(field, "errMsg" | "msg" | "message") => "$text".into(),
        Value::String(text) => match bindings.name_of(text) {
            Some(name) => name.into(),
            None if field == "_id" || super::jwt::decode(text).is_some() => "$any".into(),
            None => value.clone(),
        },
        Value::Number(number) => match number.as_i64().map(|number| number - bindings.now_ms()) {
            Some(0) => "$now".into(),
            // What lies within a century of the clock and is no round number of its own is a time.
            Some(offset) if offset.abs() < 3_200_000_000_000 && number.as_i64() > Some(1_000_000_000_000) && offset % 1000 == 0 => {
                format!("$now{:+}s", offset / 1000).into()
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| generalised(field, item, bindings)).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(key, item)| (key.clone(), generalised(key, item, bindings))).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::replay::{config::Facts, run::project_conformance};

    fn bindings() -> Bindings {
        let facts = Facts::read(&project_conformance().join("configs/base")).unwrap();
        let mut bindings = Bindings::new(BTreeMap::new(), Arc::new(facts), None);
        bindings.enter_step(1_760_000_001_000, "__UNI__AAA");
        bindings
    }

    fn deviation(answers: Value) -> Deviation {
        let list = json!({"deviations": [{
            "file": "f.json", "scenario": "s", "step": 1, "method": "login", "why": "deviation 1", "answers": answers,
        }]});
        Deviations::parse(&list.to_string()).unwrap().of("f.json", "s").next().unwrap().clone()
    }

    fn difference(path: &str, got: Option<Value>) -> Difference {
        Difference { path: path.into(), expected: Some(json!(0)), got, note: "" }
    }

    #[test]
    fn a_step_is_a_deviation_when_its_differences_are_those_listed() {
        let listed = deviation(json!({
            "/response/body/errCode": "uni-id-check-token-failed",
            "/response/body/errMsg": "$text",
            "/response/body/time": "$now+7200s",
            "/response/body/newToken": {"$absent": true},
        }));
        let mut found = vec![
            difference("/response/body/errCode", Some(json!("uni-id-check-token-failed"))),
            difference("/response/body/errMsg", Some(json!("words"))),
            difference("/response/body/time", Some(json!(1_760_007_201_000_i64))),
            difference("/response/body/newToken", None),
        ];
        assert_eq!(listed.unexplained(&found, &mut bindings()), []);
        // One that did not come, one of another value, and one more: each is told.
        let missing = listed.unexplained(&found[1..], &mut bindings());
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].path, "/response/body/errCode");
        found[0].got = Some(json!("uni-id-token-expired"));
        assert_eq!(listed.unexplained(&found, &mut bindings()).len(), 1);
        found[3].got = Some(json!({}));
        assert_eq!(listed.unexplained(&found, &mut bindings()).len(), 2);
        found.push(difference("/dbAfter/uni-id-log/+0", Some(json!({}))));
        assert_eq!(listed.unexplained(&found, &mut bindings()).len(), 3);
    }

    #[test]
    fn a_draft_explains_what_it_was_drawn_from() {
        let found = [
            difference("/response/body/errMsg", Some(json!("words"))),
            difference("/response/body/tokenExpired", Some(json!(1_760_007_201_000_i64))),
            difference(
                "/dbAfter/uni-id-log/+0",
                Some(json!({"op": "insert", "doc": {"_id": "abc", "create_date": 1_760_000_001_000_i64, "state": 0}})),
            ),
            difference("/response/body/uid", None),
        ];
        let bindings = bindings();
        let answers: serde_json::Map<String, Value> = found.iter().map(|d| (d.path.clone(), answer_for(d, &bindings))).collect();
        assert_eq!(answers["/response/body/tokenExpired"], "$now+7200s");
        assert_eq!(answers["/dbAfter/uni-id-log/+0"]["doc"], json!({"_id": "$any", "create_date": "$now", "state": 0}));
        assert_eq!(deviation(answers.into()).unexplained(&found, &mut bindings.clone()), []);
    }

    #[test]
    fn a_list_needs_reasons_and_names_each_step_once() {
        let entry =
            |why: &str| json!({"file": "f", "scenario": "s", "step": 1, "method": "m", "why": why, "answers": {"/response/status": 200}});
        let parse = |entries: Value| Deviations::parse(&json!({"deviations": entries}).to_string());
        assert!(parse(json!([entry("deviation 1")])).is_ok());
        assert!(parse(json!([entry(" ")])).is_err());
        assert!(parse(json!([entry("deviation 1"), entry("deviation 1")])).is_err());
        assert!(parse(json!([{"file": "f", "scenario": "s", "step": 1, "method": "m", "why": "x", "answers": {}}])).is_err());
    }
}
