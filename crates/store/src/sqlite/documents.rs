//! Documents by conditions, and documents of a project's own collections.

use lingpai_domain::store::{
    AuditRow, CHANGEABLE, COLLECTIONS, DocumentChange, DocumentPage, DocumentQuery, DocumentsAdded, DocumentsChanged, StoredDocument,
    is_own_collection,
};
use rusqlite::{Connection, OptionalExtension, Row, types::Value as Parameter};
use serde_json::{Map, Value};

use super::{along, failure::Failure, indexes, invitations::ancestry, users};
use crate::document::{
    self, InvalidDocument, LoginColumns, from_text, id,
    invitation::{self, show_inviters},
    stored_user, to_text,
};

/// Whether a query takes microseconds, so that it can be answered in place.
pub fn is_quick(query: &DocumentQuery) -> bool {
    query.ids.as_ref().is_some_and(|ids| ids.len() <= 4) || query.roles.is_some() || query.keyed.is_some()
}

/// See [`lingpai_domain::store::Store::documents`].
pub fn page(connection: &Connection, query: &DocumentQuery) -> Result<DocumentPage, Failure> {
    let is_users = query.collection == "uni-id-users";
    if is_users
        && let Some([uid]) = query.ids.as_deref()
        && query.after.is_none()
        && query.roles.is_none()
    {
        let user = users::find(connection, uid)?;
        let found = user.map(|user| StoredDocument { stamp: user.revision.to_string(), doc: user.doc });
        return Ok(DocumentPage { examined: found.iter().count(), documents: found.into_iter().collect(), next: None });
    }
    let (sql, params) = statement(query)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = DocumentPage::default();
    let mut last = None;
    while let Some(row) = rows.next()? {
        found.examined += 1;
        last = Some(row.get(0)?);
        found.documents.extend(if is_users { user(row)? } else { plain(row)? });
    }
    found.next = last.filter(|_| found.examined >= query.examine);
    Ok(found)
}

/// The SQL of a query, of which there are few forms: everything else is in the parameters.
fn statement(query: &DocumentQuery) -> Result<(String, Vec<Parameter>), Failure> {
    let mut params = Vec::new();
    let mut add = |value: Parameter| {
        params.push(value);
        format!("?{}", params.len())
    };
    let list = |values: &[String]| Ok::<_, Failure>(Parameter::Text(serde_json::to_string(values)?));
    let mut doc = "t.doc".to_owned();
    if !query.terms.is_empty() {
        let mut terms = Vec::new();
        for term in &query.terms {
            let path = add(Parameter::Text(format!("$.\"{}\"", term.field)));
            let texts = add(list(&term.texts)?);
            terms.push(format!("(t.doc ->> {path} IN (SELECT value FROM json_each({texts})) OR json_type(t.doc, {path}) = 'array')"));
        }
        doc = format!("CASE WHEN {} THEN t.doc END", terms.join(" AND "));
    }
    let mut conditions = vec![format!("t.seq > {}", add(Parameter::Integer(query.after.unwrap_or(i64::MIN))))];
    let mut order = "t.seq";
    if let Some(ids) = &query.ids {
        conditions.push(format!("t.id IN (SELECT value FROM json_each({}))", add(list(ids)?)));
    }
    if let Some(roles) = &query.roles {
        let roles = add(list(roles)?);
        conditions.push(format!("t.id IN (SELECT uid FROM user_roles WHERE role IN (SELECT value FROM json_each({roles})))"));
    }
    if let Some(keyed) = &query.keyed {
        let found = indexes::found(keyed, |values| Ok(add(list(values)?)))?;
        conditions.push(format!("t.seq IN ({found})"));
    }
    if query.ids.is_some() || query.roles.is_some() || query.keyed.is_some() {
        // The few are found by their index, not by going through all in their order.
        conditions.rotate_left(1);
        if let Some(after) = conditions.last_mut() {
            after.insert(0, '+');
        }
        order = "+t.seq";
    }
    let (columns, table) = match place(&query.collection)? {
        Place::Users => (
            concat!(", t.revision, l.created_at, l.ip, (SELECT ", ancestry!(), " FROM users u WHERE u.id = t.id)"),
            "users t LEFT JOIN sessions l ON l.uid = t.id AND l.id = 0",
        ),
        Place::Log => ("", "log t"),
        Place::Devices => ("", "devices t"),
        Place::Documents => {
            // By its place a document is found sooner than by its collection.
            let plus = if query.keyed.is_some() { "+" } else { "" };
            conditions.insert(0, format!("{plus}t.collection = {}", add(Parameter::Text(query.collection.clone()))));
            ("", "documents t")
        }
    };
    let limit = add(Parameter::Integer(i64::try_from(query.examine).unwrap_or(i64::MAX)));
    Ok((format!("SELECT t.seq, {doc}{columns} FROM {table} WHERE {} ORDER BY {order} LIMIT {limit}", conditions.join(" AND ")), params))
}

