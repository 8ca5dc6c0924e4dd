//! What an expression is for a document: the one meaning that both engines share.

use std::{borrow::Cow, collections::HashMap};

use serde_json::{Map, Value};

use super::{
    condition::ELEMENT,
    expression::{Comparison, Expression, Matcher},
    functions,
    path::Path,
    value::{compare, is_truthy, same},
};

/// Documents that permissions look up, by collection and `_id`; `None`: there is none.
#[derive(Clone, Debug, Default)]
pub struct Lookups(HashMap<(String, String), Option<Map<String, Value>>>);

/// A document that must be known before the expression can be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Its collection.
    pub collection: String,
    /// Its `_id`.
    pub id: String,
}

impl Lookups {
    /// Takes in a document that was wanted.
    pub fn learn(&mut self, wanted: Wanted, doc: Option<Map<String, Value>>) {
        self.0.insert((wanted.collection, wanted.id), doc);
    }

    /// How many documents are known.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What expressions are evaluated for.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The document.
    pub doc: &'a Map<String, Value>,
    /// Documents that were looked up.
    pub lookups: &'a Lookups,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum<'a> {
    /// There is no such field.
    Missing,
    /// It depends on a user where there is none.
    Unknown,
    /// A value.
    Value(Cow<'a, Value>),
}

impl<'a> Datum<'a> {
    fn of(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }

    fn borrowed(value: Option<&'a Value>) -> Self {
        value.map_or(Self::Missing, |value| Self::Value(Cow::Borrowed(value)))
    }

    fn as_value(&self) -> Option<&Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Missing | Self::Unknown => None,
        }
    }

    /// The value; null for what is missing or unknown.
    pub fn into_value(self) -> Value {
        match self {
            Self::Value(value) => value.into_owned(),
            Self::Missing | Self::Unknown => Value::Null,
        }
    }
}

type Outcome<T> = Result<T, Wanted>;

/// Whether a condition holds; `None`: it depends on a user where there is none.
///
/// # Errors
/// A document must be looked up first.
pub fn holds(expression: &Expression, subject: Subject<'_>) -> Outcome<Option<bool>> {
    let mut unknown = false;
    match expression {
        Expression::All(parts) => {
            for part in parts {
                match holds(part, subject)? {
                    Some(true) => {}
                    Some(false) => return Ok(Some(false)),
                    None => unknown = true,
                }
            }
            Ok((!unknown).then_some(true))
        }
        Expression::Any(parts) => {
            for part in parts {
                match holds(part, subject)? {
                    Some(true) => return Ok(Some(true)),
                    Some(false) => {}
                    None => unknown = true,
                }
            }
            Ok((!unknown).then_some(false))
        }
        Expression::Not(part) => Ok(holds(part, subject)?.map(|holds| !holds)),
        Expression::Match(path, matcher) => Ok(Some(matches(path, matcher, subject)?)),
        Expression::Compare(comparison, left, right) => compared(*comparison, left, right, subject),
        Expression::In(item, list) => {
            let (item, list) = (evaluate(item, subject)?, evaluate(list, subject)?);
            if item == Datum::Unknown || list == Datum::Unknown {
                return Ok(None);
            }
            let item = item.into_value();
            Ok(Some(list.as_value().and_then(Value::as_array).is_some_and(|items| items.iter().any(|other| same(other, &item)))))
        }
        Expression::Test(pattern, part) => match evaluate(part, subject)? {
            Datum::Unknown => Ok(None),
            tested => Ok(Some(tested.as_value().and_then(Value::as_str).is_some_and(|text| pattern.is_match(text)))),
        },
        value => match evaluate(value, subject)? {
            Datum::Unknown => Ok(None),
            value => Ok(Some(value.as_value().is_some_and(is_truthy))),
        },
    }
}

fn compared(comparison: Comparison, left: &Expression, right: &Expression, subject: Subject<'_>) -> Outcome<Option<bool>> {
    let is_null = |side: &Expression| matches!(side, Expression::Literal(Value::Null));
    // `auth.uid != null` is how permissions ask whether somebody is logged in.
    if (*left == Expression::Nobody && is_null(right)) || (*right == Expression::Nobody && is_null(left)) {
        return Ok(Some(comparison.holds(None, None)));
    }
    let (left, right) = (evaluate(left, subject)?, evaluate(right, subject)?);
    // Two fields that are both missing are not the same: an owner that is not there is nobody's.
    let both_missing = left == Datum::Missing && right == Datum::Missing;
    if left == Datum::Unknown || right == Datum::Unknown || both_missing {
        return Ok(None);
    }
    Ok(Some(comparison.holds(left.as_value(), right.as_value())))
}

