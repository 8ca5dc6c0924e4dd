//! Which functions demand a verified client, and that a change of the rules needs no restart.

use lingpai_secure::envelope::SecretType;
use lingpai_server::secure_network::reload;

use super::client::*;
use crate::kit::*;

both_engines!(mandatory: unsigned_calls_are_refused_everywhere, what_passes_and_what_does_not_is_counted, each_refusal_is_logged_with_its_reason_and_no_secret);
both_engines!(custom: rules_decide_function_by_function, clientdb_has_two_names_and_one_rule, rules_change_without_a_restart);

fn mandatory(builder: TestAppBuilder) -> TestAppBuilder {
    let mut config = web_config(json!({"enable": true}));
    config["url"] = json!("refuse");
    builder.secure_network(config)
}

fn custom(builder: TestAppBuilder) -> TestAppBuilder {
    builder.secure_network(custom_config("production"))
}

/// The captcha function admits a build of which the client is none, unless `version` says so.
fn custom_config(version: &str) -> Value {
    json!({
        "enable": true,
        "apps": [{"appId": APP, "web": [{"origin": ORIGIN, "version": "development"}, {"origin": "https://www.example.com"}]}],
        "verifyClient": {"enable": true, "customRules": true, "rules": {
            "uni-captcha-co": [{"appId": APP, "platform": "web", "version": version}],
            "uni-clientDB,other": [{"appId": APP, "platform": "web", "version": "development"}],
        }},
    })
}

fn supported() -> Value {
    json!({"method": "getSupportedLoginType", "params": [], "clientInfo": client_info("d1")})
}

async fn unsigned_calls_are_refused_everywhere(app: &TestApp) -> Outcome {
    for function in ["uni-id-co", "uni-captcha-co"] {
        refused_by_number(&call(app, function, supported()).await?, 70008);
    }
    // Neither another application nor another platform learns more than that it is not registered.
    let mut stranger = supported();
    stranger["clientInfo"]["appId"] = json!("__UNI__OTHER");
    refused_by_number(&call(app, "uni-id-co", stranger).await?, 60201);
    let reply = app.send(Call::new("getSupportedLoginType")).await?;
    refused_by_number(&reply.body, 70008);
    // The ways to a key are open; what they do without WeChat is another matter.
    let mut handshake = supported();
    handshake["method"] = json!("secureNetworkHandshakeByWeixin");
    assert_ne!(call(app, "uni-id-co", handshake).await?["errSubject"], "uni-secure-network");
    assert_ne!(app.send(Call::new("secureNetworkHandshakeByWeixin")).await?.body["errSubject"], "uni-secure-network");

    let client = Client::web("d1")?.shake_hands(app).await?;
    assert_eq!(client.call(app, "uni-id-co", SecretType::None, json!({"method": "getSupportedLoginType"})).await?["errCode"], 0);
    Ok(())
}

async fn rules_decide_function_by_function(app: &TestApp) -> Outcome {
    // Matched by nothing: not verified.
    assert_eq!(call(app, "uni-id-co", supported()).await?["errCode"], 0);
    done(app.send(Call::new("getSupportedLoginType")).await?);
    refused_by_number(&call(app, "uni-captcha-co", supported()).await?, 70008);
    // A development build against a production rule.
    let client = Client::web("d1")?.shake_hands(app).await?;
    let captcha = json!({"method": "getImageCaptcha", "params": [{"scene": "register"}]});
    refused_by_number(&client.call(app, "uni-captcha-co", SecretType::Both, captcha).await?, 70004);
    Ok(())
}

async fn clientdb_has_two_names_and_one_rule(app: &TestApp) -> Outcome {
    let query = json!({"command": {"$db": [
        {"$method": "collection", "$param": ["uni-id-users"]},
        {"$method": "where", "$param": [{"role": "admin"}]},
        {"$method": "count", "$param": []},
    ]}});
    let client = Client::web("d1")?.shake_hands(app).await?;
    for name in ["DCloud-clientDB", "uni-clientDB"] {
        let mut plain = query.clone();
        plain["clientInfo"] = client_info("d1");
        refused_by_number(&call(app, name, plain).await?, 70008);
        assert_eq!(client.call(app, name, SecretType::Both, query.clone()).await?, json!({"code": 0, "total": 0}), "{name}");
    }
    Ok(())
}

