//! `groupBy` and `groupField`.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{
    evaluate::{Lookups, Subject, evaluate},
    expression::Expression,
    jql::{Dialect, Parser},
    lexer::{Kind, tokens},
    path::Path,
    projection::{Item, Projection, alias},
    refusal::{Refusal, Result},
    session::Session,
    value::{number, same, sort_order},
};

/// How documents are put into groups, and what is told of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Grouping {
    /// What the documents of a group have in common.
    pub keys: Vec<Item>,
    /// What is told of a group.
    pub totals: Vec<Total>,
}

/// Something told of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Total {
    name: Path,
    kind: Accumulator,
    of: Expression,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accumulator {
    Sum,
    Average,
    Greatest,
    Least,
    First,
    Last,
    Push,
    AddToSet,
}

impl Accumulator {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sum" | "count" => Self::Sum,
            "avg" => Self::Average,
            "max" => Self::Greatest,
            "min" => Self::Least,
            "first" => Self::First,
            "last" => Self::Last,
            "push" => Self::Push,
            "addToSet" => Self::AddToSet,
            _ => return None,
        })
    }
}

/// Most groups, and most items that `push` and `addToSet` collect.
const MOST_GROUPS: usize = 10_000;
const MOST_ITEMS: usize = 2_000;

impl Grouping {
    /// Reads the parameters of `groupBy` and `groupField`; the latter may be missing.
    pub fn parse(keys: &Value, totals: Option<&Value>, session: &Session) -> Result<Self> {
        let keys = Projection::parse(keys, session)?.items;
        if keys.is_empty() {
            return Err(Refusal::argument("groupBy"));
        }
        let totals = match totals {
            Some(Value::String(text)) => parse_totals(text, session)?,
            Some(_) => return Err(Refusal::argument("groupField")),
            None => Vec::new(),
        };
        Ok(Self { keys, totals })
    }

    /// Every field of the documents that is spoken of.
    pub fn fields(&self) -> Vec<&Path> {
        let keys = self.keys.iter().flat_map(|item| item.value.fields());
        keys.chain(self.totals.iter().flat_map(|total| total.of.fields())).collect()
    }
}

fn parse_totals(text: &str, session: &Session) -> Result<Vec<Total>> {
    let tokens = tokens(text)?;
    let mut parser = Parser::new(text, &tokens, Dialect::Request(session));
    let mut totals = Vec::new();
    loop {
        let Some(Kind::Name(name)) = parser.peek() else { return Err(parser.unexpected()) };
        let kind = Accumulator::named(name).ok_or_else(|| Refusal::not_supported(format!("{name}()")))?;
        let counts = name == "count";
        parser.name();
        if !parser.sign("(") {
            return Err(parser.unexpected());
        }
        // `count(*)` is `sum(1)`.
        let of = if counts {
            parser.sign("*");
            Expression::Literal(1.into())
        } else {
            parser.any(0)?
        };
        if !parser.sign(")") {
            return Err(parser.unexpected());
        }
        let name = alias(&mut parser)?.ok_or_else(|| parser.unexpected())?;
        totals.push(Total { name, kind, of });
        if !parser.sign(",") {
            break;
        }
    }
    if parser.peek().is_some() { Err(parser.unexpected()) } else { Ok(totals) }
}

/// Groups under way.
pub struct Groups<'a> {
    grouping: &'a Grouping,
    places: HashMap<String, usize>,
    groups: Vec<(Vec<Value>, Vec<State>)>,
    items: usize,
}

#[derive(Clone, Default)]
struct State {
    value: Option<Value>,
    sum: f64,
    whole: Option<i64>,
    count: u64,
    items: Vec<Value>,
}

impl<'a> Groups<'a> {
    /// No groups yet.
    pub fn new(grouping: &'a Grouping) -> Self {
        Self { grouping, places: HashMap::new(), groups: Vec::new(), items: 0 }
    }

    /// Takes a document in.
    pub fn add(&mut self, doc: &Map<String, Value>) -> Result<()> {
        let lookups = Lookups::default();
        let subject = Subject { doc, lookups: &lookups };
        let value = |expression: &Expression| evaluate(expression, subject).map(|datum| datum.into_value()).unwrap_or_default();
        let key: Vec<Value> = self.grouping.keys.iter().map(|item| value(&item.value)).collect();
        let text = serde_json::to_string(&key).unwrap_or_default();
        let place = match self.places.get(&text) {
            Some(place) => *place,
            None if self.groups.len() >= MOST_GROUPS => return Err(Refusal::too_large(format!("{MOST_GROUPS} groups"))),
            None => {
                self.places.insert(text, self.groups.len());
                self.groups.push((key, vec![State::default(); self.grouping.totals.len()]));
                self.groups.len() - 1
            }
        };
        let Some((_, states)) = self.groups.get_mut(place) else { return Ok(()) };
        for (state, total) in states.iter_mut().zip(&self.grouping.totals) {
            self.items += state.take(total.kind, value(&total.of));
        }
        if self.items > MOST_ITEMS { Err(Refusal::too_large(format!("{MOST_ITEMS} items"))) } else { Ok(()) }
    }

    /// The groups as documents.
    pub fn finish(self) -> Vec<Map<String, Value>> {
        let grouping = self.grouping;
        let group = |(keys, states): (Vec<Value>, Vec<State>)| {
            let mut doc = Map::new();
            for (item, key) in grouping.keys.iter().zip(keys) {
                item.name.put(&mut doc, key);
            }
            for (total, state) in grouping.totals.iter().zip(states) {
                total.name.put(&mut doc, state.finish(total.kind));
            }
            doc
        };
        self.groups.into_iter().map(group).collect()
    }
}

impl State {
    /// Takes a value in; answers how many items more are kept.
    fn take(&mut self, kind: Accumulator, value: Value) -> usize {
        let best = |order: std::cmp::Ordering, known: &Option<Value>| {
            known.as_ref().is_none_or(|known| sort_order(Some(&value), Some(known)) == order)
        };
        match kind {
            Accumulator::Sum | Accumulator::Average => {
                if let Some(number) = value.as_f64() {
                    let before = if self.count == 0 { Some(0) } else { self.whole };
                    self.whole = before.zip(value.as_i64()).and_then(|(sum, value)| sum.checked_add(value));
                    self.sum += number;
                    self.count += 1;
                }
            }
            Accumulator::Greatest if !value.is_null() && best(std::cmp::Ordering::Greater, &self.value) => self.value = Some(value),
            Accumulator::Least if !value.is_null() && best(std::cmp::Ordering::Less, &self.value) => self.value = Some(value),
            Accumulator::Greatest | Accumulator::Least => {}
            Accumulator::First => {
                self.value.get_or_insert(value);
            }
            Accumulator::Last => self.value = Some(value),
            Accumulator::AddToSet if self.items.iter().any(|item| same(item, &value)) => {}
            Accumulator::Push | Accumulator::AddToSet => {
                self.items.push(value);
                return 1;
            }
        }
        0
    }

    fn finish(self, kind: Accumulator) -> Value {
        match kind {
            Accumulator::Sum if self.count == 0 => 0.into(),
            Accumulator::Sum => self.whole.map_or_else(|| number(self.sum), Value::from),
            Accumulator::Average if self.count == 0 => Value::Null,
            Accumulator::Average => number(self.sum / self.count as f64),
            Accumulator::Push | Accumulator::AddToSet => self.items.into(),
            Accumulator::Greatest | Accumulator::Least | Accumulator::First | Accumulator::Last => self.value.unwrap_or_default(),
        }
    }
}
