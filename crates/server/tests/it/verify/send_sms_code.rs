//! `sendSmsCode`

use crate::kit::{people::*, *};

both_engines!(development: a_code_is_sent_and_stored, wrong_captchas_send_nothing, a_refusing_gateway_leaves_no_code);
both_engines!(unconfigured: without_a_template_development_mode_has_a_fixed_code);
both_engines!(nameless: an_unfinished_configuration_is_named);
both_engines!(in_languages: the_template_is_that_of_the_client_s_language);

async fn a_code_is_sent_and_stored(app: &TestApp) -> Outcome {
    for (number, scene) in ["login-by-sms", "reset-pwd-by-sms", "bind-mobile-by-sms", "set-pwd-by-sms"].iter().enumerate() {
        let reply = done(send_sms(app, "13800000001", scene).await?);
        assert_eq!(reply.body, json!({"errCode": 0}));
        let sent = app.sms.take();
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].mobile.as_str(), sent[0].template_id.as_str()), ("13800000001", format!("1000{number}").as_str()));
        assert_eq!((sent[0].key.as_str(), sent[0].secret.expose()), ("test-key", "test-secret"));
        let data: Map<String, Value> = sent[0].data.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        assert_eq!((&data["name"], &data["expMinute"]), (&json!("Test"), &json!("3")));
        assert!(data["action"].as_str().is_some_and(|action| !action.is_empty()));
        let code = data["code"].as_str().unwrap_or_default();
        assert!(six_digits(code).is_some());

        let mut rows = codes(app, scene).await?;
        assert_eq!(rows.len(), 1);
        let mut stored = Value::Object(rows.remove(0));
        stored.as_object_mut().map(|doc| doc.remove("_id"));
        assert_eq!(
            stored,
            json!({
                "mobile": "13800000001", "scene": scene, "code": code, "state": 0, "ip": "127.0.0.1", "created_date": START,
                "expired_date": START + 180_000,
            })
        );
    }
    Ok(())
}

async fn wrong_captchas_send_nothing(app: &TestApp) -> Outcome {
    let with = |captcha: Value, scene: &str| app.call("sendSmsCode", json!({"mobile": "13800000001", "scene": scene, "captcha": captcha}));
    refused(&with(json!("none"), "login-by-sms").await?, "uni-captcha-verify-fail");
    refused(&with(json!(null), "login-by-sms").await?, "uni-id-param-required");
    refused(&with(json!("none"), "no-such-scene").await?, "uni-id-invalid-param");
    let text = captcha(app, "send-sms-code").await?;
    let bad_number = json!({"mobile": "1380000000", "scene": "login-by-sms", "captcha": text});
    refused(&app.call("sendSmsCode", bad_number).await?, "uni-id-invalid-mobile");
    app.clock.advance(180_001);
    refused(&with(json!(text), "login-by-sms").await?, "uni-captcha-verify-overdue");
    assert!(app.sms.take().is_empty());
    assert!(codes(app, "login-by-sms").await?.is_empty());
    Ok(())
}

async fn a_refusing_gateway_leaves_no_code(app: &TestApp) -> Outcome {
    app.sms.refuse("13800000009");
    refused(&send_sms(app, "13800000009", "login-by-sms").await?, "uni-id-send-failed");
    assert!(codes(app, "login-by-sms").await?.iter().all(|row| row["state"] != 0));
    Ok(())
}

fn unconfigured(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"service": null}))
}

async fn without_a_template_development_mode_has_a_fixed_code(app: &TestApp) -> Outcome {
    refused(&send_sms(app, "13800000001", "login-by-sms").await?, "uni-id-invalid-sms-template-id");
    assert!(app.sms.take().is_empty());
    done(app.call("loginBySms", json!({"mobile": "13800000001", "code": "123456"})).await?);
    let outbox = app.http().get(app.url("/dev/outbox.jsonl")).send().await?.text().await?;
    let sms: Vec<Value> =
        outbox.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(|line: &Value| line["kind"] == "sms").collect();
    assert_eq!((sms.len(), &sms[0]["to"], &sms[0]["code"]), (1, &json!("13800000001"), &json!("123456")));
    Ok(())
}

fn nameless(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"service": {"sms": {"name": null}}}))
}

async fn an_unfinished_configuration_is_named(app: &TestApp) -> Outcome {
    refused_with(&send_sms(app, "13800000001", "login-by-sms").await?, "uni-id-config-field-required", "service.sms.name");
    assert!(codes(app, "login-by-sms").await?.is_empty());
    Ok(())
}

fn in_languages(builder: TestAppBuilder) -> TestAppBuilder {
    let scene = json!({"templateId": "20001", "templateIdByLocale": {"en": "20002", "zh-Hant": "20003"}});
    builder.uni_id(json!({"service": {"sms": {"scene": {"login-by-sms": scene}}}}))
}

async fn the_template_is_that_of_the_client_s_language(app: &TestApp) -> Outcome {
    for (number, locale, template, action) in
        [(1, "zh-Hans", "20001", "登录"), (2, "en-GB", "20002", "login"), (3, "zh-TW", "20003", "登入")]
    {
        let params =
            json!({"mobile": format!("1380000000{number}"), "scene": "login-by-sms", "captcha": captcha(app, "send-sms-code").await?});
        done(app.send(Call::new("sendSmsCode").params(params).client_info("locale", locale)).await?);
        let sent = app.sms.take();
        let said = sent[0].data.iter().find(|(name, _)| name == "action").map(|(_, words)| words.to_lowercase()).unwrap_or_default();
        assert_eq!(sent[0].template_id, template);
        assert!(said.contains(action), "{locale}: {said}");
    }
    Ok(())
}
