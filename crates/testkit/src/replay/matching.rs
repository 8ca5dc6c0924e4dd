//! Compares what was recorded with what came.

use std::fmt;

use serde_json::{Map, Value};

use super::{
    bindings::{Bindings, sole_name},
    fresh::{captcha_image_prefix, character_class},
    jwt,
    placeholder::Piece,
    recording::Bind,
};

/// One place where what came is not what was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Where, as a JSON pointer that begins with `/response` or `/dbAfter`.
    pub path: String,
    /// What was recorded, with values in the place of placeholders that have one. `None`: nothing.
    pub expected: Option<Value>,
    /// What came. `None`: nothing.
    pub got: Option<Value>,
    /// In words, where the two do not speak for themselves.
    pub note: &'static str,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), Value::to_string);
        write!(f, "{}: expected {}, got {}", self.path, show(&self.expected), show(&self.got))?;
        if self.note.is_empty() { Ok(()) } else { write!(f, " ({})", self.note) }
    }
}

/// The language of an answer's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English
    English,
    /// Chinese, simplified or traditional.
    Chinese,
}

impl Language {
    /// What a client's `locale` asks for: everything that is not English gets Chinese.
    pub fn of_locale(locale: Option<&str>) -> Self {
        if locale.is_some_and(|locale| locale.starts_with("en")) { Language::English } else { Language::Chinese }
    }

    fn is_spoken_by(self, text: &str) -> bool {
        let has_han = text.chars().any(|c| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'));
        has_han == (self == Language::Chinese)
    }
}

/// Compares values and binds placeholders at first sight.
pub struct Matcher<'a> {
    /// The placeholders' values.
    pub bindings: &'a mut Bindings,
    /// The language of texts; `None`: any.
    pub language: Option<Language>,
    /// What was found so far.
    pub differences: Vec<Difference>,
}

impl<'a> Matcher<'a> {
    /// Nothing found yet.
    pub fn new(bindings: &'a mut Bindings, language: Option<Language>) -> Self {
        Self { bindings, language, differences: Vec::new() }
    }

    /// Whether two values agree, without binding anything.
    pub fn would_agree(&self, expected: &Value, got: &Value) -> bool {
        let mut bindings = self.bindings.clone();
        let mut trial = Matcher::new(&mut bindings, self.language);
        trial.compare("", expected, got);
        trial.differences.is_empty()
    }

    /// Compares two values at `path`.
    pub fn compare(&mut self, path: &str, expected: &Value, got: &Value) {
        match (expected, got) {
            (Value::String(text), _) => self.compare_text(path, text, got),
            (Value::Object(expected), Value::Object(got)) => self.compare_maps(path, expected, got),
            (Value::Array(wanted), Value::Array(items)) => {
                for at in 0..wanted.len().max(items.len()) {
                    self.compare_options(&format!("{path}/{at}"), wanted.get(at), items.get(at));
                }
            }
            (Value::Number(a), Value::Number(b)) if a == b || (a.as_f64().is_some() && a.as_f64() == b.as_f64()) => {}
            (Value::Null | Value::Bool(_), _) if expected == got => {}
            _ => self.differ(path, expected, got, ""),
        }
    }

    /// Compares the fields of two objects, in whatever order.
    pub fn compare_maps(&mut self, path: &str, expected: &Map<String, Value>, got: &Map<String, Value>) {
        for (key, wanted) in expected {
            self.compare_options(&pointer(path, key), Some(wanted), got.get(key));
        }
        for (key, extra) in got {
            if !expected.contains_key(key) {
                self.compare_options(&pointer(path, key), None, Some(extra));
            }
        }
    }

    fn compare_options(&mut self, path: &str, expected: Option<&Value>, got: Option<&Value>) {
        match (expected, got) {
            (Some(expected), Some(got)) => self.compare(path, expected, got),
            (expected, got) => {
                let expected = expected.map(|value| self.shown(value));
                self.differences.push(Difference { path: path.to_owned(), expected, got: got.cloned(), note: "" });
            }
        }
    }

    fn differ(&mut self, path: &str, expected: &Value, got: &Value, note: &'static str) {
        let expected = Some(self.shown(expected));
        self.differences.push(Difference { path: path.to_owned(), expected, got: Some(got.clone()), note });
    }

