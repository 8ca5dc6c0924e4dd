//! Documents by conditions, and documents of a project's own collections.

use lingpai_domain::store::{
    AuditRow, CHANGEABLE, DocumentChange, DocumentPage, DocumentQuery, DocumentsAdded, DocumentsChanged, StoredDocument, is_own_collection,
};
use postgres_types::{Json, ToSql};
use serde_json::{Map, Value};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    collections::Table,
    failure::Failure,
    indexes,
    questions::PlainDocument,
    statements::column,
    text::{original, storable},
    users::user_at,
};
use crate::document::{self, InvalidDocument, from_text};

/// The text of a user's columns after the place and the document.
const USER_COLUMNS: &str = ", t.revision, l.last_login_date, l.last_login_ip, CASE WHEN t.invited THEN lingpai_ancestry(t.id) END";

fn check_changeable(collection: &str) -> Result<(), Failure> {
    if CHANGEABLE.contains(&collection) || is_own_collection(collection) {
        return Ok(());
    }
    Err(InvalidDocument::Collection(collection.to_owned()).into())
}

impl PostgresStore {
    pub(super) async fn document_page(&self, query: &DocumentQuery) -> Result<DocumentPage, Failure> {
        if let Some(found) = self.document_by_id(query).await? {
            return Ok(DocumentPage { examined: found.iter().count(), documents: found.into_iter().collect(), next: None });
        }
        let mut params: Vec<Box<dyn ToSql + Sync + Send>> = Vec::new();
        let sql = statement(query, &mut params)?;
        let borrowed: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect();
        let rows = self.read_composed(&sql, &borrowed).await?;
        let is_users = query.collection == "uni-id-users";
        let mut found = DocumentPage { examined: rows.len(), ..DocumentPage::default() };
        for row in &rows {
            if column::<Option<&str>>(row, 1)?.is_some() {
                found.documents.push(if is_users { user(row)? } else { plain(row)? });
            }
        }
        if found.examined >= query.examine {
            found.next = rows.last().map(|row| column(row, 0)).transpose()?;
        }
        Ok(found)
    }

    /// What nearly all requests are: the one document with an `_id`, read together with others. `None`: it is another query.
    async fn document_by_id(&self, query: &DocumentQuery) -> Result<Option<Option<StoredDocument>>, Failure> {
        let Some([id]) = query.ids.as_deref() else { return Ok(None) };
        if query.after.is_some() || query.roles.is_some() {
            return Ok(None);
        }
        match Table::of(&query.collection)? {
            Table::Users => {
                let user = self.user_by_id(id).await?;
                Ok(Some(user.map(|user| StoredDocument { stamp: user.revision.to_string(), doc: user.doc })))
            }
            Table::Documents => {
                let rows = self.ask(&self.questions.documents, PlainDocument::new(&query.collection, id)).await?;
                Ok(Some(rows.first().map(plain).transpose()?))
            }
            Table::Log | Table::Codes | Table::Devices | Table::Passkeys => Ok(None),
        }
    }

    pub(super) async fn document_add(
        &self,
        collection: &str,
        docs: &[Map<String, Value>],
        audit: &[AuditRow],
    ) -> Result<DocumentsAdded, Failure> {
        check_changeable(collection)?;
        let ids = docs.iter().map(|doc| Ok(storable(document::id(doc)?))).collect::<Result<Vec<_>, Failure>>()?;
        let docs: Vec<_> = docs.iter().map(Json).collect();
        let audit_ids: Vec<_> = audit.iter().map(|row| storable(&row.id)).collect();
        let audit_docs: Vec<_> = audit.iter().map(|row| Json(&row.doc)).collect();
        let added = self
            .write(
                "WITH audited AS (
                    INSERT INTO documents (collection, id, doc)
                    SELECT 'lingpai-audit', a.id, a.doc FROM unnest($4::text[], $5::json[]) WITH ORDINALITY AS a(id, doc, place)
                    ORDER BY a.place
                )
                INSERT INTO documents (collection, id, doc)
                SELECT $1, n.id, n.doc FROM unnest($2::text[], $3::json[]) WITH ORDINALITY AS n(id, doc, place) ORDER BY n.place",
                &[&collection, &ids, &docs, &audit_ids, &audit_docs],
            )
            .await;
        match added {
            Ok(_) => Ok(DocumentsAdded::Done),
            Err(failure) if failure.violates("documents_") => Ok(DocumentsAdded::Taken),
            Err(failure) => indexes::violated(&failure).map(DocumentsAdded::Duplicate).ok_or(failure),
        }
    }

    pub(super) async fn document_change(&self, collection: &str, changes: &[DocumentChange]) -> Result<DocumentsChanged, Failure> {
        check_changeable(collection)?;
        let ids: Vec<_> = changes.iter().map(|change| storable(&change.id)).collect();
        let stamps: Vec<_> = changes.iter().map(|change| change.stamp.as_str()).collect();
        let docs: Vec<_> = changes.iter().map(|change| change.doc.as_ref().map(Json)).collect();
        let audit_ids: Vec<_> = changes.iter().map(|change| change.audit.as_ref().map(|row| storable(&row.id))).collect();
        let audit_docs: Vec<_> = changes.iter().map(|change| change.audit.as_ref().map(|row| Json(&row.doc))).collect();
        // In one order, so that two who change the same documents do not wait for each other.
        let changed = self
            .write(
                "WITH wanted AS MATERIALIZED (
                    SELECT * FROM unnest($2::text[], $3::text[], $4::json[], $5::text[], $6::json[])
                        AS n(id, stamp, doc, audit_id, audit_doc)
                ), current AS MATERIALIZED (
                    SELECT d.id FROM documents AS d JOIN wanted AS w USING (id)
                    WHERE d.collection = $1 AND encode(sha256(convert_to(d.doc::text, 'UTF8')), 'hex') = w.stamp
                    ORDER BY d.id FOR UPDATE OF d
                ), updated AS (
                    UPDATE documents AS d SET doc = w.doc FROM wanted AS w JOIN current AS c USING (id)
                    WHERE d.collection = $1 AND d.id = w.id AND w.doc IS NOT NULL RETURNING d.id
                ), removed AS (
                    DELETE FROM documents AS d USING wanted AS w JOIN current AS c USING (id)
                    WHERE d.collection = $1 AND d.id = w.id AND w.doc IS NULL RETURNING d.id
                ), audited AS (
                    INSERT INTO documents (collection, id, doc)
                    SELECT 'lingpai-audit', w.audit_id, w.audit_doc FROM wanted AS w JOIN current AS c USING (id)
                    WHERE w.audit_id IS NOT NULL
                )
                SELECT id FROM updated UNION ALL SELECT id FROM removed",
                &[&collection, &ids, &stamps, &docs, &audit_ids, &audit_docs],
            )
            .await;
        let rows = match changed {
            Ok(rows) => rows,
            Err(failure) => return indexes::violated(&failure).map(DocumentsChanged::Duplicate).ok_or(failure),
        };
        let done = rows.iter().map(|row| column(row, 0).map(original)).collect::<Result<std::collections::HashSet<_>, _>>()?;
        let stale = changes.iter().filter(|change| !done.contains(&change.id));
        Ok(DocumentsChanged::But(stale.map(|change| change.id.clone()).collect()))
    }
}

