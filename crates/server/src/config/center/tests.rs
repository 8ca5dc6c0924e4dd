//! The folder from the outside: conformance configurations, older keys, everything that can be wrong.

use std::{fs, path::Path};

use lingpai_domain::password::{PasswordKind, Strength};

use super::*;
use crate::config::fresh::testing::Counting;

const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/configs");

fn conformance(name: &str) -> (Center, Vec<Notice>, Vec<Problem>) {
    Center::load(&Path::new(CONFORMANCE).join(name), Argon2Cost::default())
}

fn paths(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.place.path.as_str()).collect()
}

fn noticed(notices: &[Notice]) -> Vec<&str> {
    notices.iter().map(|notice| notice.place.path.as_str()).collect()
}

fn app(text: &str, platform: &str) -> Arc<AppConfig> {
    parse_uni_id(text).0.app("__UNI__AAA", platform).unwrap()
}

#[track_caller]
fn only_problem(text: &str) -> Problem {
    let (_, _, mut problems) = parse_uni_id(text);
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

/// A complete entry with `fields` added.
fn entry(fields: &str) -> String {
    format!("{{\"passwordSecret\": [{{\"type\": \"argon2id\", \"version\": 1}}],\n\"tokenSecret\": \"t\",\n{fields}\n}}")
}

#[test]
fn every_conformance_configuration_loads_and_only_the_bad_ones_have_problems() {
    let expected: &[(&str, &[&str])] = &[
        ("bad-secret-len", &["sensitiveInfoEncryptSecret"]),
        ("bad-threshold", &["tokenExpiresThreshold"]),
        ("rotate-typo", &["passwordSecret[1].type"]),
    ];
    let mut seen = 0;
    for folder in fs::read_dir(CONFORMANCE).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        let (center, _, problems) = conformance(&name);
        let wanted = expected.iter().find(|(bad, _)| *bad == name).map_or(&[][..], |(_, paths)| paths);
        assert_eq!(paths(&problems), wanted, "{name}: {problems:?}");
        for problem in &problems {
            assert!(problem.place.line.is_some(), "{name}: {problem}");
        }
        for platform in ["app", "web", "mp-weixin", "mp-qq", "mp-alipay", "unknown"] {
            center.app("__UNI__AAA", platform).unwrap();
        }
        seen += 1;
    }
    assert!(seen >= 21, "only {seen} folders");
}

#[test]
fn a_platforms_section_overlays_the_top_level() {
    let (center, notices, _) = conformance("base");
    assert_eq!(notices, []);
    let times = |platform: &str| {
        let app = center.app("__UNI__AAA", platform).unwrap();
        let token = app.token.as_ref().unwrap();
        (token.expires_in, token.threshold)
    };
    assert_eq!(times("web"), (7200, 3500));
    assert_eq!(times("app"), (2_592_000, 864_000));
    assert_eq!(times("mp-weixin"), (259_200, 86_400));
    assert_eq!(times("mp-qq"), (7200, 1200));
    assert_eq!(times("quickapp-webview"), (7200, 1200));
    let web = center.app("__UNI__AAA", "web").unwrap();
    assert!(web.oauth.contains_key("weixin-web") && !web.oauth.contains_key("qq"));
    assert_eq!(web.request_auth_secret.as_ref().unwrap().expose(), "testSecret");
    assert_eq!(web.raw["idCardCertifyLimit"], 1);
}

#[test]
fn platforms_have_one_name_each() {
    let (center, ..) = conformance("base");
    let same = |one: &str, other: &str| Arc::ptr_eq(&center.app("__UNI__AAA", one).unwrap(), &center.app("__UNI__AAA", other).unwrap());
    for name in ["app-plus", "app-android", "app-ios"] {
        assert!(same("app", name), "{name}");
    }
    assert!(same("web", "h5"));
    assert!(!same("web", "app"));
}

