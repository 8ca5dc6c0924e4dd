//! Paths into documents: `a`, `a.b`, `list.0.name`.

use std::fmt;

use serde_json::{Map, Value};

use super::refusal::{Refusal, Result};

/// A dotted path; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<String>);

/// Most segments of a path, and the longest of one in bytes.
const MOST_SEGMENTS: usize = 16;
const LONGEST_SEGMENT: usize = 128;

impl Path {
    /// Reads a path. Segments are neither empty nor begin with `$`.
    pub fn parse(text: &str) -> Result<Self> {
        let segments: Vec<String> = text.split('.').map(str::to_owned).collect();
        let wrong = |segment: &String| segment.is_empty() || segment.len() > LONGEST_SEGMENT || segment.starts_with('$');
        if segments.len() > MOST_SEGMENTS || segments.iter().any(wrong) || text.contains(['\0', '"', '\'', '\\']) {
            return Err(Refusal::unexpected(text));
        }
        Ok(Self(segments))
    }

    /// A field of the document itself. For names that the program knows.
    pub fn field(name: &str) -> Self {
        Self(vec![name.to_owned()])
    }

    /// The field of the document that the path begins with.
    pub fn first(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The segments.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// Whether the path is a field of the document itself.
    pub fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// The path without its first segment, if there is more.
    pub fn rest(&self) -> Option<Self> {
        match self.0.get(1..) {
            Some(rest) if !rest.is_empty() => Some(Self(rest.to_vec())),
            _ => None,
        }
    }

    /// The value at the path; lists are only entered by a number.
    pub fn find<'a>(&self, doc: &'a Map<String, Value>) -> Option<&'a Value> {
        let (first, rest) = self.0.split_first()?;
        rest.iter().try_fold(doc.get(first)?, |value, segment| step(value, segment))
    }

    /// Everything that the path leads to; lists are entered, as MongoDB does.
    pub fn find_all<'a>(&self, doc: &'a Map<String, Value>) -> Vec<&'a Value> {
        let mut found: Vec<&Value> = match self.0.first().and_then(|first| doc.get(first)) {
            Some(value) => vec![value],
            None => return Vec::new(),
        };
        for segment in self.0.iter().skip(1) {
            let mut next = Vec::new();
            for value in found {
                next.extend(step(value, segment));
                if let Value::Array(items) = value {
                    next.extend(items.iter().filter_map(|item| item.as_object()?.get(segment)));
                }
            }
            found = next;
        }
        found
    }

    /// The place of the path, made where it is not there; what is in the way and no object is replaced.
    pub fn place<'a>(&self, doc: &'a mut Map<String, Value>) -> Option<&'a mut Value> {
        let (first, rest) = self.0.split_first()?;
        let mut value = doc.entry(first.clone()).or_insert(Value::Null);
        for segment in rest {
            let indexed = value.as_array().and_then(|items| segment.parse::<usize>().ok().filter(|index| *index < items.len()));
            value = match indexed {
                Some(index) => value.get_mut(index)?,
                None => {
                    if !value.is_object() {
                        *value = Value::Object(Map::new());
                    }
                    value.as_object_mut()?.entry(segment.clone()).or_insert(Value::Null)
                }
            };
        }
        Some(value)
    }

    /// Puts a value.
    pub fn put(&self, doc: &mut Map<String, Value>, value: Value) {
        if let Some(place) = self.place(doc) {
            *place = value;
        }
    }

    /// Takes the value out.
    pub fn take(&self, doc: &mut Map<String, Value>) -> Option<Value> {
        let (last, parents) = self.0.split_last()?;
        let Some((first, rest)) = parents.split_first() else { return doc.shift_remove(last) };
        let mut value = doc.get_mut(first)?;
        for segment in rest {
            value = match value {
                Value::Object(fields) => fields.get_mut(segment)?,
                Value::Array(items) => items.get_mut(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        value.as_object_mut()?.shift_remove(last)
    }
}

impl Path {
    /// Takes out everything that the path leads to, through lists as well.
    pub fn take_all(&self, doc: &mut Map<String, Value>) {
        if let Some((first, rest)) = self.0.split_first() {
            take_below(doc, first, rest);
        }
    }

    /// Whether the path begins with another one, and goes on.
    pub fn is_below(&self, other: &Path) -> bool {
        self.0.len() > other.0.len() && self.0.starts_with(&other.0)
    }
}

fn take_below(doc: &mut Map<String, Value>, name: &str, rest: &[String]) {
    let Some((next, rest)) = rest.split_first() else {
        doc.shift_remove(name);
        return;
    };
    match doc.get_mut(name) {
        Some(Value::Object(inner)) => take_below(inner, next, rest),
        Some(Value::Array(items)) => items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| take_below(item, next, rest)),
        _ => {}
    }
}

fn step<'a>(value: &'a Value, segment: &str) -> Option<&'a Value> {
    match value {
        Value::Object(fields) => fields.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}
