//! Fields of schemas.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Purpose;
use crate::clientdb::{path::Path, pattern::Pattern, permission::Rule};

/// A field.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// `bsonType`; empty: any.
    pub types: Vec<BsonType>,
    /// `permission.read`; the collection's where it is not said.
    pub read: Option<Rule>,
    /// `permission.write`
    pub write: Option<Rule>,
    /// `permission.count` (ours): who may count by the field who may not read it.
    pub count: Option<Rule>,
    /// `defaultValue`
    pub default: Option<DefaultValue>,
    /// `forceDefaultValue`
    pub forced: Option<DefaultValue>,
    /// `trim`: at the beginning, at the end.
    pub trim: (bool, bool),
    /// `enum`
    pub choices: Option<Vec<Value>>,
    /// `pattern`
    pub pattern: Option<Pattern>,
    /// `format`
    pub format: Option<Format>,
    /// `minimum`, `exclusiveMinimum`
    pub minimum: Option<Bound>,
    /// `maximum`, `exclusiveMaximum`
    pub maximum: Option<Bound>,
    /// `minLength`, characters or items.
    pub min_length: Option<u64>,
    /// `maxLength`
    pub max_length: Option<u64>,
    /// `properties` of objects.
    pub properties: BTreeMap<String, Field>,
    /// `required` of objects.
    pub required: Vec<String>,
    /// `items` (or `arrayType`) of lists.
    pub items: Option<Box<Field>>,
    /// `foreignKey`
    pub foreign_key: Option<ForeignKey>,
    /// `title` or `label`, for words.
    pub title: Option<String>,
    /// `errorMessage`: by validator, or under an empty name for all.
    pub messages: BTreeMap<String, String>,
}

/// A type of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BsonType {
    /// `bool`
    Bool,
    /// `string`
    String,
    /// `password`: a text that no client ever reads or writes.
    Password,
    /// `int`
    Int,
    /// `double`
    Double,
    /// `object`
    Object,
    /// `file`: an object that describes a file.
    File,
    /// `array`
    Array,
    /// `timestamp`: milliseconds.
    Timestamp,
    /// `date`
    Date,
}

/// A text of a known form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `url`
    Url,
    /// `email`
    Email,
    /// `mobile`: of mainland China.
    Mobile,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// The number.
    pub value: f64,
    /// Whether the number itself is outside.
    pub exclusive: bool,
}

/// A value that a field gets by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// This one.
    Literal(Value),
    /// `{"$env": "uid"}`
    Uid,
    /// `{"$env": "now"}`: milliseconds, or a date where the field is one.
    Now,
    /// `{"$env": "clientIP"}`
    ClientIp,
}

/// `foreignKey`: the field is a key of another collection's documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The other collection.
    pub collection: String,
    /// Its field.
    pub field: String,
}

impl Field {
    /// Who may do something with the field; `None`: whoever may with the document.
    pub fn rule(&self, purpose: Purpose) -> Option<&Rule> {
        match purpose {
            Purpose::Read => self.read.as_ref(),
            Purpose::Count => self.count.as_ref().or(self.read.as_ref()),
            Purpose::Write => self.write.as_ref(),
        }
    }

    /// Whether the field is secret to all clients.
    pub fn is_secret(&self) -> bool {
        self.types.contains(&BsonType::Password)
    }

    /// The fields of the object, or of the objects in the list.
    pub fn inner(&self) -> Option<&BTreeMap<String, Field>> {
        match &self.items {
            Some(items) if self.properties.is_empty() => items.inner(),
            _ => (!self.properties.is_empty()).then_some(&self.properties),
        }
    }

    pub(super) fn collect_ruled_parts(&self, name: &str, found: &mut Vec<Path>) {
        for (inner, part) in self.inner().into_iter().flatten() {
            let name = format!("{name}.{inner}");
            if part.is_secret() || part.read.is_some() || part.write.is_some() {
                found.extend(Path::parse(&name));
            }
            part.collect_ruled_parts(&name, found);
        }
    }

    pub(super) fn collect_foreign_keys<'a>(&'a self, name: &str, found: &mut Vec<(Path, &'a ForeignKey)>) {
        let key = self.foreign_key.as_ref().or_else(|| self.items.as_ref().and_then(|items| items.foreign_key.as_ref()));
        if let (Some(key), Ok(path)) = (key, Path::parse(name)) {
            found.push((path, key));
        }
        for (inner, field) in self.inner().into_iter().flatten() {
            field.collect_foreign_keys(&format!("{name}.{inner}"), found);
        }
    }
}
