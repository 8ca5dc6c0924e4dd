//! Values for placeholders that no answer of the program has given: what clients make, and what
//! calls would have made that were not made (or were answered in another way).

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::{
    bindings::Bindings,
    jwt,
    recording::{Bind, Binds},
};

impl Bindings {
    /// Makes the JWTs that a step's client brings along.
    ///
    /// # Errors
    /// If there is no recipe for one.
    pub fn make_client_tokens(&mut self, binds: &Binds) -> Result<()> {
        for (name, bind) in binds {
            if bind.is_made_by_client() {
                let token = self.client_token(bind).with_context(|| name.clone())?;
                self.set(name, token);
            }
        }
        Ok(())
    }

    fn client_token(&mut self, bind: &Bind) -> Result<String> {
        let (Some(header), Some(payload)) = (&bind.header, &bind.payload) else {
            return bind.raw.clone().context("it has neither a payload nor a text");
        };
        let needed = self.placeholders(&Value::Object(payload.clone()));
        // A payload that names what this run generated differs from the recorded text.
        if let (true, Some(raw)) = (needed.is_empty(), &bind.raw) {
            return Ok(raw.clone());
        }
        self.make_missing(needed.iter().map(String::as_str))?;
        let (header, payload) = (self.resolve_map(header)?, self.resolve_map(payload)?);
        if let Some(secret) = bind.recipe.as_ref().and_then(|recipe| recipe.secret.as_ref()) {
            return Ok(jwt::sign_hmac(&header, &payload, secret));
        }
        match &self.apple {
            Some(key) if header.get("alg").and_then(Value::as_str) == Some("RS256") => key.sign(&header, &payload),
            _ => bail!("nothing says how to sign it"),
        }
    }

    /// Gives values to those of these placeholders that have none.
    ///
    /// # Errors
    /// If nothing is known of a placeholder.
    pub fn make_missing<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> Result<()> {
        for name in names {
            if self.value(name).is_none() {
                let value = self.make(name)?;
                self.set(name, value);
            }
        }
        Ok(())
    }

    fn make(&mut self, name: &str) -> Result<String> {
        let bind = self.bind(name).cloned().with_context(|| format!("{name} is not explained"))?;
        if bind.is_made_by_client() {
            return self.client_token(&bind);
        }
        self.made += 1;
        let number = self.made;
        if let (Some(header), Some(payload)) = (&bind.header, &bind.payload) {
            let needed = self.placeholders(&json!([header, payload]));
            self.make_missing(needed.iter().map(String::as_str))?;
            let secret = self.facts.token_secret(self.app()).to_owned();
            return Ok(jwt::sign_hmac(&self.resolve_map(header)?, &self.resolve_map(payload)?, &secret));
        }
        Ok(if bind.kind.contains("_id") {
            // Cannot be mistaken for one of the program's.
            format!("5e1f{number:020x}")
        } else if bind.kind.contains("captcha") {
            let size = self.captcha_size(&bind).unwrap_or(2);
            letters(number, size, &('a'..='z').collect::<Vec<_>>())
        } else if bind.kind.contains("digits") {
            format!("{:06}", number.wrapping_mul(7_919) % 1_000_000)
        } else if let (Some(alphabet), Some(length)) = (&bind.alphabet, bind.length) {
            letters(number, length, &character_class(alphabet))
        } else {
            bail!("{name} is a {:?}: nobody knows how to make one", bind.kind)
        })
    }

    /// How many characters the captcha has that a placeholder stands for.
    pub(super) fn captcha_size(&self, bind: &Bind) -> Option<usize> {
        let scene = bind.row.as_ref().and_then(|row| row.get("scene")).and_then(Value::as_str)?;
        self.facts.captcha_size(scene)
    }

    /// Puts values in the place of everything that an answer or a document may hold, so that it
    /// can stand in for one of the program's. `password` is what `$hmacSha256Hash` is made of.
    ///
    /// # Errors
    /// If nothing is known of a placeholder.
    pub fn instantiate(&mut self, recorded: &Value, password: &str) -> Result<Value> {
        let needed = self.placeholders(recorded);
        self.make_missing(needed.iter().map(String::as_str))?;
        let literal = fill_shapes(recorded, password);
        self.resolve(&literal)
    }
}

/// Replaces placeholders that stand for any value of a shape.
fn fill_shapes(value: &Value, password: &str) -> Value {
    match value {
        Value::String(text) if text == "$text" => "文字".into(),
        Value::String(text) if text == "$hmacSha256Hash" => hash(password).into(),
        Value::String(text) => match captcha_image_prefix(text) {
            Some(prefix) => format!("{prefix},PHN2Zy8+").into(),
            None => value.clone(),
        },
        Value::Array(items) => items.iter().map(|item| fill_shapes(item, password)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, item)| (key.clone(), fill_shapes(item, password))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

/// `prefix` of `$captchaImage(prefix)`.
pub fn captcha_image_prefix(text: &str) -> Option<&str> {
    text.strip_prefix("$captchaImage(")?.strip_suffix(')')
}

/// A password's hash of type `hmac-sha256`: the salt's text is the key.
fn hash(password: &str) -> String {
    let salt = "5e1f5e1f5e1f5e1f5e1f";
    let digest = jwt::hmac_sha256(salt.as_bytes(), password.as_bytes());
    format!("$UNI_ID_HMAC_SHA256$20${salt}{}", lingpai_domain::random::to_hex(&digest))
}

/// A text of `size` characters that differs for different numbers as long as it can.
fn letters(number: u32, size: usize, alphabet: &[char]) -> String {
    let mut number = number as usize;
    let letter = |_| {
        let place = number.checked_rem(alphabet.len())?;
        number /= alphabet.len();
        alphabet.get(place)
    };
    (0..size).filter_map(letter).collect()
}

/// The characters of a class of a regular expression: `2-4A` is 2, 3, 4 and A.
pub fn character_class(class: &str) -> Vec<char> {
    let class: Vec<char> = class.chars().collect();
    let mut characters = Vec::new();
    let mut rest = class.as_slice();
    loop {
        rest = match rest {
            [from, '-', to, tail @ ..] => {
                characters.extend(*from..=*to);
                tail
            }
            [one, tail @ ..] => {
                characters.push(*one);
                tail
            }
            [] => return characters,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_lists_its_ranges() {
        assert_eq!(character_class("23A-CZ"), ['2', '3', 'A', 'B', 'C', 'Z']);
        assert_eq!(character_class("23456789A-HJ-NP-Z").len(), 32);
    }

    #[test]
    fn letters_differ_and_have_their_size() {
        let alphabet: Vec<char> = ('a'..='z').collect();
        let made: std::collections::BTreeSet<_> = (1..200).map(|n| letters(n, 4, &alphabet)).collect();
        assert_eq!(made.len(), 199);
        assert!(made.iter().all(|text| text.len() == 4));
    }
}