#[test]
fn a_client_cannot_choose_other_objects_by_its_platform() {
    let (center, ..) = conformance("base");
    let plain = center.app("__UNI__AAA", "unknown").unwrap();
    for name in ["service", "oauth", "", "__proto__", "passwordSecret"] {
        assert!(Arc::ptr_eq(&plain, &center.app("__UNI__AAA", name).unwrap()), "{name}");
    }
}

#[test]
fn sms_templates_and_lifetimes_are_by_scene() {
    let sms = conformance("base").0.app("__UNI__AAA", "web").unwrap().sms.clone().unwrap();
    assert_eq!((sms.name.as_deref(), sms.key.as_str(), sms.secret.expose()), (Some("Harness"), "k", "s"));
    assert_eq!((sms.template_id("login-by-sms", &["zh-Hans"]), sms.code_expires_in("login-by-sms")), (Some("10001"), 180));
    assert_eq!((sms.template_id("reset-pwd-by-sms", &["zh-Hans"]), sms.code_expires_in("reset-pwd-by-sms")), (Some("10002"), 240));
    assert_eq!((sms.template_id("unknown", &["zh-Hans"]), sms.code_expires_in("unknown")), (None, 180));
    assert!(conformance("minimal").0.app("__UNI__AAA", "web").unwrap().sms.is_none());

    let (center, notices, _) = conformance("sms-noname");
    assert!(center.app("__UNI__AAA", "web").unwrap().sms.as_ref().unwrap().name.is_none());
    assert_eq!(noticed(&notices), ["service.sms.name"]);

    let older = app(&entry(r#""service": {"sms": {"name": "n", "templateId": 20001, "codeExpiresIn": 300}}"#), "web");
    let older = older.sms.as_ref().unwrap();
    assert_eq!((older.template_id("any", &["zh-Hans"]), older.code_expires_in("any")), (Some("20001"), 300));
}

#[test]
fn sms_templates_are_by_language_too() {
    let config = r#""service": {"sms": {"name": "n", "templateId": "any", "templateIdByLocale": {"en": "any-en"}, "scene": {
        "login-by-sms": {"templateId": "login", "templateIdByLocale": {"en": "login-en", "en-GB": 20002, "zh-Hant": "login-hant"}},
        "bind-mobile-by-sms": {"templateIdByLocale": {"en": "bind-en"}}}}}"#;
    let app = app(&entry(config), "web");
    let sms = app.sms.as_ref().unwrap();
    for (scene, locales, id) in [
        ("login-by-sms", ["zh-Hans", "zh-Hans"], "login"),
        ("login-by-sms", ["", "zh-Hans"], "login"),
        ("login-by-sms", ["en-US", "en"], "login-en"),
        ("login-by-sms", ["en_gb", "en"], "20002"),
        ("login-by-sms", ["zh-TW", "zh-Hant"], "login-hant"),
        ("login-by-sms", ["fr", "zh-Hans"], "login"),
        ("bind-mobile-by-sms", ["en", "en"], "bind-en"),
        ("bind-mobile-by-sms", ["zh-Hans", "zh-Hans"], "any"),
        ("other", ["en", "en"], "any-en"),
    ] {
        assert_eq!(sms.template_id(scene, &locales), Some(id), "{scene} {locales:?}");
    }
}

#[test]
fn password_secrets_come_in_the_order_of_their_versions() {
    let kinds = |name: &str| -> Vec<_> {
        let app = conformance(name).0.app("__UNI__AAA", "web").unwrap();
        app.password_secrets.iter().map(|secret| (secret.version, secret.kind.clone(), secret.value.expose().to_owned())).collect()
    };
    assert_eq!(kinds("sha1"), [(None, Ok(PasswordKind::HmacSha1), "passwordSecret-demo".into())]);
    assert_eq!(
        kinds("rotate-sha256"),
        [(Some(1), Ok(PasswordKind::HmacSha1), "passwordSecret-demo".into()), (Some(2), Ok(PasswordKind::HmacSha256), String::new())]
    );
    assert_eq!(
        kinds("rotate-typo"),
        [(Some(1), Ok(PasswordKind::HmacSha1), "passwordSecret-demo".into()), (Some(2), Err("hmac-256".into()), String::new())]
    );
    let cost = Argon2Cost { memory_kib: 8192, iterations: 3, parallelism: 1 };
    let (applications, ..) = Applications::parse("f", &entry(""), cost);
    let kind = applications.app("a", "web").unwrap().password_secrets.first().unwrap().kind.clone();
    assert_eq!(kind, Ok(PasswordKind::Argon2id(cost)));
}

