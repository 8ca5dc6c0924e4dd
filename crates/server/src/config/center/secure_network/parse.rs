//! `secure-network/config.json`, everything wrong with it at once.

use std::{ops::RangeInclusive, time::Duration};

use lingpai_secure::{
    attestation::{android, apple},
    handshake::EvidenceLevel,
};
use serde_json::{Map, Value};
use url::Url;

use super::{
    ClientRule, Entry, Identity, Platform, RegisteredApp, RevocationSource, Rule, SecureNetworkConfig, Verification, Version,
    canonical_function,
};
use crate::config::{
    center::jsonc::Document,
    nearest::remedy_of_few,
    report::{Problem, Words},
};

/// Applications, builds of one, rules, and clients of one: more than anybody has.
const MOST: usize = 1000;

/// Makes of a document what can be made of it.
pub fn parse(document: &Document, problems: &mut Vec<Problem>) -> SecureNetworkConfig {
    let mut reader = Reader { document, problems };
    let mut config = SecureNetworkConfig::default();
    let known = ["enable", "apps", "verifyClient", "url", "windowSeconds", "weixinWindowSeconds", "clientKeyHours", "androidRevocations"];
    let Some(root) = reader.object(&[], &document.value, &known) else { return config };
    config.enabled = reader.boolean(&[], root, "enable");
    config.url_allowed = reader.choice(&[], root, "url", &["refuse", "allow"]).as_deref() == Some("allow");
    let seconds = |number| Duration::from_secs(number);
    config.window = reader.number(&[], root, "windowSeconds", 10..=600).map_or(config.window, seconds);
    config.weixin_window = reader.number(&[], root, "weixinWindowSeconds", 10..=3600).map_or(config.weixin_window, seconds);
    config.client_key_lifetime =
        reader.number(&[], root, "clientKeyHours", 1..=8760).map_or(config.client_key_lifetime, |hours| Duration::from_secs(hours * 3600));
    config.revocation_source = revocation_source(&mut reader, root);
    config.apps = apps(&mut reader, root);
    config.verification = verification(&mut reader, root, &config.apps);
    config
}

fn revocation_source(reader: &mut Reader<'_>, root: &Map<String, Value>) -> Option<RevocationSource> {
    let path = at(&[], "androidRevocations");
    let fields = reader.object(&path, root.get("androidRevocations")?, &["url", "everyHours", "maxAgeHours", "whenStale"])?;
    let hours = |hours: u64| i64::try_from(hours).unwrap_or(i64::MAX).saturating_mul(3_600_000);
    let url = reader.required(&path, fields, "url")?;
    let every_ms = hours(reader.number(&path, fields, "everyHours", 1..=720).unwrap_or(24));
    let max_age_ms = hours(reader.number(&path, fields, "maxAgeHours", 1..=8760).unwrap_or(168));
    let refuses_when_stale = reader.choice(&path, fields, "whenStale", &["use", "refuse"]).as_deref() == Some("refuse");
    let here = Url::parse(&url).ok().filter(|url| match url.host_str() {
        Some(host) => url.scheme() == "https" || (url.scheme() == "http" && ["127.0.0.1", "[::1]", "localhost"].contains(&host)),
        None => false,
    });
    if here.is_none() {
        reader.problem(
            &at(&path, "url"),
            Words::new(
                "不是 https:// 地址：列表没有签名，只有 HTTPS 保证它是真的",
                "is no https:// address: the list is not signed, HTTPS alone vouches for it",
            ),
            Words::new("写成 https://…；本机的地址可以用 http://", "write https://…; http:// is for this machine's own addresses"),
        );
    }
    if max_age_ms < every_ms {
        reader.problem(
            &at(&path, "maxAgeHours"),
            Words::new("比 everyHours 短，列表总是过期的", "is shorter than everyHours: the list would be too old again and again"),
            Words::new("写得比 everyHours 长", "make it longer than everyHours"),
        );
    }
    Some(RevocationSource { url, every_ms, max_age_ms, refuses_when_stale })
}

