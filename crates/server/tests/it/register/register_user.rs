//! `registerUser`

use crate::kit::{people::*, tokens, *};

both_engines!(development: a_new_user_is_stored_and_signed_in, registers_by_the_client_protocol, a_taken_name_is_refused_and_logged,
    other_applications_have_names_of_their_own, a_captcha_is_needed_and_used_up, wrong_parameters_have_their_codes,
    a_token_that_is_sent_along_ends);

async fn a_new_user_is_stored_and_signed_in(app: &TestApp) -> Outcome {
    let captcha = captcha(app, "register").await?;
    let call = Call::new("registerUser")
        .client_info("osName", "ios")
        .client_info("appName", "Test")
        .client_info("appVersion", "1.2.3")
        .client_info("appVersionCode", 123)
        .client_info("channel", "store")
        .params(json!({"username": "Alice", "password": PASSWORD, "password2": PASSWORD, "nickname": "爱丽丝", "captcha": captcha}))
        .from_ip("203.0.113.5");
    let reply = done(app.send(call).await?);
    let (uid, token) = (reply.uid()?, reply.token()?);
    assert_eq!(reply.body["newToken"]["tokenExpired"], START + 7_200_000);
    assert_eq!(reply.body["passwordConfirmed"], true);
    assert_eq!(
        tokens::payload(&token),
        json!({"uid": uid, "role": [], "permission": [], "uniIdVersion": "1.0.19", "iat": START / 1000, "exp": START / 1000 + 7200})
    );

    let mut doc = user(app, &uid).await?;
    let password = doc.remove("password").unwrap_or_default();
    assert!(password.as_str().is_some_and(|text| text.starts_with("$UNI_ID_HMAC_SHA256$20$") && text.len() == 107), "{password}");
    assert_eq!(
        Value::Object(doc),
        json!({
            "_id": uid, "username": "alice", "nickname": "爱丽丝", "password_secret_version": 1,
            "register_env": {
                "appid": "__UNI__TEST", "uni_platform": "web", "os_name": "ios", "app_name": "Test", "app_version": "1.2.3",
                "app_version_code": 123, "channel": "store", "client_ip": "203.0.113.5",
            },
            "register_date": START, "dcloud_appid": ["__UNI__TEST"],
            "token": [token], "last_login_date": START, "last_login_ip": "203.0.113.5",
        })
    );
    let mut expected = row(app, "register", 1, json!({"user_id": uid}));
    expected["ip"] = json!("203.0.113.5");
    assert_eq!(log(app).await?, [expected]);
    assert_eq!(states(app, "register").await?, [1]);
    done(info(app, &token).await?);
    Ok(())
}

async fn registers_by_the_client_protocol(app: &TestApp) -> Outcome {
    let captcha = captcha(app, "register").await?;
    let params = json!({"username": "bob", "password": PASSWORD, "captcha": captcha});
    let reply = done(app.send(Call::new("registerUser").params(params).by_client()).await?);
    assert_eq!(user(app, &reply.uid()?).await?["username"], "bob");
    done(app.send(Call::new("getAccountInfo").token(&reply.token()?).by_client()).await?);
    Ok(())
}

async fn a_taken_name_is_refused_and_logged(app: &TestApp) -> Outcome {
    done(register(app, "alice").await?);
    for name in ["alice", "ALICE"] {
        app.clock.advance(1000);
        refused(&register(app, name).await?, "uni-id-account-exists");
        assert_eq!(last_log(app).await?, row(app, "register", 0, json!({})));
    }
    assert_eq!(app.documents("uni-id-users").await?.len(), 1);
    Ok(())
}

async fn other_applications_have_names_of_their_own(app: &TestApp) -> Outcome {
    done(register(app, "alice").await?);
    let captcha = captcha(app, "register").await?;
    let params = json!({"username": "alice", "password": PASSWORD, "captcha": captcha});
    let reply = done(app.send(from_app("registerUser", "__UNI__OTHER", params)).await?);
    assert_eq!(user(app, &reply.uid()?).await?["dcloud_appid"], json!(["__UNI__OTHER"]));
    Ok(())
}

