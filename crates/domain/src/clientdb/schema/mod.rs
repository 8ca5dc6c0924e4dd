//! Schemas of collections (`*.schema.json` of uniCloud): who may do what, and what fields must be.

mod built_in;
mod field;
mod index;
mod read;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

pub use built_in::SOURCES as DEFAULTS;
pub use field::{Bound, BsonType, DefaultValue, Field, ForeignKey, Format};
pub use read::SchemaProblem;

use super::{
    path::Path,
    permission::{Rule, Verdict},
    refusal::{Refusal, Result},
    session::Session,
};
use crate::store::{COLLECTIONS, CollectionIndex, is_own_collection};

/// All schemas.
#[derive(Clone, Debug)]
pub struct Schemas(HashMap<String, Schema>);

/// The schema of a collection.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The collection.
    pub collection: String,
    /// Closed to every client, whoever it is: what is in it are secrets.
    pub closed: bool,
    /// `permission`
    pub permission: Permissions,
    /// `properties`
    pub fields: BTreeMap<String, Field>,
    /// `required`
    pub required: Vec<String>,
    /// Whether fields that the schema does not have can be read.
    pub shows_undeclared: bool,
    /// The indexes of a project's own collection.
    pub indexes: Vec<CollectionIndex>,
    /// Parts of objects that have permissions of their own.
    ruled_parts: Vec<Path>,
}

/// `permission` of a collection.
#[derive(Clone, Debug, Default)]
pub struct Permissions {
    /// `read`
    pub read: Rule,
    /// `create`
    pub create: Rule,
    /// `update`
    pub update: Rule,
    /// `delete`
    pub delete: Rule,
    /// `count`; `read` where it is not said.
    pub count: Option<Rule>,
}

/// What is done with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is answered, compared or sorted by.
    Read,
    /// It is compared in a query that only counts.
    Count,
    /// It is written.
    Write,
}

impl Schemas {
    /// The built-in schemas, and a project's own over them. `files`: name of the collection and content.
    pub fn new(files: impl IntoIterator<Item = (String, Value)>) -> (Self, Vec<SchemaProblem>) {
        let mut schemas: HashMap<String, Schema> = built_in::schemas().into_iter().map(|s| (s.collection.clone(), s)).collect();
        let mut problems = Vec::new();
        for (name, content) in files {
            let known = COLLECTIONS.contains(&name.as_str());
            if !known && !is_own_collection(&name) {
                problems.push(SchemaProblem::new(&name, "", "不能作为集合名", "cannot be the name of a collection"));
                continue;
            }
            match Schema::parse(&name, &content) {
                Ok(mut schema) => {
                    if known {
                        built_in::keep_safe(&mut schema);
                    } else {
                        schema.shows_undeclared = true;
                    }
                    schemas.insert(name, schema);
                }
                Err(found) => problems.extend(found),
            }
        }
        (Self(schemas), problems)
    }

    /// Adds the indexes of collections. `files`: name of the collection and content. The account collections have
    /// their indexes already, whatever a project's files say.
    pub fn add_indexes(&mut self, files: impl IntoIterator<Item = (String, Value)>) -> Vec<SchemaProblem> {
        let mut problems = Vec::new();
        for (name, content) in files.into_iter().filter(|(name, _)| !COLLECTIONS.contains(&name.as_str())) {
            match (self.0.get_mut(&name), index::parse(&name, &content)) {
                (_, Err(found)) => problems.extend(found),
                (Some(schema), Ok(indexes)) => schema.indexes = indexes,
                (None, Ok(_)) => {
                    problems.push(SchemaProblem::new(
                        &name,
                        "",
                        "没有这个集合的 schema",
                        "is the index file of a collection without a schema",
                    ));
                }
            }
        }
        problems
    }

    /// The indexes of all collections, in one order.
    pub fn indexes(&self) -> Vec<CollectionIndex> {
        let mut indexes: Vec<CollectionIndex> = self.0.values().flat_map(|schema| schema.indexes.iter().cloned()).collect();
        indexes.sort_by_cached_key(CollectionIndex::database_name);
        indexes.dedup_by_key(|index| index.database_name());
        indexes
    }

    /// The schema of a collection.
    pub fn of(&self, collection: &str) -> Result<&Schema> {
        self.0
            .get(collection)
            .ok_or_else(|| Refusal::new(super::RefusalCode::Permission, "clientdb-no-collection").with("name", collection))
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Schema> {
        self.0.values()
    }
}

impl Default for Schemas {
    fn default() -> Self {
        Self::new([]).0
    }
}

impl Schema {
    /// The fields along a path, as far as the schema has them.
    pub fn along<'a>(&'a self, path: &Path) -> Vec<&'a Field> {
        let mut found = Vec::new();
        let mut fields = Some(&self.fields);
        for segment in path.segments() {
            // Numbers are places in a list, whose items have the fields.
            if !found.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let Some(field) = fields.and_then(|fields| fields.get(segment)) else { break };
            found.push(field);
            fields = field.inner();
        }
        found
    }

    /// What the schema says of a field for a caller, administrators left aside. A secret is denied to all.
    pub fn verdict(&self, path: &Path, purpose: Purpose, session: &Session) -> Verdict {
        let fields = self.along(path);
        if fields.iter().any(|field| field.is_secret()) {
            return Verdict::Denied { needs_user: false };
        }
        if session.is_admin() || (path.first() == "_id" && purpose != Purpose::Write) {
            return Verdict::Granted;
        }
        if fields.is_empty() {
            let shown = self.shows_undeclared && purpose != Purpose::Write;
            return if shown { Verdict::Granted } else { Verdict::Denied { needs_user: false } };
        }
        let mut conditions = Vec::new();
        for rule in fields.iter().filter_map(|field| field.rule(purpose)) {
            match rule.verdict(session) {
                Verdict::Granted => {}
                Verdict::Depends(condition) => conditions.push(condition),
                denied => return denied,
            }
        }
        match conditions.len() {
            0 => Verdict::Granted,
            1 => Verdict::Depends(conditions.remove(0)),
            _ => Verdict::Depends(super::expression::Expression::All(conditions)),
        }
    }

    /// Parts of objects that have permissions of their own.
    pub fn parts_with_rules(&self) -> &[Path] {
        &self.ruled_parts
    }

    /// Whether a field is secret to all clients.
    pub fn is_secret(&self, path: &Path) -> bool {
        self.along(path).iter().any(|field| field.is_secret())
    }

    /// The fields that are keys of another collection's documents.
    pub fn foreign_keys(&self) -> Vec<(Path, &ForeignKey)> {
        let mut found = Vec::new();
        for (name, field) in &self.fields {
            field.collect_foreign_keys(name, &mut found);
        }
        found
    }
}
