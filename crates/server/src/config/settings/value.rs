//! Values of settings before they have a type, each with the place that it comes from.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::config::report::{Place, Problem, Words};

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// `config.default.toml`
    Default,
    /// A configuration file; line and column count from 1.
    File { name: Arc<str>, line: usize, column: usize },
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    CommandLine,
}

impl Origin {
    /// The place to show for the setting `path`.
    pub fn place(&self, path: &str) -> Place {
        match self {
            Self::Default => Place::file("config.default.toml").at(path),
            Self::File { name, line, column } => {
                Place { line: Some(*line), column: Some(*column), ..Place::file(name.to_string()).at(path) }
            }
            Self::Environment(variable) => Place::file(format!("${variable}")).at(path),
            Self::CommandLine => Place::file("命令行 command line").at(path),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Located {
    pub value: Value,
    pub origin: Origin,
}

/// What settings are made of.
#[derive(Clone, Debug)]
pub enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Located>),
    Table(Vec<(String, Located)>),
    /// Something that no setting is: a fraction, a date, a number that is too large.
    Other,
}

impl Value {
    /// The kind's name, for people.
    pub fn kind(&self) -> Words {
        match self {
            Self::Text(_) => Words::new("文本", "a text"),
            Self::Integer(_) => Words::new("整数", "an integer"),
            Self::Boolean(_) => Words::new("true 或 false", "true or false"),
            Self::List(_) => Words::new("列表", "a list"),
            Self::Table(_) => Words::new("小节", "a section"),
            Self::Other => Words::new("其他类型的值", "a value of another kind"),
        }
    }
}

/// Reads a TOML document. Returns what could be read and everything that is wrong with its form.
pub fn parse_document(name: &str, text: &str) -> (Vec<(String, Located)>, Vec<Problem>) {
    let lines = Lines::new(name, text);
    let (table, errors) = DeTable::parse_recoverable(text);
    // The error's own Display would print the line, which may hold a secret: only its message is used.
    let problems = errors.iter().map(|error| lines.malformed(error.message(), error.span().map_or(0, |span| span.start))).collect();
    (lines.table(table.into_inner()), problems)
}

/// Reads a single TOML value, as lists are written in the environment.
pub fn parse_value(text: &str, origin: &Origin) -> Option<Located> {
    let lines = Lines::new("", text);
    let value = DeValue::parse(text).ok()?;
    let mut located = lines.value(value.into_inner(), 0);
    set_origin(&mut located, origin);
    Some(located)
}

fn set_origin(located: &mut Located, origin: &Origin) {
    located.origin = origin.clone();
    match &mut located.value {
        Value::List(items) => items.iter_mut().for_each(|item| set_origin(item, origin)),
        Value::Table(entries) => entries.iter_mut().for_each(|(_, entry)| set_origin(entry, origin)),
        _ => {}
    }
}

struct Lines<'a> {
    name: Arc<str>,
    text: &'a str,
    /// The offset at which each line starts.
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(name: &str, text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { name: name.into(), text, starts }
    }

    fn origin(&self, offset: usize) -> Origin {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|index| self.starts.get(index)).copied().unwrap_or(0);
        let column = self.text.get(start..offset).unwrap_or("").chars().count() + 1;
        Origin::File { name: self.name.clone(), line, column }
    }

    fn malformed(&self, message: &str, offset: usize) -> Problem {
        Problem::new(
            self.origin(offset).place(""),
            Words::new(format!("不是合法的 TOML：{message}"), format!("not valid TOML: {message}")),
            Words::new("改正这一行的写法；文本要用双引号括起来", "correct this line; texts stand in double quotes"),
        )
    }

    fn table(&self, table: DeTable<'_>) -> Vec<(String, Located)> {
        table
            .into_iter()
            .map(|(key, value)| {
                let start = key.span().start;
                (key.into_inner().into_owned(), self.value(value.into_inner(), start))
            })
            .collect()
    }

    /// `offset` is where the value's key starts, which is the line that people look for.
    fn value(&self, value: DeValue<'_>, offset: usize) -> Located {
        let value = match value {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix()).map_or(Value::Other, Value::Integer),
            DeValue::Boolean(boolean) => Value::Boolean(boolean),
            DeValue::Array(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| {
                        let start = item.span().start;
                        self.value(item.into_inner(), start)
                    })
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
            DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
        };
        Located { value, origin: self.origin(offset) }
    }
}
