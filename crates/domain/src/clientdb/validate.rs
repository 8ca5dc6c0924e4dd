//! What the schema asks of documents that are written.

use serde_json::{Map, Value};

use super::{
    refusal::{Refusal, Result},
    schema::{BsonType, DefaultValue, Field, Format, Schema},
    session::Session,
    value::{date, date_ms, is_shallow, same},
};

/// Largest document, bytes of JSON, and its deepest nesting.
const LARGEST: usize = 256 * 1024;
const DEEPEST: usize = 32;

/// Completes and checks a new document: default values, trimming, validators, required fields.
pub fn new_document(schema: &Schema, doc: &mut Map<String, Value>, session: &Session) -> Result<()> {
    for (name, field) in &schema.fields {
        if let Some(forced) = &field.forced {
            doc.insert(name.clone(), forced.value(field, session)?);
        } else if let Some(default) = field.default.as_ref().filter(|_| !doc.contains_key(name)) {
            doc.insert(name.clone(), default.value(field, session)?);
        }
    }
    for name in &schema.required {
        // `required` counts null as absent, as uniCloud does.
        if doc.get(name).is_none_or(Value::is_null) {
            return Err(message(schema.fields.get(name), "required", Refusal::validation("clientdb-field-required", name)));
        }
    }
    for (name, value) in doc.iter_mut() {
        check_field(schema, name, value)?;
    }
    check_size(doc)
}

/// Checks the fields of a document that changed.
pub fn changed_document(schema: &Schema, old: &Map<String, Value>, doc: &mut Map<String, Value>) -> Result<()> {
    for (name, value) in doc.iter_mut() {
        if old.get(name).is_none_or(|old| !same(old, value)) {
            check_field(schema, name, value)?;
        }
    }
    for name in &schema.required {
        let is_absent = |doc: &Map<String, Value>| doc.get(name).is_none_or(Value::is_null);
        if is_absent(doc) && !is_absent(old) {
            return Err(message(schema.fields.get(name), "required", Refusal::validation("clientdb-field-required", name)));
        }
    }
    check_size(doc)
}

fn check_size(doc: &Map<String, Value>) -> Result<()> {
    let size = serde_json::to_string(doc).map_or(usize::MAX, |text| text.len());
    if size > LARGEST { Err(Refusal::too_large(format!("{LARGEST} bytes"))) } else { Ok(()) }
}

fn check_field(schema: &Schema, name: &str, value: &mut Value) -> Result<()> {
    if name == "_id" {
        return Ok(());
    }
    let field = schema.fields.get(name).ok_or_else(|| Refusal::validation("clientdb-field-unknown", name))?;
    if !is_shallow(value, DEEPEST) {
        return Err(Refusal::too_large(format!("depth {DEEPEST}")));
    }
    check(field, name, value)
}

fn check(field: &Field, name: &str, value: &mut Value) -> Result<()> {
    if value.is_null() {
        return Ok(());
    }
    let shown = field.title.as_deref().unwrap_or(name);
    let refuse = |validator: &str, key: &'static str| Err(message(Some(field), validator, Refusal::validation(key, shown)));
    if let Value::String(text) = value {
        let trimmed = match field.trim {
            (true, true) => text.trim(),
            (true, false) => text.trim_start(),
            (false, true) => text.trim_end(),
            (false, false) => text.as_str(),
        };
        if trimmed.len() != text.len() {
            *text = trimmed.to_owned();
        }
    }
    if !field.types.is_empty() && !field.types.iter().any(|kind| kind.fits(value)) {
        return refuse("format", "clientdb-field-type");
    }
    if field.choices.as_ref().is_some_and(|choices| !choices.iter().any(|choice| same(choice, value))) {
        return refuse("enum", "clientdb-field-value");
    }
    if let Value::String(text) = &*value {
        if field.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
            return refuse("pattern", "clientdb-field-value");
        }
        if field.format.is_some_and(|format| !text.is_empty() && !format.fits(text)) {
            return refuse("format", "clientdb-field-value");
        }
    }
    let length = match &*value {
        Value::String(text) => Some(text.encode_utf16().count() as u64),
        Value::Array(items) => Some(items.len() as u64),
        _ => None,
    };
    if let Some(length) = length {
        if field.min_length.is_some_and(|least| length < least) {
            return refuse("minLength", "clientdb-field-length");
        }
        if field.max_length.is_some_and(|most| length > most) {
            return refuse("maxLength", "clientdb-field-length");
        }
    }
    if let Some(number) = value.as_f64() {
        if field.minimum.is_some_and(|bound| number < bound.value || (bound.exclusive && number == bound.value)) {
            return refuse("minimum", "clientdb-field-range");
        }
        if field.maximum.is_some_and(|bound| number > bound.value || (bound.exclusive && number == bound.value)) {
            return refuse("maximum", "clientdb-field-range");
        }
    }
    check_inside(field, name, value)
}

fn check_inside(field: &Field, name: &str, value: &mut Value) -> Result<()> {
    match value {
        Value::Array(items) => {
            if let Some(inner) = &field.items {
                for item in items {
                    check(inner, name, item)?;
                }
            }
        }
        Value::Object(doc) if !field.properties.is_empty() => {
            for required in &field.required {
                if doc.get(required).is_none_or(Value::is_null) {
                    let inner = field.properties.get(required);
                    return Err(message(inner, "required", Refusal::validation("clientdb-field-required", &format!("{name}.{required}"))));
                }
            }
            for (key, value) in doc {
                let path = format!("{name}.{key}");
                let inner = field.properties.get(key).ok_or_else(|| Refusal::validation("clientdb-field-unknown", &path))?;
                check(inner, &path, value)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Puts the project's own words in, if the schema has some.
fn message(field: Option<&Field>, validator: &str, mut refusal: Box<Refusal>) -> Box<Refusal> {
    if let Some(field) = field {
        let words = field.messages.get(validator).or_else(|| field.messages.get(""));
        let title = field.title.as_deref().unwrap_or_default();
        refusal.words = words.map(|words| words.replace("{title}", title).replace("{label}", title));
    }
    refusal
}

impl BsonType {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Bool => value.is_boolean(),
            Self::String => value.is_string(),
            Self::Password => false,
            Self::Int => value.is_i64() || value.as_f64().is_some_and(|number| number.fract() == 0.0),
            Self::Double => value.is_number(),
            Self::Object | Self::File => value.is_object() && date_ms(value).is_none(),
            Self::Array => value.is_array(),
            Self::Timestamp => value.is_number(),
            Self::Date => date_ms(value).is_some(),
        }
    }
}

impl Format {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Url => {
                let rest = ["https://", "http://", "ftp://"].iter().find_map(|scheme| text.strip_prefix(scheme));
                rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/')) && !text.contains(char::is_whitespace)
            }
            Self::Email => {
                let (name, domain) = text.split_once('@').unwrap_or_default();
                !name.is_empty() && domain.contains('.') && !domain.contains('@') && !text.contains(char::is_whitespace)
            }
            Self::Mobile => text.len() == 11 && text.starts_with('1') && text.bytes().all(|byte| byte.is_ascii_digit()),
        }
    }
}

impl DefaultValue {
    fn value(&self, field: &Field, session: &Session) -> Result<Value> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Uid => session.uid().ok_or_else(Refusal::anonymous)?.into(),
            Self::Now if field.types.contains(&BsonType::Date) => date(session.now_ms),
            Self::Now => session.now_ms.into(),
            Self::ClientIp => session.client_ip.clone().into(),
        })
    }
}
