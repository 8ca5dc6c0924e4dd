//! Parameters: which there are, and which values they may have.

use serde_json::{Map, Value};

use crate::{
    error::{Code, Error, Result},
    password::Strength,
};

/// What a parameter must be. Established from recordings of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Letters, digits, `_` and `-`, not digits alone.
    Username,
    /// A new or present password: at least 6 UTF-16 units, and strong enough where that is configured.
    Password,
    /// Eleven digits of which the first is 1.
    Mobile,
    /// Contains `@`.
    Email,
    /// Without `@`, not digits alone, at most 100 long.
    Nickname,
    /// Any text.
    Text,
}

impl Rule {
    /// The name in generated documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::Username => "username",
            Rule::Password => "password",
            Rule::Mobile => "mobile",
            Rule::Email => "email",
            Rule::Nickname => "nickname",
            Rule::Text => "string",
        }
    }
}

/// A parameter of a method.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it must be.
    pub rule: Rule,
}

/// A parameter that must be there.
pub const fn required(name: &'static str, rule: Rule) -> Field {
    Field { name, required: true, rule }
}

/// A parameter that may be absent: null, empty and blank texts count as absent.
pub const fn optional(name: &'static str, rule: Rule) -> Field {
    Field { name, required: false, rule }
}

/// Parameters that keep to their rules.
#[derive(Clone, Debug)]
pub struct Params(Map<String, Value>);

impl Params {
    /// Checks the parameters one after the other in the order of `fields`; the first that is wrong
    /// decides the error. Unknown ones are tolerated.
    pub fn parse(params: Map<String, Value>, fields: &[Field], strength: Option<Strength>) -> Result<Self> {
        for field in fields {
            match params.get(field.name).filter(|value| !is_absent(value)) {
                None if field.required => return Err(Error::new(Code::ParamRequired).with("param", field.name)),
                None => {}
                Some(value) => check(field, value, strength)?,
            }
        }
        Ok(Self(params))
    }

    /// A text parameter; `None` if it is absent (or blank).
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).filter(|value| !is_absent(value)).and_then(Value::as_str)
    }

    /// A text parameter that is not the empty text. A blank one is: where the original asks
    /// whether a value is there it means this.
    pub fn non_empty_text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A text parameter that [`Self::parse`] has found to be there.
    pub fn required_text(&self, name: &'static str) -> Result<&str> {
        self.text(name).ok_or_else(|| Error::new(Code::ParamRequired).with("param", name))
    }

    /// The value as it was sent, unless it is null or missing.
    pub fn raw(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

/// Whether a value counts as absent: null, the empty text, a blank text.
pub fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn check(field: &Field, value: &Value, strength: Option<Strength>) -> Result<()> {
    let invalid = |code: Code| Err(Error::new(code).with("param", field.name));
    match field.rule {
        Rule::Username if !value.as_str().is_some_and(is_username) => invalid(Code::InvalidUsername),
        Rule::Mobile if !value.as_str().is_some_and(is_mobile) => invalid(Code::InvalidMobile),
        Rule::Email if !value.as_str().is_some_and(|text| text.contains('@')) => invalid(Code::InvalidEmail),
        Rule::Nickname if !is_nickname(value) => invalid(Code::InvalidNickname),
        Rule::Text if !value.is_string() => invalid(Code::InvalidParam),
        Rule::Password => check_password(value, strength),
        _ => Ok(()),
    }
}

fn check_password(value: &Value, strength: Option<Strength>) -> Result<()> {
    let code = strength.map_or(Code::InvalidPassword, Strength::code);
    match (value.as_str(), strength) {
        (Some(password), Some(strength)) if strength.allows(password) => Ok(()),
        (Some(password), None) if password.encode_utf16().count() >= 6 => Ok(()),
        _ => Err(code.into()),
    }
}

fn is_username(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !is_digits(text) && !text.is_empty()
}

fn is_mobile(text: &str) -> bool {
    text.len() == 11 && text.starts_with('1') && is_digits(text)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// A text or, as the original has it, a list, which is looked at as JavaScript would.
fn is_nickname(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('@') && !is_digits(text) && text.encode_utf16().count() <= 100,
        Value::Array(items) => {
            let joined: Vec<String> =
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
            items.len() <= 100 && !joined.iter().any(|item| item == "@") && !is_digits(&joined.join(","))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(fields: &[Field], params: Value) -> std::result::Result<(), &'static str> {
        Params::parse(params.as_object().unwrap().clone(), fields, None).map(drop).map_err(|error| error.code.wire())
    }

    #[test]
    fn the_first_wrong_parameter_decides() {
        let fields = [required("username", Rule::Username), required("password", Rule::Password)];
        assert_eq!(outcome(&fields, json!({"username": "bad name"})), Err("uni-id-invalid-username"));
        assert_eq!(outcome(&fields, json!({"username": "good"})), Err("uni-id-param-required"));
        assert_eq!(outcome(&fields, json!({"username": "good", "password": "12345"})), Err("uni-id-invalid-password"));
        assert_eq!(outcome(&fields, json!({"username": "good", "password": "123456", "more": {}})), Ok(()));
    }

    #[test]
    fn blank_counts_as_absent() {
        for blank in [json!(null), json!(""), json!("  ")] {
            assert_eq!(outcome(&[required("a", Rule::Text)], json!({"a": blank})), Err("uni-id-param-required"));
            assert_eq!(outcome(&[optional("a", Rule::Mobile)], json!({"a": blank})), Ok(()));
        }
    }

    #[test]
    fn values_are_judged_as_recorded() {
        for (rule, good, bad) in [
            (Rule::Username, vec![json!("x"), json!("a-b_1")], vec![json!("1"), json!("@"), json!("中文"), json!("a\0b"), json!(1), json!([]), json!(["x"])]),
            (Rule::Mobile, vec![json!("13800000001")], vec![json!("23800000000"), json!("138000000011"), json!("+8613800000001"), json!(" 13800000001"), json!(1)]),
            (Rule::Email, vec![json!("@"), json!(" a@b "), json!("a@b@c")], vec![json!("noat"), json!(1), json!({})]),
            (Rule::Nickname, vec![json!("x"), json!("中文"), json!("a\0b"), json!([]), json!(["x"])], vec![json!("1"), json!("@"), json!("a@b"), json!(1), json!([1]), json!({}), json!(true), json!("a".repeat(101))]),
            (Rule::Password, vec![json!("123456"), json!("密码密码密码")], vec![json!("x"), json!("a\0b"), json!(1), json!([])]),
            (Rule::Text, vec![json!("x")], vec![json!(0), json!(false), json!([]), json!({"a": 1})]),
        ] {
            for value in good {
                assert_eq!(outcome(&[required("f", rule)], json!({"f": value})), Ok(()), "{rule:?} {value}");
            }
            for value in bad {
                assert!(outcome(&[required("f", rule)], json!({"f": value})).is_err(), "{rule:?} {value}");
            }
        }
    }
}
