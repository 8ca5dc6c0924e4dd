//! `add`, `update` and `remove`.

use serde_json::{Map, Value};

use super::{Answer, Engine, all_of, scan::Flow};
use crate::{
    account::User,
    clientdb::{
        command::Query,
        evaluate::{Lookups, Subject, holds},
        expression::Expression,
        path::Path,
        permission::Verdict,
        refusal::{Refusal, RefusalCode, Result},
        schema::{Purpose, Schema},
        update::Change,
        validate,
        value::same,
    },
    editing::{Administration, Edited},
    error::{Code, Error},
    store::{AuditRow, CHANGEABLE, DocumentChange, DocumentsAdded, DocumentsChanged, StoredDocument, is_own_collection},
};

const USERS: &str = "uni-id-users";
/// Collections beside users that say who may do what: changes are written into the audit.
const AUDITED: &[&str] = &["uni-id-roles", "uni-id-permissions"];
/// The actor in the audit where a schema allows something to whoever is not logged in.
const NOBODY: &str = "anyone";
/// How often a change is decided again because the document changed in between.
const ATTEMPTS: usize = 8;

/// What is done with the documents that were found.
enum Deed<'a> {
    Update(&'a Change),
    Remove,
}

impl Engine<'_> {
    pub(super) async fn add(&self, collection: &str, docs: &[Map<String, Value>], many: bool) -> Result<Answer> {
        let schema = self.open_schema(collection, "create")?;
        let condition = self.allowed(&schema.permission.create, "create", collection)?;
        check_changeable(collection, "create")?;
        let mut lookups = Lookups::default();
        let mut made = Vec::with_capacity(docs.len());
        for doc in docs {
            let mut doc = doc.clone();
            // What the schema sets itself, nobody else does.
            let mut paths = Vec::new();
            for name in
                doc.keys().filter(|name| name.as_str() != "_id" && schema.fields.get(*name).is_none_or(|field| field.forced.is_none()))
            {
                if !schema.fields.contains_key(name) {
                    return Err(Refusal::validation("clientdb-field-unknown", name));
                }
                paths.push(Path::parse(name)?);
            }
            let parts = schema.parts_with_rules();
            paths.extend(parts.iter().filter(|part| !part.find_all(&doc).is_empty()).cloned());
            let conditions = self.writable(schema, &paths)?;
            validate::new_document(schema, &mut doc, self.session)?;
            let id = doc.shift_remove("_id").unwrap_or_else(|| self.context.id().into());
            let mut whole = Map::from_iter([("_id".to_owned(), id)]);
            whole.extend(doc);
            for condition in condition.iter().chain(&conditions) {
                if !self.holds(condition, &whole, &mut lookups).await? {
                    return Err(self.denied(condition.needs_user(), "create", collection));
                }
            }
            made.push(whole);
        }
        let ids = made.iter().filter_map(|doc| doc.get("_id")?.as_str().map(str::to_owned)).collect();
        let none = Map::new();
        let audit: Vec<_> = made.iter().filter_map(|doc| self.audit(collection, Done::Added, &none, doc)).collect();
        match self.context.store.add_documents(collection, &made, &audit).await? {
            DocumentsAdded::Done => Ok(Answer::Added(ids, many)),
            DocumentsAdded::Taken => Err(Refusal::new(RefusalCode::Duplicate, "clientdb-duplicate").with("field", "_id")),
            DocumentsAdded::Duplicate(index) => Err(duplicate(schema, &index)),
        }
    }

    /// The conditions under which the caller may write these fields of a new document.
    fn writable(&self, schema: &Schema, paths: &[Path]) -> Result<Vec<Expression>> {
        let mut conditions = Vec::new();
        for path in paths {
            match schema.verdict(path, Purpose::Write, self.session) {
                Verdict::Granted => {}
                Verdict::Depends(condition) => conditions.push(condition),
                Verdict::Denied { needs_user } => {
                    return Err(self.denied(needs_user, "write", &format!("{}.{path}", schema.collection)));
                }
            }
        }
        Ok(conditions)
    }

    pub(super) async fn update(&self, collection: &str, query: &Query, change: &Change) -> Result<u64> {
        let schema = self.open_schema(collection, "update")?;
        let condition = self.allowed(&schema.permission.update, "update", collection)?;
        let paths = change.paths();
        for path in &paths {
            if schema.along(path).is_empty() {
                return Err(Refusal::validation("clientdb-field-unknown", &path.to_string()));
            }
            if schema.along(path).iter().any(|field| field.forced.is_some()) {
                return Err(Refusal::permission("write", format!("{collection}.{path}")));
            }
        }
        let mut conditions = self.usable(schema, &paths, Purpose::Write)?;
        conditions.extend(condition);
        self.change(schema, query, &conditions, &Deed::Update(change)).await
    }

    pub(super) async fn remove(&self, collection: &str, query: &Query) -> Result<u64> {
        let schema = self.open_schema(collection, "delete")?;
        let condition = self.allowed(&schema.permission.delete, "delete", collection)?;
        self.change(schema, query, &Vec::from_iter(condition), &Deed::Remove).await
    }

    /// Changes every document that the query finds, or none if one of them may not be changed.
    async fn change(&self, schema: &Schema, query: &Query, allowed: &[Expression], deed: &Deed<'_>) -> Result<u64> {
        let collection = &schema.collection;
        if collection != USERS {
            check_changeable(collection, deed.name())?;
        }
        let mut conditions: Vec<Expression> = query.condition.iter().cloned().collect();
        let compared = query.condition.as_ref().map(Expression::fields).unwrap_or_default();
        conditions.extend(self.usable(schema, &compared, Purpose::Read)?);
        let condition = all_of(conditions);
        let mut lookups = Lookups::default();
        let mut found: Vec<StoredDocument> = Vec::new();
        let most = self.limits.written;
        let take = |stored| {
            found.push(stored);
            if found.len() > most { Err(Refusal::too_large(format!("{most} documents"))) } else { Ok(Flow::On) }
        };
        self.each_match(collection, &condition, &mut lookups, take).await?;
        for stored in &found {
            self.check_allowed(allowed, &stored.doc, &mut lookups, deed, collection).await?;
        }
        if collection == USERS {
            return self.change_users(schema, &found, &condition, allowed, &lookups, deed).await;
        }
        self.change_documents(schema, found, &condition, allowed, &mut lookups, deed).await
    }

    async fn check_allowed(
        &self,
        allowed: &[Expression],
        doc: &Map<String, Value>,
        lookups: &mut Lookups,
        deed: &Deed<'_>,
        collection: &str,
    ) -> Result<()> {
        for condition in allowed {
            if !self.holds(condition, doc, lookups).await? {
                return Err(self.denied(condition.needs_user(), deed.name(), collection));
            }
        }
        Ok(())
    }

    async fn change_documents(
        &self,
        schema: &Schema,
        mut found: Vec<StoredDocument>,
        condition: &Expression,
        allowed: &[Expression],
        lookups: &mut Lookups,
        deed: &Deed<'_>,
    ) -> Result<u64> {
        let collection = &schema.collection;
        let mut changed = 0;
        for _ in 0..ATTEMPTS {
            let mut changes = Vec::with_capacity(found.len());
            for stored in found {
                let id = stored.doc.get("_id").and_then(Value::as_str).unwrap_or_default().to_owned();
                let doc = match deed {
                    Deed::Remove => None,
                    Deed::Update(change) => match changed_document(schema, &stored.doc, change)? {
                        Some(doc) => Some(doc),
                        None => continue,
                    },
                };
                let none = Map::new();
                let audit = self.audit(collection, deed.into(), &stored.doc, doc.as_ref().unwrap_or(&none));
                changes.push(DocumentChange { id, stamp: stored.stamp, doc, audit });
            }
            if changes.is_empty() {
                return Ok(changed);
            }
            let stale = match self.context.store.change_documents(collection, &changes).await? {
                DocumentsChanged::But(stale) => stale,
                DocumentsChanged::Duplicate(index) => return Err(duplicate(schema, &index)),
            };
            changed += (changes.len() - stale.len()) as u64;
            if stale.is_empty() {
                return Ok(changed);
            }
            // These changed in between: they are looked at again, and may be somebody else's by now.
            let mut again = crate::store::DocumentQuery::all(collection);
            again.ids = Some(stale);
            found = Vec::new();
            for stored in self.context.store.documents(&again).await?.documents {
                if self.holds(condition, &stored.doc, lookups).await? {
                    self.check_allowed(allowed, &stored.doc, lookups, deed, collection).await?;
                    found.push(stored);
                }
            }
        }
        Err(Error::new(Code::SystemError).into())
    }

    /// Users go through the port of users, which keeps identities, roles and tokens right.
    async fn change_users(
        &self,
        schema: &Schema,
        found: &[StoredDocument],
        condition: &Expression,
        allowed: &[Expression],
        lookups: &Lookups,
        deed: &Deed<'_>,
    ) -> Result<u64> {
        let mut changed = 0;
        for stored in found {
            let uid = stored.doc.get("_id").and_then(Value::as_str).unwrap_or_default();
            let Deed::Update(change) = deed else {
                let actor = self.administrates(uid).map(|actor| (actor, Done::Removed.name()));
                let audit = actor.map(|(actor, action)| self.context.audit_row(actor, action, uid, &stored.doc, &Map::new()));
                changed += u64::from(self.context.store.remove_user(uid, audit.as_ref()).await?);
                continue;
            };
            let (mut refusal, mut is_different) = (None, false);
            let decide = |user: &User| {
                // The user may have changed since it was found.
                let subject = Subject { doc: &user.doc, lookups };
                let still = |condition: &Expression| holds(condition, subject) == Ok(Some(true));
                is_different = false;
                if !still(condition) || !allowed.iter().all(still) {
                    return Ok(None);
                }
                match changed_document(schema, &user.doc, change) {
                    Ok(Some(doc)) => {
                        is_different = true;
                        Ok(Some(in_lower_case(doc)))
                    }
                    Ok(None) => Ok(None),
                    Err(refused) => {
                        refusal = Some(refused);
                        Ok(None)
                    }
                }
            };
            let by = self.administrates(uid).map(|actor| (actor, Done::Updated.name()));
            let administration = Administration { by, password: None };
            match self.context.administer(uid, &administration, decide).await? {
                Edited::Done => {}
                Edited::Taken => return Err(Refusal::new(RefusalCode::Duplicate, "uni-id-account-exists")),
                Edited::Gone => continue,
            }
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
            changed += u64::from(is_different);
        }
        Ok(changed)
    }

    /// Whose deed a change of a user is, unless it is a user's own account and no administrator's.
    fn administrates(&self, uid: &str) -> Option<&str> {
        let actor = self.session.uid().unwrap_or(NOBODY);
        (actor != uid || self.session.is_admin()).then_some(actor)
    }

    /// The row of the audit for a change of roles or permissions.
    fn audit(&self, collection: &str, done: Done, before: &Map<String, Value>, after: &Map<String, Value>) -> Option<AuditRow> {
        let actor = self.session.uid().unwrap_or(NOBODY);
        AUDITED.contains(&collection).then(|| self.context.audit_row_of_document(actor, done.name(), collection, before, after))
    }
}

