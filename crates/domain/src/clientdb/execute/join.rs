//! Joins: documents of one collection, with those of others that foreign keys lead to.

use serde_json::{Map, Value};

use super::{
    Answer, Engine,
    read::{answer, sort},
};
use crate::clientdb::{
    MOST_VALUES,
    command::{Query, Source},
    evaluate::{Lookups, Subject, holds},
    expression::{Expression, Matcher},
    path::Path,
    refusal::{Refusal, Result},
    value::same,
};

/// How two collections hang together.
enum Link {
    /// A field of the main collection names documents of the other one.
    Forward {
        /// The main collection's field.
        field: Path,
        /// The other one's.
        key: Path,
    },
    /// A field of the other collection names documents of the main one.
    Backward {
        /// The main collection's field, which the other one's points to.
        key: Path,
        /// The other one's.
        field: Path,
    },
}

impl Engine<'_> {
    pub(super) async fn get_joined(&self, main: &Query, others: &[Query], outer: &Query, one: bool, count: bool) -> Result<Answer> {
        if outer.grouping.is_some() || outer.distinct {
            return Err(Refusal::not_supported("groupBy"));
        }
        let limit = self.limit(outer, if one { Some(1) } else { None })?;
        let name = collection_of(main)?;
        let links = others.iter().map(|other| self.link(name, other, outer)).collect::<Result<Vec<_>>>()?;
        // Conditions on the main collection alone are looked for in the database; the rest afterwards.
        let mut inner = main.clone();
        let joined: Vec<&str> = links.iter().map(Link::place).collect();
        let speaks_of_joined = |part: &&Expression| part.fields().iter().any(|path| joined.contains(&path.first()));
        let conjuncts = outer.condition.as_ref().map(Expression::conjuncts).unwrap_or_default();
        let (rest, of_main): (Vec<&Expression>, Vec<&Expression>) = conjuncts.into_iter().partition(speaks_of_joined);
        inner.condition = Some(Expression::All(inner.condition.into_iter().chain(of_main.into_iter().cloned()).collect()));
        let needs_all = inner.limit.is_none() && (!rest.is_empty() || !outer.order.is_empty() || outer.skip > 0 || count);
        if inner.limit.is_none() {
            inner.limit = Some(if needs_all { self.limits.limit } else { limit });
        }
        let keys: Vec<Path> = links.iter().map(|link| link.main_field().clone()).collect();
        complete(&mut inner, &keys)?;
        let (mut docs, _) = self.find(name, &inner, None, false).await?;
        if needs_all && docs.len() >= self.limits.limit {
            // Documents that were not read could belong among those that are answered.
            return Err(Refusal::too_large(format!("{} documents", self.limits.limit)));
        }
        for (other, link) in others.iter().zip(&links) {
            self.attach(&mut docs, other, link).await?;
        }
        let lookups = Lookups::default();
        docs.retain(|doc| rest.iter().all(|condition| holds(condition, Subject { doc, lookups: &lookups }) == Ok(Some(true))));
        sort(&mut docs, &outer.order);
        let total = docs.len() as u64;
        let docs = docs.into_iter().skip(outer.skip).take(limit).map(|doc| outer.projection.apply(&doc)).collect();
        Ok(answer(docs, one, count.then_some(total)))
    }

    /// Finds the foreign key between the main collection and another one.
    fn link(&self, main: &str, other: &Query, outer: &Query) -> Result<Link> {
        let other = collection_of(other)?;
        let wanted = |collection: &str, field: &Path| outer.foreign_key.as_ref().is_none_or(|(of, name)| of == collection && name == field);
        for (field, key) in self.open_schema(main, "read")?.foreign_keys() {
            if key.collection == other && wanted(main, &field) {
                return Ok(Link::Forward { field, key: Path::parse(&key.field)? });
            }
        }
        for (field, key) in self.open_schema(other, "read")?.foreign_keys() {
            if key.collection == main && wanted(other, &field) {
                return Ok(Link::Backward { key: Path::parse(&key.field)?, field });
            }
        }
        Err(Refusal::new(super::super::RefusalCode::Syntax, "clientdb-no-foreign-key").with("name", main).with("other", other))
    }

    /// Puts the other collection's documents into those of the main one.
    async fn attach(&self, docs: &mut [Map<String, Value>], other: &Query, link: &Link) -> Result<()> {
        let name = collection_of(other)?;
        let mut values: Vec<Value> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for value in docs.iter().flat_map(|doc| keys_in(link.main_field().find(doc))) {
            if seen.insert(value.to_string()) {
                values.push(value.clone());
            }
        }
        let key = match link {
            Link::Forward { key, .. } => key,
            Link::Backward { field, .. } => field,
        };
        let mut found = Vec::new();
        if !values.is_empty() {
            if values.len() > MOST_VALUES {
                return Err(Refusal::too_large(format!("{MOST_VALUES} values")));
            }
            let mut query = other.clone();
            let of_these = Expression::Match(key.clone(), Matcher::In(values));
            query.condition = Some(Expression::All(query.condition.into_iter().chain([of_these]).collect()));
            query.limit = query.limit.or(Some(self.limits.limit));
            complete(&mut query, std::slice::from_ref(key))?;
            found = self.find(name, &query, None, false).await?.0;
        }
        for doc in docs {
            let wanted: Vec<Value> = keys_in(link.main_field().find(doc)).cloned().collect();
            let belongs =
                |other: &&Map<String, Value>| keys_in(key.find(other)).any(|value| wanted.iter().any(|wanted| same(wanted, value)));
            let matching: Vec<Value> = found.iter().filter(belongs).cloned().map(Value::Object).collect();
            match link {
                Link::Forward { field, .. } => field.put(doc, matching.into()),
                Link::Backward { key, .. } => {
                    // The field keeps its value beside the documents that point to it.
                    let place = key.find(doc).cloned().unwrap_or_default();
                    let mut object = match place {
                        Value::Object(object) => object,
                        value => Map::from_iter([("_value".to_owned(), value)]),
                    };
                    object.insert(name.to_owned(), matching.into());
                    key.put(doc, Value::Object(object));
                }
            }
        }
        Ok(())
    }
}

impl Link {
    /// The main collection's field.
    fn main_field(&self) -> &Path {
        match self {
            Link::Forward { field, .. } => field,
            Link::Backward { key, .. } => key,
        }
    }

    /// The field of joined documents under which the other collection's stand.
    fn place(&self) -> &str {
        self.main_field().first()
    }
}

fn collection_of(query: &Query) -> Result<&str> {
    match &query.source {
        Source::Collection(name) => Ok(name),
        Source::Joined(..) => Err(Refusal::not_supported("getTemp")),
    }
}

/// Makes sure that the fields that join are among those that are read.
fn complete(query: &mut Query, keys: &[Path]) -> Result<()> {
    if query.grouping.is_some() || query.distinct {
        return Err(Refusal::not_supported("getTemp().groupBy"));
    }
    if query.projection.items.is_empty() {
        return Ok(());
    }
    for key in keys {
        query.projection.require(key);
    }
    Ok(())
}

/// The values of a key, which may be a list.
fn keys_in(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let (one, many) = match value {
        Some(Value::Array(items)) => (None, items.as_slice()),
        // After another join the value stands beside the documents.
        Some(Value::Object(object)) => (object.get("_value"), [].as_slice()),
        other => (other, [].as_slice()),
    };
    one.into_iter().chain(many).filter(|value| !value.is_null())
}