#[test]
fn a_wrong_threshold_is_told_once_and_spoils_only_the_platforms_that_have_it() {
    let (center, _, problems) = conformance("bad-threshold");
    assert_eq!(problems.len(), 1);
    assert!(problems[0].what.en.contains("7200"), "{}", problems[0]);
    assert!(center.app("__UNI__AAA", "web").unwrap().token.is_ok());
    assert_eq!(center.app("__UNI__AAA", "mp-qq").unwrap().token.as_ref().unwrap_err(), &problems[0]);
}

#[test]
fn no_token_can_be_made_without_its_secret() {
    for text in [r#"{"passwordSecret": "x"}"#, r#"{"passwordSecret": "x", "tokenSecret": ""}"#] {
        assert_eq!(only_problem(text).place.path, "tokenSecret");
        assert!(app(text, "web").token.is_err());
    }
    let (applications, _, problems) = parse_uni_id(r#"{"passwordSecret": "x", "tokenSecret": 5}"#);
    assert_eq!(paths(&problems), ["tokenSecret", "tokenSecret"]);
    assert!(applications.app("a", "web").unwrap().token.is_err());
}

#[test]
fn defaults_are_those_of_the_original() {
    let app = app(&entry(""), "web");
    let token = app.token.as_ref().unwrap();
    assert_eq!((token.expires_in, token.threshold, token.max_tokens), (7200, 1200, 10));
    assert_eq!((app.password_error_limit, app.password_error_retry_time), (6, 3600));
    assert!(!app.auto_set_invite_code && !app.force_invite_code);
    assert!(app.user_register_default_role.is_empty() && app.password_strength.is_none());
    assert!(app.request_auth_secret.is_none() && matches!(app.real_names.cipher, Ok(None)));
}

#[test]
fn strength_roles_and_invitations_are_read() {
    let strength = |name: &str| conformance(name).0.app("__UNI__AAA", "web").unwrap().password_strength;
    assert_eq!((strength("strength-medium"), strength("strength-super")), (Some(Strength::Medium), Some(Strength::Super)));
    for none in ["\"\"", "false", "null"] {
        assert_eq!(app(&entry(&format!("\"passwordStrength\": {none}")), "web").password_strength, None);
    }
    assert_eq!(conformance("default-role").0.app("a", "web").unwrap().user_register_default_role, ["user"]);
    assert!(conformance("invite").0.app("a", "web").unwrap().auto_set_invite_code);
    let text = entry(r#""userRegisterDefaultRole": ["user", "admin"]"#);
    assert_eq!(only_problem(&text).place.path, "userRegisterDefaultRole");
    assert_eq!(app(&text, "web").user_register_default_role, ["user"]);
}

#[test]
fn older_platforms_mean_what_they_meant_and_are_noticed() {
    let text = entry(
        r#""tokenExpiresThreshold": 50,
"h5": {"tokenExpiresIn": 111, "oauth": {"weixin": {"appid": "pc"}}},
"h5-weixin": {"oauth": {"weixin": {"appid": "oa"}}},
"app-plus": {"tokenExpiresIn": 222, "tokenMaxLimit": 3},
"web": {"oauth": {"other": {"appid": "new"}}}"#,
    );
    let (applications, notices, problems) = parse_uni_id(&text);
    assert_eq!(problems, []);
    assert_eq!(noticed(&notices), ["h5", "app-plus", "h5-weixin", "app-plus.tokenMaxLimit"]);
    assert!(notices.iter().all(|notice| notice.place.line.is_some()));
    let web = applications.app("a", "h5").unwrap();
    assert_eq!(web.token.as_ref().unwrap().expires_in, 111);
    assert_eq!(web.oauth["weixin-web"]["appid"], "pc");
    assert_eq!(web.oauth["weixin-h5"]["appid"], "oa");
    assert_eq!(web.oauth["other"]["appid"], "new");
    assert!(!web.oauth.contains_key("weixin"));
    let app = applications.app("a", "app").unwrap();
    let token = app.token.as_ref().unwrap();
    assert_eq!((token.expires_in, token.max_tokens), (222, 3));
}

#[test]
fn a_newer_section_wins_over_the_older_one() {
    let (center, notices, problems) = conformance("old-platform-keys");
    assert_eq!(problems, []);
    assert_eq!(noticed(&notices), ["h5", "app-plus"]);
    assert_eq!(center.app("a", "web").unwrap().token.as_ref().unwrap().expires_in, 7200);
    assert_eq!(center.app("a", "app").unwrap().token.as_ref().unwrap().expires_in, 2_592_000);
}

#[test]
fn older_keys_are_noticed_by_name() {
    let (applications, notices, problems) = parse_uni_id(
        r#"{
    "passwordSecret": "p", // 旧写法
    "tokenSecret": "t",
    "tokenMaxLimit": 0,
    "bindTokenToDevice": false,
    "preferedAppPlatform": "app-plus",
    "preferedWebPlatform": "h5",
}"#,
    );
    assert_eq!(problems, []);
    let mut keys = noticed(&notices);
    keys.sort_unstable();
    assert_eq!(keys, ["bindTokenToDevice", "passwordSecret", "preferedAppPlatform", "preferedWebPlatform", "tokenMaxLimit"]);
    assert_eq!(applications.app("a", "web").unwrap().token.as_ref().unwrap().max_tokens, 0);
}

#[test]
fn problems_in_an_older_section_are_found_where_they_stand() {
    let problem = only_problem(&entry("\"h5\": {\n  \"tokenMaxLimit\": \"many\"\n}"));
    assert_eq!((problem.place.line, problem.place.path.as_str()), (Some(4), "h5.tokenMaxLimit"));
}

#[test]
fn in_a_list_the_application_chooses_its_entry() {
    let (applications, _, problems) = parse_uni_id(
        r#"[
  {"dcloudAppid": "__UNI__A", "passwordSecret": "p", "tokenSecret": "a"},
  {"dcloudAppid": ["__UNI__B", "__UNI__C"], "passwordSecret": "p", "tokenSecret": "b", "web": {"tokenSecret": "b-web"}},
  {"isDefaultConfig": true, "passwordSecret": "p", "tokenSecret": "d"}
]"#,
    );
    assert_eq!(problems, []);
    let secret = |id: &str| applications.app(id, "web").unwrap().token.as_ref().unwrap().secret.expose().to_owned();
    assert_eq!([secret("__UNI__A"), secret("__UNI__B"), secret("__UNI__C"), secret("__UNI__X")], ["a", "b-web", "b-web", "d"]);
    assert_eq!([applications.lists("__UNI__C"), applications.lists("__UNI__X")], [Some(true), Some(false)]);
    assert_eq!(parse_uni_id(&entry("")).0.lists("__UNI__A"), None);
}

