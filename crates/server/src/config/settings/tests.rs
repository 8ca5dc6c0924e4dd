//! Layers and rules of the settings, from the outside.

use std::{ffi::OsString, fs};

use super::*;
use crate::config::report::Problem;

fn from_file(text: &str) -> Result<Settings, Vec<Problem>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lingpai.toml");
    fs::write(&path, text).unwrap();
    Settings::load(&Sources { file: ConfigurationFile::Required(path), ..Sources::default() }).map(|(settings, _)| settings)
}

fn from_environment(pairs: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    let environment = pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
    Settings::load(&Sources { environment, ..Sources::default() }).map(|(settings, _)| settings)
}

fn from_overrides(pairs: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    let overrides = pairs.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect();
    Settings::load(&Sources { overrides, ..Sources::default() }).map(|(settings, _)| settings)
}

#[track_caller]
fn only_problem<T: std::fmt::Debug>(result: Result<T, Vec<Problem>>) -> Problem {
    let mut problems = result.unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.remove(0)
}

#[test]
fn without_any_source_the_defaults_hold() {
    let (settings, notices) = Settings::load(&Sources::default()).unwrap();
    assert_eq!(notices, []);
    assert_eq!(settings.mode, Mode::Development);
    assert_eq!(settings.server.listen.to_string(), "127.0.0.1:8700");
    assert_eq!(settings.server.body_limit_bytes, 1024 * 1024);
    assert_eq!(settings.database.url.expose(), "sqlite:data/lingpai.db");
    assert_eq!(settings.spaces.len(), 1);
    assert_eq!((settings.spaces[0].id.as_str(), settings.spaces[0].client_secret.expose()), ("lingpai-dev", "lingpai-dev-secret"));
    assert!(settings.spaces[0].allows("__UNI__ANY"));
    assert_eq!(settings.limits.code_max_guesses, 5);
    assert_eq!(settings.passwords.argon2, Argon2Cost::default());
    assert_eq!(settings.providers.weixin_base_url, "https://api.weixin.qq.com");
    assert!(settings.providers.sms.is_none() && settings.providers.email.is_none());
    let minutes: Vec<_> = settings.limits.sends.per_target.iter().map(|rate| (rate.count, rate.period.as_secs() / 60)).collect();
    assert_eq!(minutes, [(1, 1), (5, 60), (10, 1440)]);
}

#[test]
fn each_layer_overrides_the_one_below() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lingpai.toml");
    fs::write(&path, "[server]\nworkers = 2\nmax_connections = 2\nbody_limit_bytes = 2222\n").unwrap();
    let (settings, _) = Settings::load(&Sources {
        file: ConfigurationFile::Required(path),
        environment: vec![("LINGPAI_SERVER_WORKERS".into(), "3".into()), ("LINGPAI_SERVER_MAX_CONNECTIONS".into(), "3".into())],
        overrides: vec![("server.workers".into(), "4".into())],
    })
    .unwrap();
    assert_eq!((settings.server.body_limit_bytes, settings.server.max_connections, settings.server.workers), (2222, 3, 4));
}

#[test]
fn a_file_that_is_named_must_exist_and_one_that_is_not_may() {
    let missing = std::path::PathBuf::from("/nonexistent/lingpai.toml");
    let load = |file| Settings::load(&Sources { file, ..Sources::default() });
    assert!(load(ConfigurationFile::Optional(missing.clone())).is_ok());
    assert_eq!(only_problem(load(ConfigurationFile::Required(missing))).place.file, "/nonexistent/lingpai.toml");
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let problem = only_problem(from_file("[server]\n\nlisen = \"127.0.0.1:1\"\n"));
    assert_eq!((problem.place.line, problem.place.path.as_str()), (Some(3), "server.lisen"));
    assert!(problem.remedy.en.contains("server.listen"), "{problem}");
    assert!(problem.place.file.ends_with("lingpai.toml"));

    let problem = only_problem(from_environment(&[("LINGPAI_PROVIDER_WEIXIN_BASE_URL", "https://x")]));
    assert_eq!(problem.place.file, "$LINGPAI_PROVIDER_WEIXIN_BASE_URL");
    assert!(problem.remedy.en.contains("LINGPAI_PROVIDERS_WEIXIN_BASE_URL"), "{problem}");

    for (typed, meant) in [("serverr", "server"), ("storage.s33", "storage.s3"), ("space", "spaces")] {
        let problem = only_problem(from_file(&format!("[{typed}]\nlisten = \"127.0.0.1:1\"\n")));
        assert!(problem.what.en.contains("section") && problem.remedy.en.starts_with(&format!("the nearest is {meant};")), "{problem}");
    }

    let problem = only_problem(from_overrides(&[("data.dirr", "x")]));
    assert!(problem.remedy.en.contains("data.dir"), "{problem}");

    let problem = only_problem(from_file("[[spaces]]\nid = \"a\"\nclient_secret = \"b\"\napps = [\"*\"]\nsecret = \"c\"\n"));
    assert_eq!((problem.place.line, problem.place.path.as_str()), (Some(5), "spaces.secret"));
    assert!(problem.remedy.en.contains("client_secret"), "{problem}");
}

