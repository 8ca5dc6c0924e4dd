//! What an update changes: values, and commands like `inc` and `push`.

use serde_json::{Map, Value};

use super::{
    MOST_VALUES,
    encoded::{Step, chain, decode},
    path::Path,
    refusal::{Refusal, Result},
    session::Session,
    value::{number, same, sort_order},
};

/// The changes of an update.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    steps: Vec<(Path, Operation)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Operation {
    Set(Value),
    Remove,
    Increase(Value),
    Multiply(Value),
    Greatest(Value),
    Least(Value),
    Push(Vec<Value>),
    Unshift(Vec<Value>),
    AddToSet(Vec<Value>),
    Pull(Vec<Value>),
    Pop,
    Shift,
    Rename(Path),
}

/// Most fields of an update.
const MOST_CHANGES: usize = 256;
/// Longest list that an update makes.
const LONGEST_LIST: usize = 10_000;

impl Change {
    /// Reads the parameter of `update`. Nested objects change the fields in them and leave the others,
    /// as in uniCloud; `command.set` replaces an object as a whole.
    pub fn parse(value: &Value, session: &Session) -> Result<Self> {
        let fields = value.as_object().ok_or_else(|| Refusal::argument("update"))?;
        let mut change = Self::default();
        change.read(fields, "", session, 0)?;
        if change.steps.is_empty() {
            return Err(Refusal::argument("update"));
        }
        Ok(change)
    }

    fn read(&mut self, fields: &Map<String, Value>, prefix: &str, session: &Session, depth: usize) -> Result<()> {
        if self.steps.len() + fields.len() > MOST_CHANGES || depth > 12 {
            return Err(Refusal::too_large(format!("{MOST_CHANGES} fields")));
        }
        for (name, value) in fields {
            let name = format!("{prefix}{name}");
            match value {
                Value::Object(inner) if !inner.is_empty() && !inner.keys().any(|name| name.starts_with('$')) => {
                    self.read(inner, &format!("{name}."), session, depth + 1)?;
                }
                value => {
                    let path = Path::parse(&name)?;
                    if path.first() == "_id" {
                        return Err(Refusal::argument("_id"));
                    }
                    self.steps.push((path, operation(value, session)?));
                }
            }
        }
        Ok(())
    }

    /// The fields of the document that are changed.
    pub fn paths(&self) -> Vec<&Path> {
        let targets = self.steps.iter().filter_map(|(_, operation)| if let Operation::Rename(to) = operation { Some(to) } else { None });
        self.steps.iter().map(|(path, _)| path).chain(targets).collect()
    }

    /// Changes a document.
    pub fn apply(&self, doc: &mut Map<String, Value>) -> Result<()> {
        for (path, operation) in &self.steps {
            operation.apply(path, doc)?;
        }
        Ok(())
    }
}