/// The value of an expression.
///
/// # Errors
/// A document must be looked up first.
pub fn evaluate<'a>(expression: &'a Expression, subject: Subject<'a>) -> Outcome<Datum<'a>> {
    Ok(match expression {
        Expression::Literal(value) => Datum::Value(Cow::Borrowed(value)),
        Expression::Field(path) => field(path, subject.doc),
        Expression::Nobody | Expression::Variable(_) => Datum::Unknown,
        Expression::Lookup(target, path) => looked_up(target, path.as_ref(), subject)?,
        Expression::List(parts) | Expression::Call(_, parts) => {
            let mut values = Vec::with_capacity(parts.len());
            for part in parts {
                match evaluate(part, subject)? {
                    Datum::Unknown => return Ok(Datum::Unknown),
                    value => values.push(value.into_value()),
                }
            }
            match expression {
                Expression::Call(function, _) => Datum::of(functions::compute(*function, &values)),
                _ => Datum::of(Value::Array(values)),
            }
        }
        condition => holds(condition, subject)?.map_or(Datum::Unknown, |holds| Datum::of(Value::Bool(holds))),
    })
}

/// A field; of a list of objects the list of their fields, as in aggregations.
fn field<'a>(path: &Path, doc: &'a Map<String, Value>) -> Datum<'a> {
    match path.find(doc) {
        Some(value) => Datum::borrowed(Some(value)),
        None if path.is_single() => Datum::Missing,
        None => {
            let found = path.find_all(doc);
            if found.is_empty() { Datum::Missing } else { Datum::of(found.into_iter().cloned().collect()) }
        }
    }
}

fn looked_up<'a>(target: &Expression, path: Option<&Path>, subject: Subject<'a>) -> Outcome<Datum<'a>> {
    let target = match evaluate(target, subject)? {
        Datum::Unknown => return Ok(Datum::Unknown),
        target => target.into_value(),
    };
    let mut parts = target.as_str().unwrap_or_default().splitn(3, '.');
    let (Some("database"), Some(collection), Some(id)) = (parts.next(), parts.next(), parts.next()) else { return Ok(Datum::Missing) };
    if id.is_empty() {
        return Ok(Datum::Missing);
    }
    match subject.lookups.0.get(&(collection.to_owned(), id.to_owned())) {
        None => Err(Wanted { collection: collection.to_owned(), id: id.to_owned() }),
        Some(None) => Ok(Datum::Missing),
        Some(Some(doc)) => Ok(match path {
            Some(path) => Datum::borrowed(path.find(doc)),
            None => Datum::of(Value::Object(doc.clone())),
        }),
    }
}

fn matches(path: &Path, matcher: &Matcher, subject: Subject<'_>) -> Outcome<bool> {
    let found = path.find_all(subject.doc);
    one_matches(&found, matcher, subject)
}

fn one_matches(found: &[&Value], matcher: &Matcher, subject: Subject<'_>) -> Outcome<bool> {
    // A list matches if it is so itself or if one of its items is.
    let any = |is_so: &dyn Fn(&Value) -> bool| {
        found.iter().any(|value| is_so(value) || value.as_array().is_some_and(|items| items.iter().any(is_so)))
    };
    let equals = |wanted: &Value| {
        let wanted_absent = wanted.is_null() && found.is_empty();
        wanted_absent || any(&|value| same(value, wanted))
    };
    let ordered = |wanted: &Value, is_so: fn(std::cmp::Ordering) -> bool| any(&|value| compare(value, wanted).is_some_and(is_so));
    Ok(match matcher {
        Matcher::Compare(comparison, wanted) => match comparison {
            Comparison::Equal => equals(wanted),
            Comparison::NotEqual => !equals(wanted),
            Comparison::Greater => ordered(wanted, std::cmp::Ordering::is_gt),
            Comparison::GreaterOrEqual => ordered(wanted, std::cmp::Ordering::is_ge),
            Comparison::Less => ordered(wanted, std::cmp::Ordering::is_lt),
            Comparison::LessOrEqual => ordered(wanted, std::cmp::Ordering::is_le),
        },
        Matcher::In(wanted) => wanted.iter().any(equals),
        Matcher::Pattern(pattern) => any(&|value| value.as_str().is_some_and(|text| pattern.is_match(text))),
        Matcher::Exists(exists) => *exists != found.is_empty(),
        Matcher::Size(size) => found.iter().any(|value| value.as_array().is_some_and(|items| items.len() as u64 == *size)),
        Matcher::Contains(wanted) => !wanted.is_empty() && wanted.iter().all(|wanted| any(&|value| same(value, wanted))),
        Matcher::Element(condition) => {
            for item in found.iter().filter_map(|value| value.as_array()).flatten() {
                let wrapped;
                let doc = match item {
                    Value::Object(doc) => doc,
                    other => {
                        wrapped = Map::from_iter([(ELEMENT.to_owned(), other.clone())]);
                        &wrapped
                    }
                };
                if holds(condition, Subject { doc, lookups: subject.lookups })? == Some(true) {
                    return Ok(true);
                }
            }
            false
        }
        Matcher::Remainder(divisor, remainder) => {
            any(&|value| value.as_i64().is_some_and(|value| value.wrapping_rem(*divisor) == *remainder))
        }
        Matcher::Not(inner) => !one_matches(found, inner, subject)?,
        Matcher::All(parts) => {
            for part in parts {
                if !one_matches(found, part, subject)? {
                    return Ok(false);
                }
            }
            true
        }
        Matcher::Any(parts) => {
            for part in parts {
                if one_matches(found, part, subject)? {
                    return Ok(true);
                }
            }
            false
        }
    })
}
