//! `clientInfo`: what a client says of itself, kept as it was sent (spec: "Order of checks"; SDK: `getSystemInfo`).
//!
//! Every call has one, with some thirty fields of which few are looked at. It is therefore no [`Value`]: a map of texts that
//! hashes every name costs a cheap call a tenth of its time.

mod decode;
mod names;

use std::fmt;

use serde_json::{Map, Number, Value};

use names::{KNOWN, number_of};

/// What a client says of itself.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    /// In the order in which they were sent.
    fields: Vec<(Name, Fact)>,
    /// Of each known name: one more than the place of its field, 0 if it has none.
    places: Places,
    was_sent: bool,
}

/// As in [`ClientInfo::places`].
#[derive(Clone)]
struct Places([u32; KNOWN.len()]);

impl Default for Places {
    fn default() -> Self {
        Self([0; KNOWN.len()])
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

#[derive(Clone, Debug)]
enum Name {
    Known(u8),
    Other(Box<str>),
}

impl Name {
    fn as_str(&self) -> &str {
        match self {
            Name::Known(number) => KNOWN[usize::from(*number)],
            Name::Other(name) => name,
        }
    }
}

/// The value of a field.
#[derive(Clone, Debug)]
pub enum Fact {
    /// `null`
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Box<str>),
    /// A list or an object.
    Nested(Box<Value>),
}

impl Fact {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Fact::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a number.
    pub fn is_number(&self) -> bool {
        matches!(self, Fact::Number(_))
    }

    /// Whether it counts as absent, as [`crate::validate::is_absent`] says of other values.
    pub fn is_absent(&self) -> bool {
        match self {
            Fact::Null => true,
            Fact::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// The same as a JSON value.
    pub fn to_value(&self) -> Value {
        match self {
            Fact::Null => Value::Null,
            Fact::Bool(truth) => Value::Bool(*truth),
            Fact::Number(number) => Value::Number(number.clone()),
            Fact::Text(text) => Value::String(text.as_ref().to_owned()),
            Fact::Nested(value) => value.as_ref().clone(),
        }
    }
}

impl From<Value> for Fact {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Fact::Null,
            Value::Bool(truth) => Fact::Bool(truth),
            Value::Number(number) => Fact::Number(number),
            Value::String(text) => Fact::Text(text.into()),
            nested @ (Value::Array(_) | Value::Object(_)) => Fact::Nested(Box::new(nested)),
        }
    }
}

impl ClientInfo {
    /// Whether there was something: `false` if it was missing or null.
    pub fn was_sent(&self) -> bool {
        self.was_sent
    }

    /// A field, `None` if it was not sent. What is sent twice counts as it was sent last.
    pub fn get(&self, name: &str) -> Option<&Fact> {
        let place = match number_of(name) {
            Some(number) => (self.places.0[number] as usize).checked_sub(1),
            None => self.fields.iter().rposition(|(other, _)| matches!(other, Name::Other(other) if **other == *name)),
        };
        place.and_then(|place| self.fields.get(place)).map(|(_, fact)| fact)
    }

    /// A field that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Fact::as_str)
    }

    /// All of it as an object, in the order in which it was sent; empty if it was no object.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::with_capacity(self.fields.len());
        for (name, fact) in &self.fields {
            map.insert(name.as_str().to_owned(), fact.to_value());
        }
        map
    }

    fn put(&mut self, name: Name, fact: Fact) {
        if let Name::Known(number) = name {
            let place = &mut self.places.0[usize::from(number)];
            if let Some((_, earlier)) = (*place as usize).checked_sub(1).and_then(|place| self.fields.get_mut(place)) {
                *earlier = fact;
                return;
            }
            // A body has no billions of fields.
            *place = u32::try_from(self.fields.len() + 1).unwrap_or(0);
        }
        self.fields.push((name, fact));
    }
}

/// Where texts of a `clientInfo` are read from: the whole of it, or JSON that is yet to become one.
pub trait Texts {
    /// A field that is a text.
    fn text(&self, name: &str) -> Option<&str>;
}

impl Texts for ClientInfo {
    fn text(&self, name: &str) -> Option<&str> {
        self.text(name)
    }
}

impl Texts for Value {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }
}

impl From<Value> for ClientInfo {
    fn from(value: Value) -> Self {
        let mut info = Self { was_sent: !value.is_null(), ..Self::default() };
        if let Value::Object(map) = value {
            info.fields.reserve(map.len());
            for (name, value) in map {
                let name = name_of(&name).unwrap_or_else(|| Name::Other(name.into()));
                info.put(name, value.into());
            }
        }
        info
    }
}

fn name_of(name: &str) -> Option<Name> {
    number_of(name).and_then(|number| u8::try_from(number).ok()).map(Name::Known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_what_was_sent_is_lost() {
        let sent = json!({
            "appId": "__UNI__A", "own": {"a": [1, {"b": null}]}, "windowWidth": 375, "devicePixelRatio": 1.25, "osTheme": null, "list": [],
            "isUniAppX": false, "scene": -7, "channel": "\u{1f600}\\", "big": u64::MAX,
        });
        let read: ClientInfo = serde_json::from_str(&sent.to_string()).unwrap();
        assert_eq!(Value::Object(read.to_map()).to_string(), sent.to_string());
        assert_eq!(Value::Object(ClientInfo::from(sent.clone()).to_map()).to_string(), sent.to_string());
        assert!(read.was_sent());
        assert_eq!((read.text("appId"), read.text("own"), read.text("osName")), (Some("__UNI__A"), None, None));
        assert_eq!(read.get("own").map(Fact::to_value), Some(sent["own"].clone()));
        assert!(read.get("windowWidth").is_some_and(Fact::is_number) && read.get("osTheme").is_some_and(Fact::is_absent));
    }

    #[test]
    fn what_is_sent_twice_counts_as_it_was_sent_last() {
        let read: ClientInfo = serde_json::from_str(r#"{"appId": "a", "x": 1, "appId": "b", "x": 2}"#).unwrap();
        assert_eq!(Value::Object(read.to_map()), json!({"appId": "b", "x": 2}));
        assert_eq!((read.text("appId"), read.get("x").map(Fact::to_value)), (Some("b"), Some(json!(2))));
    }

    #[test]
    fn what_is_no_object_has_no_fields() {
        for (text, was_sent) in
            [("null", false), ("1", true), ("-1", true), ("1.5", true), ("true", true), ("\"appId\"", true), ("[{}, 1]", true)]
        {
            let read: ClientInfo = serde_json::from_str(text).unwrap();
            assert_eq!((read.was_sent(), read.to_map().len(), read.get("appId").is_none()), (was_sent, 0, true), "{text}");
            assert_eq!(ClientInfo::from(serde_json::from_str::<Value>(text).unwrap()).was_sent(), was_sent, "{text}");
        }
    }
}
