//! The part of a condition that a database can look for itself.
//!
//! It lets through whatever the condition lets through, and possibly more: every document is judged
//! by [`super::evaluate`] afterwards.

use serde_json::Value;

use super::{
    expression::{Comparison, Expression, Matcher},
    path::Path,
};
use crate::store::{DocumentQuery, FieldTerm};

/// Most terms that are handed to the database.
const MOST_TERMS: usize = 3;

/// A query for the documents that a condition can let through.
pub fn prefilter(collection: &str, condition: &Expression) -> DocumentQuery {
    let mut query = DocumentQuery::all(collection);
    for part in condition.conjuncts() {
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
    query
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
    let (path, values): (&Path, Vec<&Value>) = match part {
        Expression::Match(path, Matcher::Compare(Comparison::Equal, value)) => (path, vec![value]),
        Expression::Match(path, Matcher::In(values)) => (path, values.iter().collect()),
        Expression::Compare(Comparison::Equal, left, right) => match (&**left, &**right) {
            (Expression::Field(path), Expression::Literal(value)) | (Expression::Literal(value), Expression::Field(path)) => {
                (path, vec![value])
            }
            _ => return None,
        },
        Expression::In(item, list) => match (&**item, &**list) {
            (Expression::Field(path), Expression::Literal(Value::Array(values))) => (path, values.iter().collect()),
            _ => return None,
        },
        _ => return None,
    };
    let texts = values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
    path.is_single().then(|| (path.first().to_owned(), texts))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clientdb::{condition, session::Session};

    fn of(value: Value) -> DocumentQuery {
        let session = Session { user: None, now_ms: 0, client_ip: String::new() };
        prefilter("uni-id-users", &condition::parse(&value, &session).unwrap())
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
}
