//! `get` and `count`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Answer, Engine, all_of, scan::Flow, shown};
use crate::clientdb::{
    command::Query,
    evaluate::Lookups,
    expression::Expression,
    grouping::Groups,
    path::Path,
    permission::Verdict,
    projection::Projection,
    refusal::{Refusal, Result},
    schema::{Purpose, Schema},
    value::sort_order,
};

/// Documents, and the number of all of them if that was asked for.
pub(super) type Found = (Vec<Map<String, Value>>, Option<u64>);

impl Engine<'_> {
    pub(super) async fn get(&self, collection: &str, query: &Query, one: bool, count: bool) -> Result<Answer> {
        let (docs, total) = self.find(collection, query, if one { Some(1) } else { None }, count).await?;
        Ok(answer(docs, one, total))
    }

    /// How many documents fulfil the condition.
    pub(super) async fn count(&self, collection: &str, query: &Query) -> Result<u64> {
        let schema = self.open_schema(collection, "count")?;
        let rule = schema.permission.count.as_ref().unwrap_or(&schema.permission.read);
        let mut conditions: Vec<Expression> = query.condition.iter().cloned().collect();
        conditions.extend(self.allowed(rule, "count", collection)?);
        let paths = query.condition.as_ref().map(Expression::fields).unwrap_or_default();
        conditions.extend(self.usable(schema, &paths, self.counting_purpose(schema, &paths))?);
        if query.grouping.is_some() || query.distinct {
            return Err(Refusal::not_supported("groupBy().count"));
        }
        let mut total = 0;
        let mut lookups = Lookups::default();
        let condition = all_of(conditions);
        let take = |_| {
            total += 1;
            Ok(Flow::On)
        };
        self.each_match(collection, &condition, &mut lookups, take).await?;
        Ok(total)
    }

    /// Fields that may only be counted by must not be combined with others, which could tell whose
    /// they are.
    fn counting_purpose(&self, schema: &Schema, paths: &[&Path]) -> Purpose {
        let has_own_rule = |path: &&Path| schema.along(path).iter().any(|field| field.count.is_some());
        if paths.iter().all(has_own_rule) { Purpose::Count } else { Purpose::Read }
    }

    /// Documents of a collection, as a query wants them.
    pub(super) async fn find(&self, collection: &str, query: &Query, at_most: Option<usize>, count: bool) -> Result<Found> {
        let schema = self.open_schema(collection, "read")?;
        let limit = self.limit(query, at_most)?;
        let mut conditions: Vec<Expression> = query.condition.iter().cloned().collect();
        conditions.extend(self.allowed(&schema.permission.read, "read", collection)?);
        let view = View::of(query);
        conditions.extend(self.usable(schema, &view.compared, Purpose::Read)?);
        // A field that is asked for and can never be read is an error; one that depends is seen to below.
        let mut shown_when: Vec<(&Path, Expression)> = Vec::new();
        for path in &view.asked {
            match schema.verdict(path, Purpose::Read, self.session) {
                Verdict::Granted => {}
                Verdict::Depends(condition) => shown_when.push((path, condition)),
                Verdict::Denied { needs_user } => return Err(self.denied(needs_user, "read", &format!("{collection}.{path}"))),
            }
        }
        let condition = all_of(conditions);
        let mut lookups = Lookups::default();
        if let Some(grouping) = &query.grouping {
            let mut groups = Groups::new(grouping);
            self.each_match(collection, &condition, &mut lookups, |stored| groups.add(&stored.doc).map(|()| Flow::On)).await?;
            let mut docs = groups.finish();
            sort(&mut docs, &query.order);
            let total = docs.len() as u64;
            let docs = docs.into_iter().skip(query.skip).take(limit).collect();
            return Ok((docs, count.then_some(total)));
        }
        let mut gathered = Gathered::new(&query.order, query.skip + limit, count || query.distinct, query.distinct);
        self.each_match(collection, &condition, &mut lookups, |stored| gathered.take(stored.doc, &query.projection)).await?;
        let total = gathered.total;
        let mut docs = Vec::new();
        for doc in gathered.finish().into_iter().skip(query.skip).take(limit) {
            for (path, condition) in &shown_when {
                if path.find(&doc).is_some() && !self.holds(condition, &doc, &mut lookups).await? {
                    return Err(self.denied(condition.needs_user(), "read", &format!("{collection}.{path}")));
                }
            }
            docs.push(self.visible(schema, doc, query, &mut lookups).await?);
        }
        Ok((docs, count.then_some(total)))
    }

    pub(super) fn limit(&self, query: &Query, at_most: Option<usize>) -> Result<usize> {
        let limit = query.limit.unwrap_or(self.limits.default_limit);
        if limit > self.limits.limit {
            return Err(Refusal::too_large(format!("limit {}", self.limits.limit)));
        }
        if query.skip > self.limits.skip {
            return Err(Refusal::too_large(format!("skip {}", self.limits.skip)));
        }
        Ok(at_most.map_or(limit, |most| most.min(limit)))
    }

    /// What of a document the caller may see of what was asked for.
    async fn visible(
        &self,
        schema: &Schema,
        mut doc: Map<String, Value>,
        query: &Query,
        lookups: &mut Lookups,
    ) -> Result<Map<String, Value>> {
        if query.distinct {
            return Ok(doc);
        }
        if !query.projection.items.is_empty() && schema.parts_with_rules().is_empty() {
            // What was asked for by name has been judged already.
            return Ok(query.projection.apply(&doc));
        }
        let names: Vec<String> = if query.projection.items.is_empty() { doc.keys().cloned().collect() } else { Vec::new() };
        let whole = doc.clone();
        for name in names {
            let Ok(path) = Path::parse(&name) else {
                doc.shift_remove(&name);
                continue;
            };
            if !self.may_see(schema, &path, &whole, lookups).await? {
                doc.shift_remove(&name);
            }
        }
        // Parts of objects with a permission of their own.
        for path in schema.parts_with_rules() {
            if !path.find_all(&doc).is_empty() && !self.may_see(schema, path, &whole, lookups).await? {
                path.take_all(&mut doc);
            }
        }
        Ok(query.projection.apply(&doc))
    }

    async fn may_see(&self, schema: &Schema, path: &Path, doc: &Map<String, Value>, lookups: &mut Lookups) -> Result<bool> {
        match schema.verdict(path, Purpose::Read, self.session) {
            Verdict::Granted => Ok(true),
            Verdict::Denied { .. } => Ok(false),
            Verdict::Depends(condition) => self.holds(&condition, doc, lookups).await,
        }
    }
}