enum Place {
    Users,
    Log,
    Devices,
    Documents,
}

fn place(collection: &str) -> Result<Place, Failure> {
    match collection {
        "uni-id-users" => Ok(Place::Users),
        "uni-id-log" => Ok(Place::Log),
        "uni-id-device" => Ok(Place::Devices),
        // Codes are in columns, and nobody asks for them.
        "opendb-verify-codes" => Err(InvalidDocument::Collection(collection.to_owned()).into()),
        other if COLLECTIONS.contains(&other) || is_own_collection(other) => Ok(Place::Documents),
        other => Err(InvalidDocument::Collection(other.to_owned()).into()),
    }
}

fn user(row: &Row<'_>) -> Result<Option<StoredDocument>, Failure> {
    let Some(doc) = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)? else { return Ok(None) };
    let login = LoginColumns { last_login_date: row.get(3)?, last_login_ip: row.get(4)? };
    let mut user = stored_user(doc, row.get(2)?, login)?;
    show_inviters(&mut user.doc, invitation::ancestry(row.get_ref(5)?.as_str_or_null().map_err(rusqlite::Error::from)?)?);
    Ok(Some(StoredDocument { stamp: user.revision.to_string(), doc: user.doc }))
}

fn plain(row: &Row<'_>) -> Result<Option<StoredDocument>, Failure> {
    let Some(doc) = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)? else { return Ok(None) };
    Ok(Some(StoredDocument { stamp: document::stamp(doc), doc: from_text(doc)? }))
}

fn check_changeable(collection: &str) -> Result<(), Failure> {
    if CHANGEABLE.contains(&collection) || is_own_collection(collection) {
        return Ok(());
    }
    Err(InvalidDocument::Collection(collection.to_owned()).into())
}

/// See [`lingpai_domain::store::Store::add_documents`].
pub fn add(connection: &Connection, collection: &str, docs: &[Map<String, Value>], audit: &[AuditRow]) -> Result<DocumentsAdded, Failure> {
    check_changeable(collection)?;
    let mut taken = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM documents WHERE collection = ?1 AND id = ?2)")?;
    let mut ids = std::collections::HashSet::new();
    for doc in docs {
        if !ids.insert(id(doc)?) || taken.query_row((collection, id(doc)?), |row| row.get(0))? {
            return Ok(DocumentsAdded::Taken);
        }
    }
    let added = all_or_none(connection, || {
        let mut insert = connection.prepare_cached("INSERT INTO documents (collection, id, doc) VALUES (?1, ?2, ?3)")?;
        for doc in docs {
            insert.execute((collection, id(doc)?, to_text(doc)?))?;
        }
        audit.iter().try_for_each(|row| along::audit(connection, row))
    })?;
    Ok(added.map_or_else(DocumentsAdded::Duplicate, |()| DocumentsAdded::Done))
}

