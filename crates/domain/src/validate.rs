//! Parameters: which there are, and which values they may have.

use serde_json::{Map, Value};

use crate::{
    account::is_truthy,
    error::{Code, Error, Result},
    password::Strength,
    project::ProjectScripts,
    real_name::{IdentityCard, RealName},
};

/// What a parameter must be. Established from recordings of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Letters, digits, `_` and `-`, not digits alone, at most 128.
    Username,
    /// A new or present password: at least 6 UTF-16 units and at most 1024 bytes, and strong enough
    /// where that is configured.
    Password,
    /// Eleven digits of which the first is 1.
    Mobile,
    /// Contains `@`, at most 254 bytes.
    Email,
    /// Without `@`, not digits alone, at most 100 long.
    Nickname,
    /// Any text.
    Text,
    /// A list of texts, at most 1000 of them.
    TextList,
    /// Any number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// True or false.
    Boolean,
    /// A Chinese name.
    RealName,
    /// A Chinese identity card's number.
    IdCard,
    /// An object.
    Object,
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
            Rule::TextList => "array<string>",
            Rule::Number => "number",
            Rule::Count => "number ≥ 0",
            Rule::Boolean => "boolean",
            Rule::RealName => "realName",
            Rule::IdCard => "idCard",
            Rule::Object => "object",
        }
    }
}

impl Rule {
    /// The type as a project's `validator.js` names it.
    pub const fn kind(self) -> &'static str {
        match self {
            Rule::Count => "number",
            other => other.name(),
        }
    }

    /// Whether a value that a project's own rule lets through is one that the program can work
    /// with: methods read texts as texts, and what is stored is bounded.
    fn can_hold(self, value: &Value) -> bool {
        match self {
            Rule::Username | Rule::Password | Rule::Mobile | Rule::Email => {
                value.as_str().is_some_and(|text| text.len() <= LONGEST_PASSWORD)
            }
            Rule::Text => value.is_string(),
            Rule::TextList => is_text_list(value),
            Rule::Number => value.is_number(),
            Rule::Count => value.as_u64().is_some(),
            Rule::Boolean => value.is_boolean(),
            Rule::Object => value.is_object(),
            _ => value.as_str().is_some_and(|text| text.len() <= LONGEST_PASSWORD),
        }
    }
}

/// The rules that a project's `validator.js` may name; those of other rules are the engine's basic types.
const NAMED: [Rule; 7] = [Rule::Username, Rule::Password, Rule::Mobile, Rule::Email, Rule::Nickname, Rule::RealName, Rule::IdCard];

/// Whether a type that a project's `validator.js` names is one of ours.
pub fn is_kind(kind: &str) -> bool {
    NAMED.iter().any(|rule| rule.name() == kind)
}