    fn shown(&self, expected: &Value) -> Value {
        self.bindings.resolve(expected).unwrap_or_else(|_| expected.clone())
    }

    fn compare_text(&mut self, path: &str, expected: &str, got: &Value) {
        match expected {
            "$text" => return self.compare_words(path, got),
            // Only lists of deviations have it.
            "$any" => return,
            _ => {}
        }
        let problem = if expected == "$hmacSha256Hash" {
            (!got.as_str().is_some_and(is_hash)).then_some("not such a hash")
        } else if let Some(prefix) = captcha_image_prefix(expected) {
            let image = got.as_str().and_then(|text| text.strip_prefix(prefix)?.strip_prefix(','));
            image.is_none_or(str::is_empty).then_some("not such an image")
        } else {
            let parts = self.bindings.pieces(expected);
            return match (sole_name(&parts), parts.as_slice()) {
                (Some(name), _) if self.bindings.value(name).is_none() => self.first_sight(path, name, got),
                (None, [Piece::Now(_) | Piece::NowSeconds(_)]) => match self.bindings.resolve(&expected.into()) {
                    Ok(number) => self.compare(path, &number, got),
                    Err(_) => self.differ(path, &expected.into(), got, ""),
                },
                _ => self.compare_parts(path, expected, &parts, got),
            };
        };
        if let Some(problem) = problem {
            self.differ(path, &expected.into(), got, problem);
        }
    }

    fn compare_words(&mut self, path: &str, got: &Value) {
        let problem = match got.as_str().map(str::trim) {
            None => "not a text",
            Some("") => "no words",
            Some(text) => match self.language {
                Some(language) if !language.is_spoken_by(text) => "not in the language that was asked for",
                _ => return,
            },
        };
        self.differ(path, &"$text".into(), got, problem);
    }

    /// A text with literal parts and placeholders, some of which may be seen for the first time.
    fn compare_parts(&mut self, path: &str, expected: &str, parts: &[Piece], got: &Value) {
        let Some(text) = got.as_str() else { return self.differ(path, &expected.into(), got, "") };
        let mut rest = text;
        for (at, part) in parts.iter().enumerate() {
            if let Some(literal) = self.bindings.literal(part) {
                match rest.strip_prefix(literal.as_str()) {
                    Some(tail) => rest = tail,
                    None => return self.differ(path, &expected.into(), got, ""),
                }
            } else if let Piece::Named { name, .. } = part {
                // It reaches to the next literal part, or to the end.
                let next = parts.get(at + 1).and_then(|next| self.bindings.literal(next));
                let end = next.map_or(Some(rest.len()), |next| rest.find(&next));
                let Some(end) = end else { return self.differ(path, &expected.into(), got, "") };
                self.first_sight(path, name, &rest[..end].into());
                rest = &rest[end..];
            }
        }
        if !rest.is_empty() {
            self.differ(path, &expected.into(), got, "");
        }
    }

    fn first_sight(&mut self, path: &str, name: &str, got: &Value) {
        let Some(text) = got.as_str().filter(|text| !text.is_empty()) else {
            return self.differ(path, &name.into(), got, "nothing to bind");
        };
        let Some(bind) = self.bindings.bind(name).cloned() else { return };
        if bind.is_jwt() {
            self.first_jwt(path, name, &bind, text);
        } else if let Some(problem) = self.misshapen(name, &bind, text) {
            self.differ(path, &name.into(), got, problem);
        }
        self.bindings.set(name, text);
    }

