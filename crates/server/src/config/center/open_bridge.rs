//! `uni-open-bridge/config.json`: which credentials are kept fresh, and who may call the URL form.

use std::net::IpAddr;

use serde_json::Value;

use super::jsonc::Document;
use crate::{
    config::{
        report::{Problem, Words},
        settings::Network,
    },
    open_bridge::Credential,
    weixin::WeixinPlatform,
};

/// The file.
#[derive(Clone, Debug, Default)]
pub struct OpenBridgeConfig {
    /// What is kept fresh.
    pub tasks: Vec<Task>,
    listed: Vec<Network>,
}

/// A credential that is renewed ahead of its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The DCloud AppID.
    pub app_id: String,
    /// Mini program or official account.
    pub platform: WeixinPlatform,
    /// Access token or ticket.
    pub credential: Credential,
}

impl OpenBridgeConfig {
    /// Whether the URL form may be called from an address. Default: no.
    pub fn allows(&self, address: IpAddr) -> bool {
        self.listed.iter().any(|network| network.contains(address))
    }

    /// Reads the file; what is wrong with it is noted and left out.
    pub fn read(document: &Document, problems: &mut Vec<Problem>) -> Self {
        let mut reading = Reading { document, problems, config: Self::default() };
        match &document.value {
            Value::Object(root) => {
                if let Some(schedule) = root.get("schedule") {
                    reading.schedule(schedule);
                }
                // Older files spell it with a small l.
                for name in ["ipWhiteList", "ipWhitelist"] {
                    if let Some(list) = root.get(name) {
                        reading.addresses(name, list);
                    }
                }
            }
            _ => reading.problem(&[], ("应为对象", "must be an object"), ("写成 {...}", "write {...}")),
        }
        reading.config
    }
}

struct Reading<'a> {
    document: &'a Document,
    problems: &'a mut Vec<Problem>,
    config: OpenBridgeConfig,
}

type Bilingual<'a> = (&'a str, &'a str);

