//! Texts in plain columns.
//!
//! PostgreSQL's texts cannot hold U+0000, which JSON and so the wire can. In plain columns it is
//! written as U+0001 `0`, and U+0001 itself as U+0001 `1`. Documents need no such thing: type json
//! keeps the escape. `migrations/postgres/V1__json.sql` does the same to values from documents.

use std::borrow::Cow;

/// A text as a column can hold it.
pub fn storable(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0"))
}

/// A list of texts as a column can hold it.
pub fn storable_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Cow<'a, str>> {
    texts.into_iter().map(storable).collect()
}

/// What [`storable`] was given.
pub fn original(text: String) -> String {
    if !text.contains('\u{1}') {
        return text;
    }
    text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_survives_and_stays_distinct() {
        let texts = ["", "a", "\0", "\u{1}", "\u{1}0", "\0\u{1}0\u{1}1", "\u{1}\0", "a\0b"];
        for text in texts {
            assert!(!storable(text).contains('\0'));
            assert_eq!(original(storable(text).into_owned()), text);
        }
    }
}
