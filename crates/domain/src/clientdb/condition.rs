//! Conditions as objects: `{role: "admin", age: command.gt(1)}`.

use serde_json::{Map, Value};

use super::{
    DEEPEST, MOST_PARTS, MOST_PATTERNS, MOST_VALUES,
    encoded::{Step, chain, decode, pattern},
    expression::{Comparison, Expression, Matcher},
    jql,
    path::Path,
    refusal::{Refusal, Result},
    session::Session,
};

/// Reads the parameter of `where`: a text, an object, or a command.
pub fn parse(value: &Value, session: &Session) -> Result<Expression> {
    if let Value::String(text) = value {
        return jql::condition(text, session);
    }
    // Before the first of them is compiled.
    if patterns(value) > MOST_PATTERNS {
        return Err(Refusal::too_large(format!("{MOST_PATTERNS} RegExp")));
    }
    Reader { session, parts: 0 }.whole(value, 0)
}

/// How many regular expressions there are. As deep as JSON may be, which is not deep.
fn patterns(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(patterns).sum(),
        Value::Object(fields) => {
            let constructs = fields.get("$method").is_some_and(|method| method == "RegExp");
            let is_one = constructs || fields.contains_key("$regexp") || fields.contains_key("$regex");
            usize::from(is_one) + fields.values().map(patterns).sum::<usize>()
        }
        _ => 0,
    }
}

struct Reader<'a> {
    session: &'a Session,
    parts: usize,
}