impl Reading<'_> {
    fn problem(&mut self, path: &[&str], what: Bilingual<'_>, remedy: Bilingual<'_>) {
        let place = self.document.place(path);
        self.problems.push(Problem::new(place, Words::new(what.0, what.1), Words::new(remedy.0, remedy.1)));
    }

    fn addresses(&mut self, name: &str, list: &Value) {
        let Some(items) = list.as_array() else {
            return self.problem(&[name], ("应为列表", "must be a list"), ("写成 [\"10.0.0.1\"]", "write [\"10.0.0.1\"]"));
        };
        for (index, item) in items.iter().enumerate() {
            match item.as_str() {
                // As the documentation's example has it: nobody.
                Some("") => {}
                Some(text) => match Network::parse(text) {
                    Some(network) => self.config.listed.push(network),
                    None => self.not_an_address(name, index),
                },
                None => self.not_an_address(name, index),
            }
        }
    }

    fn not_an_address(&mut self, name: &str, index: usize) {
        let remedy = ("写成 10.0.0.1 或 10.0.0.0/8", "write 10.0.0.1 or 10.0.0.0/8");
        self.problem(&[name, &index.to_string()], ("不是 IP 或 CIDR", "is neither an IP address nor a CIDR block"), remedy);
    }

    fn schedule(&mut self, schedule: &Value) {
        let Some(apps) = schedule.as_object() else {
            let remedy = ("写成 {\"__UNI__...\": {...}}", "write {\"__UNI__...\": {...}}");
            return self.problem(&["schedule"], ("应为对象", "must be an object"), remedy);
        };
        for (app_id, section) in apps {
            let Some(fields) = section.as_object() else {
                let remedy = ("写成 {\"enable\": true, \"weixin-mp\": {...}}", "write {\"enable\": true, \"weixin-mp\": {...}}");
                self.problem(&["schedule", app_id], ("应为对象", "must be an object"), remedy);
                continue;
            };
            if !self.is_enabled(section, &["schedule", app_id]) {
                continue;
            }
            for (name, section) in fields.iter().filter(|(name, _)| *name != "enable") {
                self.platform(app_id, name, section);
            }
        }
    }

    fn is_enabled(&mut self, section: &Value, path: &[&str]) -> bool {
        match section.get("enable") {
            None | Some(Value::Bool(true)) => true,
            Some(Value::Bool(false)) => false,
            Some(_) => {
                let path: Vec<&str> = path.iter().copied().chain(["enable"]).collect();
                self.problem(&path, ("应为 true 或 false", "must be true or false"), ("写成 true 或 false", "write true or false"));
                false
            }
        }
    }

    fn platform(&mut self, app_id: &str, name: &str, section: &Value) {
        let path = ["schedule", app_id, name];
        let platform = WeixinPlatform::named(name);
        let Some(platform @ (WeixinPlatform::MiniProgram | WeixinPlatform::OfficialAccount)) = platform else {
            let what = ("不是可以定时刷新的平台", "is no platform whose credentials are renewed");
            return self.problem(&path, what, ("可选:weixin-mp、weixin-h5", "choose weixin-mp or weixin-h5"));
        };
        if !self.is_enabled(section, &path) {
            return;
        }
        let Some(tasks) = section.get("tasks").and_then(Value::as_array) else {
            let remedy = ("写成 \"tasks\": [\"accessToken\"]", "write \"tasks\": [\"accessToken\"]");
            return self.problem(&path, ("没有 tasks 列表", "has no list of tasks"), remedy);
        };
        for (index, task) in tasks.iter().enumerate() {
            let credential = match (task.as_str(), platform) {
                (Some("accessToken"), _) => Credential::AccessToken,
                (Some("ticket"), WeixinPlatform::OfficialAccount) => Credential::Ticket,
                _ => {
                    let remedy = (
                        "weixin-mp 可用 accessToken;weixin-h5 可用 accessToken、ticket",
                        "weixin-mp has accessToken; weixin-h5 has accessToken and ticket",
                    );
                    let path = ["schedule", app_id, name, "tasks", &index.to_string()];
                    self.problem(&path, ("没有这个任务", "there is no such task"), remedy);
                    continue;
                }
            };
            self.config.tasks.push(Task { app_id: app_id.to_owned(), platform, credential });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (OpenBridgeConfig, Vec<String>) {
        let document = Document::parse("config.json", text).unwrap();
        let mut problems = Vec::new();
        let config = OpenBridgeConfig::read(&document, &mut problems);
        (config, problems.into_iter().map(|problem| problem.place.path.clone()).collect())
    }

    #[test]
    fn the_documented_file_is_understood() {
        let (config, problems) = read(
            r#"{"schedule": {"__UNI__A": {"enable": true,
                "weixin-mp": {"enable": true, "tasks": ["accessToken"]}, // comment
                "weixin-h5": {"enable": false, "tasks": ["ticket"]}}, "__UNI__B": {"enable": false, "weixin-mp": 1}},
                "ipWhiteList": ["10.0.0.1", "192.168.0.0/16", ""]}"#,
        );
        assert_eq!(problems, [""; 0]);
        let task = Task { app_id: "__UNI__A".into(), platform: WeixinPlatform::MiniProgram, credential: Credential::AccessToken };
        assert_eq!(config.tasks, [task]);
        for (address, allowed) in [("10.0.0.1", true), ("192.168.7.7", true), ("10.0.0.2", false), ("0.0.0.0", false)] {
            assert_eq!(config.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[test]
    fn nobody_is_allowed_by_default() {
        for text in ["{}", r#"{"ipWhiteList": []}"#, r#"{"ipWhiteList": [""]}"#, r#"{"ipWhiteList": ["0.0.0.0"]}"#] {
            assert!(!read(text).0.allows("127.0.0.1".parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let (config, problems) = read(
            r#"{"schedule": {"A": 1, "B": {"weixin-app": {}, "weixin-mp": {"tasks": ["ticket", "x"]}, "weixin-h5": {"enable": 1}},
                "C": {"weixin-mp": {}}}, "ipWhiteList": ["nonsense", 5]}"#,
        );
        assert!(config.tasks.is_empty());
        assert_eq!(
            problems,
            [
                "schedule.A",
                "schedule.B.weixin-app",
                "schedule.B.weixin-mp.tasks[0]",
                "schedule.B.weixin-mp.tasks[1]",
                "schedule.B.weixin-h5.enable",
                "schedule.C.weixin-mp",
                "ipWhiteList[0]",
                "ipWhiteList[1]"
            ]
        );
        assert_eq!(read("[]").1, [""]);
    }
}
