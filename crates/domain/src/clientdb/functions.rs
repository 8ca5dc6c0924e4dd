//! Functions of the where language and of computed fields.

use serde_json::Value;
use time::{OffsetDateTime, macros::format_description};

use super::value::{date, date_ms, is_truthy, moment, number, same};

macro_rules! functions {
    ($( $name:ident = $wire:literal, $low:literal..=$high:literal; )+) => {
        /// A function.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the names on the wire say it")]
        pub enum Function { $( $name, )+ }

        impl Function {
            /// A function by its name on the wire.
            pub fn named(name: &str) -> Option<Self> {
                match name { $( $wire => Some(Self::$name), )+ _ => None }
            }

            /// Whether it takes so many arguments.
            pub fn takes(self, count: usize) -> bool {
                match self { $( Self::$name => ($low..=$high).contains(&count), )+ }
            }
        }
    };
}

functions! {
    Plus = "$plus", 2..=999;
    Add = "add", 2..=32;
    Subtract = "subtract", 2..=2;
    Multiply = "multiply", 2..=32;
    Divide = "divide", 2..=2;
    Mod = "mod", 2..=2;
    Abs = "abs", 1..=1;
    Ceil = "ceil", 1..=1;
    Floor = "floor", 1..=1;
    Round = "round", 1..=2;
    Trunc = "trunc", 1..=2;
    Sqrt = "sqrt", 1..=1;
    Pow = "pow", 2..=2;
    Concat = "concat", 1..=32;
    ToLower = "toLower", 1..=1;
    ToUpper = "toUpper", 1..=1;
    Trim = "trim", 1..=1;
    StrLen = "strLenCP", 1..=1;
    Substr = "substrCP", 3..=3;
    IndexOf = "indexOfCP", 2..=2;
    Split = "split", 2..=2;
    ToString = "toString", 1..=1;
    Size = "size", 1..=1;
    ArrayElemAt = "arrayElemAt", 2..=2;
    Slice = "slice", 2..=3;
    ConcatArrays = "concatArrays", 1..=32;
    IsArray = "isArray", 1..=1;
    Eq = "eq", 2..=2;
    Neq = "neq", 2..=2;
    Gt = "gt", 2..=2;
    Gte = "gte", 2..=2;
    Lt = "lt", 2..=2;
    Lte = "lte", 2..=2;
    And = "and", 1..=32;
    Or = "or", 1..=32;
    Not = "not", 1..=1;
    Cond = "cond", 3..=3;
    IfNull = "ifNull", 2..=2;
    Year = "year", 1..=2;
    Month = "month", 1..=2;
    DayOfMonth = "dayOfMonth", 1..=2;
    DayOfWeek = "dayOfWeek", 1..=2;
    DayOfYear = "dayOfYear", 1..=2;
    Hour = "hour", 1..=2;
    Minute = "minute", 1..=2;
    Second = "second", 1..=2;
    Millisecond = "millisecond", 1..=2;
    DateToString = "dateToString", 1..=4;
    TimestampToDate = "timestampToDate", 1..=1;
    DateToTimestamp = "dateToTimestamp", 1..=1;
}

/// Longest text that a function makes, bytes.
const LONGEST: usize = 64 * 1024;

