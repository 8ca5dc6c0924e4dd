//! Carries queries out, as far as schemas allow the caller.

mod join;
mod read;
mod scan;
mod write;

use serde_json::{Map, Value};

use super::{
    command::{Action, Command, Source},
    expression::Expression,
    permission::{Rule, Verdict},
    refusal::{Refusal, Result},
    schema::{Purpose, Schema, Schemas},
    session::Session,
};
use crate::context::Context;

/// How much a query may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Documents that are answered where the query does not say how many.
    pub default_limit: usize,
    /// Documents that are answered at most.
    pub limit: usize,
    /// Documents that may be skipped.
    pub skip: usize,
    /// Documents that may be looked at.
    pub examined: usize,
    /// Documents that may be changed at once.
    pub written: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { default_limit: 100, limit: 1000, skip: 10_000, examined: 100_000, written: 1000 }
    }
}

/// Carries out the queries of one caller.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    /// What is kept, time, ids.
    pub context: Context<'a>,
    /// Who may do what.
    pub schemas: &'a Schemas,
    /// The caller.
    pub session: &'a Session,
    /// Bounds.
    pub limits: Limits,
}

/// What came of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Of `get`: a list, or one document (or nothing); the number of all of them if that was asked for.
    Data(Value, Option<u64>),
    /// Of `count`.
    Total(u64),
    /// Of `add`: the `_id`s, and whether a list was added.
    Added(Vec<String>, bool),
    /// Of `update`: how many documents are different now.
    Updated(u64),
    /// Of `remove`.
    Deleted(u64),
}

impl Engine<'_> {
    /// Carries a command out.
    pub async fn run(&self, command: &Command) -> Result<Answer> {
        let query = &command.query;
        match (&command.action, &query.source) {
            (Action::Get { one, count }, Source::Collection(name)) => self.get(name, query, *one, *count).await,
            (Action::Get { one, count }, Source::Joined(main, others)) => self.get_joined(main, others, query, *one, *count).await,
            (Action::Count, Source::Collection(name)) => self.count(name, query).await.map(Answer::Total),
            (Action::Add(docs, many), Source::Collection(name)) => self.add(name, docs, *many).await,
            (Action::Update(change), Source::Collection(name)) => self.update(name, query, change).await.map(Answer::Updated),
            (Action::Remove, Source::Collection(name)) => self.remove(name, query).await.map(Answer::Deleted),
            (Action::Count, Source::Joined(..)) => Err(Refusal::not_supported("collection().count")),
            (_, Source::Joined(..)) | (Action::Temp, _) => Err(Refusal::argument("collection")),
        }
    }

    /// The schema of a collection that is open to clients at all.
    fn open_schema(&self, collection: &str, action: &str) -> Result<&Schema> {
        let schema = self.schemas.of(collection)?;
        if schema.closed { Err(Refusal::permission(action, collection)) } else { Ok(schema) }
    }

    /// The condition under which the caller may do something with documents; `None`: with all.
    fn allowed(&self, rule: &Rule, action: &str, collection: &str) -> Result<Option<Expression>> {
        if self.session.is_admin() {
            return Ok(None);
        }
        match rule.verdict(self.session) {
            Verdict::Granted => Ok(None),
            Verdict::Depends(condition) => Ok(Some(condition)),
            Verdict::Denied { needs_user } => Err(self.denied(needs_user, action, collection)),
        }
    }

    /// The refusal of somebody who may not: whoever is not logged in is asked to be, where that can help.
    fn denied(&self, needs_user: bool, action: &str, name: &str) -> Box<Refusal> {
        if needs_user && self.session.user.is_none() { Refusal::anonymous() } else { Refusal::permission(action, name) }
    }

    /// The conditions under which the caller may use the fields that a query speaks of.
    fn usable(&self, schema: &Schema, paths: &[&super::path::Path], purpose: Purpose) -> Result<Vec<Expression>> {
        let mut conditions: Vec<Expression> = Vec::new();
        // Whoever compares or writes an object compares or writes its parts.
        let parts = schema.parts_with_rules();
        let below = parts.iter().filter(|part| paths.iter().any(|path| part.is_below(path)));
        for path in paths.iter().copied().chain(below) {
            match schema.verdict(path, purpose, self.session) {
                Verdict::Granted => {}
                Verdict::Depends(condition) if conditions.contains(&condition) => {}
                Verdict::Depends(condition) => conditions.push(condition),
                Verdict::Denied { needs_user } => {
                    let action = if purpose == Purpose::Write { "write" } else { "read" };
                    return Err(self.denied(needs_user, action, &format!("{}.{path}", schema.collection)));
                }
            }
        }
        Ok(conditions)
    }
}

/// All of some conditions; no condition is fulfilled by everything.
fn all_of(conditions: Vec<Expression>) -> Expression {
    Expression::All(conditions)
}

/// A document as an answer shows it.
fn shown(doc: Map<String, Value>) -> Value {
    super::value::shown(Value::Object(doc))
}
