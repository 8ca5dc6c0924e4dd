//! Reads settings into types and collects what does not fit.

use std::{net::SocketAddr, ops::RangeInclusive, path::Path, time::Duration};

use lingpai_domain::secret::Secret;

use super::{
    layers::{Layers, read_bounded},
    value::{Located, Origin, Value},
};
use crate::config::{
    nearest,
    report::{Place, Problem, Words},
};

/// Takes typed settings out of the layers. Where one does not fit, a problem is noted and a
/// neutral value returned, so that one pass finds everything.
pub struct Reader<'a> {
    layers: &'a Layers,
    /// What did not fit so far.
    pub problems: Vec<Problem>,
    /// The settings that were asked for.
    #[cfg(test)]
    pub asked: std::collections::BTreeSet<String>,
}

impl<'a> Reader<'a> {
    /// A reader of `layers`; `problems` are those found before.
    pub fn new(layers: &'a Layers, problems: Vec<Problem>) -> Self {
        Self {
            layers,
            problems,
            #[cfg(test)]
            asked: Default::default(),
        }
    }

    fn located(&mut self, path: &str) -> Option<&'a Located> {
        #[cfg(test)]
        self.asked.insert(path.to_owned());
        let located = self.layers.value(path);
        debug_assert!(located.is_some(), "config.default.toml lacks {path}");
        located
    }

    /// Where the setting `path` was given.
    pub fn place(&self, path: &str) -> Place {
        self.layers.value(path).map_or(&Origin::Default, |located| &located.origin).place(path)
    }

    /// Notes that the setting `path` is wrong.
    pub fn problem(&mut self, path: &str, what: Words, remedy: Words) {
        self.problems.push(Problem::new(self.place(path), what, remedy));
    }

    fn problem_at(&mut self, origin: &Origin, path: &str, what: Words, remedy: Words) {
        self.problems.push(Problem::new(origin.place(path), what, remedy));
    }

    fn wrong_kind(&mut self, located: &Located, path: &str, expected: &Value) {
        let (expected, found) = (expected.kind(), located.value.kind());
        self.problem_at(
            &located.origin,
            path,
            Words::new(format!("应为{}，却是{}", expected.zh, found.zh), format!("must be {}, but is {}", expected.en, found.en)),
            Words::new("参见 config.default.toml 中的写法", "see config.default.toml for how it is written"),
        );
    }

    /// A text as it is, without blanks around it.
    pub fn text(&mut self, path: &str) -> String {
        let Some(located) = self.located(path) else { return String::new() };
        self.text_of(located, path)
    }

    fn text_of(&mut self, located: &Located, path: &str) -> String {
        match &located.value {
            Value::Text(text) => text.trim().to_owned(),
            _ => {
                self.wrong_kind(located, path, &Value::Text(String::new()));
                String::new()
            }
        }
    }

    /// A text that `parse` understands. `parse` says what is wrong and what to do.
    pub fn parsed<T>(&mut self, path: &str, fallback: T, parse: impl FnOnce(&str) -> Result<T, (Words, Words)>) -> T {
        let before = self.problems.len();
        let text = self.text(path);
        if self.problems.len() > before {
            return fallback;
        }
        parse(&text).unwrap_or_else(|(what, remedy)| {
            self.problem(path, what, remedy);
            fallback
        })
    }

    /// A secret; `file:/path` stands for what that file contains.
    pub fn secret(&mut self, path: &str) -> Secret {
        let Some(located) = self.located(path) else { return Secret::default() };
        self.secret_of(located, path)
    }

    fn secret_of(&mut self, located: &Located, path: &str) -> Secret {
        let text = self.text_of(located, path);
        let Some(file) = text.strip_prefix("file:") else { return Secret::new(text) };
        match read_bounded(Path::new(file)) {
            Ok(text) => Secret::new(text.trim_end_matches(['\r', '\n'])),
            Err(problem) => {
                self.problem_at(&located.origin, path, problem.what.clone(), problem.remedy.clone());
                Secret::default()
            }
        }
    }

    /// A secret that is absent or has at least `characters` characters.
    pub fn long_secret(&mut self, path: &str, characters: usize) -> Secret {
        let secret = self.secret(path);
        if !secret.is_empty() && secret.expose().chars().count() < characters {
            self.problem(
                path,
                Words::new(format!("太短，至少要 {characters} 个字符"), format!("is too short, it takes at least {characters} characters")),
                Words::new("用 lingpai init 生成，或用 openssl rand -hex 32", "let lingpai init make one, or openssl rand -hex 32"),
            );
        }
        secret
    }

    /// true or false
    pub fn boolean(&mut self, path: &str) -> bool {
        let Some(located) = self.located(path) else { return false };
        match located.value {
            Value::Boolean(boolean) => boolean,
            _ => {
                self.wrong_kind(located, path, &Value::Boolean(false));
                false
            }
        }
    }

    /// A number within `range`.
    pub fn number(&mut self, path: &str, range: RangeInclusive<u32>) -> u32 {
        let Some(located) = self.located(path) else { return *range.start() };
        let Value::Integer(integer) = located.value else {
            self.wrong_kind(located, path, &Value::Integer(0));
            return *range.start();
        };
        match u32::try_from(integer).ok().filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let (low, high) = (range.start(), range.end());
                self.problem_at(
                    &located.origin,
                    path,
                    Words::new(
                        format!("{integer} 超出范围 {low} - {high}"),
                        format!("{integer} is outside of the range from {low} to {high}"),
                    ),
                    Words::new("改为范围内的值", "choose a value within the range"),
                );
                *range.start()
            }
        }
    }

    /// A number of things that fits into memory, within `range`.
    pub fn count(&mut self, path: &str, range: RangeInclusive<u32>) -> usize {
        self.number(path, range) as usize
    }

    /// A time that is given in milliseconds, within `range`.
    pub fn milliseconds(&mut self, path: &str, range: RangeInclusive<u32>) -> Duration {
        Duration::from_millis(self.number(path, range).into())
    }

    /// A web address without the slash at its end; `None` if it is empty.
    pub fn url(&mut self, path: &str) -> Option<String> {
        let url = self.parsed(path, String::new(), |text| {
            if text.is_empty() || is_web_address(text) { Ok(text.trim_end_matches('/').to_owned()) } else { Err(not_web_address()) }
        });
        (!url.is_empty()).then_some(url)
    }

    /// A web address that must not be empty.
    pub fn required_url(&mut self, path: &str) -> String {
        let before = self.problems.len();
        match self.url(path) {
            Some(url) => url,
            None => {
                if self.problems.len() == before {
                    let (what, remedy) = not_web_address();
                    self.problem(path, what, remedy);
                }
                String::new()
            }
        }
    }

    /// A web address that may contain a secret; `None` if it is empty.
    pub fn secret_url(&mut self, path: &str) -> Option<Secret> {
        let url = self.secret(path);
        if url.is_empty() {
            return None;
        }
        if !is_web_address(url.expose()) {
            let (what, remedy) = not_web_address();
            self.problem(path, what, remedy);
        }
        Some(url)
    }

    /// An address to listen on.
    pub fn socket_address(&mut self, path: &str) -> SocketAddr {
        self.parsed(path, SocketAddr::from(([127, 0, 0, 1], 0)), |text| {
            text.replace("localhost:", "127.0.0.1:").parse().map_err(|_| {
                (
                    Words::new(format!("{text:?} 不是监听地址"), format!("{text:?} is not an address to listen on")),
                    Words::new("写成 IP:端口，如 127.0.0.1:8700 或 [::]:8700", "write IP:PORT, as 127.0.0.1:8700 or [::]:8700"),
                )
            })
        })
    }

    /// A list of texts, each through `parse`.
    pub fn list<T>(&mut self, path: &str, parse: impl Fn(&str) -> Result<T, (Words, Words)>) -> Vec<T> {
        let Some(located) = self.located(path) else { return Vec::new() };
        self.list_of(located, path, parse)
    }

    fn list_of<T>(&mut self, located: &Located, path: &str, parse: impl Fn(&str) -> Result<T, (Words, Words)>) -> Vec<T> {
        let Value::List(items) = &located.value else {
            self.wrong_kind(located, path, &Value::List(Vec::new()));
            return Vec::new();
        };
        let mut parsed = Vec::with_capacity(items.len());
        for item in items {
            let before = self.problems.len();
            let text = self.text_of(item, path);
            if self.problems.len() > before {
                continue;
            }
            match parse(&text) {
                Ok(value) => parsed.push(value),
                Err((what, remedy)) => self.problem_at(&item.origin, path, what, remedy),
            }
        }
        parsed
    }

    /// A list of sections (`[[path]]`), each as a [`Section`].
    pub fn sections(&mut self, path: &str) -> Vec<Section<'a>> {
        let Some(located) = self.located(path) else { return Vec::new() };
        let items = match &located.value {
            Value::List(items) => items,
            _ => {
                self.problem_at(
                    &located.origin,
                    path,
                    Words::new("应为小节的列表", "must be a list of sections"),
                    Words::new(format!("每一项写成 [[{path}]]"), format!("write [[{path}]] for each")),
                );
                return Vec::new();
            }
        };
        let mut sections = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Table(entries) => sections.push(Section { path: path.to_owned(), origin: item.origin.clone(), entries }),
                _ => self.wrong_kind(item, path, &Value::Table(Vec::new())),
            }
        }
        sections
    }
}

