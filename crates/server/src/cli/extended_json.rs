//! MongoDB's Extended JSON, in which exports write what JSON has no type for, as plain values.
//! Source: MongoDB Extended JSON (v2), relaxed and canonical format.

use lingpai_domain::clientdb::value::date;
use serde_json::{Map, Number, Value};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What becomes of dates.
#[derive(Clone, Copy)]
pub enum Dates {
    /// Milliseconds since 1970.
    Milliseconds,
    /// Dates, as clientDB stores them.
    Kept,
}

/// A document with `{"$oid": ..}`, `{"$date": ..}` and `{"$numberLong": ..}` and the like replaced by
/// texts, numbers and what `dates` says.
pub fn plain_document(doc: Map<String, Value>, dates: Dates) -> Map<String, Value> {
    doc.into_iter().map(|(field, value)| (field, plain(value, dates))).collect()
}

/// Recursion ends where serde_json's own limit of depth does.
fn plain(value: Value, dates: Dates) -> Value {
    match value {
        Value::Array(entries) => entries.into_iter().map(|entry| plain(entry, dates)).collect(),
        Value::Object(members) => match typed(&members, dates) {
            Some(value) => value,
            None => Value::Object(plain_document(members, dates)),
        },
        other => other,
    }
}

/// The value of an object with a single member that names a type.
fn typed(members: &Map<String, Value>, dates: Dates) -> Option<Value> {
    let (name, value) = members.iter().next().filter(|_| members.len() == 1)?;
    match (name.as_str(), value) {
        ("$oid", Value::String(id)) => Some(id.as_str().into()),
        ("$date", value) => milliseconds(value).map(|ms| match dates {
            Dates::Milliseconds => ms.into(),
            Dates::Kept => date(ms),
        }),
        ("$numberInt" | "$numberLong", Value::String(digits)) => digits.parse::<i64>().ok().map(Value::from),
        ("$numberDouble", Value::String(digits)) => digits.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
        _ => None,
    }
}

fn milliseconds(date: &Value) -> Option<i64> {
    match date {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            let date = OffsetDateTime::parse(text, &Rfc3339).ok()?;
            i64::try_from(date.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
        }
        Value::Object(long) => long.get("$numberLong")?.as_str()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn converted(doc: Value) -> Value {
        plain(doc, Dates::Milliseconds)
    }

    #[test]
    fn typed_values_become_plain_ones() {
        let doc = json!({
            "_id": {"$oid": "60a1b2c3d4e5f60718293a4b"}, "register_date": {"$date": "2021-05-17T03:04:05.678Z"},
            "last": {"$date": {"$numberLong": "1621220645678"}}, "old": {"$date": 1_621_220_645_678_i64},
            "n": {"$numberLong": "9007199254740993"}, "i": {"$numberInt": "-3"}, "d": {"$numberDouble": "1.5"},
            "list": [{"$oid": "a"}, {"deep": {"$numberInt": "1"}}],
        });
        let expected = json!({
            "_id": "60a1b2c3d4e5f60718293a4b", "register_date": 1_621_220_645_678_i64, "last": 1_621_220_645_678_i64,
            "old": 1_621_220_645_678_i64, "n": 9_007_199_254_740_993_i64, "i": -3, "d": 1.5, "list": ["a", {"deep": 1}],
        });
        assert_eq!(converted(doc), expected);
    }

    #[test]
    fn dates_of_own_collections_stay_dates() {
        let doc =
            json!({"_id": {"$oid": "a"}, "due": {"$date": "2021-05-17T11:04:05.678+08:00"}, "list": [{"$date": {"$numberLong": "0"}}]});
        let expected = json!({"_id": "a", "due": {"$date": "2021-05-17T03:04:05.678Z"}, "list": [{"$date": "1970-01-01T00:00:00.000Z"}]});
        assert_eq!(plain(doc, Dates::Kept), expected);
    }

    #[test]
    fn everything_else_stays() {
        for doc in [
            json!({"$oid": 1}),
            json!({"$oid": "a", "b": 1}),
            json!({"$date": "yesterday"}),
            json!({"$numberLong": "1e3"}),
            json!({"$regex": "x"}),
            json!({"a": {}, "b": [null, true, 1.25, "x"]}),
        ] {
            assert_eq!(converted(doc.clone()), doc);
        }
    }
}
