//! Production mode: nothing fixed, nothing readable, nothing of development.

use crate::kit::{engines::production, people::*, *};

both_engines!(production: codes_and_captchas_are_kept_as_digests, there_is_no_outbox, fixed_codes_do_not_exist);
both_engines!(without_gateways: what_is_not_configured_is_named_and_no_code_exists);
both_engines!(without_templates: without_a_template_no_code_exists);
both_engines!(with_sums: a_captcha_can_be_solved);

async fn codes_and_captchas_are_kept_as_digests(app: &TestApp) -> Outcome {
    let sms = sms_code(app, "13800000001", "login-by-sms").await?;
    let mail = email_code(app, "a@example.com", "register").await?;
    done(app.call("createCaptcha", json!({"scene": "register"})).await?);
    let rows = app.documents("opendb-verify-codes").await?;
    assert_eq!(rows.len(), 5);
    for row in &rows {
        let stored = row["code"].as_str().unwrap_or_default();
        assert!(stored.len() == 64 && stored.bytes().all(|byte| byte.is_ascii_hexdigit()), "{stored}");
        let text = json!(row).to_string();
        assert!(!text.contains(&format!("\"{sms}\"")) && !text.contains(&format!("\"{mail}\"")), "{text}");
    }
    done(app.call("loginBySms", json!({"mobile": "13800000001", "code": sms})).await?);
    done(app.call("registerUserByEmail", json!({"email": "a@example.com", "password": PASSWORD, "code": mail})).await?);
    // A digest is no code.
    let stolen = rows.iter().find(|row| row["scene"] == "register" && row.contains_key("device_uuid")).map(|row| row["code"].clone());
    let params = json!({"username": "bob", "password": PASSWORD, "captcha": stolen});
    refused(&app.call("registerUser", params).await?, "uni-captcha-verify-fail");
    Ok(())
}

async fn there_is_no_outbox(app: &TestApp) -> Outcome {
    for path in ["/dev/outbox", "/dev/outbox.jsonl"] {
        assert_eq!(app.http().get(app.url(path)).send().await?.status(), 404);
    }
    done(app.call("createCaptcha", json!({"scene": "register"})).await?);
    assert!(!app.folder().join("data").join("outbox.jsonl").exists());
    let welcome = app.http().get(app.url("/")).send().await?.text().await?;
    assert!(!welcome.contains("outbox"), "{welcome}");
    Ok(())
}

async fn fixed_codes_do_not_exist(app: &TestApp) -> Outcome {
    let code = sms_code(app, "13800000001", "login-by-sms").await?;
    assert_ne!(code, "123456");
    refused(&app.call("loginBySms", json!({"mobile": "13800000001", "code": "123456"})).await?, "uni-id-mobile-verify-code-error");
    Ok(())
}

fn without_gateways(builder: TestAppBuilder) -> TestAppBuilder {
    production(builder).without_sms().without_mail()
}

async fn what_is_not_configured_is_named_and_no_code_exists(app: &TestApp) -> Outcome {
    const CODE: &str = "uni-id-config-field-required";
    refused_with(&send_sms(app, "13800000001", "login-by-sms").await?, CODE, "providers.sms.webhook_url");
    refused_with(&send_email(app, "a@example.com", "register").await?, CODE, "providers.email");
    no_code_exists(app).await
}

fn without_templates(builder: TestAppBuilder) -> TestAppBuilder {
    production(builder).uni_id(json!({"service": null}))
}

async fn without_a_template_no_code_exists(app: &TestApp) -> Outcome {
    let reply = send_sms(app, "13800000001", "login-by-sms").await?;
    refused_with(&reply, "uni-id-config-field-required", "service.sms.scene.login-by-sms.templateId");
    assert!(app.sms.take().is_empty());
    no_code_exists(app).await
}

async fn no_code_exists(app: &TestApp) -> Outcome {
    for scene in ["login-by-sms", "register"] {
        assert!(codes(app, scene).await?.iter().all(|row| row["state"] != 0), "{scene}");
    }
    refused(&app.call("loginBySms", json!({"mobile": "13800000001", "code": "123456"})).await?, "uni-id-mobile-verify-code-error");
    let by_email = json!({"email": "a@example.com", "password": PASSWORD, "code": "123456"});
    refused(&app.call("registerUserByEmail", by_email).await?, "uni-id-email-verify-code-error");
    assert!(app.documents("uni-id-users").await?.is_empty());
    Ok(())
}

fn with_sums(builder: TestAppBuilder) -> TestAppBuilder {
    production(builder).uni_captcha(json!({"mathExpr": true}))
}

/// A sum has so few answers that the test finds the one that fits the digest, as nobody can who
/// has no key.
async fn a_captcha_can_be_solved(app: &TestApp) -> Outcome {
    done(app.call("createCaptcha", json!({"scene": "register"})).await?);
    let stored = codes(app, "register").await?[0]["code"].clone();
    let policy = &app.program().state().codes;
    let answer = (-200..=200).map(|sum| sum.to_string()).find(|sum| stored == policy.stored_captcha(DEVICE, "register", sum));
    done(app.call("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": answer})).await?);
    Ok(())
}
