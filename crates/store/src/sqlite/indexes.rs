//! Indexes on a project's own collections: on expressions over the documents, so that whoever writes keeps them.

use lingpai_domain::store::{CollectionIndex, IndexesKept, KeyedBy};
use rusqlite::{Connection, ErrorCode};

use super::failure::Failure;
use crate::own_indexes::{is_ours, place};

/// See [`lingpai_domain::store::Store::keep_indexes`].
pub fn keep(connection: &Connection, indexes: &[CollectionIndex]) -> Result<IndexesKept, Failure> {
    let mut kept = IndexesKept::default();
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'documents'")?;
    let known = statement.query_map((), |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    drop(statement);
    let mut wanted = Vec::new();
    for index in indexes {
        for (name, sql) in parts(index)? {
            if known.contains(&name) {
                wanted.push(name);
                continue;
            }
            match connection.execute_batch(&sql) {
                Ok(()) => wanted.push(name),
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => kept.not_unique.push(index.clone()),
                Err(error) => return Err(error.into()),
            }
        }
    }
    for name in known.iter().filter(|name| is_ours(name) && !wanted.contains(name)) {
        connection.execute_batch(&format!("DROP INDEX \"{name}\""))?;
    }
    Ok(kept)
}

/// Names and statements.
fn parts(index: &CollectionIndex) -> Result<Vec<(String, String)>, Failure> {
    let name = index.database_name();
    let place = place(&index.collection)?;
    let keys: Vec<String> = index.fields.iter().map(|field| key("", field)).collect();
    let keys = keys.join(", ");
    let mut parts = Vec::new();
    // A unique index of all documents finds them as well.
    if !index.unique || index.sparse {
        parts.push((format!("{name}_k"), format!("CREATE INDEX {name}_k ON documents ({keys}) WHERE {place}")));
    }
    if index.unique {
        let there: Vec<String> = index.fields.iter().map(|field| format!("doc -> {} IS NOT NULL", literal_path(field))).collect();
        let sparse = if index.sparse { format!(" AND ({})", there.join(" OR ")) } else { String::new() };
        parts.push((format!("{name}_u"), format!("CREATE UNIQUE INDEX {name}_u ON documents ({keys}) WHERE {place}{sparse}")));
    }
    parts.push((format!("{name}_l"), format!("CREATE INDEX {name}_l ON documents (seq) WHERE {place} AND ({})", lists("", index))));
    Ok(parts)
}

/// The `seq`s of what an index finds; `list` makes a parameter of values.
pub fn found(keyed: &KeyedBy, mut list: impl FnMut(&[String]) -> Result<String, Failure>) -> Result<String, Failure> {
    let place = place(&keyed.index.collection)?;
    let mut terms = Vec::new();
    for (field, values) in keyed.index.fields.iter().zip(&keyed.values) {
        terms.push(format!("{} IN (SELECT value FROM json_each({}))", key("k.", field), list(values)?));
    }
    // By name: SQLite takes every index for as good as another that it has no figures of.
    let name = keyed.index.database_name();
    let by_key = if keyed.index.unique && !keyed.index.sparse { "u" } else { "k" };
    Ok(format!(
        "SELECT k.seq FROM documents k INDEXED BY {name}_{by_key} WHERE k.{place} AND {} \
         UNION ALL SELECT k.seq FROM documents k INDEXED BY {name}_l WHERE k.{place} AND ({})",
        terms.join(" AND "),
        lists("k.", &keyed.index)
    ))
}

/// The name of a unique index that a violation names: `UNIQUE constraint failed: index 'own_..._u'`.
pub fn violated(error: &rusqlite::Error) -> Option<String> {
    let rusqlite::Error::SqliteFailure(code, Some(words)) = error else { return None };
    if code.code != ErrorCode::ConstraintViolation {
        return None;
    }
    let (_, rest) = words.split_once("index '")?;
    rest.split_once('\'').and_then(|(name, _)| name.strip_suffix("_u")).map(str::to_owned)
}

/// The value of a field as JSON; what is not there is null.
fn key(table: &str, field: &[String]) -> String {
    format!("coalesce({table}doc -> {}, 'null')", literal_path(field))
}

/// Whether there is a list on the way to a field of the index, in which case its documents are looked at one by one.
fn lists(table: &str, index: &CollectionIndex) -> String {
    let ways = index.fields.iter().flat_map(|field| (1..=field.len()).filter_map(|length| field.get(..length)));
    let mut terms: Vec<String> = ways.map(|way| format!("json_type({table}doc, {}) = 'array'", literal_path(way))).collect();
    terms.dedup();
    terms.join(" OR ")
}

/// `'$."a"."b"'`: segments hold neither quotes nor backslashes; those that do are left out, and find nothing.
fn literal_path(field: &[String]) -> String {
    let quoted = |segment: &String| format!(".\"{}\"", segment.replace(['"', '\\', '\''], ""));
    format!("'${}'", field.iter().map(quoted).collect::<String>())
}
