//! Calls that are right in everything but one thing: each is refused with its code.

use lingpai_secure::envelope::SecretType;
use lingpai_server::secure_network::client_keys;

use super::client::*;
use crate::kit::*;

both_engines!(web: a_changed_call_is_refused, a_call_is_good_once, a_nonce_is_good_once, a_call_is_for_one_function_space_and_client, a_reply_answers_its_own_call_only,
    the_clock_must_be_right, keys_end_and_are_revoked, other_nodes_remember_too);

fn web(builder: TestAppBuilder) -> TestAppBuilder {
    builder.secure_network(web_config(json!({"enable": true})))
}

const CALL: &str = "uni-id-co";

fn supported() -> Value {
    json!({"method": "getSupportedLoginType", "params": []})
}

/// The text with one bit of one character's base64 value changed.
fn flipped(text: &str, place: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    if let Some(byte) = bytes.get_mut(place) {
        *byte = if *byte == b'A' { b'B' } else { b'A' };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn a_changed_call_is_refused(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    for kind in [SecretType::None, SecretType::Request, SecretType::Response, SecretType::Both] {
        let (args, _) = client.seal(app, CALL, kind, &supported())?;
        let mut changed = Vec::new();
        for place in [0, 9] {
            let mut call = args.clone();
            call["content"] = json!(flipped(args["content"].as_str().unwrap_or_default(), place));
            changed.push((call, 70004));
            for field in ["nonce", "sign"] {
                let mut call = args.clone();
                call["_uniCloudOptions"][field] = json!(flipped(args["_uniCloudOptions"][field].as_str().unwrap_or_default(), place));
                changed.push((call, 70004));
            }
        }
        let mut with = |field: &str, value: Value, code: u32| {
            let mut call = args.clone();
            call["_uniCloudOptions"][field] = value;
            changed.push((call, code));
        };
        with("requestId", json!("another-request"), 70004);
        with("timestamp", json!(args["_uniCloudOptions"]["timestamp"].as_i64().unwrap_or_default() + 1), 70004);
        let other = if kind == SecretType::Both { "request" } else { "both" };
        with("secretType", json!(other), 70004);
        with("secretType", json!("everything"), 70004);
        with("v", json!(2), 70004);
        with("sign", json!(null), 70008);
        with("encryptKeyId", json!("0".repeat(32)), 70009);
        with("encryptKeyId", json!("x".repeat(1000)), 70004);
        with("requestId", json!("short"), 70004);
        for (call, code) in changed {
            refused_by_number(&client.send(app, CALL, call).await?, code);
        }
        // After all that the call itself is still good.
        assert_eq!(client.send(app, CALL, args).await?["errCode"], 0, "{kind:?}");
    }
    // What opens must be an object.
    let (args, _) = client.seal(app, CALL, SecretType::Both, &json!([1]))?;
    refused_by_number(&client.send(app, CALL, args).await?, 70004);
    Ok(())
}

async fn a_call_is_good_once(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    for kind in [SecretType::None, SecretType::Both] {
        let (args, _) = client.seal(app, CALL, kind, &supported())?;
        assert_eq!(client.send(app, CALL, args.clone()).await?["errCode"], 0);
        refused_by_number(&client.send(app, CALL, args.clone()).await?, 70004);
        // As long as its time would be accepted.
        app.clock.advance(60_000);
        refused_by_number(&client.send(app, CALL, args.clone()).await?, 70004);
        app.clock.advance(1);
        refused_by_number(&client.send(app, CALL, args).await?, 70001);
    }
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    let calls = (0..16).map(|_| client.send(app, CALL, args.clone()));
    let mut passed = 0;
    for reply in simultaneous::all(calls).await {
        passed += usize::from(reply?["errCode"] == 0);
    }
    assert_eq!(passed, 1);
    Ok(())
}

/// A client that seals two calls under one nonce gives away what is in both: the second one is refused.
async fn a_nonce_is_good_once(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let other = Client::web("d1")?.shake_hands(app).await?;
    for (number, kind) in [SecretType::None, SecretType::Request, SecretType::Response, SecretType::Both].into_iter().enumerate() {
        let nonce = [u8::try_from(number)?; 12];
        let sealed = |client: &Client| anyhow::Ok(client.seal_with(app, nonce, CALL, kind, &supported())?.0);
        assert_eq!(client.send(app, CALL, sealed(&client)?).await?["errCode"], 0, "{kind:?}");
        refused_by_number(&client.send(app, CALL, sealed(&client)?).await?, 70004);
        // Under another key it is another one.
        assert_eq!(other.send(app, CALL, sealed(&other)?).await?["errCode"], 0, "{kind:?}");
    }
    // On another node, and where several nodes ask the database.
    let node = beside(app, web(TestApp::builder())).await?;
    let sealed = |nonce: u8| anyhow::Ok(client.seal_with(app, [nonce; 12], CALL, SecretType::Both, &supported())?.0);
    for (first, second) in [(app, &node), (&node, app)] {
        refused_by_number(&client.send(first, CALL, sealed(0)?).await?, 70004);
        let nonce = 100 + u8::from(std::ptr::eq(first, app));
        assert_eq!(client.send(first, CALL, sealed(nonce)?).await?["errCode"], 0);
        refused_by_number(&client.send(second, CALL, sealed(nonce)?).await?, 70004);
    }
    node.stop_and_keep_database().await?;
    Ok(())
}

async fn a_call_is_for_one_function_space_and_client(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let (args, _) = client.seal(app, "uni-captcha-co", SecretType::Both, &supported())?;
    refused_by_number(&client.send(app, CALL, args).await?, 70004);

    let altered = |field: &str, value: Value| -> anyhow::Result<Value> {
        let (mut args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
        args["clientInfo"][field] = value;
        Ok(args)
    };
    refused_by_number(&client.send(app, CALL, altered("deviceId", json!("d2"))?).await?, 70003);
    refused_by_number(&client.send(app, CALL, altered("appId", json!("__UNI__OTHER"))?).await?, 60201);
    refused_by_number(&client.send(app, CALL, altered("uniPlatform", json!("mp-weixin"))?).await?, 60202);
    refused_by_number(&client.send(app, CALL, altered("appId", json!(null))?).await?, 60101);
    refused_by_number(&client.send(app, CALL, altered("deviceId", json!(null))?).await?, 60102);

    // A page of another origin, and something that is no page.
    for origin in [Some("https://evil.example.com"), None] {
        let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
        refused_by_number(&data(post(app, CALL, args, origin).await?)?, 70004);
    }

    // The key of one device with the signature of another.
    let thief = Client {
        device: lingpai_secure::device_key::SoftwareDeviceKey::from_secret(&[8; 32])?,
        ..Client::web("d1")?.shake_hands(app).await?
    };
    let (args, _) = thief.seal(app, CALL, SecretType::Both, &supported())?;
    refused_by_number(&thief.send(app, CALL, args).await?, 70004);
    Ok(())
}

async fn a_reply_answers_its_own_call_only(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let (first, first_pending) = client.seal(app, CALL, SecretType::Both, &supported())?;
    let (second, second_pending) = client.seal(app, CALL, SecretType::Response, &supported())?;
    let (first, second) = (client.send(app, CALL, first).await?, client.send(app, CALL, second).await?);
    assert!(first_pending.open_reply(client.key()?, second.clone()).is_err());
    let mut disguised = second.clone();
    disguised["_uniCloudOptions"]["requestId"] = first["_uniCloudOptions"]["requestId"].clone();
    assert!(first_pending.open_reply(client.key()?, disguised).is_err());
    let mut flipped_reply = first.clone();
    flipped_reply["content"] = json!(flipped(first["content"].as_str().unwrap_or_default(), 3));
    assert!(first_pending.open_reply(client.key()?, flipped_reply).is_err());
    assert!(first_pending.open_reply(client.key()?, json!({"errCode": 0, "smsLogin": true})).is_err());
    assert!(first_pending.open_reply(client.key()?, first).is_ok() && second_pending.open_reply(client.key()?, second).is_ok());
    Ok(())
}

async fn the_clock_must_be_right(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let sealed = || client.seal(app, CALL, SecretType::Both, &supported());
    let (late, _) = sealed()?;
    app.clock.advance(60_001);
    refused_by_number(&client.send(app, CALL, late).await?, 70001);
    let (early, _) = sealed()?;
    app.clock.advance(-60_001);
    refused_by_number(&client.send(app, CALL, early).await?, 70001);
    Ok(())
}

async fn keys_end_and_are_revoked(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let supported = || client.call(app, CALL, SecretType::Both, supported());
    assert_eq!(supported().await?["errCode"], 0);
    // Another process revokes it: with its next look, which it takes every second, every node knows.
    let state = app.program().state();
    let chosen = client_keys::Chosen { device_id: Some("d1".into()), ..Default::default() };
    assert_eq!(client_keys::revoke(&state.base, &chosen).await?, 1);
    state.secure.client_keys.look(&state.base).await?;
    refused_by_number(&supported().await?, 70009);

    // Somebody removes it from the database: within five seconds.
    let client = Client::web("d1")?.shake_hands(app).await?;
    let supported = || client.call(app, CALL, SecretType::Both, json!({"method": "getSupportedLoginType", "params": []}));
    assert_eq!(supported().await?["errCode"], 0);
    assert_eq!(client_keys::remove(&state.base, |doc| Some(chosen.includes(doc))).await?, 1);
    app.clock.advance(client_keys::BELIEVED_FOR_MS);
    refused_by_number(&supported().await?, 70009);

    let client = Client::web("d1")?.shake_hands(app).await?;
    app.clock.advance(168 * 3_600_000 - 1);
    assert_eq!(client.call(app, CALL, SecretType::Both, json!({"method": "getSupportedLoginType", "params": []})).await?["errCode"], 0);
    app.clock.advance(1);
    refused_by_number(&client.call(app, CALL, SecretType::Both, json!({"method": "getSupportedLoginType", "params": []})).await?, 70009);
    lingpai_server::secure_network::sweep(app.program().state()).await;
    assert_eq!(app.documents("opendb-app-client-key").await?.len(), 0);
    Ok(())
}

/// A second program on the same database.
async fn other_nodes_remember_too(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    let other = beside(app, web(TestApp::builder())).await?;
    // The same identity, and the other's handshake.
    assert_eq!(Client::space_key(app).await?, Client::space_key(&other).await?);
    assert_eq!(client.send(&other, CALL, args.clone()).await?["errCode"], 0);
    refused_by_number(&client.send(app, CALL, args).await?, 70004);
    let challenge = client.challenge(app).await?;
    let hello = client.hello(app, challenge, lingpai_secure::handshake::Evidence::None);
    assert_eq!(client.greet(&other, &hello).await?.0["errCode"], 0);
    refused_by_number(&client.greet(app, &hello).await?.0, 70004);
    other.stop_and_keep_database().await?;
    Ok(())
}
