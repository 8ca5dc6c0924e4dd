//! From the client's serialised chain to one typed query.

use serde_json::{Map, Value};

use super::{
    MOST_VALUES, condition,
    encoded::{Step, decode, steps_of},
    expression::{Comparison, Expression, Matcher},
    grouping::Grouping,
    path::Path,
    projection::Projection,
    refusal::{Refusal, Result},
    session::Session,
    update::Change,
};

/// What is asked for, and of what.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// Which documents.
    pub query: Query,
    /// What to do with them.
    pub action: Action,
}

/// Documents, as a chain names them.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Of which collection.
    pub source: Source,
    /// `where` and `doc`
    pub condition: Option<Expression>,
    /// `field`
    pub projection: Projection,
    /// `groupBy` and `groupField`
    pub grouping: Option<Grouping>,
    /// `distinct`
    pub distinct: bool,
    /// `orderBy`: descending or not.
    pub order: Vec<(Path, bool)>,
    /// `skip`
    pub skip: usize,
    /// `limit`
    pub limit: Option<usize>,
    /// `foreignKey`: collection and field.
    pub foreign_key: Option<(String, Path)>,
}

/// Where documents come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A collection.
    Collection(String),
    /// A collection, and others that its foreign keys lead to.
    Joined(Box<Query>, Vec<Query>),
}

/// The call that ends a chain.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// `get`
    Get {
        /// One document instead of a list.
        one: bool,
        /// The number of all documents besides.
        count: bool,
    },
    /// `count`
    Count,
    /// `add`; whether it was a list.
    Add(Vec<Map<String, Value>>, bool),
    /// `update`
    Update(Change),
    /// `remove`
    Remove,
    /// `getTemp`: a part of a join.
    Temp,
}

/// Most documents of one `add`, most collections of a join, most fields of `orderBy`.
const MOST_ADDED: usize = 1000;
const MOST_JOINED: usize = 5;
const MOST_ORDERS: usize = 8;
/// Longest `_id`, bytes.
const LONGEST_ID: usize = 128;

impl Command {
    /// Reads `{"$db": [...]}`.
    pub fn parse(command: &Value, session: &Session) -> Result<Self> {
        let steps = steps_of(command.get("$db").ok_or_else(|| Refusal::argument("command"))?)?;
        let (query, action) = read(&steps, session, 0)?;
        match action {
            Action::Temp => Err(Refusal::argument("getTemp")),
            action => Ok(Self { query, action }),
        }
    }
}

/// The texts of `groupBy` and `groupField`, which may come in any order.
#[derive(Default)]
struct Groups<'a> {
    by: Option<&'a Value>,
    totals: Option<&'a Value>,
}

fn read(steps: &[Step<'_>], session: &Session, depth: usize) -> Result<(Query, Action)> {
    let [first, middle @ .., last] = steps else { return Err(Refusal::argument("$db")) };
    if first.method != "collection" {
        return Err(Refusal::not_supported(first.method));
    }
    let mut query = Query {
        source: source(first, session, depth)?,
        condition: None,
        projection: Projection::default(),
        grouping: None,
        distinct: false,
        order: Vec::new(),
        skip: 0,
        limit: None,
        foreign_key: None,
    };
    let mut groups = Groups::default();
    for step in middle {
        query.add_step(step, &mut groups, session)?;
    }
    match (groups.by, groups.totals) {
        (Some(keys), totals) => query.grouping = Some(Grouping::parse(keys, totals, session)?),
        (None, Some(_)) => return Err(Refusal::argument("groupField")),
        (None, None) => {}
    }
    if query.distinct && query.projection.items.is_empty() {
        return Err(Refusal::argument("distinct"));
    }
    let action = action(last, session)?;
    let writes = matches!(action, Action::Add(..) | Action::Update(_) | Action::Remove);
    let shapes = query.grouping.is_some() || query.distinct || !query.order.is_empty() || query.skip > 0 || query.limit.is_some();
    if writes && (shapes || matches!(query.source, Source::Joined(..))) {
        return Err(Refusal::argument(last.method));
    }
    if writes && !matches!(action, Action::Add(..)) && query.condition.is_none() {
        // Everything at once is never what was meant; `where` with `_id != null` says that it is.
        return Err(Refusal::argument("where"));
    }
    Ok((query, action))
}

fn source(step: &Step<'_>, session: &Session, depth: usize) -> Result<Source> {
    if depth > 1 {
        return Err(Refusal::too_large("depth 1"));
    }
    let mut queries = Vec::new();
    for param in step.params {
        match param {
            Value::String(names) => queries.extend(names.split(',').map(|name| Query::of(name.trim()))),
            temp => {
                let steps = steps_of(temp.get("$db").ok_or_else(|| Refusal::argument("collection"))?)?;
                match read(&steps, session, depth + 1)? {
                    (query, Action::Temp) => queries.push(query),
                    _ => return Err(Refusal::argument("collection")),
                }
            }
        }
    }
    if queries.len() > MOST_JOINED {
        return Err(Refusal::too_large(format!("{MOST_JOINED} collections")));
    }
    if queries.is_empty() {
        return Err(Refusal::argument("collection"));
    }
    let main = queries.remove(0);
    match main {
        Query { source: Source::Collection(name), condition: None, .. }
            if queries.is_empty() && step.params.iter().all(Value::is_string) =>
        {
            Ok(Source::Collection(name))
        }
        main => Ok(Source::Joined(Box::new(main), queries)),
    }
}

impl Query {
    fn of(collection: &str) -> Self {
        Self {
            source: Source::Collection(collection.to_owned()),
            condition: None,
            projection: Projection::default(),
            grouping: None,
            distinct: false,
            order: Vec::new(),
            skip: 0,
            limit: None,
            foreign_key: None,
        }
    }

    fn add_step<'a>(&mut self, step: &Step<'a>, groups: &mut Groups<'a>, session: &Session) -> Result<()> {
        let wrong = || Refusal::argument(step.method);
        let first = || step.params.first().ok_or_else(wrong);
        match step.method {
            "where" => self.also(condition::parse(first()?, session)?),
            "doc" => {
                let id = first()?.as_str().filter(|id| !id.is_empty() && id.len() <= LONGEST_ID).ok_or_else(wrong)?;
                self.also(Expression::Match(Path::field("_id"), Matcher::Compare(Comparison::Equal, id.into())));
            }
            "field" => self.projection = Projection::parse(first()?, session)?,
            "orderBy" => self.order.extend(order(step.params).ok_or_else(wrong)?),
            "skip" => self.skip = usize::try_from(first()?.as_u64().ok_or_else(wrong)?).map_err(|_| wrong())?,
            "limit" => {
                let limit = usize::try_from(first()?.as_u64().ok_or_else(wrong)?).map_err(|_| wrong())?;
                self.limit = Some(limit);
            }
            "groupBy" => groups.by = Some(first()?),
            "groupField" => groups.totals = Some(first()?),
            "distinct" => {
                self.distinct = true;
                if let Some(fields) = step.params.first() {
                    self.projection = Projection::parse(fields, session)?;
                }
            }
            "foreignKey" => {
                let (collection, field) = first()?.as_str().and_then(|text| text.split_once('.')).ok_or_else(wrong)?;
                self.foreign_key = Some((collection.to_owned(), Path::parse(field)?));
            }
            other => return Err(Refusal::not_supported(other)),
        }
        if self.order.len() > MOST_ORDERS { Err(Refusal::too_large(format!("{MOST_ORDERS} fields"))) } else { Ok(()) }
    }

    fn also(&mut self, condition: Expression) {
        self.condition = Some(match self.condition.take() {
            Some(known) => Expression::All(vec![known, condition]),
            None => condition,
        });
    }
}

