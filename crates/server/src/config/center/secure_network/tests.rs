use serde_json::{Value, json};

use super::{parse::parse, *};
use crate::config::{center::jsonc::Document, report::Problem};

const CERT: &str = "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99";

fn read(text: &str) -> (SecureNetworkConfig, Vec<Problem>) {
    let document = Document::parse("config.json", text).unwrap();
    let mut problems = Vec::new();
    let config = parse(&document, &mut problems);
    (config, problems)
}

fn example() -> Value {
    json!({
        "enable": true,
        "apps": [{
            "appId": "__UNI__ABC", "name": "demo",
            "android": [
                {"package": "com.example.demo", "certSha256": [CERT], "version": "development"},
                {"package": "com.example.demo", "certSha256": [CERT], "version": "production", "require": "attested"},
            ],
            "ios": [{"bundleId": "com.example.demo", "teamId": "ABCDE12345", "version": "production"}],
            "mp-weixin": [{"wxAppId": "wx1"}],
            "web": [{"origin": "https://demo.example.com"}]
        }],
        "verifyClient": {"enable": true, "customRules": true, "rules": {
            "verify-client": [{"appId": "__UNI__ABC", "platform": "android", "version": "production"}],
            "order, pay,uni-clientDB": [{"appId": "__UNI__ABC", "platform": "ios", "version": "production"}],
            "pay": [{"appId": "__UNI__ABC", "platform": "web", "version": "production"}]
        }},
        "url": "refuse"
    })
}

#[test]
fn the_example_is_read_and_production_comes_first() {
    let (config, problems) = read(&format!("// 注释\n{}", example()));
    assert_eq!(problems, []);
    assert!(config.enabled && !config.url_allowed);
    assert_eq!(config.window.as_secs(), 60);
    let app = config.app("__UNI__ABC").unwrap();
    let android: Vec<_> = app.entries(Platform::Android).map(|entry| (entry.version, entry.require)).collect();
    use lingpai_secure::handshake::EvidenceLevel::{Attested, Keyed};
    assert_eq!(android, [(Version::Production, Attested), (Version::Development, Keyed)]);
    let requires: Vec<_> = [Platform::Ios, Platform::MpWeixin, Platform::Web].map(|p| app.entries(p).next().unwrap().require).into();
    assert_eq!(requires, [Attested, Attested, Keyed]);
    let Identity::Android(rule) = &app.entries(Platform::Android).next().unwrap().identity else { panic!("android") };
    assert_eq!((rule.cert_sha256[0][0], rule.cert_sha256[0][31]), (0xaa, 0x99));
}

#[test]
fn a_name_of_its_own_comes_before_a_list_and_a_list_before_the_star() {
    let mut text = example();
    let admits = |config: &SecureNetworkConfig, function: &str| {
        Platform::ALL
            .into_iter()
            .filter(|platform| config.admission(function).is_some_and(|a| a.admits("__UNI__ABC", *platform, Version::Production)))
            .map(Platform::name)
            .collect::<Vec<_>>()
    };
    let (config, _) = read(&text.to_string());
    assert_eq!(admits(&config, "verify-client"), ["android"]);
    assert_eq!(admits(&config, "order"), ["ios"]);
    assert_eq!(admits(&config, "pay"), ["web"]);
    for name in ["uni-clientDB", "DCloud-clientDB"] {
        assert_eq!(admits(&config, name), ["ios"], "{name}");
    }
    assert!(config.admission("other").is_none() && config.admission("Order").is_none());
    let admission = config.admission("verify-client").unwrap();
    assert!(!admission.admits("__UNI__ABC", Platform::Android, Version::Development));
    assert!(!admission.admits("__UNI__XYZ", Platform::Android, Version::Production));

    text["verifyClient"]["rules"]["*"] = json!([{"appId": "__UNI__ABC", "platform": "mp-weixin"}]);
    text["verifyClient"]["rules"]["nobody"] = json!([]);
    let (config, problems) = read(&text.to_string());
    assert_eq!(problems, []);
    assert_eq!((admits(&config, "other"), admits(&config, "pay")), (vec!["mp-weixin"], vec!["web"]));
    // An empty list admits nobody, which is not the same as no rule.
    assert!(config.admission("nobody").is_some() && admits(&config, "nobody").is_empty());
}

#[test]
fn without_custom_rules_every_function_demands_a_registered_client() {
    let mut text = example();
    text["verifyClient"] = json!({"enable": true});
    let (config, _) = read(&text.to_string());
    assert!(matches!(config.admission("anything"), Some(Admission::Registered)));
    text["verifyClient"] = json!({"enable": false, "customRules": true, "rules": {}});
    assert!(read(&text.to_string()).0.admission("anything").is_none());
    text["verifyClient"] = json!({"enable": true});
    text["enable"] = json!(false);
    assert!(read(&text.to_string()).0.admission("anything").is_none());
}

