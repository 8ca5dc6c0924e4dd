//! Going through the documents that fulfil a condition.

use serde_json::{Map, Value};

use super::Engine;
use crate::{
    clientdb::{
        evaluate::{Lookups, Subject, Wanted, holds},
        expression::Expression,
        prefilter::prefilter,
        refusal::{Refusal, RefusalCode, Result},
    },
    store::{DocumentQuery, StoredDocument},
};

/// Most documents that the permissions of one request look up.
const MOST_LOOKUPS: usize = 200;

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Yes.
    On,
    /// Enough.
    Stop,
}

impl Engine<'_> {
    /// Shows each document that fulfils a condition, in the order of insertion.
    pub(super) async fn each_match(
        &self,
        collection: &str,
        condition: &Expression,
        lookups: &mut Lookups,
        mut take: impl FnMut(StoredDocument) -> Result<Flow> + Send,
    ) -> Result<()> {
        let mut query = prefilter(collection, &self.schemas.of(collection)?.indexes, condition);
        if query.ids.as_ref().is_some_and(Vec::is_empty) {
            return Ok(());
        }
        let mut examined = 0;
        loop {
            let page = self.context.store.documents(&query).await?;
            examined += page.examined;
            for stored in page.documents {
                if self.holds(condition, &stored.doc, lookups).await? && take(stored)? == Flow::Stop {
                    return Ok(());
                }
            }
            match page.next {
                None => return Ok(()),
                Some(_) if examined >= self.limits.examined => {
                    return Err(Refusal::new(RefusalCode::TooLarge, "clientdb-too-many-rows").with("limit", examined.to_string()));
                }
                next => query.after = next,
            }
        }
    }

    /// Whether a condition holds for a document; documents that it looks up are read.
    pub(super) async fn holds(&self, condition: &Expression, doc: &Map<String, Value>, lookups: &mut Lookups) -> Result<bool> {
        loop {
            match holds(condition, Subject { doc, lookups }) {
                Ok(holds) => return Ok(holds == Some(true)),
                Err(wanted) => self.look_up(wanted, lookups).await?,
            }
        }
    }

    async fn look_up(&self, wanted: Wanted, lookups: &mut Lookups) -> Result<()> {
        if lookups.len() >= MOST_LOOKUPS {
            return Err(Refusal::too_large(format!("{MOST_LOOKUPS} get()")));
        }
        let mut query = DocumentQuery::all(&wanted.collection);
        query.ids = Some(vec![wanted.id.clone()]);
        // A schema that looks into a collection that does not exist finds nothing there.
        let found = match self.schemas.of(&wanted.collection) {
            Ok(_) => self.context.store.documents(&query).await?.documents.into_iter().next(),
            Err(_) => None,
        };
        lookups.learn(wanted, found.map(|stored| stored.doc));
        Ok(())
    }
}
