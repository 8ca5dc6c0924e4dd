//! What a script's exception means.

use rquickjs::{CaughtError, Ctx, Function, Object, Value as JsValue, function::This};
use serde_json::Value;

use crate::{builtin::INNER_FILE, error::HookError};

/// The longest text of an error that is kept, in characters.
const MAX_TEXT: usize = 1000;

/// Turns the engine's error (with its pending exception) into ours.
pub(super) fn explain(ctx: &Ctx<'_>, error: rquickjs::Error, expired: bool) -> HookError {
    let caught = CaughtError::from_error(ctx, error);
    if expired {
        return HookError::TimedOut;
    }
    let explained = match caught {
        CaughtError::Exception(exception) => of_object(exception.as_object()),
        CaughtError::Value(value) => of_value(&value),
        CaughtError::Error(rquickjs::Error::Allocation) => HookError::OutOfMemory,
        CaughtError::Error(error) => HookError::failed(shorten(&error.to_string())),
    };
    if ctx.has_exception() {
        // A getter of the thrown object threw in turn; that is not the next call's.
        ctx.catch();
    }
    explained
}

fn of_value(value: &JsValue<'_>) -> HookError {
    if let Some(object) = value.as_object() {
        return of_object(object);
    }
    if value.is_null() {
        // The engine throws null where not even the error object fits into the memory.
        return HookError::OutOfMemory;
    }
    let text = match value.as_string().and_then(string) {
        Some(text) => shorten(&text),
        None => format!("a value of type {}", value.type_name()),
    };
    HookError::failed(format!("the script threw: {text}"))
}

fn of_object(thrown: &Object<'_>) -> HookError {
    if let Some(err_code) = err_code(thrown) {
        let err_msg = text(thrown, "errMsg").or_else(|| text(thrown, "message")).unwrap_or_default();
        return HookError::Thrown { err_code, err_msg: shorten(&err_msg) };
    }
    let message = text(thrown, "message").unwrap_or_default();
    let name = text(thrown, "name").unwrap_or_else(|| "Error".to_owned());
    if name == "InternalError" && message == "out of memory" {
        return HookError::OutOfMemory;
    }
    HookError::Failed { what: shorten(&format!("{name}: {message}")), place: text(thrown, "stack").and_then(|stack| place(&stack)) }
}

/// `errCode` where it is a text that is not empty or a number other than 0.
fn err_code(thrown: &Object<'_>) -> Option<Value> {
    let code: JsValue = thrown.get("errCode").ok()?;
    if let Some(text) = code.as_string() {
        return string(text).filter(|text| !text.is_empty()).map(|text| Value::String(shorten(&text)));
    }
    if let Some(code) = code.as_int() {
        return (code != 0).then(|| code.into());
    }
    code.as_float().filter(|code| *code != 0.0).and_then(serde_json::Number::from_f64).map(Value::Number)
}

fn text(object: &Object<'_>, field: &str) -> Option<String> {
    string(object.get::<_, JsValue>(field).ok()?.as_string()?)
}

/// The text of a string; where halves of surrogate pairs stand in it, they become U+FFFD.
fn string(text: &rquickjs::String<'_>) -> Option<String> {
    text.to_string().ok().or_else(|| {
        let prototype: Object = text.ctx().globals().get::<_, Object>("String").ok()?.get("prototype").ok()?;
        let well_formed: Function = prototype.get("toWellFormed").ok()?;
        well_formed.call::<_, String>((This(text.clone()),)).ok()
    })
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

/// The project's first place in a stack trace, as `file:line`.
fn place(stack: &str) -> Option<String> {
    stack.lines().find_map(|line| {
        let line = line.trim().strip_prefix("at ")?;
        let inner = match (line.rfind('('), line.strip_suffix(')')) {
            (Some(open), Some(closed)) => closed.get(open + 1..)?,
            _ => line,
        };
        let (before, last) = inner.rsplit_once(':')?;
        let (file, number) = match before.rsplit_once(':') {
            // file:line:column
            Some((file, number)) if number.parse::<u32>().is_ok() => (file, number),
            _ => (before, last),
        };
        let number: u32 = number.parse().ok()?;
        (!file.starts_with(INNER_FILE) && !file.is_empty() && file != "native").then(|| format!("{file}:{number}"))
    })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_first_line_of_the_project_is_the_place() {
        let stack = "    at createHash (lingpai:crypto:40:11)\n    at inner (lib/x.js:12:5)\n    at <anonymous> (custom-token.js:3)\n";
        assert_eq!(place(stack).as_deref(), Some("lib/x.js:12"));
        assert_eq!(place("    at custom-token.js:7:1\n").as_deref(), Some("custom-token.js:7"));
        assert_eq!(place("    at f (native)\n"), None);
        assert_eq!(place(""), None);
    }
}