#[test]
fn everything_wrong_is_told_at_once_with_line_and_nearest_name() {
    let (_, problems) = read(
        r#"{
  "enabled": true,
  "windowSeconds": 5,
  "apps": [{
    "appId": "A",
    "android": [{"package": "", "certSha256": ["12"], "version": "Production"}],
    "web": [{"origin": "demo.example.com", "require": "attested"}],
    "mp-weixin": [{"wxAppId": "a"}, {"wxAppId": "b"}]
  }, {"appId": "A"}],
  "verifyClient": {"enable": 1, "rules": {
    "a,b": [{"appId": "A", "platform": "Android"}],
    "b,c": [{"appId": "B", "platform": "ios"}],
    ",": {}
  }},
  "url": "maybe"
}"#,
    );
    let found: Vec<_> = problems.iter().map(|problem| (problem.place.line, problem.place.path.as_str())).collect();
    for expected in [
        (Some(2), "enabled"),
        (Some(3), "windowSeconds"),
        (Some(6), "apps[0].android[0].package"),
        (Some(6), "apps[0].android[0].certSha256[0]"),
        (Some(6), "apps[0].android[0].version"),
        (Some(7), "apps[0].web[0].origin"),
        (Some(7), "apps[0].web[0].require"),
        (Some(8), "apps[0].mp-weixin[1]"),
        (Some(9), "apps[1].appId"),
        (Some(10), "verifyClient.enable"),
        (Some(11), "verifyClient.rules.a,b[0].platform"),
        (Some(12), "verifyClient.rules.b,c"),
        (Some(12), "verifyClient.rules.b,c[0]"),
        (Some(13), "verifyClient.rules.,"),
        (Some(15), "url"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert!(problems[0].remedy.en.contains("enable"), "{}", problems[0]);
}

#[test]
fn a_source_of_revocations_is_read_and_must_be_safe() {
    let with = |source: Value| {
        let mut text = example();
        text["androidRevocations"] = source;
        read(&text.to_string())
    };
    let (config, problems) = with(json!({"url": "https://example.com/status"}));
    assert_eq!(problems, []);
    let source = config.revocation_source.unwrap();
    let hour_ms = 3_600_000;
    assert_eq!((source.every_ms, source.max_age_ms, source.refuses_when_stale), (24 * hour_ms, 168 * hour_ms, false));
    let (config, problems) = with(json!({"url": "http://127.0.0.1:8080/status", "everyHours": 1, "maxAgeHours": 2, "whenStale": "refuse"}));
    assert_eq!(problems, []);
    assert!(config.revocation_source.unwrap().refuses_when_stale);
    for (source, place) in [
        (json!({"url": "http://example.com/status"}), "androidRevocations.url"),
        (json!({"url": "status.json"}), "androidRevocations.url"),
        (json!({"url": "https://example.com", "everyHours": 0}), "androidRevocations.everyHours"),
        (json!({"url": "https://example.com", "everyHours": 48, "maxAgeHours": 24}), "androidRevocations.maxAgeHours"),
        (json!({"url": "https://example.com", "whenStale": "ignore"}), "androidRevocations.whenStale"),
        (json!({"every": 1}), "androidRevocations.every"),
    ] {
        let (_, problems) = with(source.clone());
        assert!(problems.iter().any(|problem| problem.place.path == place), "{source}: {problems:?}");
    }
}

#[test]
fn only_what_attests_can_be_made_to_assert() {
    let with = |require: &str| {
        let mut text = example();
        text["apps"][0]["ios"][0]["assertions"] = json!("require");
        text["apps"][0]["ios"][0]["require"] = json!(require);
        read(&text.to_string())
    };
    let (config, problems) = with("attested");
    assert_eq!(problems, []);
    assert!(config.app("__UNI__ABC").unwrap().entries(Platform::Ios).next().unwrap().asserts);
    assert_eq!(with("keyed").1.iter().map(|problem| problem.place.path.as_str()).collect::<Vec<_>>(), ["apps[0].ios[0].assertions"]);
}

#[test]
fn odd_documents_do_no_harm() {
    for text in ["null", "[]", "5", "{\"apps\": [null, [], {\"appId\": 5}], \"verifyClient\": []}", "{\"verifyClient\": {\"rules\": []}}"] {
        assert!(!read(text).1.is_empty(), "{text}");
    }
}