/// Computes a function. What does not fit its arguments is null, as in MongoDB.
pub fn compute(function: Function, arguments: &[Value]) -> Value {
    let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
    let (first, second) = (argument(0), argument(1));
    let text = || first.as_str();
    let compared = |holds: bool| Value::Bool(holds);
    let ordered = |is: fn(std::cmp::Ordering) -> bool| Value::Bool(super::value::compare(first, second).is_some_and(is));
    let computed = match function {
        Function::Plus if arguments.iter().any(Value::is_string) => joined(arguments),
        Function::Plus | Function::Add => sum(arguments),
        Function::Subtract => subtract(first, second),
        Function::Multiply => arguments.iter().map(Value::as_f64).product::<Option<f64>>().map(number),
        Function::Divide => divided(first, second, |a, b| a / b),
        Function::Mod => divided(first, second, |a, b| a % b),
        Function::Abs => first.as_f64().map(f64::abs).map(number),
        Function::Ceil => first.as_f64().map(f64::ceil).map(number),
        Function::Floor => first.as_f64().map(f64::floor).map(number),
        Function::Round => to_places(first, second, f64::round_ties_even),
        Function::Trunc => to_places(first, second, f64::trunc),
        Function::Sqrt => first.as_f64().filter(|value| *value >= 0.0).map(f64::sqrt).map(number),
        Function::Pow => first.as_f64().zip(second.as_f64()).map(|(base, exponent)| number(base.powf(exponent))),
        Function::Concat if arguments.iter().all(Value::is_string) => joined(arguments),
        Function::Concat => None,
        Function::ToLower => text().map(|text| text.to_lowercase().into()),
        Function::ToUpper => text().map(|text| text.to_uppercase().into()),
        Function::Trim => text().map(|text| text.trim().into()),
        Function::StrLen => text().map(|text| text.chars().count().into()),
        Function::Substr => substring(first, second, argument(2)),
        Function::IndexOf => {
            let (text, part) = (text().unwrap_or_default(), second.as_str().unwrap_or_default());
            Some(text.find(part).map_or(Value::from(-1), |at| text[..at].chars().count().into()))
        }
        Function::Split => {
            text().zip(second.as_str().filter(|at| !at.is_empty())).map(|(text, at)| text.split(at).map(Value::from).collect())
        }
        Function::ToString => Some(as_text(first).into()),
        Function::Size => first.as_array().map(|items| items.len().into()),
        Function::ArrayElemAt => item_at(first, second),
        Function::Slice => slice(first, second, arguments.get(2)),
        Function::ConcatArrays => {
            arguments.iter().map(Value::as_array).collect::<Option<Vec<_>>>().map(|lists| lists.into_iter().flatten().cloned().collect())
        }
        Function::IsArray => Some(first.is_array().into()),
        Function::Eq => Some(compared(same(first, second))),
        Function::Neq => Some(compared(!same(first, second))),
        Function::Gt => Some(ordered(|order| order.is_gt())),
        Function::Gte => Some(ordered(|order| order.is_ge())),
        Function::Lt => Some(ordered(|order| order.is_lt())),
        Function::Lte => Some(ordered(|order| order.is_le())),
        Function::And => Some(arguments.iter().all(is_truthy).into()),
        Function::Or => Some(arguments.iter().any(is_truthy).into()),
        Function::Not => Some((!is_truthy(first)).into()),
        Function::Cond => Some(if is_truthy(first) { second.clone() } else { argument(2).clone() }),
        Function::IfNull => Some(if first.is_null() { second.clone() } else { first.clone() }),
        Function::DateToString => date_to_string(arguments),
        Function::TimestampToDate => first.as_i64().map(date),
        Function::DateToTimestamp => date_ms(first).map(Value::from),
        _ => part_of_date(function, first, second),
    };
    computed.unwrap_or(Value::Null)
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn joined(arguments: &[Value]) -> Option<Value> {
    let text: String = arguments.iter().map(as_text).collect();
    (text.len() <= LONGEST).then(|| text.into())
}

/// A sum of numbers, or of a date and numbers of milliseconds.
fn sum(arguments: &[Value]) -> Option<Value> {
    if let Some(whole) = arguments.iter().map(Value::as_i64).try_fold(0_i64, |sum, value| sum.checked_add(value?)) {
        return Some(whole.into());
    }
    let mut total = 0.0;
    let mut start = None;
    for argument in arguments {
        match date_ms(argument) {
            Some(ms) if start.is_none() => start = Some(ms),
            Some(_) => return None,
            None => total += argument.as_f64()?,
        }
    }
    Some(match start {
        Some(ms) => date(ms.saturating_add(total as i64)),
        None => number(total),
    })
}

fn subtract(first: &Value, second: &Value) -> Option<Value> {
    match (date_ms(first), date_ms(second)) {
        (Some(a), Some(b)) => Some(a.saturating_sub(b).into()),
        (Some(a), None) => Some(date(a.saturating_sub(second.as_f64()? as i64))),
        _ => match (first.as_i64(), second.as_i64()) {
            (Some(a), Some(b)) => a.checked_sub(b).map(Value::from),
            _ => Some(number(first.as_f64()? - second.as_f64()?)),
        },
    }
}

fn divided(first: &Value, second: &Value, operation: impl Fn(f64, f64) -> f64) -> Option<Value> {
    let (dividend, divisor) = first.as_f64().zip(second.as_f64())?;
    (divisor != 0.0).then(|| number(operation(dividend, divisor)))
}

fn to_places(first: &Value, places: &Value, operation: impl Fn(f64) -> f64) -> Option<Value> {
    let scale = 10f64.powi(i32::try_from(places.as_i64().unwrap_or(0).clamp(-20, 20)).unwrap_or(0));
    Some(number(operation(first.as_f64()? * scale) / scale))
}

fn substring(text: &Value, start: &Value, length: &Value) -> Option<Value> {
    let (start, length) = (usize::try_from(start.as_u64()?).ok()?, usize::try_from(length.as_u64()?).ok()?);
    Some(text.as_str()?.chars().skip(start).take(length).collect::<String>().into())
}

fn item_at(list: &Value, index: &Value) -> Option<Value> {
    let (items, index) = (list.as_array()?, index.as_i64()?);
    let index =
        if index < 0 { items.len().checked_sub(usize::try_from(index.unsigned_abs()).ok()?)? } else { usize::try_from(index).ok()? };
    items.get(index).cloned()
}

fn slice(list: &Value, from: &Value, count: Option<&Value>) -> Option<Value> {
    let items = list.as_array()?;
    let from = from.as_i64()?;
    let length = i64::try_from(items.len()).ok()?;
    let (start, count) = match count {
        Some(count) => (if from < 0 { length.saturating_add(from).max(0) } else { from }, count.as_i64()?),
        None if from < 0 => (length.saturating_add(from).max(0), length),
        None => (0, from),
    };
    let (start, count) = (usize::try_from(start).ok()?, usize::try_from(count).ok()?);
    Some(items.iter().skip(start).take(count).cloned().collect())
}

/// A time, from a date or from milliseconds, in a time zone (`+0800`, `+08:00`, `Asia/Shanghai`).
fn at(time: &Value, zone: &Value) -> Option<OffsetDateTime> {
    moment(date_ms(time).or_else(|| time.as_i64())?, offset_minutes(zone)?)
}

fn offset_minutes(zone: &Value) -> Option<i32> {
    let text = match zone {
        Value::Null => return Some(0),
        zone => zone.as_str()?,
    };
    if matches!(text, "Asia/Shanghai" | "Asia/Chongqing" | "PRC") {
        return Some(8 * 60);
    }
    if matches!(text, "UTC" | "GMT" | "Z" | "") {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
    let number = |range: std::ops::Range<usize>| digits.get(range).map_or(Some(0), |digits| digits.parse::<i32>().ok());
    let (hours, minutes) = (number(0..2.min(digits.len()))?, number(2..4)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn part_of_date(function: Function, time: &Value, zone: &Value) -> Option<Value> {
    let at = at(time, zone)?;
    Some(match function {
        Function::Year => at.year().into(),
        Function::Month => u8::from(at.month()).into(),
        Function::DayOfMonth => at.day().into(),
        Function::DayOfWeek => at.weekday().number_from_sunday().into(),
        Function::DayOfYear => at.ordinal().into(),
        Function::Hour => at.hour().into(),
        Function::Minute => at.minute().into(),
        Function::Second => at.second().into(),
        Function::Millisecond => at.millisecond().into(),
        _ => return None,
    })
}

/// `dateToString(date, format, timezone, onNull)`, with MongoDB's `%Y-%m-%d %H:%M:%S:%L`.
fn date_to_string(arguments: &[Value]) -> Option<Value> {
    let argument = |index: usize| arguments.get(index).unwrap_or(&Value::Null);
    let Some(at) = at(argument(0), argument(2)) else { return arguments.get(3).cloned() };
    let format = argument(1).as_str().unwrap_or("%Y-%m-%dT%H:%M:%S.%LZ");
    let mut text = String::with_capacity(format.len() + 16);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            text.push(c);
            continue;
        }
        let part = match chars.next()? {
            'Y' => format!("{:04}", at.year()),
            'm' => format!("{:02}", u8::from(at.month())),
            'd' => format!("{:02}", at.day()),
            'H' => format!("{:02}", at.hour()),
            'M' => format!("{:02}", at.minute()),
            'S' => format!("{:02}", at.second()),
            'L' => format!("{:03}", at.millisecond()),
            'j' => format!("{:03}", at.ordinal()),
            'w' => at.weekday().number_from_sunday().to_string(),
            'u' => at.weekday().number_from_monday().to_string(),
            'z' => at.format(format_description!("[offset_hour sign:mandatory][offset_minute]")).ok()?,
            '%' => "%".to_owned(),
            _ => return None,
        };
        text.push_str(&part);
    }
    (text.len() <= LONGEST).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn functions_compute_as_documented() {
        let time = date(1_760_000_000_123);
        for (name, arguments, expected) in [
            ("add", json!([1, 2, 3]), json!(6)),
            ("add", json!([time, 1000]), date(1_760_000_001_123)),
            ("subtract", json!([5, 7]), json!(-2)),
            ("divide", json!([1, 0]), json!(null)),
            ("mod", json!([7, 4]), json!(3)),
            ("round", json!([2.456, 2]), json!(2.46)),
            ("concat", json!(["a", "b"]), json!("ab")),
            ("concat", json!(["a", null]), json!(null)),
            ("substrCP", json!(["中国人", 1, 2]), json!("国人")),
            ("arrayElemAt", json!([[1, 2, 3], -1]), json!(3)),
            ("arrayElemAt", json!([[1], -5]), json!(null)),
            ("slice", json!([[1, 2, 3], -2]), json!([2, 3])),
            ("cond", json!([0, "a", "b"]), json!("b")),
            ("ifNull", json!([null, 1]), json!(1)),
            ("year", json!([time]), json!(2025)),
            ("hour", json!([time, "+0800"]), json!(16)),
            ("dateToString", json!([time, "%Y-%m-%d %H:%M:%S", "+0800"]), json!("2025-10-09 16:53:20")),
            ("dateToString", json!([null, "%Y", "", "none"]), json!("none")),
            ("dayOfWeek", json!([time]), json!(5)),
        ] {
            let function = Function::named(name).unwrap();
            let arguments = arguments.as_array().unwrap();
            assert!(function.takes(arguments.len()));
            assert_eq!(compute(function, arguments), expected, "{name} {arguments:?}");
        }
    }
}