#[test]
fn where_none_is_near_it_is_told_where_all_stand() {
    for problem in [only_problem(from_file("x = 1\n")), only_problem(from_environment(&[("LINGPAI_X", "1")]))] {
        assert!(problem.remedy.en.contains("config.default.toml") && !problem.remedy.en.contains("nearest"), "{problem}");
    }
    let problem = only_problem(from_file("[[spaces]]\nid = \"a\"\nclient_secret = \"b\"\napps = [\"*\"]\nx = \"c\"\n"));
    assert_eq!(problem.remedy.en, "there are id, client_secret, apps", "{problem}");
}

#[test]
fn other_programs_variables_and_the_tests_own_are_passed_over() {
    from_environment(&[("PATH", "/bin"), ("LINGPAI_TEST_POSTGRES", "postgres://x"), ("LINGPAI_CONFIG", "x.toml")]).unwrap();
}

#[test]
fn everything_wrong_is_reported_at_once_in_reading_order() {
    let problems = from_file(
        "mode = \"prod\"\n[server]\nlisten = \"nowhere\"\nworkers = \"two\"\nbody_limit_bytes = 1\n[limits.per_ip]\nlogin = \"many\"\n\
         [passwords.argon2]\nmemory_kib = 1.5\n[log]\nlevel = \"inof\"\n[spaces]\nid = \"a\"\n[database]\npool = -1\n",
    )
    .unwrap_err();
    let found: Vec<_> = problems.iter().map(|problem| (problem.place.line.unwrap(), problem.place.path.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, "mode"),
            (3, "server.listen"),
            (4, "server.workers"),
            (5, "server.body_limit_bytes"),
            (7, "limits.per_ip.login"),
            (9, "passwords.argon2.memory_kib"),
            (11, "log.level"),
            (12, "spaces"),
            (15, "database.pool"),
        ]
    );
    for problem in &problems {
        for words in [&problem.what, &problem.remedy] {
            assert!(!words.zh.is_empty() && !words.en.is_empty(), "{problem}");
        }
    }
}

#[test]
fn malformed_toml_is_located_and_no_line_of_it_is_quoted() {
    let problems = from_file("mode = \"development\"\n[security]\nmaster_key = \"hunter2hunter2\n").unwrap_err();
    assert_eq!(problems[0].place.line, Some(3), "{problems:?}");
    assert!(!format!("{problems:?}").contains("hunter2"));
}

#[test]
fn a_section_cannot_be_a_value_nor_a_value_a_section() {
    assert!(only_problem(from_file("server = 1\n")).remedy.en.contains("[server]"));
    assert_eq!(only_problem(from_file("[data.dir]\nx = 1\n")).place.path, "data.dir");
}

