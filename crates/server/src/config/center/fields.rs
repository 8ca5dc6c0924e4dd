//! Reads the fields of one entry, for one platform, and collects what does not fit.

use std::ops::RangeInclusive;

use lingpai_domain::secret::Secret;
use serde_json::{Map, Value};

use super::{
    jsonc::Document,
    older_keys::{Renamed, variants},
};
use crate::config::report::{Notice, Place, Problem, Words};

/// Where an entry stands in its file.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The file.
    pub document: &'a Document,
    /// The number of the entry, if the file is a list.
    pub prefix: &'a [&'a str],
    /// What was renamed in the entry.
    pub renamed: &'a [Renamed],
}

impl Source<'_> {
    /// Where a field of the entry, as a platform sees it, stands in the file.
    pub fn place(&self, platform: Option<&str>, path: &[&str]) -> Place {
        let owned = |segments: &mut dyn Iterator<Item = &str>| -> Vec<String> { segments.map(str::to_owned).collect() };
        let mut candidates = Vec::new();
        if let Some(platform) = platform {
            candidates.extend(variants(&owned(&mut [platform].into_iter().chain(path.iter().copied())), self.renamed));
        }
        let plain = owned(&mut path.iter().copied());
        candidates.extend(variants(&plain, self.renamed));
        let in_file = |candidate: &Vec<String>| -> Vec<String> {
            self.prefix.iter().map(|segment| segment.to_string()).chain(candidate.iter().cloned()).collect()
        };
        let found = candidates.iter().map(in_file).find(|candidate| self.document.has(&borrowed(candidate)));
        self.document.place(&borrowed(&found.unwrap_or_else(|| in_file(&plain))))
    }
}

fn borrowed(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// The fields.
pub struct Fields<'a> {
    root: &'a Value,
    source: Source<'a>,
    platform: Option<&'a str>,
    /// What did not fit.
    pub problems: Vec<Problem>,
    /// What the operator should know.
    pub notices: Vec<Notice>,
}

impl<'a> Fields<'a> {
    /// The fields of `root`, which is an entry with the section of `platform` laid over it.
    pub fn new(root: &'a Value, source: Source<'a>, platform: Option<&'a str>) -> Self {
        Self { root, source, platform, problems: Vec::new(), notices: Vec::new() }
    }

    /// A field; null counts as absent.
    pub fn value(&self, path: &[&str]) -> Option<&'a Value> {
        let mut value = self.root;
        for segment in path {
            value = match value {
                Value::Object(fields) => fields.get(*segment)?,
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value).filter(|value| !value.is_null())
    }

    /// Notes that a field is wrong. Returns the problem.
    pub fn problem(&mut self, path: &[&str], what: Words, remedy: Words) -> Problem {
        let problem = Problem::new(self.source.place(self.platform, path), what, remedy);
        self.problems.push(problem.clone());
        problem
    }

    /// Notes something worth knowing about a field.
    pub fn notice(&mut self, path: &[&str], what: Words) {
        self.notices.push(Notice::new(self.source.place(self.platform, path), what));
    }

    fn wrong_kind(&mut self, path: &[&str], zh: &str, en: &str) {
        // The value is not shown: it may be a secret.
        self.problem(path, Words::new("类型不对", "is of the wrong type"), Words::new(format!("应为{zh}"), format!("must be {en}")));
    }

    /// A text; `None` if it is absent, empty or wrong.
    pub fn text(&mut self, path: &[&str]) -> Option<String> {
        match self.value(path)? {
            Value::String(text) => (!text.is_empty()).then(|| text.clone()),
            _ => {
                self.wrong_kind(path, "字符串", "a text");
                None
            }
        }
    }

    /// A text that may also be written as a number.
    pub fn text_or_number(&mut self, path: &[&str]) -> Option<String> {
        match self.value(path)? {
            Value::Number(number) => Some(number.to_string()),
            _ => self.text(path),
        }
    }

    /// A secret; `None` if it is absent, empty or wrong.
    pub fn secret(&mut self, path: &[&str]) -> Option<Secret> {
        self.text(path).map(Secret::new)
    }

    /// A whole number; `None` if it is absent or wrong.
    pub fn whole(&mut self, path: &[&str], range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.value(path)?;
        let number = value.as_f64().filter(|number| number.fract() == 0.0);
        let Some(number) = number else {
            self.wrong_kind(path, "整数", "a whole number");
            return None;
        };
        let (low, high) = (*range.start(), *range.end());
        if (f64::from(low)..=f64::from(high)).contains(&number) {
            // In range and whole, so nothing is lost.
            return Some(number as u32);
        }
        self.problem(
            path,
            Words::new(format!("{number} 超出范围 {low} - {high}"), format!("{number} is outside of the range from {low} to {high}")),
            Words::new("改为范围内的值", "choose a value within the range"),
        );
        None
    }

    /// true or false; false if it is absent.
    pub fn boolean(&mut self, path: &[&str]) -> bool {
        match self.value(path) {
            None => false,
            Some(Value::Bool(boolean)) => *boolean,
            Some(_) => {
                self.wrong_kind(path, "true 或 false", "true or false");
                false
            }
        }
    }

    /// An object; `None` if it is absent or wrong.
    pub fn object(&mut self, path: &[&str]) -> Option<&'a Map<String, Value>> {
        match self.value(path)? {
            Value::Object(fields) => Some(fields),
            _ => {
                self.wrong_kind(path, "对象", "an object");
                None
            }
        }
    }

    /// A list of texts; empty if it is absent.
    pub fn texts(&mut self, path: &[&str]) -> Vec<String> {
        let texts = match self.value(path) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        texts.unwrap_or_else(|| {
            self.wrong_kind(path, "字符串的列表", "a list of texts");
            Vec::new()
        })
    }
}
