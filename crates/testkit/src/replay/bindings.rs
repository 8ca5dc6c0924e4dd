//! What the placeholders of a scenario stand for.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::{
    config::Facts,
    jwt::AppleKey,
    placeholder::{Form, Piece, pieces},
    recording::{Bind, Binds},
};

/// The placeholders of a scenario and their values so far.
#[derive(Clone)]
pub struct Bindings {
    pub(super) binds: Arc<Binds>,
    names: Arc<BTreeSet<String>>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) facts: Arc<Facts>,
    pub(super) apple: Option<Arc<AppleKey>>,
    pub(super) made: u32,
    now_ms: i64,
    app: String,
}

impl Bindings {
    /// No values yet.
    pub fn new(binds: Binds, facts: Arc<Facts>, apple: Option<Arc<AppleKey>>) -> Self {
        let names = Arc::new(binds.keys().cloned().collect());
        Self { binds: Arc::new(binds), names, values: BTreeMap::new(), facts, apple, made: 0, now_ms: 0, app: String::new() }
    }

    /// Says when a step happens (milliseconds) and for which application.
    pub fn enter_step(&mut self, now_ms: i64, app: &str) {
        self.now_ms = now_ms;
        app.clone_into(&mut self.app);
    }

    /// The step's clock, in milliseconds.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The step's application.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// What is known of a placeholder.
    pub fn bind(&self, name: &str) -> Option<&Bind> {
        self.binds.get(name)
    }

    /// The scenario's configuration.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What is known of all placeholders.
    pub fn all(&self) -> &Binds {
        &self.binds
    }

    /// The same values with other knowledge of the placeholders.
    pub fn with_binds(&self, binds: Binds) -> Self {
        let names = Arc::new(binds.keys().cloned().collect());
        Self { binds: Arc::new(binds), names, ..self.clone() }
    }

    /// Its value, if it has one.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Gives it a value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), value.into());
    }

    /// The placeholder that has a value.
    pub fn name_of(&self, value: &str) -> Option<&str> {
        self.values.iter().find(|(_, taken)| *taken == value).map(|(name, _)| name.as_str())
    }

    /// Whether another generated `_id` of the same collection has this value already.
    pub fn is_taken(&self, name: &str, value: &str) -> bool {
        let collection = |name: &str| self.bind(name).and_then(|bind| bind.collection.as_deref());
        self.values.iter().any(|(other, taken)| other != name && taken == value && collection(other) == collection(name))
    }

    /// A text's parts.
    pub fn pieces(&self, text: &str) -> Vec<Piece> {
        pieces(text, &self.names)
    }

    /// Puts values in the place of placeholders, in texts inside of a value.
    ///
    /// # Errors
    /// If a placeholder has no value.
    pub fn resolve(&self, value: &Value) -> Result<Value> {
        Ok(match value {
            Value::String(text) => match self.pieces(text).as_slice() {
                [Piece::Now(offset)] => Value::from(self.now_ms.saturating_add(*offset)),
                [Piece::NowSeconds(offset)] => Value::from(self.now_seconds(*offset)),
                parts => Value::String(self.join(parts)?),
            },
            Value::Array(items) => Value::Array(items.iter().map(|item| self.resolve(item)).collect::<Result<_>>()?),
            Value::Object(map) => Value::Object(self.resolve_map(map)?),
            other => other.clone(),
        })
    }

    /// The same for the values of an object.
    ///
    /// # Errors
    /// If a placeholder has no value.
    pub fn resolve_map(&self, map: &Map<String, Value>) -> Result<Map<String, Value>> {
        map.iter().map(|(key, value)| Ok((key.clone(), self.resolve(value)?))).collect()
    }

    /// The same for a text that stays a text.
    ///
    /// # Errors
    /// If a placeholder has no value.
    pub fn resolve_text(&self, text: &str) -> Result<String> {
        self.join(&self.pieces(text))
    }

    fn join(&self, parts: &[Piece]) -> Result<String> {
        let mut text = String::new();
        for part in parts {
            match self.literal(part) {
                Some(literal) => text.push_str(&literal),
                None => bail!("{part:?} has no value yet"),
            }
        }
        Ok(text)
    }

    /// The text that a part stands for, if that is known.
    pub fn literal(&self, part: &Piece) -> Option<String> {
        match part {
            Piece::Text(text) => Some(text.clone()),
            Piece::Now(offset) | Piece::NowText(offset) => Some(self.now_ms.saturating_add(*offset).to_string()),
            Piece::NowSeconds(offset) => Some(self.now_seconds(*offset).to_string()),
            Piece::Named { name, form } => self.value(name).map(|value| form.of(value)),
        }
    }

    fn now_seconds(&self, offset: i64) -> i64 {
        self.now_ms.div_euclid(1000).saturating_add(offset)
    }

    /// The placeholders inside of a value.
    pub fn placeholders(&self, value: &Value) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        self.collect_placeholders(value, &mut found);
        found
    }

    fn collect_placeholders(&self, value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => found.extend(self.pieces(text).into_iter().filter_map(|piece| match piece {
                Piece::Named { name, .. } => Some(name),
                _ => None,
            })),
            Value::Array(items) => items.iter().for_each(|item| self.collect_placeholders(item, found)),
            Value::Object(map) => map.values().for_each(|item| self.collect_placeholders(item, found)),
            _ => {}
        }
    }
}

/// The name of a text that is nothing but one placeholder in its plain form.
pub fn sole_name(parts: &[Piece]) -> Option<&str> {
    match parts {
        [Piece::Named { name, form: Form::Plain }] => Some(name),
        _ => None,
    }
}
