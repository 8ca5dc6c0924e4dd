//! Values of documents, compared and ordered alike on both engines. Dates are `{"$date": ISO}`.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description};

/// The field that marks a date.
pub const DATE: &str = "$date";

/// A date, from milliseconds since the Unix epoch.
pub fn date(ms: i64) -> Value {
    Value::Object(Map::from_iter([(DATE.to_owned(), iso(ms).map_or(Value::from(ms), Value::from))]))
}

/// The time of a date, milliseconds.
pub fn date_ms(value: &Value) -> Option<i64> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    match fields.get(DATE)? {
        Value::String(text) => parse_iso(text),
        number => number.as_i64(),
    }
}

/// Reads `2020-01-31T12:00:00.000Z`, with any offset.
pub fn parse_iso(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000_000)).ok()
}

/// Milliseconds as JavaScript's `toISOString`; `None` outside of the years 0 to 9999.
pub fn iso(ms: i64) -> Option<String> {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    moment(ms, 0).filter(|moment| (0..=9999).contains(&moment.year()))?.format(&format).ok()
}

/// A time with an offset in minutes.
pub fn moment(ms: i64, offset_minutes: i32) -> Option<OffsetDateTime> {
    let offset = UtcOffset::from_whole_seconds(offset_minutes.checked_mul(60)?).ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok()?.checked_to_offset(offset)
}

/// A number as JSON writes it: whole if it is.
pub fn number(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// Whether two values are the same; 1 and 1.0 are.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => compare_numbers(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(fields), Value::Object(others)) => match (date_ms(a), date_ms(b)) {
            (Some(a), Some(b)) => a == b,
            _ => {
                fields.len() == others.len() && fields.iter().all(|(name, value)| others.get(name).is_some_and(|other| same(value, other)))
            }
        },
        _ => a == b,
    }
}

/// The order of two values of one type; `None` for values of different types.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => compare_numbers(a, b),
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Object(_), Value::Object(_)) => Some(date_ms(a)?.cmp(&date_ms(b)?)),
        _ => None,
    }
}

fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// The order in which documents are sorted: what is missing, numbers, texts, objects, lists, true and
/// false, dates.
pub fn sort_order(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let (a, b) = (a.unwrap_or(&Value::Null), b.unwrap_or(&Value::Null));
    rank(a).cmp(&rank(b)).then_with(|| compare(a, b).unwrap_or(Ordering::Equal))
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Number(_) => 1,
        Value::String(_) => 2,
        Value::Object(_) if date_ms(value).is_some() => 6,
        Value::Object(_) => 3,
        Value::Array(_) => 4,
        Value::Bool(_) => 5,
    }
}

/// JavaScript's idea of true.
pub fn is_truthy(value: &Value) -> bool {
    crate::account::is_truthy(value)
}

/// A value as clients get it: dates as texts.
pub fn shown(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(shown).collect(),
        Value::Object(fields) => {
            if fields.len() == 1
                && let Some(date) = fields.get(DATE)
            {
                return date.clone();
            }
            Value::Object(fields.into_iter().map(|(name, value)| (name, shown(value))).collect())
        }
        other => other,
    }
}

/// Whether a value is nested at most so deep.
pub fn is_shallow(value: &Value, deepest: usize) -> bool {
    match value {
        Value::Array(items) => deepest > 0 && items.iter().all(|item| is_shallow(item, deepest - 1)),
        Value::Object(fields) => deepest > 0 && fields.values().all(|field| is_shallow(field, deepest - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_read_and_written_as_javascript_does() {
        assert_eq!(date(1_760_000_000_123), json!({"$date": "2025-10-09T08:53:20.123Z"}));
        assert_eq!(date_ms(&json!({"$date": "2025-10-09T16:53:20.123+08:00"})), Some(1_760_000_000_123));
        assert_eq!(date_ms(&json!({"$date": 5})), Some(5));
        assert_eq!(date_ms(&json!({"$date": "yesterday"})), None);
        assert_eq!(shown(json!([{"a": {"$date": "2025-10-09T08:53:20.123Z"}}])), json!([{"a": "2025-10-09T08:53:20.123Z"}]));
        assert!(iso(i64::MAX).is_none() && iso(i64::MIN).is_none());
    }

    #[test]
    fn numbers_are_the_same_however_they_are_written() {
        assert!(same(&json!([1, {"a": 2.0}]), &json!([1.0, {"a": 2}])));
        assert!(!same(&json!(9_007_199_254_740_993_i64), &json!(9_007_199_254_740_992_i64)));
        assert!(!same(&json!(1), &json!("1")) && !same(&json!(1), &json!(true)));
    }
}
