//! What is wrong or worth knowing about a configuration, for people.

use std::{fmt, ops::Deref};

/// A sentence in both languages that operators read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// Simplified Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// A sentence in both languages.
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

/// Where in the configuration something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named, or the environment variable, or the command line.
    pub file: String,
    /// Counted from 1; `None` where there is no line, as for something that is missing.
    pub line: Option<usize>,
    /// Counted from 1, in characters.
    pub column: Option<usize>,
    /// The setting or field, its sections joined by dots; empty for the file as a whole.
    pub path: String,
}

impl Place {
    /// A file as a whole.
    pub fn file(file: impl Into<String>) -> Self {
        Self { file: file.into(), ..Self::default() }
    }

    /// The same place, for one setting or field.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        if !self.path.is_empty() {
            write!(f, " [{}]", self.path)?;
        }
        Ok(())
    }
}

/// Something that must be mended. Never contains the value of a secret. The details stand in a
/// box so that a `Result` with a problem stays small.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem(Box<Details>);

/// What a [`Problem`] consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub what: Words,
    /// What to do.
    pub remedy: Words,
}

impl Problem {
    /// A problem, what is wrong first, then what to do, each in both languages.
    pub fn new(place: Place, what: Words, remedy: Words) -> Self {
        Self(Box::new(Details { place, what, remedy }))
    }
}

impl Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[问题 problem] {}", self.place)?;
        writeln!(f, "    {}", self.what.zh)?;
        writeln!(f, "    {}", self.what.en)?;
        writeln!(f, "    → {}", self.remedy.zh)?;
        write!(f, "    → {}", self.remedy.en)
    }
}

impl std::error::Error for Problem {}

/// Something that works but that the operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Where.
    pub place: Place,
    /// What to know.
    pub what: Words,
}

impl Notice {
    /// A notice, in both languages.
    pub fn new(place: Place, what: Words) -> Self {
        Self { place, what }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[提示 notice] {}", self.place)?;
        writeln!(f, "    {}", self.what.zh)?;
        write!(f, "    {}", self.what.en)
    }
}

/// Puts problems into the order in which a reader goes through the files and drops repetitions.
pub fn tidy(problems: &mut Vec<Problem>) {
    problems.sort_by(|left, right| {
        (&left.place.file, left.place.line, left.place.column, &left.place.path).cmp(&(
            &right.place.file,
            right.place.line,
            right.place.column,
            &right.place.path,
        ))
    });
    problems.dedup();
}

/// Everything about a configuration, as `lingpai check` prints it: notices, then problems, then
/// their number.
pub fn render(problems: &[Problem], notices: &[Notice]) -> String {
    let mut text = String::new();
    for notice in notices {
        text.push_str(&format!("{notice}\n"));
    }
    for problem in problems {
        text.push_str(&format!("{problem}\n"));
    }
    text.push_str(&format!(
        "问题 {} 个，提示 {} 条。 {} problem(s), {} notice(s).\n",
        problems.len(),
        notices.len(),
        problems.len(),
        notices.len()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(file: &str, line: usize) -> Problem {
        let place = Place { line: Some(line), column: Some(3), ..Place::file(file).at("server.listen") };
        Problem::new(place, Words::new("不是地址", "not an address"), Words::new("写成 IP:端口", "write IP:PORT"))
    }

    #[test]
    fn a_problem_names_place_fault_and_remedy_in_both_languages() {
        let text = problem("lingpai.toml", 7).to_string();
        for part in ["lingpai.toml:7:3 [server.listen]", "不是地址", "not an address", "→ 写成 IP:端口", "→ write IP:PORT"] {
            assert!(text.contains(part), "{part:?} is missing in {text:?}");
        }
    }

    #[test]
    fn problems_are_listed_in_reading_order_and_once() {
        let mut problems = vec![problem("b", 1), problem("a", 9), problem("a", 2), problem("a", 9)];
        tidy(&mut problems);
        let places: Vec<_> = problems.iter().map(|problem| (problem.place.file.as_str(), problem.place.line)).collect();
        assert_eq!(places, [("a", Some(2)), ("a", Some(9)), ("b", Some(1))]);
        assert!(render(&problems, &[]).ends_with("3 problem(s), 0 notice(s).\n"));
    }
}