/// Checks a value with our own rule for a type. `None`: the type is none of ours.
pub fn check_kind(kind: &str, value: &Value, strength: Option<Strength>) -> Option<Result<()>> {
    NAMED.iter().find(|rule| rule.name() == kind).map(|rule| check(&required("", *rule), value, strength))
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

    /// As [`Self::parse`], with the project's own rules: those for types of ours are asked instead of
    /// ours, and parameters that the project describes must be as it says. Answers the described
    /// parameters that the method itself does not have, too.
    pub async fn parse_with(
        params: Map<String, Value>,
        method: &str,
        fields: &[Field],
        strength: Option<Strength>,
        scripts: &dyn ProjectScripts,
    ) -> Result<(Self, Map<String, Value>)> {
        let described = scripts.parameters(method);
        for field in fields {
            let described = described.iter().find(|described| described.name == field.name);
            let is_required = field.required || described.is_some_and(|described| described.required);
            let kind = described.map_or(field.rule.kind(), |described| described.kind.as_str());
            match params.get(field.name).filter(|value| !is_absent(value)) {
                None if is_required => return Err(Error::new(Code::ParamRequired).with("param", field.name)),
                None => {}
                Some(value) if described.is_some() || scripts.has_rule(kind) => {
                    scripts.check(kind, value, strength).await.map_err(|error| error.with("param", field.name))?;
                    if !field.rule.can_hold(value) {
                        return Err(Error::new(Code::InvalidParam).with("param", field.name));
                    }
                }
                Some(value) => check(field, value, strength)?,
            }
        }
        let mut own = Map::new();
        for described in described.iter().filter(|described| described.is_own && !fields.iter().any(|field| field.name == described.name)) {
            let named = |error: Error| error.with("param", described.name.clone());
            match params.get(&described.name).filter(|value| !is_absent(value)) {
                None if described.required => return Err(named(Code::ParamRequired.into())),
                None => {}
                Some(value) => {
                    scripts.check(&described.kind, value, strength).await.map_err(named)?;
                    own.insert(described.name.clone(), value.clone());
                }
            }
        }
        Ok((Self(params), own))
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

    /// A list of texts, in the order in which they came and without repetition; `None` if it is absent.
    pub fn texts(&self, name: &str) -> Option<Vec<String>> {
        let items = self.0.get(name).and_then(Value::as_array)?;
        let mut seen = std::collections::HashSet::new();
        Some(items.iter().filter_map(Value::as_str).filter(|text| seen.insert(*text)).map(str::to_owned).collect())
    }

    /// A whole number that is not negative.
    pub fn count(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    /// Whether a truth value is there and true.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Whether JavaScript would count the value as true; `missing` if there is none. An explicit null
    /// is no missing value: the original's defaults do not apply to it.
    pub fn truthy(&self, name: &str, missing: bool) -> bool {
        self.0.get(name).map_or(missing, is_truthy)
    }

    /// The value as it was sent, unless it counts as absent.
    pub fn present(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !is_absent(value))
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
        Rule::Email if !value.as_str().is_some_and(is_email) => invalid(Code::InvalidEmail),
        Rule::Nickname if !is_nickname(value) => invalid(Code::InvalidNickname),
        Rule::Text if !value.is_string() => invalid(Code::InvalidParam),
        Rule::TextList if !is_text_list(value) => invalid(Code::InvalidParam),
        Rule::Number if !value.is_number() => invalid(Code::InvalidParam),
        Rule::Count if value.as_u64().is_none() => invalid(Code::InvalidParam),
        Rule::Boolean if !value.is_boolean() => invalid(Code::InvalidParam),
        Rule::RealName if value.as_str().and_then(RealName::parse).is_none() => invalid(Code::InvalidRealname),
        Rule::IdCard if value.as_str().and_then(IdentityCard::parse).is_none() => invalid(Code::InvalidIdcard),
        Rule::Object if !value.is_object() => invalid(Code::InvalidParam),
        Rule::Password => check_password(value, strength),
        _ => Ok(()),
    }
}

/// Most entries of a list of texts (ours).
const LONGEST_TEXT_LIST: usize = 1000;

fn is_text_list(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.len() <= LONGEST_TEXT_LIST && items.iter().all(Value::is_string))
}

fn check_password(value: &Value, strength: Option<Strength>) -> Result<()> {
    let code = strength.map_or(Code::InvalidPassword, Strength::code);
    match (value.as_str().filter(|password| password.len() <= LONGEST_PASSWORD), strength) {
        (Some(password), Some(strength)) if strength.allows(password) => Ok(()),
        (Some(password), None) if password.encode_utf16().count() >= 6 => Ok(()),
        _ => Err(code.into()),
    }
}

/// Longest user name, bytes (ours: the original takes any).
const LONGEST_USERNAME: usize = 128;
/// Longest address (RFC 5321, section 4.5.3.1.3, without the brackets), bytes.
const LONGEST_EMAIL: usize = 254;
/// Longest password, bytes (ours), so that hashing it costs no more than it should.
const LONGEST_PASSWORD: usize = 1024;

fn is_username(text: &str) -> bool {
    text.len() <= LONGEST_USERNAME
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        && !is_digits(text)
        && !text.is_empty()
}

fn is_email(text: &str) -> bool {
    text.contains('@') && text.len() <= LONGEST_EMAIL
}

