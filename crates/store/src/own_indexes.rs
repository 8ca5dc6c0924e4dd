//! What the indexes of a project's own collections have in common on both engines.

use lingpai_domain::store::{COLLECTIONS, is_own_collection};

use crate::document::InvalidDocument;

/// The parts of an index: the values, the values that must be unique, and the documents with a list on the way.
const ENDINGS: [&str; 3] = ["_k", "_u", "_l"];

/// Whether an index in the database is a part of one: `own_`, 32 hexadecimal digits, and an ending.
pub fn is_ours(name: &str) -> bool {
    let digits = ENDINGS.iter().find_map(|ending| name.strip_prefix("own_")?.strip_suffix(ending));
    digits.is_some_and(|digits| digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The collection stands in the text: only so are indexes of a part of the table used. Its name is one of letters,
/// digits, hyphens and underscores.
pub fn place(collection: &str) -> Result<String, InvalidDocument> {
    if !is_own_collection(collection) || COLLECTIONS.contains(&collection) {
        return Err(InvalidDocument::Collection(collection.to_owned()));
    }
    Ok(format!("collection = '{collection}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_indexes_are_ours() {
        let digits = "0123456789abcdef0123456789abcdef";
        for ending in ENDINGS {
            assert!(is_ours(&format!("own_{digits}{ending}")));
        }
        for name in [
            "documents_pkey".to_owned(),
            format!("own_{digits}"),
            format!("own_{digits}_x"),
            format!("own_{}g_k", &digits[1..]),
            format!("own_{digits}0_k"),
        ] {
            assert!(!is_ours(&name), "{name}");
        }
    }

    #[test]
    fn nothing_but_an_own_collection_gets_into_the_text() {
        assert_eq!(place("book").unwrap(), "collection = 'book'");
        for name in ["uni-id-users", "a'b", "a b", ""] {
            assert!(place(name).is_err(), "{name}");
        }
    }
}