/// One of a list of sections.
pub struct Section<'a> {
    path: String,
    /// Where it begins.
    origin: Origin,
    entries: &'a [(String, Located)],
}

impl Section<'_> {
    /// Refuses keys other than `known`.
    pub fn refuse_unknown(&self, reader: &mut Reader<'_>, known: &[&str]) {
        for (key, located) in self.entries.iter().filter(|(key, _)| !known.contains(&key.as_str())) {
            reader.problem_at(
                &located.origin,
                &format!("{}.{key}", self.path),
                Words::new("没有这个设置", "there is no such setting"),
                nearest::remedy_of_few(key, known),
            );
        }
    }

    /// Notes that something about this section is wrong.
    pub fn problem(&self, reader: &mut Reader<'_>, key: &str, what: Words, remedy: Words) {
        let origin = self.entry(key).map_or(&self.origin, |located| &located.origin);
        reader.problem_at(origin, &format!("{}.{key}", self.path), what, remedy);
    }

    fn entry(&self, key: &str) -> Option<&Located> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, located)| located)
    }

    fn required(&self, reader: &mut Reader<'_>, key: &str) -> Option<&Located> {
        let entry = self.entry(key);
        if entry.is_none() {
            self.problem(reader, key, Words::new(format!("缺少 {key}"), format!("{key} is missing")), Words::new("补上这一项", "add it"));
        }
        entry
    }

    /// A text that must be there and not be empty.
    pub fn text(&self, reader: &mut Reader<'_>, key: &str) -> String {
        self.secret(reader, key).expose().to_owned()
    }

    /// A secret that must be there and not be empty.
    pub fn secret(&self, reader: &mut Reader<'_>, key: &str) -> Secret {
        let Some(located) = self.required(reader, key) else { return Secret::default() };
        let before = reader.problems.len();
        let secret = reader.secret_of(located, &format!("{}.{key}", self.path));
        if secret.is_empty() && reader.problems.len() == before {
            self.problem(reader, key, Words::new("不能为空", "must not be empty"), Words::new("填写这一项", "fill it in"));
        }
        secret
    }

    /// A number within `range`; `fallback` if it is absent.
    pub fn number(&self, reader: &mut Reader<'_>, key: &str, range: RangeInclusive<u32>, fallback: u32) -> u32 {
        let Some(located) = self.entry(key) else { return fallback };
        let number = match located.value {
            Value::Integer(integer) => u32::try_from(integer).ok().filter(|number| range.contains(number)),
            _ => None,
        };
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            let what = Words::new(format!("应为 {low} - {high} 的整数"), format!("must be a whole number from {low} to {high}"));
            self.problem(reader, key, what, Words::new("改为范围内的值", "choose a value within the range"));
        }
        number.unwrap_or(fallback)
    }

    /// true or false; `fallback` if it is absent.
    pub fn boolean(&self, reader: &mut Reader<'_>, key: &str, fallback: bool) -> bool {
        match self.entry(key) {
            None => fallback,
            Some(Located { value: Value::Boolean(boolean), .. }) => *boolean,
            Some(located) => {
                reader.wrong_kind(located, &format!("{}.{key}", self.path), &Value::Boolean(false));
                fallback
            }
        }
    }

    /// A web address that may contain a secret and must be there.
    pub fn secret_url(&self, reader: &mut Reader<'_>, key: &str) -> Secret {
        let url = self.secret(reader, key);
        if !url.is_empty() && !is_web_address(url.expose()) {
            let (what, remedy) = not_web_address();
            self.problem(reader, key, what, remedy);
        }
        url
    }

    /// A list of texts that must be there and not be empty.
    pub fn texts(&self, reader: &mut Reader<'_>, key: &str) -> Vec<String> {
        let Some(located) = self.required(reader, key) else { return Vec::new() };
        let before = reader.problems.len();
        let texts = reader.list_of(located, &format!("{}.{key}", self.path), |text| Ok(text.to_owned()));
        if texts.is_empty() && reader.problems.len() == before {
            self.problem(reader, key, Words::new("不能为空", "must not be empty"), Words::new("至少写一项", "name at least one"));
        }
        texts
    }
}

/// Whether a text is an http or https address.
pub fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']))
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn not_web_address() -> (Words, Words) {
    (Words::new("不是网址", "is not a web address"), Words::new("以 https:// 或 http:// 开头", "begin with https:// or http://"))
}