async fn rules_change_without_a_restart(app: &TestApp) -> Outcome {
    let path = app.folder().join("config-center/secure-network/config.json");
    let secure = &app.program().state().secure;
    let client = Client::web("d1")?.shake_hands(app).await?;
    let captcha = async || {
        let captcha = json!({"method": "getImageCaptcha", "params": [{"scene": "register"}]});
        client.call(app, "uni-captcha-co", SecretType::Both, captcha).await
    };
    refused_by_number(&captcha().await?, 70004);
    std::fs::write(&path, custom_config("development").to_string())?;
    reload(secure);
    assert_eq!(captcha().await?["errCode"], 0);
    // What is wrong does not count; the former rules stay.
    std::fs::write(&path, "{\"enable\": false, \"enabled\": false}")?;
    reload(secure);
    refused_by_number(&call(app, "uni-captcha-co", supported()).await?, 70008);
    // A build that is registered no more loses its key at once.
    let mut without = custom_config("development");
    without["apps"][0]["web"][0]["origin"] = json!("https://moved.example.com");
    std::fs::write(&path, without.to_string())?;
    reload(secure);
    refused_by_number(&captcha().await?, 70004);
    std::fs::remove_file(&path)?;
    reload(secure);
    assert_eq!(call(app, "uni-id-co", supported()).await?["errCode"], 0);
    Ok(())
}

async fn what_passes_and_what_does_not_is_counted(app: &TestApp) -> Outcome {
    lingpai_server::telemetry::metrics_endpoint::start();
    refused_by_number(&call(app, "uni-captcha-co", supported()).await?, 70008);
    let client = Client::web("d1")?.shake_hands(app).await?;
    client.call(app, "uni-captcha-co", SecretType::Both, json!({"method": "getImageCaptcha", "params": [{"scene": "register"}]})).await?;
    let metrics = app.http().get(app.url("/metrics")).send().await?.text().await?;
    for line in [
        "lingpai_secure_refused_total{function=\"uni-captcha-co\",code=\"70008\"}",
        "lingpai_secure_verified_total{function=\"uni-captcha-co\"}",
        "lingpai_secure_sealed_total{function=\"uni-captcha-co\",type=\"both\"}",
        "lingpai_secure_handshakes_total{platform=\"web\",evidence=\"keyed\"}",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    Ok(())
}

async fn each_refusal_is_logged_with_its_reason_and_no_secret(app: &TestApp) -> Outcome {
    let captured = crate::logs::capture();
    let client = Client::web("d1")?.shake_hands(app).await?;
    let content = json!({"method": "getSupportedLoginType", "params": ["Sea1ed-c0ntent"], "uniIdToken": "a-t0ken-1nside"});
    let (args, _) = client.seal(app, "uni-id-co", SecretType::Both, &content)?;
    let (other, _) = client.seal(app, "uni-id-co", SecretType::Response, &content)?;
    client.send(app, "uni-id-co", args.clone()).await?;
    refused_by_number(&call(app, "uni-id-co", supported()).await?, 70008);
    refused_by_number(&client.send(app, "uni-id-co", args.clone()).await?, 70004);
    let mut unknown = other.clone();
    unknown["_uniCloudOptions"]["encryptKeyId"] = json!("0".repeat(32));
    refused_by_number(&client.send(app, "uni-id-co", unknown).await?, 70009);
    app.clock.advance(60_001);
    refused_by_number(&client.send(app, "uni-id-co", other.clone()).await?, 70001);

    let log = captured.text();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("the secure network refused") && line.contains("uni-id-co")).collect();
    for code in [70008, 70004, 70009, 70001] {
        let told = |line: &&&str| line.contains(&format!("code={code} ")) && line.contains("reason=\"") && line.contains(APP);
        assert!(lines.iter().any(|line| told(&line)), "{code} is not in {lines:#?}");
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut secrets = vec!["Sea1ed-c0ntent".to_owned(), "a-t0ken-1nside".to_owned(), lingpai_testkit::app::SPACE.secret.to_owned()];
    for args in [&args, &other] {
        secrets.extend([text(&args["content"]), text(&args["_uniCloudOptions"]["sign"])]);
    }
    for key in app.documents("opendb-app-client-key").await? {
        secrets.push(text(&key["client_key"]));
    }
    assert!(secrets.iter().all(|secret| secret.len() > 8));
    crate::logs::assert_none_stands(&log, &secrets);
    Ok(())
}
