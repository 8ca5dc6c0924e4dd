//! Every call of functions that the original pages make.

use super::*;

both_engines!(development: the_pages_calls_are_answered, errors_of_methods_are_data, a_token_near_its_end_is_renewed);

async fn the_pages_calls_are_answered(app: &TestApp) -> Outcome {
    for (place, kind) in KINDS.into_iter().enumerate() {
        let client = Client::new(app, kind);
        client.authorise().await?;
        accounts_by_name(&client, place).await?;
        codes_by_sms(&client, place).await?;
        codes_by_mail(&client, place).await?;
    }
    Ok(())
}

/// What a registration with a password answers.
fn registered() -> Value {
    json!({"errCode": 0, "uid": "<id>", "newToken": {"token": "<token>", "tokenExpired": "<ms>"}, "passwordConfirmed": true})
}

fn uid(answer: &Value) -> String {
    answer["uid"].as_str().unwrap_or_default().to_owned()
}

const FLAGS: [&str; 9] = [
    "isUsernameSet",
    "isNicknameSet",
    "isPasswordSet",
    "isMobileBound",
    "isEmailBound",
    "isWeixinBound",
    "isQQBound",
    "isAlipayBound",
    "isAppleBound",
];

/// `getAccountInfo`, with these flags set.
async fn is_account(client: &Client<'_>, set: &[&str]) -> Outcome {
    let mut expected = json!({"errCode": 0});
    for flag in FLAGS {
        expected[flag] = set.contains(&flag).into();
    }
    fits(&client.co("getAccountInfo", json!([])).await?, &expected);
    Ok(())
}

async fn accounts_by_name(client: &Client<'_>, place: usize) -> Outcome {
    let supported = client.co("getSupportedLoginType", json!([])).await?;
    let types = supported["supportedLoginType"].clone();
    assert!(types.as_array().is_some_and(|types| types.iter().any(|name| name == "username-password")), "{types}");
    fits(&supported, &json!({"errCode": 0, "errMsg": "", "supportedLoginType": types}));

    // The first administrator; afterwards there is one.
    let admin = json!([{"username": "boss", "nickname": "Boss", "password": PASSWORD, "password2": PASSWORD, "captcha": ""}]);
    let answer = client.co("registerAdmin", admin).await?;
    let refused = || json!({"errCode": "uni-id-admin-exists", "errMsg": "<words>"});
    fits(&answer, &if place == 0 { registered() } else { refused() });
    client.log_out();

    let name = format!("alice{place}");
    for scene in ["login-by-pwd", "login-by-sms", "send-sms-code", "send-email-code"] {
        client.captcha(scene).await?;
    }
    let captcha = client.captcha("register").await?;
    let params = json!([{"username": name, "nickname": "Alice", "password": PASSWORD, "password2": PASSWORD, "captcha": captcha}]);
    let alice = client.co("registerUser", params).await?;
    fits(&alice, &registered());
    is_account(client, &["isUsernameSet", "isNicknameSet", "isPasswordSet"]).await?;
    fits(&client.co("getRealNameInfo", json!([])).await?, &json!({"errCode": 0, "realName": "", "identity": ""}));
    let change = json!([{"oldPassword": PASSWORD, "newPassword": "pass654321"}]);
    fits(&client.co("updatePwd", change).await?, &json!({"errCode": 0}));
    client.log_out();
    let login = json!([{"username": name, "password": "pass654321", "captcha": ""}]);
    client.app.clock.advance(2000);
    fits(&client.co("login", login.clone()).await?, &session(&uid(&alice)));
    fits(&client.co("logout", json!([])).await?, &json!({"errCode": 0}));
    client.log_out();
    fits(&client.co("login", login.clone()).await?, &session(&uid(&alice)));
    fits(&client.co("closeAccount", json!([])).await?, &json!({"errCode": 0}));
    client.log_out();
    fits(&client.co("login", login).await?, &json!({"errCode": "uni-id-account-closed", "errMsg": "<words>"}));
    Ok(())
}

async fn codes_by_sms(client: &Client<'_>, place: usize) -> Outcome {
    let mobile = format!("1380000010{place}");
    let code = async |scene: &str| {
        let captcha = client.captcha("send-sms-code").await?;
        let answer = client.co("sendSmsCode", json!([{"mobile": mobile, "scene": scene, "captcha": captcha}])).await?;
        fits(&answer, &json!({"errCode": 0}));
        client.app.sms.latest(&mobile, "code").ok_or_else(|| anyhow::anyhow!("no message was sent"))
    };
    let sent = code("login-by-sms").await?;
    let first = client.co("loginBySms", json!([{"mobile": mobile, "code": sent, "captcha": ""}])).await?;
    let newcomer = json!({"errCode": 0, "uid": "<id>", "newToken": {"token": "<token>", "tokenExpired": "<ms>"},
        "passwordConfirmed": false, "type": "register"});
    fits(&first, &newcomer);
    is_account(client, &["isMobileBound"]).await?;
    let sent = code("set-pwd-by-sms").await?;
    let set = json!([{"mobile": mobile, "password": PASSWORD, "code": sent, "captcha": ""}]);
    fits(&client.co("setPwd", set).await?, &json!({"errCode": 0}));
    client.log_out();
    let sent = code("reset-pwd-by-sms").await?;
    let reset = json!([{"mobile": mobile, "code": sent, "password": "pass654321", "password2": "pass654321", "captcha": ""}]);
    fits(&client.co("resetPwdBySms", reset).await?, &json!({"errCode": 0}));
    client.app.clock.advance(2000);
    let login = json!([{"mobile": mobile, "password": "pass654321", "captcha": ""}]);
    fits(&client.co("login", login).await?, &session(&uid(&first)));
    client.log_out();

    // Bound to somebody who has none.
    store_user(client.app, &format!("bob{place}"), json!({})).await?;
    client.co("login", json!([{"username": format!("bob{place}"), "password": PASSWORD, "captcha": ""}])).await?;
    let mobile = format!("1390000010{place}");
    let captcha = client.captcha("send-sms-code").await?;
    client.co("sendSmsCode", json!([{"mobile": mobile, "scene": "bind-mobile-by-sms", "captcha": captcha}])).await?;
    let sent = client.app.sms.latest(&mobile, "code");
    let bind = json!([{"mobile": mobile, "code": sent, "captcha": ""}]);
    fits(&client.co("bindMobileBySms", bind).await?, &json!({"errCode": 0}));
    is_account(client, &["isUsernameSet", "isPasswordSet", "isMobileBound"]).await?;
    client.log_out();
    Ok(())
}