    fn misshapen(&self, name: &str, bind: &Bind, text: &str) -> Option<&'static str> {
        if bind.kind.contains("_id") {
            self.bindings.is_taken(name, text).then_some("this id is in use")
        } else if bind.kind.contains("captcha") {
            let size = text.chars().count();
            self.bindings.captcha_size(bind).is_some_and(|expected| expected != size).then_some("a captcha of another length")
        } else if bind.kind.contains("digits") {
            (text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit())).then_some("not six digits")
        } else if let (Some(alphabet), Some(length)) = (&bind.alphabet, bind.length) {
            let alphabet = character_class(alphabet);
            (text.chars().count() != length || !text.chars().all(|c| alphabet.contains(&c))).then_some("not of this alphabet and length")
        } else {
            None
        }
    }

    /// A JWT's parts are on the wire for clients to read, so they are compared in their order too.
    fn first_jwt(&mut self, path: &str, name: &str, bind: &Bind, token: &str) {
        let Some(decoded) = jwt::decode(token) else {
            return self.differ(path, &name.into(), &token.into(), "not a JWT");
        };
        for (part, expected, got) in [("header", &bind.header, &decoded.header), ("payload", &bind.payload, &decoded.payload)] {
            let Some(expected) = expected else { continue };
            let path = format!("{path}/{part}");
            let before = self.differences.len();
            self.compare_maps(&path, expected, got);
            if self.differences.len() == before && !expected.keys().eq(got.keys()) {
                let (expected, got) = (Value::Object(expected.clone()), Value::Object(got.clone()));
                self.differ(&path, &expected, &got, "another order of fields");
            }
        }
        let secret = self.bindings.facts.token_secret(self.bindings.app());
        if !secret.is_empty() && !jwt::is_signed_by(token, secret) {
            self.differ(&format!("{path}/signature"), &"made with tokenSecret".into(), &token.into(), "not signed with tokenSecret");
        }
    }
}

/// A JSON pointer to a field (RFC 6901).
pub fn pointer(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// `$UNI_ID_HMAC_SHA256$20$`, 20 hex digits of salt and 64 of the digest.
fn is_hash(text: &str) -> bool {
    text.strip_prefix("$UNI_ID_HMAC_SHA256$20$")
        .is_some_and(|hex| hex.len() == 84 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use serde_json::json;

    use super::*;
    use crate::replay::{config::Facts, run::project_conformance};

    fn bindings() -> Bindings {
        let bind = |value: Value| serde_json::from_value::<Bind>(value).unwrap();
        let binds = BTreeMap::from([
            ("$uid1".to_owned(), bind(json!({"kind": "generated _id", "collection": "uni-id-users"}))),
            ("$uid2".to_owned(), bind(json!({"kind": "generated _id", "collection": "uni-id-users"}))),
            ("$id1".to_owned(), bind(json!({"kind": "generated _id", "collection": "uni-id-log"}))),
        ]);
        let facts = Facts::read(&project_conformance().join("configs/base")).unwrap();
        let mut bindings = Bindings::new(binds, Arc::new(facts), None);
        bindings.enter_step(1_760_000_001_000, "__UNI__AAA");
        bindings
    }

    fn found(expected: Value, got: Value) -> usize {
        let mut bindings = bindings();
        let mut matcher = Matcher::new(&mut bindings, Some(Language::Chinese));
        matcher.compare("", &expected, &got);
        matcher.differences.len()
    }

    #[test]
    fn one_placeholder_is_one_value_and_two_are_two() {
        assert_eq!(found(json!(["$uid1", "$uid1"]), json!(["a", "a"])), 0);
        assert_eq!(found(json!(["$uid1", "$uid1"]), json!(["a", "b"])), 1);
        assert_eq!(found(json!(["$uid1", "$uid2"]), json!(["a", "a"])), 1);
        // Collections number their documents independently of each other.
        assert_eq!(found(json!(["$uid1", "$id1"]), json!(["a", "a"])), 0);
    }

    #[test]
    fn placeholders_inside_of_texts_bind_too() {
        assert_eq!(found(json!(["{\"uid\":\"$uid1\",\"at\":$now+2s}", "$uid1"]), json!(["{\"uid\":\"a\",\"at\":1760000003000}", "a"])), 0);
        assert_eq!(found(json!(["x-$uid1-y", "$uid1"]), json!(["x-a-y", "b"])), 1);
        assert_eq!(found(json!("x-$uid1-y"), json!("x-a-z")), 1);
    }

    #[test]
    fn words_are_in_the_language_that_was_asked_for() {
        assert_eq!(found(json!("$text"), json!("文字")), 0);
        for wrong in [json!("words"), json!(""), json!("  "), json!(1), json!(null)] {
            assert_eq!(found(json!("$text"), wrong), 1);
        }
    }

    #[test]
    fn numbers_are_compared_by_value_and_kinds_are_not_mixed() {
        assert_eq!(found(json!([1, 1.0]), json!([1.0, 1])), 0);
        for (expected, got) in
            [(json!(1), json!("1")), (json!(0), json!(false)), (json!(null), json!(0)), (json!("$now"), json!("1760000001000"))]
        {
            assert_eq!(found(expected, got), 1);
        }
    }
}
