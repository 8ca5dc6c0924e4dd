//! Documents by conditions, for clientDB and a project's own collections.

use serde_json::{Map, Value};

use super::{AuditRow, KeyedBy};

/// Which documents are wanted, in the order of insertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentQuery {
    /// The collection: one of [`super::COLLECTIONS`], or a project's own.
    pub collection: String,
    /// Only these `_id`s.
    pub ids: Option<Vec<String>>,
    /// Only users with one of these roles (`uni-id-users`).
    pub roles: Option<Vec<String>>,
    /// Only documents that an index finds.
    pub keyed: Option<KeyedBy>,
    /// Only documents whose fields can be so.
    pub terms: Vec<FieldTerm>,
    /// Go on after this place.
    pub after: Option<i64>,
    /// Look at most at so many.
    pub examine: usize,
}

/// A field of the document itself that must be one of these texts, or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// The field's name.
    pub field: String,
    /// The texts.
    pub texts: Vec<String>,
}

impl DocumentQuery {
    /// All documents of a collection, a thousand at a time.
    pub fn all(collection: &str) -> Self {
        Self { collection: collection.to_owned(), ids: None, roles: None, keyed: None, terms: Vec::new(), after: None, examine: 1000 }
    }
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredDocument {
    /// The document, of users with the login columns and without `token`.
    pub doc: Map<String, Value>,
    /// Changes with every change of the document; see [`DocumentChange`].
    pub stamp: String,
}

/// Documents, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct DocumentPage {
    /// What was found.
    pub documents: Vec<StoredDocument>,
    /// How many were looked at.
    pub examined: usize,
    /// The place of the last one that was looked at, if there may be more.
    pub next: Option<i64>,
}

/// A document to be replaced or removed.
#[derive(Clone, Debug)]
pub struct DocumentChange {
    /// `_id`
    pub id: String,
    /// The stamp of the version that the decision rests on.
    pub stamp: String,
    /// The new version; `None`: to be removed.
    pub doc: Option<Map<String, Value>>,
    /// Who did it: stored if it is done.
    pub audit: Option<AuditRow>,
}

/// What became of new documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentsAdded {
    /// All are stored.
    Done,
    /// One of the `_id`s is taken. None is stored.
    Taken,
    /// A unique index has one of the values already ([`super::CollectionIndex::database_name`]). None is stored.
    Duplicate(String),
}

/// What became of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentsChanged {
    /// All are made but those of documents that changed in between, or are gone: their `_id`s.
    But(Vec<String>),
    /// A unique index has one of the values already ([`super::CollectionIndex::database_name`]). None is made.
    Duplicate(String),
}

/// Collections of [`super::COLLECTIONS`] whose documents may be added and changed by
/// [`super::Store::add_documents`] and [`super::Store::change_documents`].
pub const CHANGEABLE: &[&str] = &["uni-id-roles", "uni-id-permissions", "opendb-device"];

/// Whether a name can be that of a project's own collection.
pub fn is_own_collection(name: &str) -> bool {
    let is_right = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(is_right)
        && !super::COLLECTIONS.contains(&name)
}