/// What was done, as the audit calls it.
#[derive(Clone, Copy)]
enum Done {
    Added,
    Updated,
    Removed,
}

impl Done {
    const fn name(self) -> &'static str {
        match self {
            Done::Added => "clientDB.add",
            Done::Updated => "clientDB.update",
            Done::Removed => "clientDB.remove",
        }
    }
}

impl From<&Deed<'_>> for Done {
    fn from(deed: &Deed<'_>) -> Self {
        match deed {
            Deed::Update(_) => Done::Updated,
            Deed::Remove => Done::Removed,
        }
    }
}

/// A unique index has the values already.
fn duplicate(schema: &Schema, database_name: &str) -> Box<Refusal> {
    let index = schema.indexes.iter().find(|index| index.database_name() == database_name);
    let fields = index.map_or_else(|| schema.collection.clone(), |index| index.label());
    Refusal::new(RefusalCode::Duplicate, "clientdb-duplicate").with("field", fields)
}

impl Deed<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Deed::Update(_) => "update",
            Deed::Remove => "delete",
        }
    }
}

/// The new version of a document; `None`: it stays as it is.
fn changed_document(schema: &Schema, old: &Map<String, Value>, change: &Change) -> Result<Option<Map<String, Value>>> {
    let mut doc = old.clone();
    change.apply(&mut doc)?;
    validate::changed_document(schema, old, &mut doc)?;
    let is_same = old.len() == doc.len() && old.iter().all(|(name, value)| doc.get(name).is_some_and(|other| same(value, other)));
    Ok((!is_same).then_some(doc))
}

/// User names and addresses are kept in lower case.
fn in_lower_case(mut doc: Map<String, Value>) -> Map<String, Value> {
    for name in ["username", "email"] {
        if let Some(Value::String(text)) = doc.get_mut(name) {
            *text = text.to_lowercase();
        }
    }
    doc
}

/// Collections that the server keeps by itself are changed by its methods only.
fn check_changeable(collection: &str, action: &str) -> Result<()> {
    if CHANGEABLE.contains(&collection) || is_own_collection(collection) {
        return Ok(());
    }
    Err(Refusal::new(RefusalCode::Permission, "clientdb-kept-by-server").with("action", action).with("name", collection))
}
