//! From the JSON of a schema to its type. Whatever is not understood is said: a rule that is not
//! enforced would be worse than none.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Bound, BsonType, DefaultValue, Field, ForeignKey, Format, Permissions, Schema};
use crate::clientdb::{
    pattern::Pattern,
    permission::Rule,
    value::{date, date_ms},
};

/// Something wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaProblem {
    /// The collection.
    pub collection: String,
    /// Where in its schema, dotted; empty: the whole.
    pub path: String,
    /// What, in Chinese.
    pub zh: &'static str,
    /// What, in English.
    pub en: &'static str,
}

impl SchemaProblem {
    pub(super) fn new(collection: &str, path: &str, zh: &'static str, en: &'static str) -> Self {
        Self { collection: collection.to_owned(), path: path.to_owned(), zh, en }
    }
}

/// Keys of fields that only concern forms, documentation or other parts of uniCloud.
const OF_FORMS: [&str; 20] = [
    "title",
    "label",
    "description",
    "componentForEdit",
    "componentForShow",
    "group",
    "order",
    "errorMessage",
    "permission",
    "bsonType",
    "uiType",
    "parentKey",
    "fileMediaType",
    "fileExtName",
    "multiple",
    "maxSize",
    "enumType",
    "disabled",
    "placeholder",
    "value",
];
/// Deepest nesting of fields.
const DEEPEST: usize = 8;

struct Reader<'a> {
    collection: &'a str,
    problems: Vec<SchemaProblem>,
}

impl Schema {
    /// Reads the content of `<collection>.schema.json`. Errors: everything that is not understood.
    pub fn parse(collection: &str, content: &Value) -> Result<Self, Vec<SchemaProblem>> {
        let mut reader = Reader { collection, problems: Vec::new() };
        let Value::Object(schema) = content else {
            return Err(vec![SchemaProblem::new(collection, "", "应为对象", "must be an object")]);
        };
        for key in schema.keys() {
            if !matches!(
                key.as_str(),
                "bsonType"
                    | "permission"
                    | "properties"
                    | "required"
                    | "description"
                    | "title"
                    | "$schema"
                    | "version"
                    | "schemaName"
                    | "closed"
            ) {
                reader.not_supported(key);
            }
        }
        let fields = match schema.get("properties") {
            Some(Value::Object(fields)) => reader.fields(fields, "properties", 0),
            None => BTreeMap::new(),
            Some(_) => {
                reader.wrong("properties");
                BTreeMap::new()
            }
        };
        let mut ruled_parts = Vec::new();
        for (name, field) in &fields {
            field.collect_ruled_parts(name, &mut ruled_parts);
        }
        let schema = Self {
            ruled_parts,
            collection: collection.to_owned(),
            closed: schema.get("closed") == Some(&Value::Bool(true)),
            permission: reader.permissions(schema.get("permission")),
            fields,
            required: reader.names(schema.get("required"), "required"),
            shows_undeclared: false,
            indexes: Vec::new(),
        };
        if reader.problems.is_empty() { Ok(schema) } else { Err(reader.problems) }
    }
}