/// `("create_date", "desc")` or `("create_date desc, name asc")`.
fn order(params: &[Value]) -> Option<Vec<(Path, bool)>> {
    let direction = |text: &str| match text.trim().to_ascii_lowercase().as_str() {
        "desc" | "-1" => Some(true),
        "asc" | "1" | "" => Some(false),
        _ => None,
    };
    match params {
        [Value::String(field), Value::String(to)] => Some(vec![(Path::parse(field.trim()).ok()?, direction(to)?)]),
        [Value::String(fields)] => fields
            .split(',')
            .map(|part| {
                let (field, to) = part.trim().split_once(char::is_whitespace).unwrap_or((part.trim(), ""));
                Some((Path::parse(field).ok()?, direction(to)?))
            })
            .collect(),
        _ => None,
    }
}

fn action(step: &Step<'_>, session: &Session) -> Result<Action> {
    let first = || step.params.first().ok_or_else(|| Refusal::argument(step.method));
    Ok(match step.method {
        "get" => {
            let options = step.params.first().and_then(Value::as_object);
            for (name, value) in options.into_iter().flatten() {
                let is_off = matches!(value, Value::Null | Value::Bool(false));
                if !matches!(name.as_str(), "getOne" | "getCount") && !is_off {
                    return Err(Refusal::not_supported(name));
                }
            }
            let is_on = |name: &str| options.and_then(|options| options.get(name)).is_some_and(super::value::is_truthy);
            Action::Get { one: is_on("getOne"), count: is_on("getCount") }
        }
        "count" => Action::Count,
        "getTemp" => Action::Temp,
        "remove" => Action::Remove,
        "update" => Action::Update(Change::parse(first()?, session)?),
        "add" => {
            let (docs, many) = match first()? {
                Value::Array(docs) => (docs.as_slice(), true),
                doc => (std::slice::from_ref(doc), false),
            };
            if docs.len() > MOST_ADDED.min(MOST_VALUES) {
                return Err(Refusal::too_large(format!("{MOST_ADDED} documents")));
            }
            let decode = |doc: &Value| match decode(doc, session)? {
                Value::Object(doc) => new_document(doc),
                _ => Err(Refusal::argument("add")),
            };
            let docs = docs.iter().map(decode).collect::<Result<Vec<_>>>()?;
            if docs.is_empty() {
                return Err(Refusal::argument("add"));
            }
            Action::Add(docs, many)
        }
        // `aggregate` ends so.
        other => return Err(Refusal::not_supported(other)),
    })
}

fn new_document(doc: Map<String, Value>) -> Result<Map<String, Value>> {
    for name in doc.keys() {
        if name.contains('.') || !Path::parse(name).is_ok_and(|path| path.is_single()) {
            return Err(Refusal::argument(name));
        }
    }
    match doc.get("_id") {
        None => Ok(doc),
        Some(Value::String(id)) if !id.is_empty() && id.len() <= LONGEST_ID && !id.contains('\0') => Ok(doc),
        Some(_) => Err(Refusal::argument("_id")),
    }
}
