//! `createCaptcha` and `refreshCaptcha`

use crate::kit::{people::*, *};

both_engines!(development: a_captcha_is_drawn_and_stored, a_refreshed_captcha_replaces_the_last_one, unknown_scenes_are_refused);
both_engines!(short_lived: the_configured_lifetime_counts);

async fn a_captcha_is_drawn_and_stored(app: &TestApp) -> Outcome {
    let reply = done(app.call("createCaptcha", json!({"scene": "register"})).await?);
    let picture = reply.body["captchaBase64"].as_str().unwrap_or_default();
    assert!(picture.starts_with("data:image/svg+xml"), "{picture}");
    assert_eq!(reply.body["code"], 0);
    let mut rows = codes(app, "register").await?;
    let mut stored = Value::Object(rows.remove(0));
    let text = stored["code"].as_str().unwrap_or_default().to_owned();
    assert_eq!(text.len(), 4);
    assert!(!picture.contains(&text));
    for field in ["_id", "code"] {
        stored.as_object_mut().map(|doc| doc.remove(field));
    }
    assert_eq!(
        stored,
        json!({
            "device_uuid": DEVICE, "scene": "register", "ip": "127.0.0.1", "state": 0, "created_date": START,
            "expired_date": START + 180_000,
        })
    );
    let by_client = app.send(Call::new("createCaptcha").params(json!({"scene": "register"})).by_client()).await?;
    assert!(done(by_client).body["captchaBase64"].is_string());
    Ok(())
}

async fn a_refreshed_captcha_replaces_the_last_one(app: &TestApp) -> Outcome {
    let refresh = |scene: &str| app.call("refreshCaptcha", json!({"scene": scene}));
    refused(&refresh("register").await?, "uni-captcha-refresh-fail");
    let old = captcha(app, "register").await?;
    app.clock.advance(1000);
    assert!(done(refresh("register").await?).body["captchaBase64"].is_string());
    assert_eq!(states(app, "register").await?, [2, 0]);
    let register = |captcha: &str| app.call("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": captcha}));
    refused(&register(&old).await?, "uni-captcha-verify-fail");
    let rows = codes(app, "register").await?;
    done(register(rows[1]["code"].as_str().unwrap_or_default()).await?);
    refused(&refresh("login-by-pwd").await?, "uni-captcha-refresh-fail");
    Ok(())
}

async fn unknown_scenes_are_refused(app: &TestApp) -> Outcome {
    for method in ["createCaptcha", "refreshCaptcha"] {
        for (scene, code) in
            [(json!("none"), "uni-id-invalid-param"), (json!(1), "uni-id-invalid-param"), (json!(""), "uni-id-param-required")]
        {
            refused(&app.call(method, json!({"scene": scene})).await?, code);
        }
        let nameless = Call::new(method).client_info("deviceId", Value::Null).params(json!({"scene": "register"}));
        refused_with(&app.send(nameless).await?, "uni-id-param-required", "deviceId");
    }
    assert!(app.documents("opendb-verify-codes").await?.is_empty());
    Ok(())
}

fn short_lived(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_captcha(json!({"scene": {"register": {"expiresDate": 10}}}))
}

async fn the_configured_lifetime_counts(app: &TestApp) -> Outcome {
    let text = captcha(app, "register").await?;
    assert_eq!(codes(app, "register").await?[0]["expired_date"], START + 10_000);
    app.clock.advance(10_001);
    let late = json!({"username": "alice", "password": PASSWORD, "captcha": text});
    refused(&app.call("registerUser", late).await?, "uni-captcha-verify-overdue");
    Ok(())
}