#[test]
fn without_a_default_other_applications_have_no_configuration() {
    let (applications, _, problems) = parse_uni_id(r#"[{"dcloudAppid": "__UNI__A", "passwordSecret": "p", "tokenSecret": "a"}]"#);
    assert_eq!(problems, []);
    assert!(applications.app("__UNI__A", "web").is_ok());
    assert!(applications.app("__UNI__B", "web").unwrap_err().remedy.en.contains("isDefaultConfig"));
}

#[test]
fn what_is_wrong_with_a_list_is_told_with_its_place() {
    let (_, _, problems) = parse_uni_id(
        r#"[
  {"dcloudAppid": "__UNI__A", "isDefaultConfig": true, "passwordSecret": "p", "tokenSecret": "a"},
  {"dcloudAppid": ["__UNI__A", 5], "isDefaultConfig": true, "passwordSecret": "p", "tokenSecret": "a"},
  {"dcloudAppid": "__UNI__A", "passwordSecret": "p", "tokenSecret": "a"},
  7
]"#,
    );
    let found: Vec<_> = problems.iter().map(|problem| (problem.place.line.unwrap(), problem.place.path.as_str())).collect();
    assert_eq!(found, [(3, "[1].dcloudAppid"), (3, "[1].isDefaultConfig"), (4, "[2].dcloudAppid"), (5, "[3]")]);
    for text in ["[]", "5", "[{}]"] {
        assert!(!parse_uni_id(text).2.is_empty(), "{text}");
    }
}