fn operation(value: &Value, session: &Session) -> Result<Operation> {
    let Some(steps) = chain(value) else { return Ok(Operation::Set(decode(value, session)?)) };
    let steps = steps?;
    let [Step { method: "command", .. }, step] = steps.as_slice() else {
        // `new Date()` of the server and the like.
        return Ok(Operation::Set(decode(value, session)?));
    };
    let name = step.method;
    let wrong = || Refusal::argument(format!("command.{name}"));
    let first = || step.params.first().ok_or_else(wrong);
    let numeric = || decode(first()?, session).and_then(|value| if value.is_number() { Ok(value) } else { Err(wrong()) });
    let values = || match first()? {
        _ if step.params.iter().any(|param| param.as_array().is_some_and(|items| items.len() > MOST_VALUES)) => {
            Err(Refusal::too_large(format!("{MOST_VALUES} values")))
        }
        Value::Array(_) if step.params.len() == 1 => match decode(first()?, session)? {
            Value::Array(values) => Ok(values),
            _ => Err(wrong()),
        },
        // `push({each: [...]})`
        Value::Object(fields) if fields.contains_key("each") => {
            if fields.len() > 1 {
                return Err(Refusal::not_supported(format!("command.{name} position, sort, slice")));
            }
            match decode(fields.get("each").unwrap_or(&Value::Null), session)? {
                Value::Array(values) => Ok(values),
                _ => Err(wrong()),
            }
        }
        _ => step.params.iter().map(|value| decode(value, session)).collect(),
    };
    Ok(match name {
        "set" => Operation::Set(decode(first()?, session)?),
        "remove" => Operation::Remove,
        "inc" => Operation::Increase(numeric()?),
        "mul" => Operation::Multiply(numeric()?),
        "max" => Operation::Greatest(decode(first()?, session)?),
        "min" => Operation::Least(decode(first()?, session)?),
        "push" => Operation::Push(values()?),
        "unshift" => Operation::Unshift(values()?),
        "addToSet" => Operation::AddToSet(values()?),
        "pull" | "pullAll" => Operation::Pull(values()?),
        "pop" => Operation::Pop,
        "shift" => Operation::Shift,
        "rename" => Operation::Rename(Path::parse(first()?.as_str().ok_or_else(wrong)?)?),
        other => return Err(Refusal::not_supported(format!("command.{other}"))),
    })
}

impl Operation {
    fn apply(&self, path: &Path, doc: &mut Map<String, Value>) -> Result<()> {
        let wrong = || Refusal::validation("clientdb-field-type", &path.to_string());
        match self {
            Self::Set(value) => path.put(doc, value.clone()),
            Self::Remove => {
                path.take(doc);
            }
            Self::Increase(by) => {
                let known = path.find(doc).cloned().unwrap_or(Value::from(0));
                let sum = match (known.as_i64(), by.as_i64()) {
                    (Some(a), Some(b)) => a.checked_add(b).map(Value::from),
                    _ => known.as_f64().zip(by.as_f64()).map(|(a, b)| number(a + b)),
                };
                path.put(doc, sum.ok_or_else(wrong)?);
            }
            Self::Multiply(by) => {
                let known = path.find(doc).cloned().unwrap_or(Value::from(0));
                let product = known.as_f64().zip(by.as_f64()).map(|(a, b)| number(a * b));
                path.put(doc, product.ok_or_else(wrong)?);
            }
            Self::Greatest(value) | Self::Least(value) => {
                let wanted = if matches!(self, Self::Greatest(_)) { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
                if path.find(doc).is_none_or(|known| sort_order(Some(value), Some(known)) == wanted) {
                    path.put(doc, value.clone());
                }
            }
            Self::Rename(to) => {
                if let Some(value) = path.take(doc) {
                    to.put(doc, value);
                }
            }
            Self::Push(_) | Self::Unshift(_) | Self::AddToSet(_) | Self::Pull(_) | Self::Pop | Self::Shift => {
                let mut items = match path.find(doc) {
                    None | Some(Value::Null) => Vec::new(),
                    Some(Value::Array(items)) => items.clone(),
                    Some(_) => return Err(wrong()),
                };
                self.change_list(&mut items);
                if items.len() > LONGEST_LIST {
                    return Err(Refusal::too_large(format!("{LONGEST_LIST} items")));
                }
                path.put(doc, items.into());
            }
        }
        Ok(())
    }

    fn change_list(&self, items: &mut Vec<Value>) {
        match self {
            Self::Push(values) => items.extend(values.iter().cloned()),
            Self::Unshift(values) => {
                items.splice(0..0, values.iter().cloned());
            }
            Self::AddToSet(values) => {
                for value in values {
                    if !items.iter().any(|item| same(item, value)) {
                        items.push(value.clone());
                    }
                }
            }
            Self::Pull(values) => items.retain(|item| !values.iter().any(|value| same(item, value))),
            Self::Pop => {
                items.pop();
            }
            Self::Shift if !items.is_empty() => {
                items.remove(0);
            }
            _ => {}
        }
    }
}
