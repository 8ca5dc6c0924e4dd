//! The command line.

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::kit::{binary::Workplace, people::PASSWORD, *};

#[test]
fn it_tells_its_version_and_how_it_is_used() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["--version"], &[])?.expect(0, &["lingpai", env!("CARGO_PKG_VERSION")]);
    place.run(&["--help"], &[])?.expect(0, &["serve", "init", "check", "migrate", "import", "export", "admin"]);
    place.run(&[], &[])?.expect(2, &["serve"]);
    place.run(&["serve", "--no-such-option"], &[])?.expect(2, &["--no-such-option"]);
    place.run(&["dance"], &[])?.expect(2, &["dance"]);
    Ok(())
}

#[test]
fn a_log_that_is_no_terminal_has_no_colours() -> Outcome {
    let place = Workplace::new()?;
    let log = place.serve(&["--mode", "development"])?.stop_for_its_log()?;
    assert!(log.contains("INFO") && !log.contains('\u{1b}'), "{log}");
    Ok(())
}

#[test]
fn whoever_reads_may_leave_early() -> Outcome {
    let place = Workplace::new()?;
    for (line, code) in [
        ("init --config made/lingpai.toml --config-center made/center", 0),
        ("migrate", 0),
        ("check", 0),
        ("admin create --username boss", 0),
        ("export --to out", 0),
        ("export --to out", 2),
        ("export no-such-collection", 2),
        ("import absent.jsonl", 2),
        ("keys rotate", 2),
        ("--help", 0),
        ("--version", 0),
        ("dance", 2),
    ] {
        let arguments: Vec<&str> = line.split(' ').collect();
        assert_eq!(place.run_unheard(&arguments)?, code, "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn development_mode_starts_from_nothing_and_keeps_what_it_has() -> Outcome {
    let place = Workplace::new()?;
    let program = place.serve(&[])?;
    let said = program.says("/openapi.json")?;
    assert!(program.said.contains(&program.url("/")), "{}", program.said);
    for part in ["开发模式", "Development mode", &program.url("/dev/outbox")] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!((program.status("/healthz").await?, program.status("/readyz").await?), (200, 200));
    let admin = json!({"username": "admin-user", "password": PASSWORD});
    let token = done(program.call("registerAdmin", admin.clone()).await?).token()?;
    assert!(program.stop()?.success());

    let again = place.serve(&["--mode", "development"])?;
    refused(&again.call("registerAdmin", admin).await?, "uni-id-admin-exists");
    done(again.call_as(&token, "getAccountInfo", json!({})).await?);
    done(again.call("login", json!({"username": "admin-user", "password": PASSWORD})).await?);
    assert!(again.stop()?.success());
    assert!(place.path("data/lingpai.db").exists());
    Ok(())
}

#[tokio::test]
async fn what_is_under_way_is_finished_before_it_stops() -> Outcome {
    let place = Workplace::new()?;
    let program = place.serve(&[])?;
    let body = br#"{"clientInfo":{"uniPlatform":"web","appId":"__UNI__TEST"},"params":{}}"#;
    let (first, rest) = body.split_at(20);
    let mut stream = tokio::net::TcpStream::connect(program.address()).await?;
    let head = format!(
        "POST /uni-id-co/getSupportedLoginType HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    // That it asks for the body shows that the request has begun.
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await?;
    assert!(asked.starts_with(b"HTTP/1.1 100"));
    stream.write_all(first).await?;
    program.ask_to_stop()?;
    // New connections are not taken any more as soon as it has heard.
    while tokio::net::TcpStream::connect(program.address()).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(rest).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"errCode\":0"), "{answer}");
    assert!(program.wait()?.success());
    Ok(())
}

#[test]
fn unknown_settings_are_refused_with_the_nearest_known_one() -> Outcome {
    let place = Workplace::new()?;
    place.write("lingpai.toml", "[server]\nlisten_adress = \"127.0.0.1:0\"\n")?;
    place.run(&["serve"], &[])?.expect(2, &["lingpai.toml:2", "server.listen_adress", "server.listen"]);
    place.write("lingpai.toml", "")?;
    place.run(&["check"], &[("LINGPAI_SERVER_LISTN", "x")])?.expect(2, &["LINGPAI_SERVER_LISTN", "LINGPAI_SERVER_LISTEN"]);
    place.run(&["serve", "--config", "nowhere.toml"], &[])?.expect(2, &["nowhere.toml"]);
    Ok(())
}

#[test]
fn everything_wrong_is_told_at_once() -> Outcome {
    let place = Workplace::new()?;
    place.write("lingpai.toml", "mode = \"testing\"\n[server]\nlisten = \"nowhere\"\nworkers = -1\n[log]\nlevel = \"loud\"\n[database]\nurl = \"mysql://x:hunter2@h/d\"\n")?;
    for command in ["serve", "check", "migrate"] {
        let ended = place.run(&[command], &[])?;
        ended.expect(2, &["lingpai.toml:1", "mode", "lingpai.toml:3", "server.listen", "server.workers", "log.level", "database.url", "→"]);
        assert!(!ended.said.contains("hunter2"), "{}", ended.said);
    }
    Ok(())
}

#[test]
fn production_mode_without_a_configuration_explains_init() -> Outcome {
    let place = Workplace::new()?;
    let ended = place.run(&["serve", "--mode", "production"], &[])?;
    ended.expect(2, &["config_center.dir", "security.master_key", "lingpai init"]);
    assert!(!place.path("data").exists());
    Ok(())
}

#[tokio::test]
async fn init_makes_a_configuration_that_serves() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["init"], &[])?.expect(0, &["lingpai.toml", "uni-config-center", "lingpai check"]);
    let text = place.read("lingpai.toml")?;
    place.run(&["init"], &[])?.expect(2, &["lingpai.toml"]);
    assert_eq!(place.read("lingpai.toml")?, text);
    place.write("lingpai.toml", &text.replace("__UNI__0000000", "__UNI__TEST"))?;
    place.run(&["check"], &[])?.expect(0, &["0 problem"]);
    assert!(!place.path("data/lingpai.db").exists(), "check writes nothing");
    place.run(&["migrate"], &[])?.expect(0, &[]);
    place.run(&["check"], &[])?.expect(0, &["0 problem"]);

    let program = place.serve(&[])?;
    assert!(!program.said.contains("Development"), "{}", program.said);
    assert_eq!((program.status("/readyz").await?, program.status("/dev/outbox").await?), (200, 404));
    let setup_token = text.lines().find_map(|line| line.strip_prefix("setup_token = \"")?.strip_suffix('"')).unwrap_or_default();
    let admin = |token: &str| json!({"username": "admin-user", "password": PASSWORD, "setupToken": token});
    refused(&program.call("registerAdmin", admin("wrong")).await?, "uni-id-setup-token-required");
    let token = done(program.call("registerAdmin", admin(setup_token)).await?).token()?;
    done(program.call_as(&token, "getAccountInfo", json!({})).await?);
    assert!(program.stop()?.success());
    Ok(())
}

