//! The layers of settings: defaults, file, environment, command line, each over the one before.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use super::value::{Located, Origin, Value, parse_document, parse_value};
use crate::config::{
    nearest::{nearest, remedy},
    report::{Place, Problem, Words},
};

/// The documentation of all settings, which is also their defaults.
pub const DEFAULTS: &str = include_str!("../../../../../config.default.toml");

/// What the names of environment variables begin with.
const PREFIX: &str = "LINGPAI_";

/// Variables that begin with the prefix and are no settings: the path of the configuration file,
/// and what the project's own tests use to find their servers.
fn is_no_setting(variable: &str) -> bool {
    variable == "LINGPAI_CONFIG" || variable.starts_with("LINGPAI_TEST_")
}

/// A configuration file larger than this is refused.
const FILE_CEILING_BYTES: u64 = 1024 * 1024;

/// What settings are read from besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The configuration file.
    pub file: ConfigurationFile,
    /// Environment variables; those that do not begin with `LINGPAI_` are passed over.
    pub environment: Vec<(OsString, OsString)>,
    /// Options of the command line: a setting's path (`server.listen`) and its value, written as
    /// in the environment.
    pub overrides: Vec<(String, String)>,
}

/// Which configuration file is read.
#[derive(Clone, Debug, Default)]
pub enum ConfigurationFile {
    /// None.
    #[default]
    None,
    /// This one if it exists.
    Optional(PathBuf),
    /// This one, which must exist.
    Required(PathBuf),
}

impl Sources {
    /// What a process has: the file of `--config` (else of `LINGPAI_CONFIG`, else `lingpai.toml`
    /// in the working directory if it is there), its environment, and `overrides`.
    pub fn of_process(config: Option<PathBuf>, overrides: Vec<(String, String)>) -> Self {
        let environment: Vec<_> = std::env::vars_os().collect();
        let named = config.or_else(|| {
            let (_, value) = environment.iter().find(|(name, _)| name == "LINGPAI_CONFIG")?;
            Some(PathBuf::from(value))
        });
        let file = named.map_or_else(|| ConfigurationFile::Optional("lingpai.toml".into()), ConfigurationFile::Required);
        Self { file, environment, overrides }
    }
}

/// All layers, flattened: the last value of each setting, by its path.
pub struct Layers {
    /// What `config.default.toml` says, which also tells the kind of each setting.
    defaults: BTreeMap<String, Located>,
    /// What stands in the layers above it.
    given: BTreeMap<String, Located>,
}

impl Layers {
    /// Reads all layers and collects what is wrong with them.
    pub fn read(sources: &Sources, problems: &mut Vec<Problem>) -> Self {
        let (defaults, malformed) = parse_document("config.default.toml", DEFAULTS);
        problems.extend(malformed);
        let mut layers = Self { defaults: BTreeMap::new(), given: BTreeMap::new() };
        layers.flatten_defaults(defaults, "");
        layers.read_file(&sources.file, problems);
        layers.read_environment(&sources.environment, problems);
        for (path, text) in &sources.overrides {
            layers.set_text(path, text, Origin::CommandLine, problems);
        }
        layers
    }

    /// The value of a setting. `None` only for a path that `config.default.toml` does not have.
    pub fn value(&self, path: &str) -> Option<&Located> {
        self.given.get(path).or_else(|| self.defaults.get(path))
    }