fn is_mobile(text: &str) -> bool {
    text.len() == 11 && text.starts_with('1') && is_digits(text)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// All texts of a nickname that is a list, bytes (ours).
const LONGEST_NICKNAME_LIST: usize = 400;

/// A text or, as the original has it, a list, which is looked at as JavaScript would.
fn is_nickname(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('@') && !is_digits(text) && text.encode_utf16().count() <= 100,
        Value::Array(items) => {
            let joined: Vec<String> = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect();
            items.len() <= 100
                && joined.iter().map(String::len).sum::<usize>() <= LONGEST_NICKNAME_LIST
                && !joined.iter().any(|item| item == "@")
                && !is_digits(&joined.join(","))
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
            (
                Rule::Username,
                vec![json!("x"), json!("a-b_1")],
                vec![json!("1"), json!("@"), json!("中文"), json!("a\0b"), json!(1), json!([]), json!(["x"])],
            ),
            (
                Rule::Mobile,
                vec![json!("13800000001")],
                vec![json!("23800000000"), json!("138000000011"), json!("+8613800000001"), json!(" 13800000001"), json!(1)],
            ),
            (Rule::Email, vec![json!("@"), json!(" a@b "), json!("a@b@c")], vec![json!("noat"), json!(1), json!({})]),
            (
                Rule::Nickname,
                vec![json!("x"), json!("中文"), json!("a\0b"), json!([]), json!(["x"])],
                vec![json!("1"), json!("@"), json!("a@b"), json!(1), json!([1]), json!({}), json!(true), json!("a".repeat(101))],
            ),
            (Rule::Password, vec![json!("123456"), json!("密码密码密码")], vec![json!("x"), json!("a\0b"), json!(1), json!([])]),
            (Rule::Username, vec![json!("x".repeat(128))], vec![json!("x".repeat(129))]),
            (Rule::Email, vec![json!(format!("{}@", "x".repeat(253)))], vec![json!(format!("{}@", "x".repeat(254)))]),
            (Rule::Nickname, vec![json!(["x".repeat(400)])], vec![json!(["x".repeat(401)])]),
            (Rule::Password, vec![json!("x".repeat(1024))], vec![json!("x".repeat(1025))]),
            (Rule::Text, vec![json!("x")], vec![json!(0), json!(false), json!([]), json!({"a": 1})]),
            (Rule::TextList, vec![json!([]), json!(["x"])], vec![json!("x"), json!([1]), json!({}), json!(1), json!(vec!["x"; 1001])]),
            (Rule::Number, vec![json!(0), json!(-1), json!(1.5)], vec![json!("1"), json!(true), json!([]), json!({})]),
            (Rule::Count, vec![json!(0), json!(100_000)], vec![json!(-1), json!(1.5), json!("1"), json!(true)]),
            (Rule::Boolean, vec![json!(true), json!(false)], vec![json!(1), json!("true"), json!([])]),
            (Rule::RealName, vec![json!("中文")], vec![json!("x"), json!(1), json!(["张三"]), json!("张")]),
            (Rule::IdCard, vec![json!("11010519491231002x")], vec![json!("110105194912310021"), json!(1), json!({})]),
            (Rule::Object, vec![json!({}), json!({"a": 1})], vec![json!([]), json!("{}"), json!(1)]),
        ] {
            for value in good {
                assert_eq!(outcome(&[required("f", rule)], json!({"f": value})), Ok(()), "{rule:?} {value}");
            }
            for value in bad {
                assert!(outcome(&[required("f", rule)], json!({"f": value})).is_err(), "{rule:?} {value}");
            }
        }
    }

    #[test]
    fn lists_lose_what_stands_there_twice() {
        let params = json!({"list": ["b", "a", "b"], "none": [], "blank": ""});
        let params = Params::parse(params.as_object().unwrap().clone(), &[], None).unwrap();
        assert_eq!(params.texts("list"), Some(vec!["b".to_owned(), "a".to_owned()]));
        assert_eq!(params.texts("none"), Some(vec![]));
        assert_eq!((params.texts("blank"), params.texts("missing")), (None, None));
    }
}
