//! Values as the client's library encodes them: `$date`, `$regexp`, `$env`, `$newDb`, and commands
//! in `$db`.

use serde_json::{Map, Value};

use super::{
    DEEPEST,
    pattern::Pattern,
    refusal::{Refusal, Result},
    session::Session,
    value,
};

/// A call in a chain: `{"$method": ..., "$param": [...]}`.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// `$method`
    pub method: &'a str,
    /// `$param`
    pub params: &'a [Value],
}

/// The calls of a chain, if a value is one: `{"$db": [...]}`.
pub fn chain(value: &Value) -> Option<Result<Vec<Step<'_>>>> {
    let steps = only(value, "$db").or_else(|| only(value, "$newDb"))?;
    Some(steps_of(steps))
}

/// The calls in the list of a chain.
pub fn steps_of(steps: &Value) -> Result<Vec<Step<'_>>> {
    const MOST_STEPS: usize = 64;
    let steps = steps.as_array().ok_or_else(|| Refusal::argument("$db"))?;
    if steps.len() > MOST_STEPS {
        return Err(Refusal::too_large(format!("{MOST_STEPS} calls")));
    }
    steps.iter().map(step).collect()
}

fn step(value: &Value) -> Result<Step<'_>> {
    let method = value.get("$method").and_then(Value::as_str).ok_or_else(|| Refusal::argument("$method"))?;
    let params = match value.get("$param") {
        None | Some(Value::Null) => &[],
        Some(Value::Array(params)) => params.as_slice(),
        Some(_) => return Err(Refusal::argument("$param")),
    };
    Ok(Step { method, params })
}

/// The value of an object's only field.
fn only<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object().filter(|fields| fields.len() == 1)?.get(name)
}

/// A regular expression, if a value is one: `{"$regexp": {source, flags}}` or `new db.RegExp(...)`.
pub fn pattern(value: &Value) -> Option<Result<Pattern>> {
    let text = |fields: &Value, name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(fields) = only(value, "$regexp").or_else(|| only(value, "$regex")) {
        let source = fields.as_str().map_or_else(|| text(fields, "source"), str::to_owned);
        return Some(Pattern::new(&source, &text(fields, "flags")));
    }
    let Ok(steps) = chain(value)? else { return None };
    let [Step { method: "RegExp", params: [fields] }] = steps.as_slice() else { return None };
    Some(Pattern::new(&text(fields, "regexp"), &text(fields, "options")))
}

/// A value to be stored or compared with, with everything encoded put in.
pub fn decode(value: &Value, session: &Session) -> Result<Value> {
    decode_at(value, session, 0)
}

fn decode_at(value: &Value, session: &Session, depth: usize) -> Result<Value> {
    if depth > DEEPEST {
        return Err(Refusal::too_large(format!("depth {DEEPEST}")));
    }
    match value {
        Value::Array(items) => items.iter().map(|item| decode_at(item, session, depth + 1)).collect(),
        Value::Object(fields) => {
            if let Some(special) = special(value, fields, session)? {
                return Ok(special);
            }
            if let Some(name) = fields.keys().find(|name| name.starts_with('$')) {
                return Err(Refusal::not_supported(name));
            }
            let decoded = fields.iter().map(|(name, field)| Ok((name.clone(), decode_at(field, session, depth + 1)?)));
            decoded.collect::<Result<Map<_, _>>>().map(Value::Object)
        }
        other => Ok(other.clone()),
    }
}

fn special(value: &Value, fields: &Map<String, Value>, session: &Session) -> Result<Option<Value>> {
    if fields.len() != 1 {
        return Ok(None);
    }
    if fields.contains_key(value::DATE) {
        let ms = value::date_ms(value).ok_or_else(|| Refusal::argument(value::DATE))?;
        return Ok(Some(value::date(ms)));
    }
    if let Some(name) = fields.get("$env") {
        return environment(name.as_str().unwrap_or_default(), session).map(Some);
    }
    if fields.contains_key("$regexp") || fields.contains_key("$regex") {
        return Err(Refusal::not_supported("RegExp"));
    }
    match chain(value) {
        None => Ok(None),
        Some(steps) => match steps?.as_slice() {
            [Step { method: "serverDate", params }] => {
                let offset = params.first().and_then(|param| param.get("offset")).and_then(Value::as_i64).unwrap_or(0);
                Ok(Some(value::date(session.now_ms.saturating_add(offset))))
            }
            [Step { method: "env", params: [name] }] => environment(name.as_str().unwrap_or_default(), session).map(Some),
            [first, ..] => Err(Refusal::not_supported(if first.method == "command" { "db.command" } else { first.method })),
            [] => Err(Refusal::argument("$db")),
        },
    }
}

fn environment(name: &str, session: &Session) -> Result<Value> {
    match name {
        "uid" => session.uid().map(Value::from).ok_or_else(Refusal::anonymous),
        "now" => Ok(session.now_ms.into()),
        "clientIP" => Ok(session.client_ip.clone().into()),
        other => Err(Refusal::not_supported(format!("$env.{other}"))),
    }
}