fn apps(reader: &mut Reader<'_>, root: &Map<String, Value>) -> Vec<RegisteredApp> {
    let mut apps: Vec<RegisteredApp> = Vec::new();
    for (path, app) in reader.items(&[], root, "apps") {
        let Some(fields) = reader.object(&path, app, &["appId", "name", "android", "ios", "mp-weixin", "web"]) else { continue };
        let Some(app_id) = reader.required(&path, fields, "appId") else { continue };
        if apps.iter().any(|other| other.app_id == app_id) {
            reader.problem(
                &at(&path, "appId"),
                Words::new("这个应用登记了两次", "this application is registered twice"),
                Words::new("合并成一项", "make one entry of the two"),
            );
        }
        let mut entries: Vec<Entry> = Vec::new();
        for platform in Platform::ALL {
            for (path, build) in reader.items(&path, fields, platform.name()) {
                let Some(entry) = entry(reader, &path, build, platform) else { continue };
                let is_second = |other: &Entry| other.platform() == platform && other.version == Version::Production;
                if entry.version == Version::Production && platform != Platform::Web && entries.iter().any(is_second) {
                    reader.problem(
                        &path,
                        Words::new("一个应用在一个平台上只能有一个正式版", "an application has one production build a platform"),
                        Words::new("其余的写成 \"version\": \"development\"", "give the others \"version\": \"development\""),
                    );
                }
                entries.push(entry);
            }
        }
        entries.sort_by_key(|entry| entry.version != Version::Production);
        apps.push(RegisteredApp { app_id, entries });
    }
    apps
}

fn entry(reader: &mut Reader<'_>, path: &[String], build: &Value, platform: Platform) -> Option<Entry> {
    let own: &[&str] = match platform {
        Platform::Android => &["package", "certSha256"],
        Platform::Ios => &["bundleId", "teamId", "assertions"],
        Platform::MpWeixin => &["wxAppId"],
        Platform::Web => &["origin"],
    };
    let fields = reader.object(path, build, &[own, &["version", "require"]].concat())?;
    let version = reader.choice(path, fields, "version", &["production", "development"]);
    let version = version.as_deref().and_then(Version::parse).unwrap_or(Version::Production);
    let development = version == Version::Development;
    let require = match reader.choice(path, fields, "require", &["attested", "keyed"]).as_deref() {
        Some("keyed") => EvidenceLevel::Keyed,
        Some(_) => EvidenceLevel::Attested,
        // Developers' devices often cannot attest, and a browser never can.
        None if platform == Platform::Web || (development && platform != Platform::MpWeixin) => EvidenceLevel::Keyed,
        None => EvidenceLevel::Attested,
    };
    if platform == Platform::Web && require == EvidenceLevel::Attested {
        reader.problem(
            &at(path, "require"),
            Words::new("浏览器无法证明自己，这一项不可能满足", "a browser cannot attest: nothing would ever satisfy this"),
            Words::new("写成 \"keyed\" 或删除", "write \"keyed\", or take it out"),
        );
    }
    let asserts = reader.choice(path, fields, "assertions", &["accept", "require"]).as_deref() == Some("require");
    if asserts && require == EvidenceLevel::Keyed {
        reader.problem(
            &at(path, "assertions"),
            Words::new("没有平台证明的客户端无法断言", "a client without attestation has nothing to assert with"),
            Words::new("同时写 \"require\": \"attested\"", "write \"require\": \"attested\" beside it"),
        );
    }
    let identity = match platform {
        Platform::Android => {
            let (package, certs) = (reader.required(path, fields, "package"), certificates(reader, path, fields));
            Identity::Android(android::Rule { package: package?, cert_sha256: certs, development })
        }
        Platform::Ios => {
            let (team_id, bundle_id) = (reader.required(path, fields, "teamId"), reader.required(path, fields, "bundleId"));
            Identity::Apple(apple::Rule { team_id: team_id?, bundle_id: bundle_id?, development })
        }
        Platform::MpWeixin => Identity::MpWeixin { wx_app_id: reader.required(path, fields, "wxAppId")? },
        Platform::Web => {
            let origin = reader.required(path, fields, "origin")?;
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            if host.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', '@', ' ', '*'])) {
                reader.problem(
                    &at(path, "origin"),
                    Words::new("不是网页来源", "is not a web origin"),
                    Words::new("写成 https://主机[:端口]，不带路径", "write https://host[:port] without a path"),
                );
            }
            Identity::Web { origin }
        }
    };
    Some(Entry { identity, version, require, asserts })
}

