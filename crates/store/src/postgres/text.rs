//! Texts in plain columns.
//!
//! PostgreSQL's texts cannot hold U+0000, which JSON and so the wire can. In plain columns it is
//! written as U+0001 `0`, and U+0001 itself as U+0001 `1`. Documents need no such thing: type json
//! keeps the escape. `migrations/postgres/V1__json.sql` does the same to values from documents.

use std::borrow::Cow;

use lingpai_domain::random::to_hex;
use sha2::{Digest, Sha256};

/// A text as a column can hold it.
pub fn storable(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0"))
}

/// The longest text, in bytes, that stands in an index as it is. A row of an index holds 2,700 bytes.
const INDEXABLE: usize = 256;

/// A text that is only looked up, never read back, as an index can hold it: a long one is replaced by
/// its beginning, U+0001 `~` (which [`storable`] never makes), and its SHA-256.
pub fn lookup_key(text: &str) -> Cow<'_, str> {
    let stored = storable(text);
    if stored.len() <= INDEXABLE {
        return stored;
    }
    let beginning = &stored[..stored.floor_char_boundary(INDEXABLE / 2)];
    Cow::Owned(format!("{beginning}\u{1}~{}", to_hex(&Sha256::digest(text))))
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
    fn long_texts_become_short_keys_that_stay_distinct() {
        for beginning in ["x", "\0", "令"] {
            let long = beginning.repeat(3000);
            let longer = format!("{long}!");
            assert!(lookup_key(&long).len() <= 256);
            assert_ne!(lookup_key(&long), lookup_key(&longer));
        }
        assert_eq!(lookup_key("alice"), "alice");
    }

    #[test]
    fn every_text_survives_and_stays_distinct() {
        let texts = ["", "a", "\0", "\u{1}", "\u{1}0", "\0\u{1}0\u{1}1", "\u{1}\0", "a\0b"];
        for text in texts {
            assert!(!storable(text).contains('\0'));
            assert_eq!(original(storable(text).into_owned()), text);
        }
    }
}