impl Reader<'_> {
    fn wrong(&mut self, path: &str) {
        self.problems.push(SchemaProblem::new(self.collection, path, "值不正确", "has a wrong value"));
    }

    fn not_supported(&mut self, path: &str) {
        self.problems.push(SchemaProblem::new(self.collection, path, "本版本不支持", "is not supported by this version"));
    }

    fn permissions(&mut self, value: Option<&Value>) -> Permissions {
        match value {
            None => Permissions::default(),
            Some(Value::Object(rules)) => {
                for key in rules.keys().filter(|key| !["read", "create", "update", "delete", "count", "write"].contains(&key.as_str())) {
                    self.not_supported(&format!("permission.{key}"));
                }
                let mut rule = |name: &str| self.rule(rules.get(name), &format!("permission.{name}"));
                let write = rule("write");
                Permissions {
                    read: rule("read").unwrap_or_default(),
                    create: rule("create").or(write.clone()).unwrap_or_default(),
                    update: rule("update").or(write.clone()).unwrap_or_default(),
                    delete: rule("delete").or(write).unwrap_or_default(),
                    count: rule("count"),
                }
            }
            // One rule for everything.
            Some(value) => {
                let rule = self.rule(Some(value), "permission").unwrap_or_default();
                Permissions { read: rule.clone(), create: rule.clone(), update: rule.clone(), delete: rule, count: None }
            }
        }
    }

    fn rule(&mut self, value: Option<&Value>, path: &str) -> Option<Rule> {
        match Rule::parse(value?) {
            Some(Ok(rule)) => Some(rule),
            Some(Err(_)) | None => {
                self.problems.push(SchemaProblem::new(self.collection, path, "权限表达式无法解析", "is no permission that is understood"));
                None
            }
        }
    }

    fn names(&mut self, value: Option<&Value>, path: &str) -> Vec<String> {
        match value {
            None => Vec::new(),
            Some(Value::Array(names)) => names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            Some(_) => {
                self.wrong(path);
                Vec::new()
            }
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, path: &str, depth: usize) -> BTreeMap<String, Field> {
        if depth > DEEPEST {
            self.wrong(path);
            return BTreeMap::new();
        }
        let mut found = BTreeMap::new();
        for (name, content) in fields {
            let path = format!("{path}.{name}");
            match content {
                Value::Object(content) => {
                    found.insert(name.clone(), self.field(content, &path, depth));
                }
                _ => self.wrong(&path),
            }
        }
        found
    }

    fn field(&mut self, content: &Map<String, Value>, path: &str, depth: usize) -> Field {
        let mut field = Field { types: self.types(content.get("bsonType"), path), ..Field::default() };
        for (key, value) in content {
            let path = format!("{path}.{key}");
            let mut understood = true;
            match key.as_str() {
                "defaultValue" | "default" => field.default = default_value(value),
                "forceDefaultValue" => field.forced = default_value(value),
                "trim" => {
                    field.trim = match value.as_str() {
                        Some("both") => (true, true),
                        Some("start" | "left") => (true, false),
                        Some("end" | "right") => (false, true),
                        Some("none") => (false, false),
                        _ => {
                            understood = value.is_boolean();
                            (value == &Value::Bool(true), value == &Value::Bool(true))
                        }
                    }
                }
                "enum" => match value {
                    Value::Array(choices) => field.choices = Some(choices.iter().map(choice).collect()),
                    _ => self.not_supported(&path),
                },
                "pattern" => {
                    field.pattern = value.as_str().and_then(|source| Pattern::of_schema(literal_source(source)).ok());
                    understood = field.pattern.is_some();
                }
                "format" => {
                    field.format = match value.as_str() {
                        Some("url") => Some(Format::Url),
                        Some("email") => Some(Format::Email),
                        Some("mobile") => Some(Format::Mobile),
                        _ => None,
                    };
                    understood = field.format.is_some();
                }
                "minimum" => understood = bound(&mut field.minimum, value, content.get("exclusiveMinimum")),
                "maximum" => understood = bound(&mut field.maximum, value, content.get("exclusiveMaximum")),
                "exclusiveMinimum" if value.is_number() => understood = bound(&mut field.minimum, value, Some(&Value::Bool(true))),
                "exclusiveMaximum" if value.is_number() => understood = bound(&mut field.maximum, value, Some(&Value::Bool(true))),
                "exclusiveMinimum" | "exclusiveMaximum" => understood = value.is_boolean(),
                "minLength" => {
                    field.min_length = value.as_u64();
                    understood = field.min_length.is_some();
                }
                "maxLength" => {
                    field.max_length = value.as_u64();
                    understood = field.max_length.is_some();
                }
                "properties" => match value {
                    Value::Object(fields) => field.properties = self.fields(fields, &path, depth + 1),
                    _ => understood = false,
                },
                "required" => match value {
                    Value::Bool(_) => self.not_supported(&path),
                    names => field.required = self.names(Some(names), &path),
                },
                "items" | "arrayType" => match value {
                    Value::Object(items) => field.items = Some(Box::new(self.field(items, &path, depth + 1))),
                    Value::String(_) => field.items = Some(Box::new(Field { types: self.types(Some(value), &path), ..Field::default() })),
                    _ => understood = false,
                },
                "foreignKey" => {
                    let key = value.as_str().and_then(|text| text.split_once('.'));
                    field.foreign_key = key.map(|(collection, field)| ForeignKey { collection: collection.into(), field: field.into() });
                    understood = field.foreign_key.is_some();
                }
                other if OF_FORMS.contains(&other) => {}
                _ => self.not_supported(&path),
            }
            if !understood {
                self.wrong(&path);
            }
        }
        self.field_permission(content.get("permission"), &mut field, path);
        field.title = ["title", "label"].iter().find_map(|key| content.get(*key)?.as_str()).map(str::to_owned);
        field.messages = messages(content.get("errorMessage"));
        field
    }

    fn field_permission(&mut self, value: Option<&Value>, field: &mut Field, path: &str) {
        let path = format!("{path}.permission");
        match value {
            None => {}
            Some(Value::Object(rules)) => {
                for key in rules.keys().filter(|key| !["read", "write", "count"].contains(&key.as_str())) {
                    self.not_supported(&format!("{path}.{key}"));
                }
                field.read = self.rule(rules.get("read"), &format!("{path}.read"));
                field.write = self.rule(rules.get("write"), &format!("{path}.write"));
                field.count = self.rule(rules.get("count"), &format!("{path}.count"));
            }
            Some(value) => {
                field.read = self.rule(Some(value), &path);
                field.write = field.read.clone();
            }
        }
    }

    fn types(&mut self, value: Option<&Value>, path: &str) -> Vec<BsonType> {
        let names = match value {
            None => Vec::new(),
            Some(Value::String(name)) => vec![name.as_str()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
            Some(_) => vec!["?"],
        };
        let mut types = Vec::new();
        for name in names {
            types.push(match name {
                "bool" | "boolean" => BsonType::Bool,
                "string" | "objectId" => BsonType::String,
                "password" => BsonType::Password,
                "int" | "long" => BsonType::Int,
                "double" | "number" => BsonType::Double,
                "object" => BsonType::Object,
                "file" => BsonType::File,
                "array" => BsonType::Array,
                "timestamp" => BsonType::Timestamp,
                "date" => BsonType::Date,
                _ => {
                    self.not_supported(&format!("{path}.bsonType"));
                    continue;
                }
            });
        }
        types
    }
}

/// `{value, text}` or the value itself.
fn choice(value: &Value) -> Value {
    value.get("value").unwrap_or(value).clone()
}

/// Patterns are written with or without slashes around them.
fn literal_source(source: &str) -> &str {
    source.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).unwrap_or(source)
}

fn bound(place: &mut Option<Bound>, value: &Value, exclusive: Option<&Value>) -> bool {
    *place = value.as_f64().map(|value| Bound { value, exclusive: exclusive == Some(&Value::Bool(true)) });
    place.is_some()
}

fn default_value(value: &Value) -> Option<DefaultValue> {
    Some(match value.get("$env").and_then(Value::as_str) {
        Some("uid") => DefaultValue::Uid,
        Some("now") => DefaultValue::Now,
        Some("clientIP") => DefaultValue::ClientIp,
        // A date is stored in one way only.
        _ => DefaultValue::Literal(date_ms(value).map_or_else(|| value.clone(), date)),
    })
}

fn messages(value: Option<&Value>) -> BTreeMap<String, String> {
    match value {
        Some(Value::String(text)) => BTreeMap::from([(String::new(), text.clone())]),
        Some(Value::Object(texts)) => texts.iter().filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect(),
        _ => BTreeMap::new(),
    }
}