/// Does something that may violate a unique index; then nothing of it is done, and the index is named.
fn all_or_none<T>(connection: &Connection, work: impl FnOnce() -> Result<T, Failure>) -> Result<Result<T, String>, Failure> {
    connection.prepare_cached("SAVEPOINT documents")?.execute(())?;
    let outcome = match work() {
        Ok(done) => Ok(done),
        Err(Failure::Sqlite(error)) => match indexes::violated(&error) {
            Some(index) => Err(index),
            None => return Err(error.into()),
        },
        Err(other) => return Err(other),
    };
    if outcome.is_err() {
        connection.prepare_cached("ROLLBACK TO documents")?.execute(())?;
    }
    connection.prepare_cached("RELEASE documents")?.execute(())?;
    Ok(outcome)
}

/// See [`lingpai_domain::store::Store::change_documents`].
pub fn change(connection: &Connection, collection: &str, changes: &[DocumentChange]) -> Result<DocumentsChanged, Failure> {
    check_changeable(collection)?;
    let changed = all_or_none(connection, || {
        let mut select = connection.prepare_cached("SELECT doc FROM documents WHERE collection = ?1 AND id = ?2")?;
        let mut update = connection.prepare_cached("UPDATE documents SET doc = ?3 WHERE collection = ?1 AND id = ?2")?;
        let mut delete = connection.prepare_cached("DELETE FROM documents WHERE collection = ?1 AND id = ?2")?;
        let mut stale = Vec::new();
        for change in changes {
            let stored = select.query_row((collection, &change.id), |row| row.get::<_, String>(0)).optional()?;
            if stored.is_none_or(|doc| document::stamp(&doc) != change.stamp) {
                stale.push(change.id.clone());
                continue;
            }
            match &change.doc {
                Some(doc) => update.execute((collection, &change.id, to_text(doc)?))?,
                None => delete.execute((collection, &change.id))?,
            };
            if let Some(row) = &change.audit {
                along::audit(connection, row)?;
            }
        }
        Ok(stale)
    })?;
    Ok(changed.map_or_else(DocumentsChanged::Duplicate, DocumentsChanged::But))
}

#[cfg(test)]
mod tests {
    use lingpai_domain::store::{CollectionIndex, KeyedBy};

    use super::*;

    #[test]
    fn what_has_an_index_is_not_gone_through() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::super::schema::prepare(&mut connection, true).unwrap();
        let field = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
        for (unique, sparse) in [(false, false), (true, false), (true, true)] {
            let index =
                CollectionIndex { collection: "book".into(), name: "n".into(), fields: vec![field("a.b"), field("c")], unique, sparse };
            indexes::keep(&connection, std::slice::from_ref(&index)).unwrap();
            for values in [vec![vec!["1".to_owned()]], vec![vec!["1".to_owned(), "2".to_owned()], vec!["null".to_owned()]]] {
                let query = DocumentQuery { keyed: Some(KeyedBy { index: index.clone(), values }), ..DocumentQuery::all("book") };
                let (sql, params) = statement(&query).unwrap();
                let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let rows = explained.query_map(rusqlite::params_from_iter(params), |row| row.get::<_, String>(3)).unwrap();
                let plan = rows.collect::<Result<Vec<_>, _>>().unwrap();
                let name = index.database_name();
                assert!(plan.iter().any(|step| step.starts_with("SEARCH k USING") && step.contains(&name)), "{plan:#?}");
                assert!(plan.iter().any(|step| step.starts_with("SEARCH t USING INTEGER PRIMARY KEY")), "{plan:#?}");
                // The list of documents with lists is gone through, the table never is.
                let scans = plan.iter().filter(|step| step.starts_with("SCAN") && !step.contains("json_each"));
                assert!(scans.into_iter().all(|step| step.contains(&format!("{name}_l"))), "{plan:#?}");
            }
        }
    }
}
