//! The part of a condition that a database can look for itself.
//!
//! It lets through whatever the condition lets through, and possibly more: every document is judged
//! by [`super::evaluate`] afterwards.

use serde_json::Value;

use super::{
    expression::{Comparison, Expression, Matcher},
    path::Path,
    value::{date, date_ms},
};
use crate::store::{CollectionIndex, DocumentQuery, FieldTerm, KeyedBy};

/// Most terms that are handed to the database.
const MOST_TERMS: usize = 3;

/// A query for the documents that a condition can let through, by one of the collection's indexes if one will do.
pub fn prefilter(collection: &str, indexes: &[CollectionIndex], condition: &Expression) -> DocumentQuery {
    let mut query = DocumentQuery::all(collection);
    let parts = condition.conjuncts();
    for part in &parts {
        if let Some(ids) = ids(part) {
            query.ids = Some(match query.ids.take() {
                Some(known) => known.into_iter().filter(|id| ids.contains(id)).collect(),
                None => ids,
            });
        } else if let Some((field, texts)) = texts(part) {
            if collection == "uni-id-users" && field == "role" && query.roles.is_none() {
                query.roles = Some(texts);
            } else if query.terms.len() < MOST_TERMS && !is_composed(collection, &field) {
                query.terms.push(FieldTerm { field, texts });
            }
        }
    }
    if query.ids.is_none() {
        query.keyed = keyed(indexes, &parts);
        // What the index finds is judged as it is: looking into it twice costs more than it saves.
        if query.keyed.is_some() {
            query.terms.clear();
        }
    }
    query
}

/// The index of which the condition says most, and what it says.
fn keyed(indexes: &[CollectionIndex], parts: &[&Expression]) -> Option<KeyedBy> {
    if indexes.is_empty() {
        return None;
    }
    let known: Vec<(&Path, Vec<String>)> = parts.iter().filter_map(|part| keys(part)).collect();
    let values_of = |field: &Vec<String>| known.iter().find(|(path, _)| path.segments() == field).map(|(_, values)| values.clone());
    let said = |index: &CollectionIndex| index.fields.iter().map_while(values_of).collect::<Vec<_>>();
    let best = indexes.iter().map(|index| (index, said(index))).max_by_key(|(_, values)| values.len())?;
    let (index, values) = best;
    (!values.is_empty()).then(|| KeyedBy { index: index.clone(), values })
}

/// A field and the only values that it may be, as JSON texts.
fn keys(part: &Expression) -> Option<(&Path, Vec<String>)> {
    let (path, values) = equals(part)?;
    let texts: Vec<Vec<String>> = values.into_iter().map(key).collect::<Option<_>>()?;
    Some((path, texts.concat()))
}

/// How a value may be written. `None`: that is not certain, as of numbers beyond what is exact and of objects.
fn key(value: &Value) -> Option<Vec<String>> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Some(vec![value.to_string()]),
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| float.abs() < EXACT)?;
            if float == 0.0 {
                return Some(["0", "0.0", "-0.0"].map(str::to_owned).to_vec());
            }
            if float.fract() == 0.0 { Some(vec![format!("{float:.0}"), format!("{float:.1}")]) } else { Some(vec![number.to_string()]) }
        }
        Value::Object(_) => date_ms(value).map(|ms| vec![date(ms).to_string()]),
        Value::Array(_) => None,
    }
}

/// Fields of users that are not in the stored document.
fn is_composed(collection: &str, field: &str) -> bool {
    collection == "uni-id-users" && matches!(field, "last_login_date" | "last_login_ip" | "login_ip_limit" | "token" | "inviter_uid")
}

/// The only `_id`s that a condition lets through.
fn ids(part: &Expression) -> Option<Vec<String>> {
    if let Expression::Any(parts) = part {
        return parts.iter().map(ids).collect::<Option<Vec<_>>>().map(|ids| ids.concat());
    }
    if let Expression::All(_) = part {
        return part.conjuncts().into_iter().find_map(ids);
    }
    texts(part).filter(|(field, _)| field == "_id").map(|(_, texts)| texts)
}