/// `certSha256`: digests as `keytool` prints them, or without colons.
fn certificates(reader: &mut Reader<'_>, path: &[String], fields: &Map<String, Value>) -> Vec<[u8; 32]> {
    let mut certs = Vec::new();
    let items = reader.items(path, fields, "certSha256");
    if items.is_empty() {
        reader.problem(
            &at(path, "certSha256"),
            Words::new("没有签名证书的摘要", "has no digest of a signing certificate"),
            Words::new("填入 keytool -list -v 显示的 SHA256", "fill in SHA256 as keytool -list -v shows it"),
        );
    }
    for (path, item) in items {
        let digits = item.as_str().map(|text| text.replace(':', "")).unwrap_or_default();
        let bytes: Option<Vec<u8>> = (digits.len() == 64 && digits.is_ascii())
            .then(|| (0..32).map_while(|n| u8::from_str_radix(digits.get(n * 2..n * 2 + 2)?, 16).ok()).collect());
        match bytes.and_then(|bytes| bytes.try_into().ok()) {
            Some(cert) => certs.push(cert),
            None => reader.problem(
                &path,
                Words::new("不是 SHA-256 摘要", "is not a SHA-256 digest"),
                Words::new("写成 64 个十六进制数字，可带冒号", "write 64 hexadecimal digits, colons allowed"),
            ),
        }
    }
    certs
}

fn verification(reader: &mut Reader<'_>, root: &Map<String, Value>, apps: &[RegisteredApp]) -> Verification {
    let Some(value) = root.get("verifyClient") else { return Verification::Off };
    let path = at(&[], "verifyClient");
    let Some(fields) = reader.object(&path, value, &["enable", "customRules", "rules"]) else { return Verification::Off };
    let (enabled, custom) = (reader.boolean(&path, fields, "enable"), reader.boolean(&path, fields, "customRules"));
    let rules = rules(reader, &path, fields, apps);
    match (enabled, custom) {
        (false, _) => Verification::Off,
        (true, false) => Verification::All,
        (true, true) => Verification::Rules(rules),
    }
}

fn rules(reader: &mut Reader<'_>, path: &[String], fields: &Map<String, Value>, apps: &[RegisteredApp]) -> Vec<Rule> {
    let Some(value) = fields.get("rules") else { return Vec::new() };
    let path = at(path, "rules");
    let Some(table) = value.as_object() else {
        reader.wrong_kind(&path, "对象", "an object");
        return Vec::new();
    };
    let mut rules: Vec<Rule> = Vec::new();
    for key in table.keys().take(MOST) {
        let functions: Vec<String> = key.split(',').map(|name| canonical_function(name.trim()).to_owned()).collect();
        let here = at(&path, key);
        if functions.iter().any(String::is_empty) {
            reader.problem(
                &here,
                Words::new("函数名是空的", "a function's name is empty"),
                Words::new("写成 \"order\"、\"order,pay\" 或 \"*\"", "write \"order\", \"order,pay\" or \"*\""),
            );
        }
        let twice = |other: &Rule| {
            (other.functions.len() == 1) == (functions.len() == 1) && other.functions.iter().any(|name| functions.contains(name))
        };
        if rules.iter().any(twice) {
            reader.problem(
                &here,
                Words::new("有两条同级的规则写了同一个函数", "two rules of the same rank name the same function"),
                Words::new("合并，或从其中一条删去", "make one of them, or take the name out of one"),
            );
        }
        let mut clients = Vec::new();
        for (path, client) in reader.items(&path, table, key) {
            clients.extend(client_rule(reader, &path, client, apps));
        }
        rules.push(Rule { functions, clients });
    }
    rules
}

