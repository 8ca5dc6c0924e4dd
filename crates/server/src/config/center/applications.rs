//! `uni-id/config.json`: one entry for all applications, or a list of entries.

use std::{collections::HashMap, sync::Arc};

use lingpai_domain::password::Argon2Cost;
use serde_json::Value;

use super::{
    app_config::AppConfig,
    fields::{Fields, Source},
    jsonc::Document,
    merge::merge,
    older_keys::upgrade,
    platform,
};
use crate::config::report::{Notice, Place, Problem, Words};

/// What applications have configured, ready to be looked up.
#[derive(Debug)]
pub struct Applications {
    entries: Vec<Entry>,
    /// The number of the entry of each listed application.
    by_app_id: HashMap<String, usize>,
    /// The number of the entry of all others.
    default: Option<usize>,
    /// Whether applications are listed at all: not if the file is a single entry.
    is_list: bool,
    /// The answer for applications without an entry.
    no_entry: Problem,
}

/// Sections of platforms in one entry; uni-app has about twenty. Each costs a copy of the entry.
const SECTIONS_CEILING: usize = 32;

/// An entry, resolved for each platform.
#[derive(Debug)]
struct Entry {
    /// Platforms that have a section.
    platforms: HashMap<String, Arc<AppConfig>>,
    /// All others.
    plain: Arc<AppConfig>,
}

impl Applications {
    /// None at all: every lookup answers with `problem`.
    pub fn none(problem: Problem) -> Self {
        Self { entries: Vec::new(), by_app_id: HashMap::new(), default: None, is_list: false, no_entry: problem }
    }

    /// Reads the file's text. `file` is what problems call it. Never fails: what is wrong is
    /// returned beside what could be made of the rest.
    pub fn parse(file: &str, text: &str, argon2: Argon2Cost) -> (Self, Vec<Notice>, Vec<Problem>) {
        let document = match Document::parse(file, text) {
            Ok(document) => document,
            Err(problem) => return (Self::none(problem.clone()), Vec::new(), vec![problem]),
        };
        let mut loading = Loading {
            document: &document,
            argon2,
            notices: Vec::new(),
            problems: Vec::new(),
            applications: Self::none(Problem::new(
                Place::file(file),
                Words::new("没有适用于该应用的配置", "there is no configuration for this application"),
                Words::new(
                    "在某一项的 dcloudAppid 中加入该应用，或给一项加上 \"isDefaultConfig\": true",
                    "name the application in an entry's dcloudAppid, or give one entry \"isDefaultConfig\": true",
                ),
            )),
        };
        match &document.value {
            Value::Object(_) => {
                loading.entry(&document.value, &[]);
                loading.applications.default = Some(0);
            }
            Value::Array(items) => loading.list(items),
            _ => loading.not_an_entry(&[]),
        }
        (loading.applications, loading.notices, loading.problems)
    }

    /// What `app_id` has configured for `uni_platform`. Allocates nothing.
    pub fn app(&self, app_id: &str, uni_platform: &str) -> Result<Arc<AppConfig>, Problem> {
        let number = self.by_app_id.get(app_id).copied().or(self.default);
        match number.and_then(|number| self.entries.get(number)) {
            Some(entry) => Ok(entry.platforms.get(platform::normalise(uni_platform)).unwrap_or(&entry.plain).clone()),
            None => Err(self.no_entry.clone()),
        }
    }

    /// The applications that are listed, in order; after them an empty text if there is an entry for all
    /// others.
    pub fn app_ids(&self) -> Vec<String> {
        let mut ids: Vec<String> = self.by_app_id.keys().cloned().collect();
        ids.sort();
        ids.extend(self.default.map(|_| String::new()));
        ids
    }

    /// Whether `app_id` is named in the list of applications; `None` if there is no such list.
    pub fn lists(&self, app_id: &str) -> Option<bool> {
        self.is_list.then(|| self.by_app_id.contains_key(app_id))
    }
}

struct Loading<'a> {
    document: &'a Document,
    argon2: Argon2Cost,
    notices: Vec<Notice>,
    problems: Vec<Problem>,
    applications: Applications,
}