async fn a_captcha_is_needed_and_used_up(app: &TestApp) -> Outcome {
    let register = |captcha: Value| app.call("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": captcha}));
    refused_with(&register(json!(null)).await?, "uni-id-param-required", "captcha");
    refused(&register(json!("none")).await?, "uni-captcha-verify-fail");

    let text = captcha(app, "register").await?;
    app.clock.advance(180_001);
    refused(&register(json!(text)).await?, "uni-captcha-verify-overdue");

    let text = captcha(app, "register").await?;
    refused(&register(json!("no")).await?, "uni-captcha-verify-fail");
    done(register(json!(text.to_uppercase())).await?);
    refused(&register(json!(text)).await?, "uni-captcha-verify-fail");

    // Of another scene or device it is no captcha at all.
    let other = captcha(app, "login-by-pwd").await?;
    refused(&register(json!(other)).await?, "uni-captcha-verify-fail");
    let other = captcha_of(app, "another-device", "register").await?;
    refused(&register(json!(other)).await?, "uni-captcha-verify-fail");
    let nameless = Call::new("registerUser").client_info("deviceId", Value::Null);
    let params = json!({"username": "bob", "password": PASSWORD, "captcha": other});
    refused_with(&app.send(nameless.params(params)).await?, "uni-id-param-required", "deviceId");
    Ok(())
}

async fn wrong_parameters_have_their_codes(app: &TestApp) -> Outcome {
    for (field, value, code) in [
        ("username", json!("no spaces"), "uni-id-invalid-username"),
        ("username", json!("12345"), "uni-id-invalid-username"),
        ("username", json!(7), "uni-id-invalid-username"),
        ("username", json!("  "), "uni-id-param-required"),
        ("password", json!("12345"), "uni-id-invalid-password"),
        ("password", json!(null), "uni-id-param-required"),
        ("nickname", json!("a@b"), "uni-id-invalid-nickname"),
        ("inviteCode", json!([]), "uni-id-invalid-param"),
    ] {
        let mut params = json!({"username": "alice", "password": PASSWORD, "captcha": "none"});
        params[field] = value;
        refused(&app.call("registerUser", params).await?, code);
    }
    assert!(app.documents("uni-id-users").await?.is_empty());
    assert!(log(app).await?.is_empty());
    Ok(())
}

async fn a_token_that_is_sent_along_ends(app: &TestApp) -> Outcome {
    let (uid, old) = someone(app, "alice").await?;
    app.clock.advance(1000);
    let captcha = captcha(app, "register").await?;
    let params = json!({"username": "bob", "password": PASSWORD, "captcha": captcha});
    let new = done(app.call_as(&old, "registerUser", params).await?).token()?;
    refused(&info(app, &old).await?, "uni-id-check-token-failed");
    done(info(app, &new).await?);
    assert_eq!(user(app, &uid).await?["token"], json!([]));
    let kinds: Vec<Value> = log(app).await?.iter().map(|row| row["type"].clone()).collect();
    assert!(kinds.contains(&json!("logout")), "{kinds:?}");
    Ok(())
}

both_engines!(with_invitations: invitations_are_followed_up);

fn with_invitations(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"autoSetInviteCode": true, "userRegisterDefaultRole": ["member"]}))
}

async fn invitations_are_followed_up(app: &TestApp) -> Outcome {
    let invited = async |name: &str, code: Value| {
        let captcha = captcha(app, "register").await?;
        app.call("registerUser", json!({"username": name, "password": PASSWORD, "captcha": captcha, "inviteCode": code})).await
    };
    let first = done(invited("anna", json!(null)).await?).uid()?;
    let doc = user(app, &first).await?;
    let code = doc["my_invite_code"].as_str().unwrap_or_default().to_owned();
    assert!(code.len() == 6 && code.chars().all(|c| "23456789ABCDEFGHJKLMNPQRSTUVWXYZ".contains(c)), "{code}");
    assert_eq!(doc["role"], json!(["member"]));
    assert_eq!(doc.get("inviter_uid"), None);

    app.clock.advance(1000);
    let second = done(invited("ben", json!(code)).await?).uid()?;
    let doc = user(app, &second).await?;
    assert_eq!((&doc["inviter_uid"], &doc["invite_time"]), (&json!([first]), &json!(START + 1000)));
    let third = done(invited("cleo", doc["my_invite_code"].clone()).await?).uid()?;
    assert_eq!(user(app, &third).await?["inviter_uid"], json!([second, first]));

    refused(&invited("dave", json!("NOSUCH")).await?, "uni-id-invalid-invite-code");
    refused(&invited("anna", json!("NOSUCH")).await?, "uni-id-account-exists");
    Ok(())
}

