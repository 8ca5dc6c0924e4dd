//! Answers as the wire shows them.

use serde_json::{Map, Value};

use lingpai_domain::{error::Error, session::NewToken};

use crate::{
    speech::Speech,
    words::{Locale, Words},
};

/// The fields of a successful answer, `errCode` 0 included.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer(Map<String, Value>);

impl Default for Answer {
    fn default() -> Self {
        Self::ok()
    }
}

impl Answer {
    /// `{errCode: 0}`
    pub fn ok() -> Self {
        // Room for what most answers have: growing step by step costs more than the space.
        let mut fields = Map::with_capacity(12);
        fields.insert("errCode".to_owned(), Value::from(0));
        Self(fields)
    }

    /// Without `errCode`: a method of the original answers so, and clients take it for a success.
    pub fn bare() -> Self {
        Self(Map::new())
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Adds `newToken`, which the official client stores by itself.
    #[must_use]
    pub fn with_token(self, token: NewToken) -> Self {
        let fields = [("token".to_owned(), token.token.into()), ("tokenExpired".to_owned(), token.expired.into())];
        self.with("newToken", Map::from_iter(fields))
    }

    /// The JSON object.
    pub fn into_body(self) -> Map<String, Value> {
        self.0
    }
}

/// The JSON object of an error in a language, where no project's own words are at hand.
pub fn error_body(error: &Error, words: &Words, locale: Locale) -> Map<String, Value> {
    match &error.thrown {
        Some(thrown) => thrown_body(&thrown.code, thrown.message.clone()),
        None => coded_body(error, words.message(locale, error)),
    }
}

/// The JSON object of an error, in the caller's words.
pub fn spoken_error(error: &Error, speech: &Speech<'_>) -> Map<String, Value> {
    match &error.thrown {
        // As in the original, a script may leave the words to the language files.
        Some(thrown) if thrown.message.is_empty() => {
            let code = thrown.code.as_str().unwrap_or_default();
            thrown_body(&thrown.code, if code.is_empty() { String::new() } else { speech.message_of(code, error) })
        }
        Some(thrown) => thrown_body(&thrown.code, thrown.message.clone()),
        None => coded_body(error, speech.message(error)),
    }
}

fn thrown_body(code: &Value, message: String) -> Map<String, Value> {
    Map::from_iter([("errCode".to_owned(), code.clone()), ("errMsg".to_owned(), message.into())])
}

fn coded_body(error: &Error, text: String) -> Map<String, Value> {
    let mut body = Map::new();
    if error.code.is_captcha() {
        if let Some(number) = error.code.number() {
            body.insert("code".into(), number.into());
        }
        body.insert("msg".into(), text.clone().into());
        body.insert("message".into(), text.clone().into());
    }
    body.insert("errCode".into(), error.code.wire().into());
    body.insert("errMsg".into(), text.into());
    if !error.code.is_captcha()
        && let Some(number) = error.code.number()
    {
        body.insert("code".into(), number.into());
    }
    if let Some(fields) = &error.fields {
        body.extend((**fields).clone());
    }
    body
}
