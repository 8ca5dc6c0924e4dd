//! Handshakes that do not lead to a key.

use lingpai_secure::handshake::{Evidence, Hello, Request, client};
use lingpai_testkit::app::SPACE;

use super::client::*;
use crate::kit::*;

both_engines!(web: a_hello_is_taken_once_and_in_time, a_hello_must_be_true, a_changed_hello_does_not_open, what_is_not_registered_is_told, secrets_are_encrypted_at_rest);
both_engines!(switched_off: without_the_secure_network_there_is_none);

fn web(builder: TestAppBuilder) -> TestAppBuilder {
    builder.mode(Mode::Production).secure_network(web_config(json!({"enable": false})))
}

fn switched_off(builder: TestAppBuilder) -> TestAppBuilder {
    builder
}

async fn a_hello_is_taken_once_and_in_time(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?;
    let hello = client.hello(app, client.challenge(app).await?, Evidence::None);
    assert_eq!(client.greet(app, &hello).await?.0["errCode"], 0);
    refused_by_number(&client.greet(app, &hello).await?.0, 70004);

    let invented = client.hello(app, [7; 32], Evidence::None);
    refused_by_number(&client.greet(app, &invented).await?.0, 70004);

    let challenge = client.challenge(app).await?;
    app.clock.advance(60_000);
    refused_by_number(&client.greet(app, &client.hello(app, challenge, Evidence::None)).await?.0, 70004);

    let challenge = client.challenge(app).await?;
    let hello = client.hello(app, challenge, Evidence::None);
    for skew in [-60_001, 60_001] {
        let skewed = Hello { timestamp_ms: hello.timestamp_ms + skew, ..hello.clone() };
        refused_by_number(&client.greet(app, &skewed).await?.0, 70001);
    }
    // None of that used the challenge up.
    assert_eq!(client.greet(app, &hello).await?.0["errCode"], 0);
    assert_eq!(app.documents("opendb-app-client-key").await?.len(), 2);
    Ok(())
}

async fn a_hello_must_be_true(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?;
    let truth = client.hello(app, client.challenge(app).await?, Evidence::None);
    for (lie, code) in [
        (Hello { app_id: "__UNI__OTHER".into(), ..truth.clone() }, 70002),
        (Hello { device_id: "d2".into(), ..truth.clone() }, 70003),
        (Hello { platform: "android".into(), ..truth.clone() }, 70004),
        (Hello { package: "https://evil.example.com".into(), ..truth.clone() }, 70004),
        (Hello { evidence: Evidence::Android(vec![vec![1], vec![2]]), ..truth.clone() }, 70004),
    ] {
        refused_by_number(&client.greet(app, &lie).await?.0, code);
    }
    let elsewhere = Client { origin: Some("https://evil.example.com"), ..Client::web("d1")? };
    refused_by_number(&elsewhere.greet(app, &truth).await?.0, 70004);
    let evil = Client { package: "https://evil.example.com".into(), origin: Some("https://evil.example.com"), ..Client::web("d1")? };
    let hello = evil.hello(app, evil.challenge(app).await?, Evidence::None);
    refused_by_number(&evil.greet(app, &hello).await?.0, 70004);
    Ok(())
}

async fn a_changed_hello_does_not_open(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?;
    let hello = client.hello(app, client.challenge(app).await?, Evidence::None);
    let key = Client::space_key(app).await?;
    let (request, _) = client::start(SPACE.id, &key, &hello, &client.device, &[9; 32])?;
    let flip = |text: &str| if text.starts_with('A') { text.replacen('A', "B", 1) } else { format!("A{}", &text[1..]) };
    for (changed, code) in [
        (Request { content: flip(&request.content), ..request.clone() }, 70004),
        (Request { enc: flip(&request.enc), ..request.clone() }, 70004),
        (Request { key_id: "0".repeat(16), ..request.clone() }, 70009),
        (Request { v: 2, ..request.clone() }, 70004),
        (Request { content: "A".repeat(90_000), ..request.clone() }, 70004),
        (Request { content: "no base64".into(), ..request.clone() }, 70004),
    ] {
        refused_by_number(&client.send_hello(app, &changed).await?, code);
    }
    // Sealed for another space.
    let (request, _) = client::start("another-space", &key, &hello, &client.device, &[9; 32])?;
    refused_by_number(&client.send_hello(app, &request).await?, 70004);
    Ok(())
}

async fn what_is_not_registered_is_told(app: &TestApp) -> Outcome {
    let challenge = |info: Value| call(app, "uni-secure-network", json!({"method": "challenge", "params": [{}], "clientInfo": info}));
    let with = |field: &str, value: Value| {
        let mut info = client_info("d1");
        info[field] = value;
        info
    };
    refused_by_number(&challenge(with("appId", json!(null))).await?, 60101);
    refused_by_number(&challenge(with("deviceId", json!(""))).await?, 60102);
    refused_by_number(&challenge(with("uniPlatform", json!("app"))).await?, 60103);
    refused_by_number(&challenge(with("appId", json!("__UNI__OTHER"))).await?, 60201);
    for platform in ["mp-weixin", "mp-alipay", "app-ios"] {
        refused_by_number(&challenge(with("uniPlatform", json!(platform))).await?, 60202);
    }
    let mut app_info = with("uniPlatform", json!("app"));
    app_info["osName"] = json!("Android");
    refused_by_number(&challenge(app_info).await?, 60202);
    assert_eq!(challenge(client_info("d1")).await?["errCode"], 0);
    Ok(())
}

async fn without_the_secure_network_there_is_none(app: &TestApp) -> Outcome {
    let answer = app.http().get(app.url("/secure-network/keys")).send().await?;
    assert_eq!(answer.status(), 404);
    refused_by_number(&answer.json().await?, 60200);
    let args = json!({"method": "challenge", "params": [{}], "clientInfo": client_info("d1")});
    refused_by_number(&call(app, "uni-secure-network", args).await?, 60200);
    let options =
        json!({"secretType": "both", "encryptKeyId": "0", "v": 1, "nonce": "", "requestId": "12345678", "timestamp": 1, "sign": ""});
    let args = json!({"content": "", "_uniCloudOptions": options, "clientInfo": client_info("d1")});
    refused_by_number(&call(app, "uni-id-co", args).await?, 60200);
    // Everybody else is served as ever.
    let args = json!({"method": "getSupportedLoginType", "params": [], "clientInfo": client_info("d1")});
    assert_eq!(call(app, "uni-id-co", args).await?["errCode"], 0);
    Ok(())
}

async fn secrets_are_encrypted_at_rest(app: &TestApp) -> Outcome {
    Client::web("d1")?.shake_hands(app).await?;
    let key = app.documents("opendb-app-client-key").await?.remove(0);
    assert_eq!((&key["appid"], &key["device_id"], &key["evidence"]), (&json!(APP), &json!("d1"), &json!("keyed")));
    let rows = app.documents("opendb-open-data").await?;
    assert_eq!(rows.len(), 2);
    for sealed in rows.iter().map(|row| &row["value"]).chain([&key["client_key"]]) {
        assert!(sealed.as_str().is_some_and(|text| text.starts_with("lingpai:1:") && text.len() > 60), "{sealed}");
    }
    Ok(())
}