#[tokio::test]
async fn without_a_configured_set_up_token_one_is_printed() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["init"], &[])?.expect(0, &[]);
    let text = place.read("lingpai.toml")?.replace("__UNI__0000000", "__UNI__TEST").replace("setup_token = \"", "# \"");
    place.write("lingpai.toml", &text)?;
    let program = place.serve(&[])?;
    let line = program.said.lines().find(|line| line.contains("Set-up token")).unwrap_or_default().to_owned();
    let token = line.split(' ').next_back().unwrap_or_default();
    let admin = json!({"username": "admin-user", "password": PASSWORD, "setupToken": token});
    done(program.call("registerAdmin", admin).await?);
    assert!(program.stop()?.success());
    // With an administrator there is nothing to set up.
    let again = place.serve(&[])?;
    assert!(!again.said.contains("Set-up token"), "{}", again.said);
    Ok(())
}

#[test]
fn check_tells_everything_wrong_with_the_folder() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["init"], &[])?.expect(0, &[]);
    let broken = json!({
        "passwordSecret": [{"type": "rot13", "version": 1}], "tokenExpiresIn": "soon", "passwordStrength": "unbreakable",
        "userRegisterDefaultRole": ["admin"],
    });
    place.write("uni-config-center/uni-id/config.json", &format!("{broken:#}"))?;
    let named = ["uni-id/config.json", "passwordSecret", "tokenSecret", "tokenExpiresIn", "passwordStrength", "userRegisterDefaultRole"];
    place.run(&["check"], &[])?.expect(2, &named);
    place.run(&["serve"], &[])?.expect(2, &named);
    place.write("uni-config-center/uni-id/config.json", "{\n  \"tokenSecret\": \n")?;
    place.run(&["check"], &[])?.expect(2, &["uni-id/config.json:"]);
    Ok(())
}