fn client_rule(reader: &mut Reader<'_>, path: &[String], client: &Value, apps: &[RegisteredApp]) -> Option<ClientRule> {
    let fields = reader.object(path, client, &["appId", "platform", "version"])?;
    let app_id = reader.required(path, fields, "appId");
    let platforms = Platform::ALL.map(Platform::name);
    let platform = reader.required(path, fields, "platform").is_some().then(|| reader.choice(path, fields, "platform", &platforms));
    let version = reader.choice(path, fields, "version", &["production", "development"]);
    let rule = ClientRule {
        app_id: app_id?,
        platform: platform.flatten().as_deref().and_then(Platform::parse)?,
        version: version.as_deref().and_then(Version::parse).unwrap_or(Version::Production),
    };
    let registered = apps.iter().filter(|app| app.app_id == rule.app_id).flat_map(|app| app.entries(rule.platform));
    if !registered.into_iter().any(|entry| entry.version == rule.version) {
        reader.problem(
            path,
            Words::new("apps 中没有登记这样的客户端，这一项永远不会匹配", "apps registers no such client: this can never match"),
            Words::new("在 apps 中登记，或改正 appId、platform、version", "register it in apps, or correct appId, platform or version"),
        );
    }
    Some(rule)
}

fn at(path: &[String], name: &str) -> Vec<String> {
    path.iter().cloned().chain([name.to_owned()]).collect()
}

/// Takes typed fields out of the document and notes what does not fit.
struct Reader<'a> {
    document: &'a Document,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, path: &[String], what: Words, remedy: Words) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.problems.push(Problem::new(self.document.place(&path), what, remedy));
    }

    fn wrong_kind(&mut self, path: &[String], zh: &str, en: &str) {
        self.problem(path, Words::new("类型不对", "is of the wrong type"), Words::new(format!("应为{zh}"), format!("must be {en}")));
    }

    /// An object, its unknown keys noted.
    fn object<'v>(&mut self, path: &[String], value: &'v Value, known: &[&str]) -> Option<&'v Map<String, Value>> {
        let Some(fields) = value.as_object() else {
            self.wrong_kind(path, "对象", "an object");
            return None;
        };
        for key in fields.keys().filter(|key| !known.contains(&key.as_str())) {
            self.problem(&at(path, key), Words::new("没有这一项", "there is no such field"), remedy_of_few(key, known));
        }
        Some(fields)
    }

    /// The items of a list with their places; none if it is absent.
    fn items<'v>(&mut self, path: &[String], fields: &'v Map<String, Value>, name: &str) -> Vec<(Vec<String>, &'v Value)> {
        let path = at(path, name);
        match fields.get(name) {
            None => Vec::new(),
            Some(Value::Array(items)) if items.len() <= MOST => {
                items.iter().enumerate().map(|(number, item)| (at(&path, &number.to_string()), item)).collect()
            }
            Some(_) => {
                self.wrong_kind(&path, &format!("列表（至多 {MOST} 项）"), &format!("a list of at most {MOST} items"));
                Vec::new()
            }
        }
    }

    fn boolean(&mut self, path: &[String], fields: &Map<String, Value>, name: &str) -> bool {
        match fields.get(name) {
            None => false,
            Some(Value::Bool(value)) => *value,
            Some(_) => {
                self.wrong_kind(&at(path, name), "true 或 false", "true or false");
                false
            }
        }
    }

    fn number(&mut self, path: &[String], fields: &Map<String, Value>, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = fields.get(name)?;
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            self.wrong_kind(&at(path, name), &format!("{low} - {high} 的整数"), &format!("a whole number from {low} to {high}"));
        }
        number
    }

    /// A text that must be there and not be empty.
    fn required(&mut self, path: &[String], fields: &Map<String, Value>, name: &str) -> Option<String> {
        let text = fields.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if text.is_none() {
            self.wrong_kind(&at(path, name), "非空字符串", "a text that is not empty");
        }
        text.map(str::to_owned)
    }

    /// One of a few words, in lower case; `None` if it is absent or another.
    fn choice(&mut self, path: &[String], fields: &Map<String, Value>, name: &str, words: &[&str]) -> Option<String> {
        let value = fields.get(name)?;
        let word = value.as_str().filter(|word| words.contains(word));
        if word.is_none() {
            let shown = words.join("、");
            self.problem(
                &at(path, name),
                Words::new("不是可选的值", "is not one of the choices"),
                Words::new(format!("可选：{shown}（小写）"), format!("choose from {} (lower case)", words.join(", "))),
            );
        }
        word.map(str::to_owned)
    }
}