    /// The paths of all settings.
    #[cfg(test)]
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.defaults.keys().map(String::as_str)
    }

    fn flatten_defaults(&mut self, table: Vec<(String, Located)>, prefix: &str) {
        for (key, located) in table {
            let path = format!("{prefix}{key}");
            match located.value {
                Value::Table(entries) => self.flatten_defaults(entries, &format!("{path}.")),
                value => {
                    self.defaults.insert(path, Located { value, origin: Origin::Default });
                }
            }
        }
    }

    fn read_file(&mut self, file: &ConfigurationFile, problems: &mut Vec<Problem>) {
        let (path, required) = match file {
            ConfigurationFile::None => return,
            ConfigurationFile::Optional(path) => (path, false),
            ConfigurationFile::Required(path) => (path, true),
        };
        if !required && !path.exists() {
            return;
        }
        match read_bounded(path) {
            Ok(text) => {
                let (table, malformed) = parse_document(&path.display().to_string(), &text);
                problems.extend(malformed);
                self.overlay(table, "", problems);
            }
            Err(problem) => problems.push(problem),
        }
    }

    fn overlay(&mut self, table: Vec<(String, Located)>, prefix: &str, problems: &mut Vec<Problem>) {
        for (key, located) in table {
            let path = format!("{prefix}{key}");
            if self.defaults.contains_key(&path) {
                self.given.insert(path, located);
            } else if self.is_section(&path) {
                match located.value {
                    Value::Table(entries) => self.overlay(entries, &format!("{path}."), problems),
                    _ => problems.push(Problem::new(
                        located.origin.place(&path),
                        Words::new("这是小节，不能直接赋值", "is a section and has no value of its own"),
                        Words::new(format!("写成 [{path}]，其下再写各项设置"), format!("write [{path}] and the settings below it")),
                    )),
                }
            } else {
                let is_section = matches!(located.value, Value::Table(_));
                problems.push(self.unknown(&path, &located.origin, is_section));
            }
        }
    }

    fn is_section(&self, path: &str) -> bool {
        let prefix = format!("{path}.");
        self.defaults.range(prefix.clone()..).next().is_some_and(|(known, _)| known.starts_with(&prefix))
    }

    /// The sections that settings stand in.
    fn sections(&self) -> BTreeSet<&str> {
        self.defaults.keys().flat_map(|path| path.match_indices('.').filter_map(|(dot, _)| path.get(..dot))).collect()
    }

    fn unknown(&self, path: &str, origin: &Origin, is_section: bool) -> Problem {
        let settings = self.defaults.keys().map(String::as_str);
        let (what, nearest) = match is_section {
            true => (Words::new("没有这个小节", "there is no such section"), nearest(path, self.sections().into_iter().chain(settings))),
            false => (Words::new("没有这个设置", "there is no such setting"), nearest(path, settings)),
        };
        Problem::new(
            origin.place(path),
            what,
            remedy(nearest, Words::new("全部设置见 config.default.toml", "config.default.toml lists all")),
        )
    }

    fn read_environment(&mut self, environment: &[(OsString, OsString)], problems: &mut Vec<Problem>) {
        let by_variable: BTreeMap<String, String> = self.defaults.keys().map(|path| (variable_of(path), path.clone())).collect();
        for (name, value) in environment {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX) && !is_no_setting(name)) else { continue };
            let origin = Origin::Environment(name.to_owned());
            let Some(path) = by_variable.get(name) else {
                // What they all begin with makes none of them nearer.
                let known = by_variable.keys().filter_map(|name| name.strip_prefix(PREFIX));
                let nearest = nearest(name.trim_start_matches(PREFIX), known).map(|name| format!("{PREFIX}{name}"));
                problems.push(Problem::new(
                    origin.place(""),
                    Words::new("没有对应这个环境变量的设置", "there is no setting for this environment variable"),
                    remedy(nearest.as_deref(), Words::new("全部设置见 config.default.toml", "config.default.toml lists all settings")),
                ));
                continue;
            };
            match value.to_str() {
                Some(text) => self.set_text(path, text, origin, problems),
                None => problems.push(Problem::new(
                    origin.place(path),
                    Words::new("不是合法的 UTF-8 文本", "is not valid UTF-8"),
                    Words::new("改用 UTF-8 编码", "write it in UTF-8"),
                )),
            }
        }
    }

    /// Sets a setting from a text, read as what its default is.
    fn set_text(&mut self, path: &str, text: &str, origin: Origin, problems: &mut Vec<Problem>) {
        let Some(default) = self.defaults.get(path) else {
            problems.push(self.unknown(path, &origin, false));
            return;
        };
        let value = match &default.value {
            Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
            Value::Boolean(_) => match text.trim() {
                "true" | "1" => Some(Value::Boolean(true)),
                "false" | "0" => Some(Value::Boolean(false)),
                _ => None,
            },
            Value::List(_) if text.trim_start().starts_with('[') => parse_value(text, &origin).map(|located| located.value),
            Value::List(_) => Some(Value::List(
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| Located { value: Value::Text(item.to_owned()), origin: origin.clone() })
                    .collect(),
            )),
            Value::Text(_) | Value::Table(_) | Value::Other => Some(Value::Text(text.to_owned())),
        };
        match value {
            Some(value) => {
                self.given.insert(path.to_owned(), Located { value, origin });
            }
            None => {
                let kind = default.value.kind();
                problems.push(Problem::new(
                    origin.place(path),
                    Words::new(format!("应为{}", kind.zh), format!("must be {}", kind.en)),
                    Words::new("参见 config.default.toml 中的写法", "see config.default.toml for how it is written"),
                ));
            }
        }
    }
}

fn variable_of(path: &str) -> String {
    format!("{PREFIX}{}", path.to_uppercase().replace('.', "_"))
}

/// Reads a text file of at most 1 MiB.
pub fn read_bounded(path: &Path) -> Result<String, Problem> {
    let place = Place::file(path.display().to_string());
    let unreadable = |error: std::io::Error| {
        Problem::new(
            place.clone(),
            Words::new(format!("无法读取：{error}"), format!("cannot be read: {error}")),
            Words::new("检查路径与读取权限；文件须为 UTF-8 文本", "check the path and the permission to read; it must be a UTF-8 text"),
        )
    };
    let mut text = String::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    let read = file.take(FILE_CEILING_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if read as u64 > FILE_CEILING_BYTES {
        return Err(Problem::new(
            place,
            Words::new("文件超过 1 MiB", "is larger than 1 MiB"),
            Words::new("检查是否指定了正确的文件", "check that it is the right file"),
        ));
    }
    // Editors on Windows like to put a byte order mark in front.
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_an_environment_variable_of_its_own() {
        let layers = Layers::read(&Sources::default(), &mut Vec::new());
        let variables: std::collections::BTreeSet<_> = layers.paths().map(variable_of).collect();
        assert_eq!(variables.len(), layers.paths().count());
        assert!(variables.contains("LINGPAI_PROVIDERS_WEIXIN_BASE_URL"));
        assert!(!variables.iter().any(|variable| is_no_setting(variable)));
    }

    #[test]
    fn every_setting_is_described_in_chinese_and_english() {
        let lines: Vec<&str> = DEFAULTS.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            if line.starts_with('#') || line.starts_with('[') || line.is_empty() {
                continue;
            }
            let comments: Vec<&str> = lines[..number].iter().rev().take_while(|line| line.starts_with("# ")).copied().collect();
            assert!(comments.iter().any(|comment| !comment.is_ascii()), "no Chinese line above {line:?}");
            assert!(comments.iter().any(|comment| comment.is_ascii()), "no English line above {line:?}");
        }
    }
}