#[tokio::test]
async fn an_operator_creates_administrators() -> Outcome {
    let place = Workplace::new()?;
    place.run_with_input(&["admin", "create", "--username", "Operator", "--password-stdin"], "op-password-1\n")?.expect(0, &["Operator"]);
    let made = place.run(&["admin", "create", "--username", "second", "--app", "__UNI__TEST"], &[])?;
    made.expect(0, &["second", "Password: "]);
    let password = made.said.lines().find_map(|line| line.split_once("Password: ")).map(|(_, password)| password.to_owned());
    place.run(&["admin", "create", "--username", "OPERATOR"], &[])?.expect(2, &["OPERATOR"]);
    place.run(&["admin", "create", "--username", "no spaces"], &[])?.expect(2, &[]);
    place.run_with_input(&["admin", "create", "--username", "third", "--password-stdin"], "short")?.expect(2, &[]);

    let program = place.serve(&[])?;
    let operator = json!({"username": "operator", "password": "op-password-1"});
    let token = done(program.call("login", operator).await?).token()?;
    assert_eq!(tokens::payload(&token)["role"], json!(["admin"]));
    done(program.call("login", json!({"username": "second", "password": password})).await?);
    refused(&program.call("login", json!({"username": "third", "password": "short-password"})).await?, "uni-id-account-not-exists");
    Ok(())
}

#[tokio::test]
async fn an_operator_resets_administrators() -> Outcome {
    let place = Workplace::new()?;
    place.run_with_input(&["admin", "create", "--username", "operator", "--password-stdin"], "op-password-1\n")?.expect(0, &[]);
    let program = place.serve(&[])?;
    let login = async |password: &str| program.call("login", json!({"username": "operator", "password": password})).await;
    let token = done(login("op-password-1").await?).token()?;
    for name in ["simple", "leaver"] {
        done(program.call_as(&token, "addUser", json!({"username": name, "password": PASSWORD, "authorizedApp": ["__UNI__TEST"]})).await?);
    }

    let made = place.run(&["admin", "reset", "--username", "Operator"], &[])?;
    made.expect(0, &["Operator", "Password: "]);
    let password = made.said.lines().find_map(|line| line.split_once("Password: ")).map(|(_, password)| password.to_owned());
    refused(&login("op-password-1").await?, "uni-id-password-error");
    let password = password.unwrap_or_default();
    let again = done(login(&password).await?).token()?;
    // Closing an account asks for the news, so what was issued before is refused by now.
    let leaver = done(program.call("login", json!({"username": "leaver", "password": PASSWORD})).await?).token()?;
    done(program.call_as(&leaver, "closeAccount", json!({})).await?);
    refused(&program.call_as(&token, "getAccountInfo", json!({})).await?, "uni-id-token-expired");
    done(program.call_as(&again, "getAccountInfo", json!({})).await?);

    place.run_with_input(&["admin", "reset", "--username", "operator", "--password-stdin"], "op-password-2\n")?.expect(0, &[]);
    done(login("op-password-2").await?);
    for (arguments, named) in [
        (&["--username", "nobody"][..], "nobody"),
        (&["--username", "simple"], "no administrator"),
        (&["--username", "operator", "--uid", "another"], "no user operator"),
    ] {
        place.run(&[&["admin", "reset"], arguments].concat(), &[])?.expect(2, &[named]);
    }
    place.run_with_input(&["admin", "reset", "--username", "operator", "--password-stdin"], "short")?.expect(2, &[]);
    place.run(&["admin", "reset"], &[])?.expect(2, &["--username"]);
    done(login("op-password-2").await?);
    assert!(program.stop()?.success());
    place.run(&["export", "--to", "out", "lingpai-audit"], &[])?.expect(0, &["lingpai-audit: 5"]);
    let audit = place.read("out/lingpai-audit.jsonl")?;
    let actions: Vec<Value> = audit.lines().map(serde_json::from_str::<Value>).collect::<Result<_, _>>()?;
    assert_eq!((&actions[4]["action"], &actions[4]["actor"]), (&json!("resetAdmin"), &json!("cli")));
    assert_eq!(actions[4]["changes"]["password"], json!({"hidden": true}));
    assert!(!audit.contains("op-password"));
    Ok(())
}