#[test]
fn wrong_types_are_problems_with_their_path_and_never_show_the_value() {
    for (field, path) in [
        (r#""tokenExpiresIn": "7200""#, "tokenExpiresIn"),
        (r#""tokenExpiresIn": 1.5"#, "tokenExpiresIn"),
        (r#""passwordErrorLimit": -1"#, "passwordErrorLimit"),
        (r#""autoSetInviteCode": "yes""#, "autoSetInviteCode"),
        (r#""userRegisterDefaultRole": "user""#, "userRegisterDefaultRole"),
        (r#""passwordStrength": "strongest""#, "passwordStrength"),
        (r#""oauth": []"#, "oauth"),
        (r#""web": 5"#, "web"),
        (r#""service": {"sms": "x"}"#, "service.sms"),
        (r#""service": {"sms": {"name": "n", "scene": {"a": {"codeExpiresIn": "5"}}}}"#, "service.sms.scene.a.codeExpiresIn"),
        (r#""requestAuthSecret": {"value": "hunter2"}"#, "requestAuthSecret"),
        (r#""sensitiveInfoEncryptSecret": "hunter2""#, "sensitiveInfoEncryptSecret"),
    ] {
        let problem = only_problem(&entry(field));
        assert_eq!((problem.place.line, problem.place.path.as_str()), (Some(3), path), "{field}");
        assert!(!format!("{problem:?}").contains("hunter2"));
    }
    for (secret, path) in [
        (r#"{"a": 1}"#, "passwordSecret"),
        (r#"[]"#, "passwordSecret"),
        (r#"[5]"#, "passwordSecret[0]"),
        (r#"[{"type": "hmac-sha256"}]"#, "passwordSecret[0].version"),
        (r#"[{"version": 1}]"#, "passwordSecret[0].value"),
        (r#"[{"version": 1, "type": "hmac-sha256"}, {"version": 1, "type": "argon2id"}]"#, "passwordSecret[1].version"),
    ] {
        assert_eq!(only_problem(&format!("{{\"tokenSecret\": \"t\", \"passwordSecret\": {secret}}}")).place.path, path, "{secret}");
    }
}

#[test]
fn the_number_of_sections_is_bounded() {
    let sections: Vec<String> = (0..40).map(|number| format!("\"mp-{number}\": {{}}")).collect();
    assert_eq!(only_problem(&entry(&sections.join(", "))).place.path, "mp-32");
}

#[test]
fn null_counts_as_absent() {
    let app = app(&entry(r#""tokenExpiresIn": null, "oauth": null, "service": null, "requestAuthSecret": null"#), "web");
    assert_eq!(app.token.as_ref().unwrap().expires_in, 7200);
}

#[test]
fn debug_output_has_no_secret() {
    let app = app(&entry(r#""requestAuthSecret": "hunter2", "oauth": {"weixin": {"appsecret": "hunter2"}}"#), "web");
    assert!(!format!("{app:?}").contains("hunter2"));
}

#[test]
fn scripts_are_found() {
    let (center, notices, _) = conformance("hooks");
    assert!(center.scripts().any() && center.scripts().hooks.is_some() && center.scripts().custom_token.is_none());
    assert_eq!(notices, []);
    assert!(conformance("custom-token").0.scripts().custom_token.is_some());
    assert!(!conformance("base").0.scripts().any());

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("uni-id/lang")).unwrap();
    fs::write(folder.path().join("uni-id/config.json"), entry("")).unwrap();
    fs::write(folder.path().join("uni-id/lang/index.js"), "module.exports = {}").unwrap();
    let (center, notices, _) = Center::load(folder.path(), Argon2Cost::default());
    assert!(center.scripts().any() && center.scripts().lang.is_some());
    assert_eq!(notices, []);
}

#[test]
fn captchas_and_other_functions_are_read_along() {
    let (center, ..) = conformance("captcha-math");
    assert_eq!(center.captcha().for_scene("register").expires_seconds(), 60);
    assert_eq!(center.captcha().for_scene("login-by-pwd").expires_seconds(), 180);
    let (center, ..) = conformance("s2s-connectcode");
    assert_eq!(center.other("uni-cloud-s2s").unwrap()["type"], "connectCode");
    assert!(center.other("secure-network").is_none());
}

#[test]
fn what_is_wrong_in_the_other_files_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in
        [("uni-id", entry("")), ("uni-captcha", "{\n  \"width\": 100000\n}".into()), ("uni-cloud-s2s", "{\n\n  nothing\n}".into())]
    {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("config.json"), text).unwrap();
    }
    let (_, _, problems) = Center::load(folder.path(), Argon2Cost::default());
    let found: Vec<_> = problems.iter().map(|problem| (problem.place.line, problem.place.path.as_str())).collect();
    assert_eq!(found, [(Some(2), "width"), (Some(3), "")]);
}

#[test]
fn a_missing_folder_is_a_problem_and_every_lookup_says_so() {
    let (center, _, problems) = Center::load(Path::new("/nonexistent"), Argon2Cost::default());
    assert_eq!(problems.len(), 1);
    assert!(problems[0].remedy.en.contains("lingpai init"));
    assert_eq!(center.app("a", "web").unwrap_err(), problems[0]);
}

#[test]
fn development_mode_makes_its_own_center_once() {
    let data = tempfile::tempdir().unwrap();
    let load = || {
        let (center, notices, problems) = Center::development(data.path(), Argon2Cost::default(), &Counting::default()).unwrap();
        assert_eq!((notices, problems), (vec![], vec![]));
        center.app("a", "web").unwrap().token.as_ref().unwrap().secret.expose().to_owned()
    };
    let first = load();
    assert_eq!(first.len(), 64);
    let file = data.path().join("config-center/uni-id/config.json");
    let changed = fs::read_to_string(&file).unwrap().replace(&first, "changed by hand");
    fs::write(&file, changed).unwrap();
    assert_eq!(load(), "changed by hand");
}

#[test]
fn no_text_makes_it_panic() {
    let seeds: Vec<String> = ["base", "old-platform-keys", "rotate-typo"]
        .iter()
        .map(|name| fs::read_to_string(Path::new(CONFORMANCE).join(name).join("uni-id/config.json")).unwrap())
        .chain([r#"[{"dcloudAppid": ["a"], "h5": {"oauth": {"weixin": {}}}, "h5-weixin": {"oauth": 5}, "app-plus": []}, null]"#.into()])
        .collect();
    let splices =
        ["", "{", "}", "[", "]", "\"", ",", ":", "null", "true", "-1", "1e308", "{}", "[]", "\"h5\":", "//", "/*", "\\", "令", "\u{0}"];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        // xorshift64: the same mutations on every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound.max(1) as u64) as usize
    };
    for round in 0..3000 {
        let mut text: Vec<char> = seeds[round % seeds.len()].chars().collect();
        for _ in 0..=below(3) {
            let from = below(text.len());
            let to = (from + below(12)).min(text.len());
            text.splice(from..to, splices[below(splices.len())].chars());
        }
        let text: String = text.into_iter().collect();
        let (applications, ..) = parse_uni_id(&text);
        for platform in ["web", "app"] {
            let _ = applications.app("a", platform);
        }
    }
}