both_engines!(by_invitation_only: without_an_invitation_only_administrators_register);

fn by_invitation_only(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"forceInviteCode": true}))
}

async fn without_an_invitation_only_administrators_register(app: &TestApp) -> Outcome {
    refused(&register(app, "alice").await?, "uni-id-invalid-invite-code");
    done(app.call("registerAdmin", json!({"username": "root-user", "password": PASSWORD})).await?);
    Ok(())
}

both_engines!(strict: weak_passwords_have_the_code_of_the_configured_strength);

fn strict(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"passwordStrength": "strong"}))
}

async fn weak_passwords_have_the_code_of_the_configured_strength(app: &TestApp) -> Outcome {
    refused(&register(app, "alice").await?, "uni-id-invalid-password-strong");
    let captcha = captcha(app, "register").await?;
    done(app.call("registerUser", json!({"username": "alice", "password": "Pass123456!", "captcha": captcha})).await?);
    Ok(())
}

both_engines!(listed: unlisted_applications_register_nobody);
both_engines!(configured_by_application: only_configured_applications_register);

/// A list of configurations names its applications; the default one is for reading, not for newcomers.
fn configured_by_application(builder: TestAppBuilder) -> TestAppBuilder {
    let entry = |apps: Value, is_default: bool| {
        json!({
            "dcloudAppid": apps, "isDefaultConfig": is_default, "passwordSecret": [{"type": "hmac-sha256", "version": 1}],
            "tokenSecret": tokens::SECRET,
        })
    };
    builder.uni_id(json!([entry(json!("__UNI__TEST"), true), entry(json!(["__UNI__OTHER"]), false)]))
}

async fn only_configured_applications_register(app: &TestApp) -> Outcome {
    for (app_id, name) in [("__UNI__TEST", "alice"), ("__UNI__OTHER", "bob")] {
        let captcha = captcha(app, "register").await?;
        let params = json!({"username": name, "password": PASSWORD, "captcha": captcha});
        done(app.send(from_app("registerUser", app_id, params)).await?);
    }
    for app_id in ["*", "__UNI__STRANGER"] {
        let captcha = captcha(app, "register").await?;
        let params = json!({"username": "carol", "password": PASSWORD, "captcha": captcha});
        refused_with(&app.send(from_app("registerUser", app_id, params)).await?, "uni-id-invalid-param", "appId");
    }
    assert_eq!(app.documents("uni-id-users").await?.len(), 2);
    Ok(())
}

fn listed(builder: TestAppBuilder) -> TestAppBuilder {
    builder.apps(&["__UNI__TEST"])
}

async fn unlisted_applications_register_nobody(app: &TestApp) -> Outcome {
    for app_id in ["*", "__UNI__STRANGER"] {
        for (method, params) in [
            ("registerUser", json!({"username": "alice", "password": PASSWORD, "captcha": captcha(app, "register").await?})),
            ("registerAdmin", json!({"username": "alice", "password": PASSWORD})),
            ("registerUserByEmail", json!({"email": "a@example.com", "password": PASSWORD, "code": "123456"})),
        ] {
            refused_with(&app.send(from_app(method, app_id, params)).await?, "uni-id-invalid-param", "appId");
        }
        let code = sms_code(app, "13800000001", "login-by-sms").await?;
        let login = from_app("loginBySms", app_id, json!({"mobile": "13800000001", "code": code}));
        refused_with(&app.send(login).await?, "uni-id-invalid-param", "appId");
    }
    assert!(app.documents("uni-id-users").await?.is_empty());
    done(register(app, "alice").await?);
    Ok(())
}