/// The SQL of a query, of which there are few forms: everything else is in the parameters.
fn statement(query: &DocumentQuery, params: &mut Vec<Box<dyn ToSql + Sync + Send>>) -> Result<String, Failure> {
    let mut add = |value: Box<dyn ToSql + Sync + Send>| {
        params.push(value);
        format!("${}", params.len())
    };
    let list = |values: &[String]| Box::new(values.iter().map(|text| storable(text).into_owned()).collect::<Vec<String>>());
    let mut doc = "t.doc::text".to_owned();
    if !query.terms.is_empty() {
        let mut terms = Vec::new();
        for term in &query.terms {
            let field = add(Box::new(storable(&term.field).into_owned()));
            let texts = add(list(&term.texts));
            terms.push(format!(
                "(lingpai_readable(t.doc) ->> {field}::text = ANY ({texts}::text[]) \
                 OR json_typeof(lingpai_readable(t.doc) -> {field}::text) = 'array')"
            ));
        }
        doc = format!("CASE WHEN {} THEN t.doc::text END", terms.join(" AND "));
    }
    // Of what an index finds only what comes after is fetched.
    let order = if query.keyed.is_some() { "f.seq" } else { "t.seq" };
    let mut conditions = vec![format!("{order} > {}::bigint", add(Box::new(query.after.unwrap_or(i64::MIN))))];
    if let Some(ids) = &query.ids {
        conditions.push(format!("t.id = ANY ({}::text[])", add(list(ids))));
    }
    if let Some(roles) = &query.roles {
        conditions.push(format!("t.id IN (SELECT uid FROM user_roles WHERE role = ANY ({}::text[]))", add(list(roles))));
    }
    let mut found = String::new();
    if let Some(keyed) = &query.keyed {
        // Apart, so that nothing but the index is gone through.
        found = format!("WITH found AS MATERIALIZED ({}) ", indexes::found(keyed, |digests| add(Box::new(digests)))?);
    }
    let (columns, table) = match Table::of(&query.collection)? {
        Table::Users => (USER_COLUMNS, "users AS t LEFT JOIN logins AS l ON l.uid = t.id".to_owned()),
        Table::Log => ("", "log AS t".to_owned()),
        Table::Devices => ("", "devices AS t".to_owned()),
        // Codes are in columns, and nobody asks for them.
        Table::Codes => return Err(InvalidDocument::Collection(query.collection.clone()).into()),
        Table::Passkeys | Table::Documents => {
            let collection = add(Box::new(query.collection.clone()));
            if query.keyed.is_some() {
                // Each by itself: without statistics the planner would go through the whole collection in their order.
                let each = format!("SELECT * FROM documents WHERE collection = {collection}::text AND seq = f.seq OFFSET 0");
                let order = "(SELECT DISTINCT seq FROM found ORDER BY seq) AS f";
                ("", format!("{order} CROSS JOIN LATERAL ({each}) AS t"))
            } else {
                conditions.push(format!("t.collection = {collection}::text"));
                ("", "documents AS t".to_owned())
            }
        }
    };
    let limit = add(Box::new(i64::try_from(query.examine).unwrap_or(i64::MAX)));
    Ok(format!(
        "{found}SELECT t.seq, {doc}{columns} FROM {table} WHERE {} ORDER BY {order} LIMIT {limit}::bigint",
        conditions.join(" AND ")
    ))
}

fn user(row: &Row) -> Result<StoredDocument, Failure> {
    let user = user_at(row, 1)?;
    Ok(StoredDocument { stamp: user.revision.to_string(), doc: user.doc })
}

fn plain(row: &Row) -> Result<StoredDocument, Failure> {
    let text = column(row, 1)?;
    Ok(StoredDocument { stamp: document::stamp(text), doc: from_text(text)? })
}
