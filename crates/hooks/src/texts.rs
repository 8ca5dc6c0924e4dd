//! `lang/index.js`: the project's own words.

use std::collections::BTreeMap;

use serde_json::Value;

/// Texts that replace the built-in ones: language (`zh-Hans`, `en` ...), key (an error code, usually), text.
pub type Texts = BTreeMap<String, BTreeMap<String, String>>;

/// Reads what `lang/index.js` exports.
///
/// # Errors
/// A sentence that names what is not a text.
pub(crate) fn parse_texts(exported: &Value) -> Result<Texts, String> {
    let Value::Object(languages) = exported else { return Err("must export an object of languages".to_owned()) };
    let mut texts = Texts::new();
    for (language, entries) in languages {
        let Value::Object(entries) = entries else { return Err(format!("the texts of '{language}' must be an object")) };
        let texts_of_language = texts.entry(language.clone()).or_default();
        for (key, text) in entries {
            let Value::String(text) = text else { return Err(format!("'{key}' of '{language}' must be a text")) };
            texts_of_language.insert(key.clone(), text.clone());
        }
    }
    Ok(texts)
}