impl Loading<'_> {
    fn problem(&mut self, path: &[&str], what: Words, remedy: Words) {
        self.problems.push(Problem::new(self.document.place(path), what, remedy));
    }

    fn not_an_entry(&mut self, path: &[&str]) {
        self.problem(
            path,
            Words::new("不是一项配置", "is no configuration"),
            Words::new(
                "写成对象 {...}；多个应用写成对象的列表 [{...}, ...]",
                "write an object {...}, or a list of objects [{...}, ...] for several applications",
            ),
        );
    }

    fn list(&mut self, items: &[Value]) {
        self.applications.is_list = true;
        for (index, item) in items.iter().enumerate() {
            let index = index.to_string();
            if !item.is_object() {
                self.not_an_entry(&[&index]);
                continue;
            }
            let number = self.applications.entries.len();
            self.entry(item, &[&index]);
            self.app_ids(item, &index, number);
            if item.get("isDefaultConfig").is_some_and(|value| value == true) {
                if self.applications.default.is_some() {
                    self.problem(
                        &[&index, "isDefaultConfig"],
                        Words::new("已有一项是默认配置", "another entry is the default already"),
                        Words::new("只保留一个 isDefaultConfig", "keep one isDefaultConfig"),
                    );
                } else {
                    self.applications.default = Some(number);
                }
            }
        }
        if self.applications.by_app_id.is_empty() && self.applications.default.is_none() {
            self.problem(
                &[],
                Words::new("没有一项配置适用于任何应用", "no entry applies to any application"),
                Words::new(
                    "给每一项写上 dcloudAppid，其中一项加上 \"isDefaultConfig\": true",
                    "give each entry its dcloudAppid, and one of them \"isDefaultConfig\": true",
                ),
            );
        }
    }

    fn app_ids(&mut self, item: &Value, index: &str, number: usize) {
        let ids: Option<Vec<&str>> = match item.get("dcloudAppid") {
            None | Some(Value::Null) => return,
            Some(Value::String(id)) => Some(vec![id]),
            Some(Value::Array(ids)) => ids.iter().map(Value::as_str).collect(),
            Some(_) => None,
        };
        let Some(ids) = ids else {
            self.problem(
                &[index, "dcloudAppid"],
                Words::new("类型不对", "is of the wrong type"),
                Words::new("应为字符串或字符串的列表", "must be a text or a list of texts"),
            );
            return;
        };
        for id in ids.into_iter().filter(|id| !id.is_empty()) {
            if *self.applications.by_app_id.entry(id.to_owned()).or_insert(number) != number {
                self.problem(
                    &[index, "dcloudAppid"],
                    Words::new(format!("{id} 已出现在前面的一项中"), format!("{id} stands in an entry before this one already")),
                    Words::new("每个应用只写在一项中", "name each application in one entry only"),
                );
            }
        }
    }

    fn entry(&mut self, item: &Value, prefix: &[&str]) {
        let mut item = item.clone();
        let renamed = match item.as_object_mut() {
            Some(fields) => upgrade(fields, self.document, prefix, &mut self.notices),
            None => Vec::new(),
        };
        let source = Source { document: self.document, prefix, renamed: &renamed };
        let plain = Arc::new(item);
        let mut platforms = HashMap::new();
        for (name, section) in plain.as_object().into_iter().flatten().filter(|(name, _)| platform::is_section(name)) {
            if !section.is_object() {
                self.problems.push(Problem::new(
                    source.place(None, &[name]),
                    Words::new("平台小节不是对象", "a platform's section must be an object"),
                    Words::new("写成 {...} 或删除", "write {...} or take it out"),
                ));
                continue;
            }
            if platforms.len() == SECTIONS_CEILING {
                self.problems.push(Problem::new(
                    source.place(None, &[name]),
                    Words::new("平台小节太多", "there are too many sections of platforms"),
                    Words::new(format!("最多 {SECTIONS_CEILING} 个"), format!("{SECTIONS_CEILING} are the most")),
                ));
                break;
            }
            let mut resolved = plain.as_ref().clone();
            merge(&mut resolved, section.clone());
            platforms.insert(name.clone(), self.resolve(Arc::new(resolved), source, Some(name)));
        }
        let plain = self.resolve(plain, source, None);
        self.applications.entries.push(Entry { platforms, plain });
    }

    fn resolve(&mut self, root: Arc<Value>, source: Source<'_>, platform: Option<&str>) -> Arc<AppConfig> {
        let mut fields = Fields::new(&root, source, platform);
        let config = AppConfig::read(&root, &mut fields, self.argon2);
        // What the top level has wrong shows on every platform: it is told once.
        for problem in fields.problems {
            if !self.problems.contains(&problem) {
                self.problems.push(problem);
            }
        }
        for notice in fields.notices {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        Arc::new(config)
    }
}