/// A field and the only texts that it may be.
fn texts(part: &Expression) -> Option<(String, Vec<String>)> {
    let (path, values) = equals(part)?;
    let texts = values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
    path.is_single().then(|| (path.first().to_owned(), texts))
}

/// A field and the only values that it may be, if a condition says so.
fn equals(part: &Expression) -> Option<(&Path, Vec<&Value>)> {
    match part {
        Expression::Match(path, Matcher::Compare(Comparison::Equal, value)) => Some((path, vec![value])),
        Expression::Match(path, Matcher::In(values)) => Some((path, values.iter().collect())),
        Expression::Compare(Comparison::Equal, left, right) => match (&**left, &**right) {
            (Expression::Field(path), Expression::Literal(value)) | (Expression::Literal(value), Expression::Field(path)) => {
                Some((path, vec![value]))
            }
            _ => None,
        },
        Expression::In(item, list) => match (&**item, &**list) {
            (Expression::Field(path), Expression::Literal(Value::Array(values))) => Some((path, values.iter().collect())),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clientdb::{condition, session::Session};

    fn of(value: Value) -> DocumentQuery {
        let session = Session { user: None, now_ms: 0, client_ip: String::new() };
        prefilter("uni-id-users", &[], &condition::parse(&value, &session).unwrap())
    }

    #[test]
    fn ids_are_found_wherever_they_decide() {
        assert_eq!(of(json!("_id == 'a' && age > 5")).ids, Some(vec!["a".into()]));
        assert_eq!(of(json!("_id == 'a' || _id in ['b', 'c']")).ids, Some(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(of(json!("_id == 'a' && _id == 'b'")).ids, Some(vec![]));
        for text in ["_id == 'a' || age > 5", "_id != 'a'", "!(_id == 'a')", "_id == 5", "_id in [null, 'a']"] {
            assert_eq!(of(json!(text)).ids, None, "{text}");
        }
    }

    #[test]
    fn roles_and_texts_are_looked_for_by_the_database() {
        assert_eq!(of(json!({"role": "admin"})).roles, Some(vec!["admin".into()]));
        let query = of(json!({"nickname": "a", "last_login_ip": "1.1.1.1", "age": 5, "a": {"b": "c"}}));
        assert_eq!(query.terms.iter().map(|term| term.field.as_str()).collect::<Vec<_>>(), ["nickname"]);
    }

    fn index(fields: &[&str]) -> CollectionIndex {
        let fields = fields.iter().map(|field| field.split('.').map(str::to_owned).collect()).collect();
        CollectionIndex { collection: "book".into(), name: "n".into(), fields, unique: false, sparse: false }
    }

    #[test]
    fn the_index_that_knows_most_is_asked() {
        let indexes = [index(&["a"]), index(&["a", "b.c", "d"]), index(&["e"])];
        let session = Session { user: None, now_ms: 0, client_ip: String::new() };
        let of = |value: Value| prefilter("book", &indexes, &condition::parse(&value, &session).unwrap()).keyed;
        let found = |value: Value| of(value).map(|keyed| (keyed.index.label(), keyed.values));
        let some = |label: &str, values: &[&[&str]]| {
            Some((label.to_owned(), values.iter().map(|values| values.iter().map(|text| (*text).to_owned()).collect()).collect()))
        };
        assert_eq!(found(json!("b.c == true && a in ['x', 5]")), some("a, b.c, d", &[&["\"x\"", "5", "5.0"], &["true"]]));
        assert_eq!(found(json!({"a": null, "d": 1})).map(|(_, values)| values), Some(vec![vec!["null".to_owned()]]));
        assert_eq!(found(json!("e == 1.5")), some("e", &[&["1.5"]]));
        assert_eq!(found(json!({"e": {"$date": 0}})), some("e", &[&["{\"$date\":\"1970-01-01T00:00:00.000Z\"}"]]));
        for value in [
            json!("a > 1"),
            json!("a == 1 || e == 2"),
            json!("d == 1"),
            json!("a == 9007199254740993"),
            json!({"a": [1]}),
            json!("_id == 'x' && a == 1"),
            json!("!(a == 1)"),
        ] {
            assert_eq!(of(value.clone()), None, "{value}");
        }
    }
}