#[test]
fn environment_values_are_read_as_what_the_setting_is() {
    let settings = from_environment(&[
        ("LINGPAI_MODE", "development"),
        ("LINGPAI_LIMITS_ENABLED", "0"),
        ("LINGPAI_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("LINGPAI_SPACES", r#"[{id = "replay", client_secret = "s", apps = ["__UNI__A"]}]"#),
        ("LINGPAI_PROVIDERS_ALIPAY_GATEWAY_URL", "http://127.0.0.1:1/gateway.do"),
    ])
    .unwrap();
    assert!(!settings.limits.enabled);
    assert!(settings.server.trusted_proxies[0].contains("10.1.1.1".parse().unwrap()));
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert_eq!(settings.spaces.len(), 1);
    assert!(settings.spaces[0].allows("__UNI__A") && !settings.spaces[0].allows("__UNI__B"));
    assert_eq!(settings.providers.alipay_gateway_url, "http://127.0.0.1:1/gateway.do");

    for (name, value) in [("LINGPAI_LIMITS_ENABLED", "maybe"), ("LINGPAI_SERVER_WORKERS", ""), ("LINGPAI_SPACES", "[{")] {
        assert_eq!(only_problem(from_environment(&[(name, value)])).place.file, format!("${name}"));
    }
}

#[cfg(unix)]
#[test]
fn environment_values_that_are_no_text_are_refused() {
    use std::os::unix::ffi::OsStringExt;
    let environment = vec![("LINGPAI_SECURITY_MASTER_KEY".into(), OsString::from_vec(vec![0xff; 40]))];
    assert_eq!(only_problem(Settings::load(&Sources { environment, ..Sources::default() })).place.path, "security.master_key");
}

#[test]
fn development_mode_listens_publicly_only_when_told_twice() {
    assert_eq!(only_problem(from_overrides(&[("server.listen", "0.0.0.0:8700")])).place.path, "server.listen");
    from_overrides(&[("server.development_listens_publicly", "true")]).unwrap();
    from_overrides(&[("server.development_listens_publicly", "true"), ("server.listen", "0.0.0.0:8700")]).unwrap();
    from_overrides(&[("server.listen", "[::1]:0")]).unwrap();
    from_overrides(&[("server.listen", "localhost:8700")]).unwrap();
}

#[test]
fn production_mode_demands_what_must_not_be_defaulted() {
    let problems = from_overrides(&[("mode", "production")]).unwrap_err();
    let paths: Vec<_> = problems.iter().map(|problem| problem.place.path.as_str()).collect();
    assert_eq!(paths, ["config_center.dir", "security.master_key"]);
    assert!(problems[0].remedy.en.contains("lingpai init"));

    let complete = [("mode", "production"), ("config_center.dir", "cc"), ("security.master_key", "0123456789abcdef0123456789abcdef")];
    let settings = from_overrides(&complete).unwrap();
    assert_eq!(settings.spaces.len(), 0, "production has no space that nobody asked for");
    let mut with_known_secret = complete.to_vec();
    with_known_secret.push(("spaces", r#"[{id = "a", client_secret = "lingpai-dev-secret", apps = ["*"]}]"#));
    assert_eq!(only_problem(from_overrides(&with_known_secret)).place.path, "spaces.client_secret");
}

#[test]
fn a_space_names_itself_its_secret_and_its_applications() {
    let problems = from_file("[[spaces]]\n[[spaces]]\nid = \"\"\nclient_secret = 5\napps = []\n").unwrap_err();
    let found: Vec<_> = problems.iter().map(|problem| (problem.place.line.unwrap(), problem.place.path.as_str())).collect();
    for expected in [
        (1, "spaces.apps"),
        (1, "spaces.client_secret"),
        (1, "spaces.id"),
        (3, "spaces.id"),
        (4, "spaces.client_secret"),
        (5, "spaces.apps"),
    ] {
        assert!(found.contains(&expected), "{expected:?} is missing in {found:?}");
    }
}

#[test]
fn secrets_can_stand_in_files_of_their_own_and_never_show() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, "correct horse battery staple correct\n").unwrap();
    let settings = from_overrides(&[("security.master_key", &format!("file:{}", path.display()))]).unwrap();
    assert_eq!(settings.security.master_key.as_ref().unwrap().expose(), "correct horse battery staple correct");
    assert!(!format!("{settings:?}").contains("staple"));

    assert_eq!(only_problem(from_overrides(&[("security.master_key", "file:/nonexistent")])).place.path, "security.master_key");
    let problem = only_problem(from_overrides(&[("database.url", "mysql://root:hunter2@host/db")]));
    assert!(!format!("{problem:?} {problem}").contains("hunter2"));
    let problem = only_problem(from_overrides(&[("security.setup_token", "hunter2")]));
    assert!(!format!("{problem:?} {problem}").contains("hunter2"));
}

#[test]
fn a_mail_server_needs_a_sender() {
    assert_eq!(only_problem(from_overrides(&[("providers.email.host", "mail.example.com")])).place.path, "providers.email.from");
    let email = from_overrides(&[
        ("providers.email.host", "mail.example.com"),
        ("providers.email.from", "令牌 <noreply@example.com>"),
        ("providers.email.user", "u"),
        ("providers.email.password", "p"),
        ("providers.email.tls", "tls"),
    ])
    .unwrap()
    .providers
    .email
    .unwrap();
    assert_eq!((email.port, email.tls, email.login.unwrap().user.as_str()), (587, SmtpTls::Tls, "u"));
}

#[test]
fn redis_is_named_by_its_url() {
    assert!(from_overrides(&[]).unwrap().redis.is_none());
    let redis = from_overrides(&[("redis.url", "rediss://u:hunter2@127.0.0.1:6380/1")]).unwrap().redis.unwrap();
    assert_eq!((redis.plain_values, redis.timeout), (false, Duration::from_millis(300)));
    for url in ["127.0.0.1:6379", "http://127.0.0.1", "redis://u:hunter2@127.0.0.1:no/0"] {
        let problem = only_problem(from_overrides(&[("redis.url", url)]));
        assert_eq!(problem.place.path, "redis.url", "{url}");
        assert!(!format!("{problem:?} {problem}").contains("hunter2"));
    }
}

#[test]
fn addresses_and_origins_are_checked() {
    for (path, value) in [
        ("providers.weixin.base_url", ""),
        ("providers.weixin.base_url", "api.weixin.qq.com"),
        ("providers.sms.webhook_url", "ftp://x"),
        ("server.cors_origins", "https://a.example/path"),
        ("server.trusted_proxies", "10.0.0.0/64"),
    ] {
        assert_eq!(only_problem(from_overrides(&[(path, value)])).place.path, path, "{value}");
    }
    let settings = from_overrides(&[("providers.univerify.base_url", "http://127.0.0.1:9/")]).unwrap();
    assert_eq!(
        settings.providers.univerify.map(|univerify| format!("{univerify:?}")).as_deref(),
        Some("Function { base_url: \"http://127.0.0.1:9\", secret: None }")
    );
}

#[test]
fn a_byte_order_mark_is_no_problem() {
    from_file("\u{feff}mode = \"development\"\n").unwrap();
}

#[test]
fn an_sms_service_names_what_it_lacks() {
    for (overrides, path) in [
        (&[("providers.sms.vendor", "pigeon")][..], "providers.sms.vendor"),
        (&[("providers.sms.vendor", "webhook")], "providers.sms.webhook_url"),
        (&[("providers.sms.vendor", "aliyun")], "providers.sms.sign_name"),
        (&[("providers.sms.vendor", "tencent"), ("providers.sms.sign_name", "x")], "providers.sms.sdk_app_id"),
        (&[("providers.sms.vendor", "form"), ("providers.sms.form_url", "http://a")], "providers.sms.form_fields"),
        (
            &[("providers.sms.vendor", "aliyun"), ("providers.sms.sign_name", "x"), ("providers.sms.access_key_id", "k")],
            "providers.sms.access_key_secret",
        ),
        (&[("providers.sms.form_fields", "=x")], "providers.sms.form_fields"),
        (&[("providers.frv.base_url", "http://a")], "providers.frv.secret"),
        (&[("providers.frv.vendor", "gateway"), ("providers.frv.secret", "sixteen characters")], "providers.frv.base_url"),
        (&[("providers.frv.vendor", "aliyun"), ("providers.frv.scene_id", "1")], "providers.frv.access_key_id"),
        (&[("providers.univerify.vendor", "aliyun")], "providers.univerify.access_key_id"),
        (&[("providers.univerify.vendor", "function")], "providers.univerify.base_url"),
    ] {
        assert_eq!(only_problem(from_overrides(overrides)).place.path, path, "{overrides:?}");
    }
    let aliyun = [("providers.sms.vendor", "aliyun"), ("providers.sms.sign_name", "令牌")];
    let sms = from_overrides(&aliyun).unwrap().providers.sms.unwrap();
    assert!(matches!(sms.carrier, SmsCarrier::Aliyun(cloud) if cloud.template_params == ["code"] && cloud.key.is_none()));
}

#[test]
fn webhooks_need_an_address_a_secret_and_known_events() {
    let webhook = |url: &str, secret: &str, events: &str| {
        from_file(&format!("[[webhooks]]\nurl = {url:?}\nsecret = {secret:?}\nevents = {events}\n"))
    };
    let settings = webhook("https://example.com/hook?key=k", "0123456789abcdef", r#"["login", "close"]"#).unwrap();
    assert_eq!(settings.webhooks[0].events, [AccountEvent::Login, AccountEvent::Close]);
    assert_eq!(settings.webhooks[0].url.expose(), "https://example.com/hook?key=k");
    let all = webhook("http://example.com", "0123456789abcdef", r#"["*"]"#).unwrap();
    assert_eq!(all.webhooks[0].events, AccountEvent::ALL);
    for (url, secret, events, about) in [
        ("ftp://example.com", "0123456789abcdef", r#"["*"]"#, "webhooks.url"),
        ("https://example.com", "short", r#"["*"]"#, "webhooks.secret"),
        ("https://example.com", "0123456789abcdef", r#"["signin"]"#, "webhooks.events"),
        ("https://example.com", "0123456789abcdef", "[]", "webhooks.events"),
    ] {
        let problem = only_problem(webhook(url, secret, events));
        assert_eq!(problem.place.path, about);
        assert!(!format!("{problem:?}").contains("0123456789abcdef"));
    }
}

#[test]
fn the_host_of_cloud_functions_needs_a_folder_that_is_there() {
    assert!(from_file("").unwrap().functions_host.is_none());
    let folder = tempfile::tempdir().unwrap();
    let section = |more: &str| format!("[functions_host]\ndir = {:?}\n{more}", folder.path());
    let host = from_file(&section("http = [\"page\", \"*\"]\nworkers = 3\n")).unwrap().functions_host.unwrap();
    assert_eq!((host.dir.as_path(), host.node.to_str(), host.workers, host.timers), (folder.path(), Some("node"), 3, true));
    assert_eq!((host.http.len(), host.timeout.as_secs(), host.memory_mb, host.queue), (2, 10, 256, 256));
    let problem = only_problem(from_file("[functions_host]\ndir = \"/nonexistent/functions\"\n"));
    assert_eq!(problem.place.path, "functions_host.dir");
    assert_eq!(only_problem(from_file(&section("http = [\"a/b\"]\n"))).place.path, "functions_host.http");
}

#[test]
fn functions_are_closed_to_the_url_form_unless_they_say_so() {
    let key = "0123456789012345678901234567890123";
    let function = |more: &str| format!("[[functions]]\nname = \"f\"\nurl = \"http://127.0.0.1:1/\"\nkey = \"{key}\"\n{more}");
    assert!(!from_file(&function("")).unwrap().functions[0].http);
    assert!(from_file(&function("http = true\n")).unwrap().functions[0].http);
    assert_eq!(only_problem(from_file(&function("http = \"yes\"\n"))).place.path, "functions.http");
}

#[test]
fn scripts_are_granted_names_and_hosts() {
    let settings = from_file("[scripts]\nenv = [\"MY_KEY\"]\nhosts = [\"api.example.com\", \"*.example.com\"]\nmemory_mib = 8\n").unwrap();
    assert_eq!((settings.scripts.env, settings.scripts.hosts.len(), settings.scripts.memory), (vec!["MY_KEY".to_owned()], 2, 8 << 20));
    for (line, about) in [
        ("env = [\"LINGPAI_SECURITY_MASTER_KEY\"]", "scripts.env"),
        ("env = [\"lingpai_x\"]", "scripts.env"),
        ("env = [\"A B\"]", "scripts.env"),
        ("hosts = [\"https://example.com\"]", "scripts.hosts"),
        ("hosts = [\"example.com:8080\"]", "scripts.hosts"),
        ("hosts = [\"*\"]", "scripts.hosts"),
        ("hosts = [\"a.*.com\"]", "scripts.hosts"),
    ] {
        assert_eq!(only_problem(from_file(&format!("[scripts]\n{line}\n"))).place.path, about, "{line}");
    }
}

#[test]
fn passkeys_are_off_or_complete() {
    assert_eq!(from_overrides(&[("passkeys.rp_id", "nonsense at all")]).unwrap().passkeys, None);
    let with = |rp_id: &str, origins: &str| {
        from_overrides(&[("passkeys.enabled", "true"), ("passkeys.rp_id", rp_id), ("passkeys.origins", origins)])
    };
    let android = format!("android:apk-key-hash:{}", "A".repeat(43));
    let settings = with("example.com", &format!("https://id.example.com,https://other.example,{android}")).unwrap();
    let passkeys = settings.passkeys.unwrap();
    assert_eq!((passkeys.rp_id.as_str(), passkeys.origins.len(), passkeys.per_user), ("example.com", 3, 10));
    assert!(with("localhost", "http://localhost:8700").is_ok());
    assert!(with("example.com", &android).is_ok());
    for (rp_id, origins, about) in [
        ("", "https://example.com", "passkeys.rp_id"),
        ("https://example.com", "https://example.com", "passkeys.rp_id"),
        ("127.0.0.1", "https://example.com", "passkeys.rp_id"),
        ("example.com", "", "passkeys.origins"),
        ("example.com", "https://id.example.com/", "passkeys.origins"),
        ("example.com", "https://notexample.com", "passkeys.origins"),
        ("id.example.com", "https://example.com", "passkeys.origins"),
    ] {
        assert_eq!(only_problem(with(rp_id, origins)).place.path, about, "{rp_id} {origins}");
    }
    let everything = from_overrides(&[("passkeys.enabled", "true"), ("passkeys.rp_name", &"x".repeat(65)), ("passkeys.per_user", "0")]);
    let mut paths: Vec<String> = everything.unwrap_err().into_iter().map(|problem| problem.place.path.clone()).collect();
    paths.sort();
    assert_eq!(paths, ["passkeys.origins", "passkeys.per_user", "passkeys.rp_id", "passkeys.rp_name"]);
}
