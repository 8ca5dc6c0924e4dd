//! Keys of older versions of uni-id, brought to the names of today.

use serde_json::{Map, Value};

use super::{jsonc::Document, merge::merge, platform};
use crate::config::report::{Notice, Words};

/// A part of an entry that got another name: `now` is found in the file at `before`.
#[derive(Debug)]
pub struct Renamed {
    pub now: Vec<String>,
    pub before: Vec<String>,
}

/// Rewrites an entry. `prefix` leads to it in the document. Returns what was renamed; each older
/// key is named in a notice.
pub fn upgrade(entry: &mut Map<String, Value>, document: &Document, prefix: &[&str], notices: &mut Vec<Notice>) -> Vec<Renamed> {
    let mut upgrade = Upgrade { document, prefix, notices, renamed: Vec::new() };
    upgrade.section(entry, "h5", "web");
    upgrade.section(entry, "app-plus", "app");
    upgrade.official_account(entry);
    upgrade.fields(entry, &[]);
    for (name, section) in entry.iter_mut() {
        if let (true, Some(section)) = (platform::is_section(name), section.as_object_mut()) {
            upgrade.fields(section, &[name]);
        }
    }
    upgrade.renamed
}

struct Upgrade<'a> {
    document: &'a Document,
    prefix: &'a [&'a str],
    notices: &'a mut Vec<Notice>,
    renamed: Vec<Renamed>,
}

impl Upgrade<'_> {
    fn notice(&mut self, path: &[&str], zh: impl Into<String>, en: impl Into<String>) {
        // A part of a renamed section still stands under its older name.
        let located = self.document_path(path);
        let segments: Vec<&str> = self.prefix.iter().copied().chain(located.iter().map(String::as_str)).collect();
        self.notices.push(Notice::new(self.document.place(&segments), Words::new(zh, en)));
    }

    fn document_path(&self, path: &[&str]) -> Vec<String> {
        let has = |path: &[String]| {
            let segments: Vec<&str> = self.prefix.iter().copied().chain(path.iter().map(String::as_str)).collect();
            self.document.has(&segments)
        };
        let path: Vec<String> = path.iter().map(|segment| segment.to_string()).collect();
        variants(&path, &self.renamed).into_iter().find(|variant| has(variant)).unwrap_or(path)
    }

    fn renamed(&mut self, now: &[&str], before: &[&str]) {
        let owned = |path: &[&str]| path.iter().map(|segment| segment.to_string()).collect();
        self.renamed.push(Renamed { now: owned(now), before: owned(before) });
    }

    /// A platform's section with an older name. What the newer section says wins.
    fn section(&mut self, entry: &mut Map<String, Value>, before: &str, now: &str) {
        let Some(mut section) = entry.remove(before) else { return };
        self.notice(&[before], format!("旧的平台名，按 {now} 处理"), format!("older name of a platform, read as {now}"));
        if before == "h5"
            && let Some(oauth) = section.get_mut("oauth").and_then(Value::as_object_mut)
            && let Some(weixin) = oauth.remove("weixin")
        {
            // On the older web platform, WeChat was signing in on a website by QR code.
            oauth.entry("weixin-web").or_insert(weixin);
            self.renamed(&[now, "oauth", "weixin-web"], &[before, "oauth", "weixin"]);
        }
        if let Some(newer) = entry.remove(now) {
            merge(&mut section, newer);
        }
        entry.insert(now.to_owned(), section);
        self.renamed(&[now], &[before]);
    }

    /// `h5-weixin` was web pages inside of WeChat (official accounts).
    fn official_account(&mut self, entry: &mut Map<String, Value>) {
        const BEFORE: &str = "h5-weixin";
        let Some(section) = entry.remove(BEFORE) else { return };
        self.notice(
            &[BEFORE],
            "旧的平台名；其中的 oauth.weixin 按 web.oauth.weixin-h5 处理，其余各项没有作用",
            "older name of a platform; its oauth.weixin is read as web.oauth.weixin-h5, the rest of it has no effect",
        );
        let Some(weixin) = section.get("oauth").and_then(|oauth| oauth.get("weixin")) else { return };
        let mut web = serde_json::json!({"oauth": {"weixin-h5": weixin}});
        if let Some(newer) = entry.remove("web") {
            merge(&mut web, newer);
        }
        entry.insert("web".to_owned(), web);
        self.renamed(&["web", "oauth", "weixin-h5"], &[BEFORE, "oauth", "weixin"]);
    }

    fn fields(&mut self, level: &mut Map<String, Value>, path: &[&str]) {
        let at = |key| -> Vec<&str> { path.iter().copied().chain([key]).collect() };
        if let Some(limit) = level.remove("tokenMaxLimit") {
            self.notice(&at("tokenMaxLimit"), "旧的键名，按 maxTokenLength 处理", "older name of a key, read as maxTokenLength");
            self.renamed(&at("maxTokenLength"), &at("tokenMaxLimit"));
            level.entry("maxTokenLength").or_insert(limit);
        }
        if level.get("passwordSecret").is_some_and(Value::is_string) {
            self.notice(
                &at("passwordSecret"),
                "字符串形式的密钥，按 hmac-sha1 处理；建议改为带版本的列表，并追加更强的类型（hmac-sha256 或 argon2id）",
                "a secret as a plain text means hmac-sha1; a list with versions is advised, with a stronger type (hmac-sha256 or argon2id) added",
            );
        }
        for (key, zh, en) in [
            ("bindTokenToDevice", "uni-id-co 已去除此项，没有作用", "was taken out of uni-id-co and has no effect"),
            ("removePermissionAndRoleFromToken", "uni-id-co 已去除此项，没有作用", "was taken out of uni-id-co and has no effect"),
            ("preferedAppPlatform", "平台名已统一为 app，此项没有作用", "the platform is always called app, the key has no effect"),
            ("preferedWebPlatform", "平台名已统一为 web，此项没有作用", "the platform is always called web, the key has no effect"),
        ] {
            if level.contains_key(key) {
                self.notice(&at(key), zh, en);
            }
        }
    }
}

/// The path itself and the paths under which it may have stood before it was renamed.
pub fn variants(path: &[String], renamed: &[Renamed]) -> Vec<Vec<String>> {
    let mut variants = vec![path.to_vec()];
    // Twice: a key of a section may have been renamed, and then the section.
    for _ in 0..2 {
        for index in 0..variants.len() {
            for rule in renamed {
                let Some(rest) = variants.get(index).and_then(|variant| variant.strip_prefix(rule.now.as_slice())) else { continue };
                let variant: Vec<String> = rule.before.iter().chain(rest).cloned().collect();
                if !variants.contains(&variant) {
                    variants.push(variant);
                }
            }
        }
    }
    variants
}
