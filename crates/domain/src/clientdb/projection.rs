//! Which fields are wanted: `"a, b.c as d, year(e) as f"`, `{a: true}`, and of joined documents
//! `"user_id{nickname}"`.

use serde_json::{Map, Value};

use super::{
    MOST_PARTS,
    evaluate::{Subject, evaluate},
    expression::Expression,
    jql::{Dialect, Parser},
    lexer::{Kind, tokens},
    path::Path,
    refusal::{Refusal, Result},
    session::Session,
};

/// A list of fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// What is wanted; empty: everything that is not excluded.
    pub items: Vec<Item>,
    /// What is not wanted.
    pub excluded: Vec<Path>,
}

/// A wanted field.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Under which name it is answered.
    pub name: Path,
    /// What it is.
    pub value: Expression,
    /// Of joined documents: their fields.
    pub inner: Option<Projection>,
}

/// Most fields of a list.
const MOST_FIELDS: usize = 128;

impl Projection {
    /// Reads the parameter of `field`.
    pub fn parse(value: &Value, session: &Session) -> Result<Self> {
        match value {
            Value::String(text) => {
                let tokens = tokens(text)?;
                let mut parser = Parser::new(text, &tokens, Dialect::Request(session));
                let projection = list(&mut parser, 0)?;
                if parser.peek().is_some() { Err(parser.unexpected()) } else { Ok(projection) }
            }
            Value::Object(fields) => Self::of_object(fields, ""),
            _ => Err(Refusal::argument("field")),
        }
    }

    fn of_object(fields: &Map<String, Value>, prefix: &str) -> Result<Self> {
        let mut projection = Self::default();
        if fields.len() > MOST_FIELDS {
            return Err(Refusal::too_large(format!("{MOST_FIELDS} fields")));
        }
        for (name, wanted) in fields {
            let path = Path::parse(&format!("{prefix}{name}"))?;
            match wanted {
                Value::Bool(true) => projection.items.push(Item::of(path)),
                Value::Number(number) if number.as_f64() != Some(0.0) => projection.items.push(Item::of(path)),
                Value::Bool(false) | Value::Number(_) => projection.excluded.push(path),
                _ => return Err(Refusal::argument("field")),
            }
        }
        Ok(projection)
    }

    /// Every field of the document that is spoken of.
    pub fn fields(&self) -> Vec<&Path> {
        self.items.iter().flat_map(|item| item.value.fields()).collect()
    }

    /// Adds a field, if it is not there.
    pub fn require(&mut self, path: &Path) {
        if !self.items.iter().any(|item| item.name == *path || path.first() == "_id") {
            self.items.push(Item::of(path.clone()));
        }
    }

    /// The wanted fields of a document; `_id` always comes along.
    pub fn apply(&self, doc: &Map<String, Value>) -> Map<String, Value> {
        if self.items.is_empty() {
            let mut kept = doc.clone();
            for path in &self.excluded {
                path.take(&mut kept);
            }
            return kept;
        }
        let mut kept = Map::new();
        if let Some(id) = doc.get("_id") {
            kept.insert("_id".to_owned(), id.clone());
        }
        for item in &self.items {
            item.put(doc, &mut kept);
        }
        kept
    }
}

impl Item {
    fn of(path: Path) -> Self {
        Self { name: path.clone(), value: Expression::Field(path), inner: None }
    }

    fn put(&self, doc: &Map<String, Value>, kept: &mut Map<String, Value>) {
        let lookups = super::evaluate::Lookups::default();
        let value = match &self.value {
            Expression::Field(path) if path.find(doc).is_none() => return,
            // Expressions of requests look nothing up.
            value => evaluate(value, Subject { doc, lookups: &lookups }).map(|datum| datum.into_value()).unwrap_or_default(),
        };
        let value = match &self.inner {
            Some(inner) => inner.apply_to(value),
            None => value,
        };
        self.name.put(kept, value);
    }
}

impl Projection {
    fn apply_to(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.apply_to(item)).collect(),
            Value::Object(doc) => Value::Object(self.apply(&doc)),
            other => other,
        }
    }
}

/// Fields between commas, up to a closing brace or the end.
pub(super) fn list(parser: &mut Parser<'_>, depth: usize) -> Result<Projection> {
    let mut projection = Projection::default();
    if depth > 2 {
        return Err(Refusal::too_large("depth 2"));
    }
    loop {
        // `*` and nothing at all are everything.
        if parser.sign("*") || parser.peek().is_none() {
            return Ok(projection);
        }
        let value = parser.any(0)?;
        let inner = if parser.sign("{") {
            let inner = list(parser, depth + 1)?;
            if !parser.sign("}") {
                return Err(parser.unexpected());
            }
            Some(inner)
        } else {
            None
        };
        let name = match (alias(parser)?, &value) {
            (Some(name), _) => name,
            (None, Expression::Field(path)) => path.clone(),
            (None, _) => return Err(parser.unexpected()),
        };
        projection.items.push(Item { name, value, inner });
        if projection.items.len() > MOST_FIELDS.min(MOST_PARTS) {
            return Err(Refusal::too_large(format!("{MOST_FIELDS} fields")));
        }
        if !parser.sign(",") || parser.peek().is_none() {
            return Ok(projection);
        }
    }
}

/// `as name`
pub(super) fn alias(parser: &mut Parser<'_>) -> Result<Option<Path>> {
    if !matches!(parser.peek(), Some(Kind::Name(name)) if name == "as") {
        return Ok(None);
    }
    parser.name();
    let name = parser.name().ok_or_else(|| parser.unexpected())?;
    Path::parse(name).map(Some)
}
