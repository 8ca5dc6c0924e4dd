//! Indexes on a project's own collections.

use sha2::{Digest, Sha256};

use crate::random::to_hex;

/// An index, as a project asks for it (`<collection>.index.json`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionIndex {
    /// The collection: a project's own.
    pub collection: String,
    /// The project's name for it.
    pub name: String,
    /// The fields, each as the segments of its path. Never empty. Segments hold neither quotes nor backslashes.
    pub fields: Vec<Vec<String>>,
    /// Whether no two documents may have the same values. A list counts as a whole.
    pub unique: bool,
    /// Whether documents without any of the fields may be as many as there are.
    pub sparse: bool,
}

impl CollectionIndex {
    /// The name in the database, which changes with everything that the index is.
    pub fn database_name(&self) -> String {
        let mut digest = Sha256::new();
        let fields: Vec<String> = self.fields.iter().map(|segments| segments.join(".")).collect();
        digest.update(format!("{:?} {fields:?} {} {}", self.collection, self.unique, self.sparse));
        format!("own_{}", to_hex(digest.finalize().get(..16).unwrap_or_default()))
    }

    /// The fields, for people.
    pub fn label(&self) -> String {
        self.fields.iter().map(|segments| segments.join(".")).collect::<Vec<_>>().join(", ")
    }
}

/// What documents an index is asked for. It finds what can be so, and every document in which a list is on
/// the way to one of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedBy {
    /// The index.
    pub index: CollectionIndex,
    /// The values of its first fields, as JSON texts; what is not there is `null`. At least one field.
    pub values: Vec<Vec<String>>,
}

/// What became of a project's indexes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexesKept {
    /// Those that cannot be unique: documents with the same values are there already.
    pub not_unique: Vec<CollectionIndex>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_database_change_with_the_index() {
        let index = CollectionIndex {
            collection: "book".into(),
            name: "a".into(),
            fields: vec![vec!["a".into(), "b".into()], vec!["c".into()]],
            unique: true,
            sparse: false,
        };
        assert_eq!(index.label(), "a.b, c");
        assert_eq!(index.database_name().len(), 36);
        assert_eq!(CollectionIndex { name: "b".into(), ..index.clone() }.database_name(), index.database_name());
        for other in [
            CollectionIndex { collection: "books".into(), ..index.clone() },
            CollectionIndex { unique: false, ..index.clone() },
            CollectionIndex { sparse: true, ..index.clone() },
            CollectionIndex { fields: vec![vec!["a".into()], vec!["b.c".into()]], ..index.clone() },
        ] {
            assert_ne!(other.database_name(), index.database_name());
        }
    }
}
