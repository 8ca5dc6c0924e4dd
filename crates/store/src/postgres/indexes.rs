//! Indexes on a project's own collections: on expressions over the documents, so that whoever writes keeps them.

use lingpai_domain::{
    random::to_hex,
    store::{CollectionIndex, IndexesKept, KeyedBy},
};
use sha2::{Digest, Sha256};
use tokio_postgres::error::SqlState;

use super::{PostgresStore, failure::Failure};
use crate::own_indexes::{is_ours, place};

/// The advisory lock under which one node makes indexes while others wait. Any fixed number would do.
const LOCK: i64 = 0x6c69_6e67_7061_6922;

impl PostgresStore {
    /// On a connection without the statements' time limit: an index of a large table takes its time.
    pub(super) async fn indexes_keep(&self, indexes: &[CollectionIndex]) -> Result<IndexesKept, Failure> {
        let client = self.target.connect().await?;
        client.execute("SELECT pg_advisory_lock($1)", &[&LOCK]).await?;
        let rows = client
            .query(
                "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 'documents'::regclass",
                &[],
            )
            .await?;
        let known = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        let mut kept = IndexesKept::default();
        let mut wanted = Vec::new();
        for index in indexes {
            for (name, sql) in parts(index)? {
                if known.contains(&name) {
                    wanted.push(name);
                    continue;
                }
                match client.batch_execute(&sql).await.map_err(Failure::from) {
                    Ok(()) => wanted.push(name),
                    Err(Failure::Server { code, .. }) if code == SqlState::UNIQUE_VIOLATION.code() => kept.not_unique.push(index.clone()),
                    Err(failure) => return Err(failure),
                }
            }
        }
        for name in known.iter().filter(|name| is_ours(name) && !wanted.contains(name)) {
            client.batch_execute(&format!("DROP INDEX \"{name}\"")).await?;
        }
        Ok(kept)
    }
}

/// Names and statements.
fn parts(index: &CollectionIndex) -> Result<Vec<(String, String)>, Failure> {
    let name = index.database_name();
    let place = place(&index.collection)?;
    let keys: Vec<String> = index.fields.iter().map(|field| format!("lingpai_key(doc, {})", path(field))).collect();
    let keys = keys.join(", ");
    let mut parts = Vec::new();
    // A unique index of all documents finds them as well.
    if !index.unique || index.sparse {
        parts.push((format!("{name}_k"), format!("CREATE INDEX {name}_k ON documents ({keys}) WHERE {place}")));
    }
    if index.unique {
        let there: Vec<String> = index.fields.iter().map(|field| format!("lingpai_has(doc, {})", path(field))).collect();
        let sparse = if index.sparse { format!(" AND ({})", there.join(" OR ")) } else { String::new() };
        parts.push((format!("{name}_u"), format!("CREATE UNIQUE INDEX {name}_u ON documents ({keys}) WHERE {place}{sparse}")));
    }
    parts.push((format!("{name}_l"), format!("CREATE INDEX {name}_l ON documents (seq) WHERE {place} AND ({})", lists("", index))));
    Ok(parts)
}

/// The `seq`s of what an index finds; `list` makes a parameter of digests.
pub fn found(keyed: &KeyedBy, mut list: impl FnMut(Vec<String>) -> String) -> Result<String, Failure> {
    let place = place(&keyed.index.collection)?;
    let mut terms = Vec::new();
    for (field, values) in keyed.index.fields.iter().zip(&keyed.values) {
        let digests = list(values.iter().map(|value| digest(value)).collect());
        terms.push(format!("lingpai_key(k.doc, {}) = ANY ({digests}::text[])", path(field)));
    }
    Ok(format!(
        "SELECT k.seq FROM documents AS k WHERE k.{place} AND {} UNION ALL SELECT k.seq FROM documents AS k WHERE k.{place} AND ({})",
        terms.join(" AND "),
        lists("k.", &keyed.index)
    ))
}

/// As `lingpai_key` makes it of a stored value.
fn digest(value: &str) -> String {
    to_hex(&Sha256::digest(value.replace("\\u0001", "\\u00011").replace("\\u0000", "\\u00010")))
}

/// The unique index that a violation names.
pub fn violated(failure: &Failure) -> Option<String> {
    match failure {
        Failure::Server { code, constraint: Some(constraint), .. } if code == SqlState::UNIQUE_VIOLATION.code() => {
            constraint.strip_suffix("_u").filter(|name| name.starts_with("own_")).map(str::to_owned)
        }
        _ => None,
    }
}

/// Whether there is a list on the way to a field of the index, in which case its documents are looked at one by one.
fn lists(table: &str, index: &CollectionIndex) -> String {
    let ways = index.fields.iter().flat_map(|field| (1..=field.len()).filter_map(|length| field.get(..length)));
    let mut terms: Vec<String> = ways.map(|way| format!("lingpai_is_list({table}doc, {})", path(way))).collect();
    terms.dedup();
    terms.join(" OR ")
}

/// `'{"a","b"}'::text[]`: segments hold neither quotes nor backslashes; those that do are left out, and find nothing.
fn path(field: &[String]) -> String {
    let quoted: Vec<String> = field.iter().map(|segment| format!("\"{}\"", segment.replace(['"', '\\', '\''], ""))).collect();
    format!("'{{{}}}'::text[]", quoted.join(","))
}