impl Reader<'_> {
    fn count(&mut self, depth: usize) -> Result<()> {
        self.parts += 1;
        if depth > DEEPEST {
            return Err(Refusal::too_large(format!("depth {DEEPEST}")));
        }
        if self.parts > MOST_PARTS { Err(Refusal::too_large(format!("{MOST_PARTS} parts"))) } else { Ok(()) }
    }

    /// A condition of a whole document.
    fn whole(&mut self, value: &Value, depth: usize) -> Result<Expression> {
        self.count(depth)?;
        if let Some(steps) = chain(value) {
            let steps = steps?;
            let (first, rest) = after_command(&steps)?;
            let mut expression = self.logical(first, depth)?;
            for step in rest {
                expression = match (step.method, self.logical(step, depth)?) {
                    ("and", more) => Expression::All(vec![expression, more]),
                    ("or", more) => Expression::Any(vec![expression, more]),
                    (other, _) => return Err(Refusal::not_supported(format!("command.{other}"))),
                };
            }
            return Ok(expression);
        }
        let Value::Object(fields) = value else { return Err(Refusal::argument("where")) };
        self.fields(fields, "", depth)
    }

    fn logical(&mut self, step: &Step<'_>, depth: usize) -> Result<Expression> {
        let parts = operands(step).iter().map(|part| self.whole(part, depth + 1)).collect::<Result<Vec<_>>>()?;
        match step.method {
            _ if parts.is_empty() => Err(Refusal::argument(format!("command.{}", step.method))),
            "and" => Ok(Expression::All(parts)),
            "or" => Ok(Expression::Any(parts)),
            "nor" => Ok(Expression::Not(Box::new(Expression::Any(parts)))),
            other => Err(Refusal::not_supported(format!("command.{other}"))),
        }
    }

    /// The fields of an object; nested objects are paths, as in the client's library.
    fn fields(&mut self, fields: &Map<String, Value>, prefix: &str, depth: usize) -> Result<Expression> {
        if fields.len() > MOST_PARTS {
            return Err(Refusal::too_large(format!("{MOST_PARTS} parts")));
        }
        let mut parts = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            self.count(depth)?;
            let name = format!("{prefix}{name}");
            match value {
                Value::Object(inner) if is_nested(inner) => parts.push(self.fields(inner, &format!("{name}."), depth + 1)?),
                value => parts.push(Expression::Match(Path::parse(&name)?, self.matcher(value, depth)?)),
            }
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Expression::All(parts) })
    }

    fn matcher(&mut self, value: &Value, depth: usize) -> Result<Matcher> {
        self.count(depth)?;
        if let Some(pattern) = pattern(value) {
            return Ok(Matcher::Pattern(pattern?));
        }
        if let Some(steps) = chain(value) {
            let steps = steps?;
            if steps.first().is_some_and(|step| step.method == "command") {
                let (first, rest) = after_command(&steps)?;
                let mut matcher = self.operator(first, depth)?;
                for step in rest {
                    matcher = match (step.method, self.operator(step, depth)?) {
                        ("or", more) => Matcher::Any(vec![matcher, more]),
                        (_, more) => Matcher::All(vec![matcher, more]),
                    };
                }
                return Ok(matcher);
            }
        }
        Ok(Matcher::Compare(Comparison::Equal, decode(value, self.session)?))
    }

    fn operator(&mut self, step: &Step<'_>, depth: usize) -> Result<Matcher> {
        let name = step.method;
        let wrong = || Refusal::argument(format!("command.{name}"));
        let first = || step.params.first().ok_or_else(wrong);
        let comparison = |comparison| Ok(Matcher::Compare(comparison, decode(first()?, self.session)?));
        match name {
            "eq" => comparison(Comparison::Equal),
            "neq" => comparison(Comparison::NotEqual),
            "gt" => comparison(Comparison::Greater),
            "gte" => comparison(Comparison::GreaterOrEqual),
            "lt" => comparison(Comparison::Less),
            "lte" => comparison(Comparison::LessOrEqual),
            "in" => Ok(Matcher::In(self.values(first()?, name)?)),
            "nin" => Ok(Matcher::Not(Box::new(Matcher::In(self.values(first()?, name)?)))),
            "all" => Ok(Matcher::Contains(self.values(first()?, name)?)),
            "exists" => Ok(Matcher::Exists(first()?.as_bool().ok_or_else(wrong)?)),
            "size" => Ok(Matcher::Size(first()?.as_u64().ok_or_else(wrong)?)),
            "mod" => {
                let numbers = match step.params {
                    [Value::Array(numbers)] => numbers.as_slice(),
                    numbers => numbers,
                };
                let [divisor, remainder] = numbers else { return Err(wrong()) };
                let divisor = divisor.as_i64().filter(|divisor| *divisor != 0).ok_or_else(wrong)?;
                Ok(Matcher::Remainder(divisor, remainder.as_i64().ok_or_else(wrong)?))
            }
            "elemMatch" => {
                let value = first()?;
                let is_command = chain(value).is_some();
                let inner = if is_command {
                    // Of a list of plain values: each stands under an empty name.
                    Expression::Match(Path::field(ELEMENT), self.matcher(value, depth + 1)?)
                } else {
                    self.whole(value, depth + 1)?
                };
                Ok(Matcher::Element(Box::new(inner)))
            }
            "not" => Ok(Matcher::Not(Box::new(self.matcher(first()?, depth + 1)?))),
            "and" | "or" | "nor" => {
                let parts = operands(step).iter().map(|part| self.matcher(part, depth + 1)).collect::<Result<Vec<_>>>()?;
                Ok(match name {
                    _ if parts.is_empty() => return Err(wrong()),
                    "and" => Matcher::All(parts),
                    "or" => Matcher::Any(parts),
                    _ => Matcher::Not(Box::new(Matcher::Any(parts))),
                })
            }
            other => Err(Refusal::not_supported(format!("command.{other}"))),
        }
    }

    fn values(&self, value: &Value, name: &str) -> Result<Vec<Value>> {
        let values = value.as_array().ok_or_else(|| Refusal::argument(format!("command.{name}")))?;
        if values.len() > MOST_VALUES {
            return Err(Refusal::too_large(format!("{MOST_VALUES} values")));
        }
        values.iter().map(|value| decode(value, self.session)).collect()
    }
}

/// Under which name the items of a list of plain values are matched.
pub const ELEMENT: &str = "$item";

/// Whether an object is a path written as nested objects, and no encoded value.
fn is_nested(fields: &Map<String, Value>) -> bool {
    !fields.is_empty() && !fields.keys().any(|name| name.starts_with('$'))
}

/// The operands of `and([a, b])` or `and(a, b)`.
fn operands<'a>(step: &Step<'a>) -> &'a [Value] {
    match step.params {
        [Value::Array(parts)] => parts,
        parts => parts,
    }
}

/// The calls after `command`.
fn after_command<'s, 'a>(steps: &'s [Step<'a>]) -> Result<(&'s Step<'a>, &'s [Step<'a>])> {
    match steps {
        [Step { method: "command", .. }, first, rest @ ..] => Ok((first, rest)),
        [other, ..] => Err(Refusal::not_supported(other.method)),
        [] => Err(Refusal::argument("$db")),
    }
}