async fn codes_by_mail(client: &Client<'_>, place: usize) -> Outcome {
    let email = format!("carol{place}@example.com");
    let code = async |scene: &str| {
        let captcha = client.captcha("send-email-code").await?;
        let answer = client.co("sendEmailCode", json!([{"email": email, "scene": scene, "captcha": captcha}])).await?;
        fits(&answer, &json!({"errCode": 0}));
        let mail = client.app.mail.take().pop();
        mail.and_then(|mail| six_digits(&mail.text)).ok_or_else(|| anyhow::anyhow!("no mail was sent"))
    };
    let sent = code("register").await?;
    let params = json!([{"email": email, "nickname": "Carol", "password": PASSWORD, "password2": PASSWORD, "code": sent}]);
    let carol = client.co("registerUserByEmail", params).await?;
    fits(&carol, &registered());
    is_account(client, &["isNicknameSet", "isPasswordSet", "isEmailBound"]).await?;
    client.log_out();
    let sent = code("reset-pwd-by-email").await?;
    let reset = json!([{"email": email, "code": sent, "password": "pass654321", "password2": "pass654321", "captcha": ""}]);
    fits(&client.co("resetPwdByEmail", reset).await?, &json!({"errCode": 0}));
    client.app.clock.advance(2000);
    let login = json!([{"email": email, "password": "pass654321", "captcha": ""}]);
    fits(&client.co("login", login).await?, &session(&uid(&carol)));
    client.log_out();
    Ok(())
}

async fn errors_of_methods_are_data(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        let error = |code: &str| json!({"errCode": code, "errMsg": "<words>"});
        let login = |name: &str, password: &str| json!([{"username": name, "password": password, "captcha": ""}]);
        fits(&client.co("login", login("nobody", PASSWORD)).await?, &error("uni-id-account-not-exists"));
        fits(&client.co("login", login("alice", "wrong-passw0rd")).await?, &error("uni-id-password-error"));
        fits(&client.co("login", json!([{"username": "alice"}])).await?, &error("uni-id-param-required"));
        // The client goes to its page for signing in.
        let numbered = |code: &str, number: i64| json!({"errCode": code, "errMsg": "<words>", "code": number});
        fits(&client.co("getAccountInfo", json!([])).await?, &numbered("uni-id-check-token-failed", 30202));
        client.co("login", login("alice", PASSWORD)).await?;
        let token = client.token.lock().clone();
        assert!(is_token(&token), "{token}");
        app.clock.advance(7201 * 1000);
        client.authorise().await?;
        fits(&client.co("getAccountInfo", json!([])).await?, &numbered("uni-id-token-expired", 30203));
        client.log_out();
    }
    Ok(())
}

async fn a_token_near_its_end_is_renewed(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        client.co("login", json!([{"username": "alice", "password": PASSWORD, "captcha": ""}])).await?;
        let near_its_end = async || {
            app.clock.advance(6100 * 1000);
            client.authorise().await
        };
        near_its_end().await?;
        let renewed = json!({"token": "<token>", "tokenExpired": "<ms>"});
        let answer = client.co("getAccountInfo", json!([])).await?;
        assert!(answer["errCode"] == 0 && is_like(&answer["newToken"], &renewed), "{answer}");
        // A call that fails brings none; the one after it does.
        near_its_end().await?;
        let answer = client.co("updatePwd", json!([{"oldPassword": "wrong-passw0rd", "newPassword": PASSWORD}])).await?;
        fits(&answer, &json!({"errCode": "uni-id-password-error", "errMsg": "<words>"}));
        assert!(is_like(&client.co("getAccountInfo", json!([])).await?["newToken"], &renewed));
        // Of clientDB one that fails does as well.
        near_its_end().await?;
        let refused = client.ask(json!([step("collection", json!(["uni-id-log"])), step("get", json!([]))])).await?;
        fits(&refused, &json!({"code": "PERMISSION_ERROR", "message": "<words>", "token": "<token>", "tokenExpired": "<ms>"}));
        assert_eq!(client.co("getAccountInfo", json!([])).await?["errCode"], 0);
    }
    Ok(())
}