/// Which fields a query speaks of, and how.
struct View<'a> {
    /// Compared, sorted by, computed with, grouped by: documents whose field may not be read drop out.
    compared: Vec<&'a Path>,
    /// Asked for as they are.
    asked: Vec<&'a Path>,
}

impl<'a> View<'a> {
    fn of(query: &'a Query) -> Self {
        let mut compared = query.condition.as_ref().map(Expression::fields).unwrap_or_default();
        let mut asked = Vec::new();
        for item in &query.projection.items {
            match &item.value {
                Expression::Field(path) if !query.distinct => asked.push(path),
                computed => compared.extend(computed.fields()),
            }
        }
        match &query.grouping {
            // The order is that of the groups.
            Some(grouping) => compared.extend(grouping.fields()),
            None => compared.extend(query.order.iter().map(|(path, _)| path)),
        }
        Self { compared, asked }
    }
}

/// The first documents of an order, however many are shown.
struct Gathered<'a> {
    order: &'a [(Path, bool)],
    wanted: usize,
    counts: bool,
    distinct: bool,
    seen: std::collections::HashSet<String>,
    docs: Vec<Map<String, Value>>,
    total: u64,
}

/// Most different documents of a `distinct`.
const MOST_DISTINCT: usize = 10_000;

impl<'a> Gathered<'a> {
    fn new(order: &'a [(Path, bool)], wanted: usize, counts: bool, distinct: bool) -> Self {
        Self { order, wanted, counts, distinct, seen: Default::default(), docs: Vec::new(), total: 0 }
    }

    fn take(&mut self, doc: Map<String, Value>, projection: &Projection) -> Result<Flow> {
        let doc = if self.distinct {
            let mut kept = projection.apply(&doc);
            if !projection.items.iter().any(|item| item.name.first() == "_id") {
                kept.shift_remove("_id");
            }
            if !self.seen.insert(serde_json::to_string(&kept).unwrap_or_default()) {
                return Ok(Flow::On);
            }
            if self.seen.len() > MOST_DISTINCT {
                return Err(Refusal::too_large(format!("{MOST_DISTINCT} distinct")));
            }
            kept
        } else {
            doc
        };
        self.total += 1;
        if self.order.is_empty() {
            if self.docs.len() < self.wanted {
                self.docs.push(doc);
            }
            let enough = self.docs.len() >= self.wanted && !self.counts;
            return Ok(if enough { Flow::Stop } else { Flow::On });
        }
        self.docs.push(doc);
        // Now and then what cannot be among the first is let go.
        if self.docs.len() >= self.wanted.saturating_mul(2).max(64) {
            sort(&mut self.docs, self.order);
            self.docs.truncate(self.wanted);
        }
        Ok(Flow::On)
    }

    fn finish(mut self) -> Vec<Map<String, Value>> {
        sort(&mut self.docs, self.order);
        self.docs
    }
}

/// Sorts; of equals the older comes first.
pub(super) fn sort(docs: &mut [Map<String, Value>], order: &[(Path, bool)]) {
    if order.is_empty() {
        return;
    }
    docs.sort_by(|a, b| {
        order.iter().fold(Ordering::Equal, |known, (path, descending)| {
            known.then_with(|| {
                let order = sort_order(path.find(a), path.find(b));
                if *descending { order.reverse() } else { order }
            })
        })
    });
}

pub(super) fn answer(docs: Vec<Map<String, Value>>, one: bool, total: Option<u64>) -> Answer {
    let mut shown = docs.into_iter().map(shown);
    // Without a document there is no `data` that a page could trip over.
    let data = if one { shown.next().unwrap_or(Value::Null) } else { shown.collect() };
    Answer::Data(data, total)
}