#[tokio::test]
async fn development_mode_listens_to_others_only_if_told_twice() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["serve", "--listen", "0.0.0.0:0"], &[])?.expect(2, &["server.listen", "server.development_listens_publicly"]);
    place.write("lingpai.toml", "[server]\ndevelopment_listens_publicly = true\n")?;
    let program = place.serve(&[])?;
    assert_eq!(program.status("/healthz").await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() -> Outcome {
    let place = Workplace::new()?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    place.run(&["serve", "--listen", &address], &[])?.expect(1, &[&address]);
    Ok(())
}

#[test]
fn a_database_of_a_newer_version_is_refused() -> Outcome {
    let place = Workplace::new()?;
    place.run(&["migrate"], &[])?.expect(0, &[]);
    let database = rusqlite::Connection::open(place.path("data/lingpai.db"))?;
    database.execute(
        "UPDATE refinery_schema_history SET version = 999 WHERE version = (SELECT max(version) FROM refinery_schema_history)",
        (),
    )?;
    drop(database);
    for command in ["serve", "migrate", "check"] {
        place.run(&[command], &[])?.expect(1, &["999", "newer"]);
    }
    place.write("data/lingpai.db", "this is no database, but a text of some length that has nothing to do with one")?;
    place.run(&["serve"], &[])?.expect(1, &[]);
    Ok(())
}

#[test]
fn a_database_that_is_not_there_is_told_without_its_password() -> Outcome {
    let place = Workplace::new()?;
    let ended = place.run(&["serve", "--database", "postgres://lingpai:hunter2@127.0.0.1:1/nothing"], &[])?;
    ended.expect(1, &["数据库"]);
    assert!(!ended.said.contains("hunter2"), "{}", ended.said);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn object_storage_is_tried_when_asked() -> Outcome {
    let place = Workplace::new()?;
    let s3 = lingpai_testkit::upstreams::s3::StrictS3::start(std::sync::Arc::new(lingpai_server::runtime::SystemClock)).await?;
    let mut environment: Vec<(String, String)> = s3.settings().into_iter().map(|(path, value)| (variable(path), value)).collect();
    place.write("key", "the secret of the test access key\n")?;
    let key = environment.iter().position(|(name, _)| name == "LINGPAI_STORAGE_S3_SECRET_KEY").context("the key's setting")?;
    environment[key].1 = format!("file:{}", place.path("key").display());
    let run = |environment: &[(String, String)]| {
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        place.run(&["check", "--upstreams"], &environment)
    };
    run(&environment)?.expect(0, &["[正常 fine] 对象存储 object storage lingpai-test/some/files/"]);
    assert_eq!((s3.requests(), s3.names(), s3.take_refusals()), (3, vec![], vec![]), "the probe is written, read and removed");
    s3.fail(1);
    run(&environment)?.expect(1, &["[问题 problem] 对象存储", "PUT", "SlowDown", "storage.s3.endpoint"]);
    place.write("key", "another secret")?;
    let ended = run(&environment)?;
    ended.expect(1, &["PUT", "SignatureDoesNotMatch", "secret_key"]);
    assert!(!ended.said.contains("another secret"), "{}", ended.said);
    environment.retain(|(name, _)| name != "LINGPAI_STORAGE_S3_BUCKET");
    run(&environment)?.expect(2, &["storage.s3.bucket", "is needed where storage.backend is"]);
    Ok(())
}

/// The environment's name of a setting.
fn variable(path: &str) -> String {
    format!("LINGPAI_{}", path.replace('.', "_").to_uppercase())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn third_parties_are_tried_when_asked() -> Outcome {
    let place = Workplace::new()?;
    let upstreams = lingpai_testkit::upstreams::Upstreams::start(None).await?;
    let weixin = upstreams.strict_weixin();
    let application = |appid: &str, secret: &str| json!({"oauth": {"weixin": {"appid": appid, "appsecret": secret}}});
    let config = json!([
        {"dcloudAppid": "__UNI__A", "passwordSecret": "p", "tokenSecret": "t", "mp-weixin": application("wx-mp-appid", "s")},
        {"dcloudAppid": "__UNI__B", "isDefaultConfig": true, "passwordSecret": "p", "tokenSecret": "t",
         "mp-weixin": application("wx-mp-appid", "s"), "app": application("wx-app-appid", "s")},
    ]);
    place.write("center/uni-id/config.json", &config.to_string())?;
    let base = upstreams.base_url("api.weixin.qq.com");
    let environment = [("LINGPAI_PROVIDERS_WEIXIN_BASE_URL", base.as_str()), ("LINGPAI_CONFIG_CENTER_DIR", "center")];
    place.run(&["check"], &environment)?.expect(0, &[]);
    assert!(upstreams.take_requests().is_empty());
    place.run(&["check", "--upstreams"], &environment)?.expect(0, &["fine", "wx-mp-appid", "wx-app-appid"]);
    assert_eq!(upstreams.take_requests().len(), 2, "each application once");
    weixin.ask_the_administrator(true);
    let ended = place.run(&["check", "--upstreams"], &environment)?;
    ended.expect(1, &["problem", "wx-mp-appid", "89503", "administrator", "[正常 fine] 微信移动应用"]);
    let wrong = config.to_string().replace("\"s\"", "\"wrong-secret\"");
    place.write("center/uni-id/config.json", &wrong)?;
    place.run(&["check", "--upstreams"], &environment)?.expect(1, &["40125", "appsecret"]);
    // Nobody is there.
    let environment = [("LINGPAI_PROVIDERS_WEIXIN_BASE_URL", "http://127.0.0.1:1"), ("LINGPAI_CONFIG_CENTER_DIR", "center")];
    place.run(&["check", "--upstreams"], &environment)?.expect(1, &["not reachable"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn qq_alipay_and_apple_are_tried_too() -> Outcome {
    let place = Workplace::new()?;
    let apple = lingpai_testkit::replay::jwt::AppleKey::parse(include_str!("../../../../conformance/apple-test-key.json"))?;
    let upstreams = lingpai_testkit::upstreams::Upstreams::start(Some(std::sync::Arc::new(apple))).await?;
    let recorded = include_str!("../../../../conformance/configs/base/uni-id/config.json");
    let mut config: Value = serde_json::from_str(recorded)?;
    for (platform, section) in [("app", "weixin"), ("mp-weixin", "weixin"), ("web", "weixin-h5"), ("web", "weixin-web")] {
        config[platform]["oauth"].as_object_mut().map(|oauth| oauth.remove(section));
    }
    place.write("center/uni-id/config.json", &config.to_string())?;
    let settings: Vec<(String, String)> = upstreams
        .settings()
        .into_iter()
        .map(|(path, value)| (format!("LINGPAI_{}", path.replace('.', "_").to_uppercase()), value))
        .chain([("LINGPAI_CONFIG_CENTER_DIR".to_owned(), "center".to_owned())])
        .collect();
    let environment: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    place.run(&["check", "--upstreams"], &environment)?.expect(0, &["fine] QQ", "ali-appid", "Apple"]);
    config["mp-qq"]["oauth"]["qq"]["appsecret"] = "wrong-secret".into();
    config["mp-alipay"]["oauth"]["alipay"]["privateKey"] = "not a key".into();
    place.write("center/uni-id/config.json", &config.to_string())?;
    let ended = place.run(&["check", "--upstreams"], &environment)?;
    ended.expect(1, &["problem] QQ", "AppSecret", "problem] 支付宝", "privateKey", "fine] Apple"]);
    assert!(!ended.said.contains("wrong-secret"), "{}", ended.said);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn carriers_are_tried_without_a_message() -> Outcome {
    use lingpai_testkit::upstreams::clouds::{KEY, KEY_ID, SIGN_NAME};

    let place = Workplace::new()?;
    let upstreams = lingpai_testkit::upstreams::Upstreams::start(None).await?;
    let config = |aliyun: &str, tencent: &str| {
        json!({"passwordSecret": "p", "tokenSecret": "t", "service": {"sms": {"name": "n", "scene": {
            "login-by-sms": {"templateId": aliyun, "templateIdByLocale": {"en": tencent}}}}}})
        .to_string()
    };
    let aliyun = upstreams.base_url("dysmsapi.aliyuncs.com");
    let tencent = upstreams.base_url("sms.tencentcloudapi.com");
    let phones = upstreams.base_url("dypnsapi.aliyuncs.com");
    let check = |template: &str, changes: &[(&str, &str)]| {
        place.write("center/uni-id/config.json", &config(template, template))?;
        let mut environment = vec![
            ("LINGPAI_CONFIG_CENTER_DIR", "center"),
            ("LINGPAI_PROVIDERS_SMS_VENDOR", "aliyun"),
            ("LINGPAI_PROVIDERS_SMS_BASE_URL", &aliyun),
            ("LINGPAI_PROVIDERS_SMS_SIGN_NAME", SIGN_NAME),
            ("LINGPAI_PROVIDERS_SMS_ACCESS_KEY_ID", KEY_ID),
            ("LINGPAI_PROVIDERS_SMS_ACCESS_KEY_SECRET", KEY),
            ("LINGPAI_PROVIDERS_SMS_SDK_APP_ID", "1400000001"),
        ];
        for (name, value) in changes {
            environment.retain(|(known, _)| known != name);
            environment.push((name, value));
        }
        place.run(&["check", "--upstreams"], &environment)
    };
    let to_tencent = [("LINGPAI_PROVIDERS_SMS_VENDOR", "tencent"), ("LINGPAI_PROVIDERS_SMS_BASE_URL", tencent.as_str())];
    check("SMS_1", &[])?.expect(0, &["fine] 阿里云短信", "SMS_1"]);
    check("20001", &to_tencent)?.expect(0, &["fine] 腾讯云短信", "20001"]);
    for (vendor, template) in [(&[][..], "SMS_1"), (&to_tencent[..], "20001")] {
        let with = |name, value| [vendor, &[(name, value)][..]].concat();
        let wrong_key = check(template, &with("LINGPAI_PROVIDERS_SMS_ACCESS_KEY_SECRET", "wrong-secret"))?;
        wrong_key.expect(1, &["problem", "Signature", "copy AccessKey Secret or SecretKey again"]);
        assert!(!wrong_key.said.contains("wrong-secret"), "{}", wrong_key.said);
        check(template, &with("LINGPAI_PROVIDERS_SMS_ACCESS_KEY_ID", "nobody"))?.expect(1, &["see RAM"]);
        // Nobody is there.
        check(template, &with("LINGPAI_PROVIDERS_SMS_BASE_URL", "http://127.0.0.1:1"))?.expect(1, &["not reachable"]);
    }
    // A number is asked of the mobile networks with a token that is none.
    let univerify = [
        ("LINGPAI_PROVIDERS_UNIVERIFY_VENDOR", "aliyun"),
        ("LINGPAI_PROVIDERS_UNIVERIFY_BASE_URL", phones.as_str()),
        ("LINGPAI_PROVIDERS_UNIVERIFY_ACCESS_KEY_ID", KEY_ID),
        ("LINGPAI_PROVIDERS_UNIVERIFY_ACCESS_KEY_SECRET", KEY),
    ];
    check("SMS_1", &univerify)?.expect(0, &["fine] 一键登录"]);
    let univerify = [&univerify[..3], &[("LINGPAI_PROVIDERS_UNIVERIFY_ACCESS_KEY_SECRET", "wrong-secret")][..]].concat();
    check("SMS_1", &univerify)?.expect(1, &["problem] 一键登录", "SignatureDoesNotMatch"]);
    // Mail, Redis, and a gateway of one's own where nobody listens.
    let nobody = [
        ("LINGPAI_REDIS_URL", "redis://user:hunter2@127.0.0.1:1"),
        ("LINGPAI_PROVIDERS_EMAIL_HOST", "127.0.0.1"),
        ("LINGPAI_PROVIDERS_EMAIL_PORT", "1"),
        ("LINGPAI_PROVIDERS_EMAIL_TLS", "none"),
        ("LINGPAI_PROVIDERS_EMAIL_FROM", "a@example.com"),
        ("LINGPAI_PROVIDERS_SMS_VENDOR", "webhook"),
        ("LINGPAI_PROVIDERS_SMS_WEBHOOK_URL", "http://127.0.0.1:1/send"),
    ];
    let ended = check("SMS_1", &nobody)?;
    ended.expect(1, &["problem] Redis", "problem] 邮件", "problem] 短信网关"]);
    assert!(!ended.said.contains("hunter2"), "{}", ended.said);
    let redis = std::env::var("LINGPAI_TEST_REDIS")?;
    check("SMS_1", &[("LINGPAI_REDIS_URL", redis.as_str())])?.expect(0, &["fine] Redis"]);
    // Nothing was sent to anybody.
    let numbers: Vec<String> = upstreams.take_requests().iter().map(ToString::to_string).filter(|asked| asked.contains("Phone")).collect();
    assert!(!numbers.is_empty() && numbers.iter().all(|asked| asked.contains("10000000000")), "{numbers:?}");
    Ok(())
}
