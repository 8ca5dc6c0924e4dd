//! The client protocol, `POST /client`.

use lingpai_testkit::{app::SPACE, client_protocol::sign};

use crate::kit::{people::*, *};

both_engines!(development: signatures_identify_the_space, anonymous_clients_authorise_first, business_errors_are_data,
    facts_come_from_headers_where_the_call_has_none, the_call_s_own_token_wins, strange_requests_have_an_answer,
    long_answers_are_compressed_for_whoever_takes_it, clocks_may_be_a_day_apart);
both_engines!(any_clock: clocks_may_be_anything_where_that_is_set);
both_engines!(one_app: other_applications_are_turned_away);

const INVOKE: &str = "serverless.function.runtime.invoke";

fn any_clock(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("server.client_clock_tolerance_minutes", "0")
}

async fn clocks_may_be_a_day_apart(app: &TestApp) -> Outcome {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let now = app.program().state().base.clock.now_ms();
    let at = |timestamp: Value| {
        let mut call = body(app, arguments("getSupportedLoginType"));
        call["timestamp"] = timestamp;
        call
    };
    for timestamp in [now, now - DAY, now + DAY] {
        assert_eq!(post(app, &at(timestamp.into()), SPACE.secret, &[]).await?.1["data"]["errCode"], 0);
    }
    for timestamp in [json!(now - DAY - 1), json!(now + DAY + 1), json!(0), json!(i64::MIN), json!(null), json!(now.to_string())] {
        failed(post(app, &at(timestamp), SPACE.secret, &[]).await?, 400, "InvalidSignature");
    }
    Ok(())
}

async fn clocks_may_be_anything_where_that_is_set(app: &TestApp) -> Outcome {
    let mut call = body(app, arguments("getSupportedLoginType"));
    call["timestamp"] = json!(1);
    assert_eq!(post(app, &call, SPACE.secret, &[]).await?.1["data"]["errCode"], 0);
    Ok(())
}

async fn long_answers_are_compressed_for_whoever_takes_it(app: &TestApp) -> Outcome {
    let params = json!({"functionTarget": "uni-captcha-co", "functionArgs":
        {"method": "getImageCaptcha", "params": [{"scene": "register"}], "clientInfo": client_info()}});
    let now = app.program().state().base.clock.now_ms();
    let long = json!({"method": INVOKE, "params": params.to_string(), "spaceId": SPACE.id, "timestamp": now});
    let ask = async |call: &Value, accepted: Option<&str>| {
        let signature = call.as_object().map(|body| sign(body, SPACE.secret)).unwrap_or_default();
        let mut request = app.http().post(app.url("/client")).header("x-serverless-sign", signature).json(call);
        if let Some(accepted) = accepted {
            request = request.header("accept-encoding", accepted);
        }
        let response = request.send().await?;
        let coding = response.headers().get("content-encoding").map(|coding| coding.to_str().unwrap_or_default().to_owned());
        anyhow::Ok((coding, response.bytes().await?))
    };
    let (coding, plain) = ask(&long, None).await?;
    assert!(coding.is_none() && plain.len() > 1400, "{coding:?} {}", plain.len());
    let (coding, zipped) = ask(&long, Some("gzip, deflate, br")).await?;
    assert_eq!(coding.as_deref(), Some("gzip"));
    assert!(zipped.len() < plain.len() && zipped.starts_with(&[0x1f, 0x8b]));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&zipped[..]), &mut text)?;
    let answer: Value = serde_json::from_str(&text)?;
    assert!(answer["data"]["captchaBase64"].as_str().is_some_and(|image| image.starts_with("data:image/")), "{answer}");
    // Short ones are not, and neither is anything for those who do not take it.
    assert_eq!(ask(&long, Some("br")).await?.0, None);
    assert_eq!(ask(&body(app, arguments("getSupportedLoginType")), Some("gzip")).await?.0, None);
    Ok(())
}

/// Sends a body, signed with `secret`, and further headers.
async fn post(app: &TestApp, body: &Value, secret: &str, headers: &[(&str, &str)]) -> anyhow::Result<(u16, Value)> {
    let signature = body.as_object().map(|body| sign(body, secret)).unwrap_or_default();
    let mut request = app.http().post(app.url("/client")).header("x-serverless-sign", signature).json(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await?;
    let (status, id) = (response.status().as_u16(), response.headers().get("request-id").cloned());
    assert!(id.is_some_and(|id| id.len() == 32));
    let body: Value = response.json().await?;
    assert!(body.is_object());
    Ok((status, body))
}

fn body(app: &TestApp, arguments: Value) -> Value {
    let params = json!({"functionTarget": "uni-id-co", "functionArgs": arguments}).to_string();
    let now = app.program().state().base.clock.now_ms();
    json!({"method": INVOKE, "params": params, "spaceId": SPACE.id, "timestamp": now})
}

fn client_info() -> Value {
    json!({"uniPlatform": "web", "appId": "__UNI__TEST", "deviceId": DEVICE})
}

fn arguments(method: &str) -> Value {
    json!({"method": method, "params": [{}], "clientInfo": client_info()})
}

/// A failure of the protocol: the client throws its code and message.
#[track_caller]
fn failed((status, body): (u16, Value), expected: u16, code: &str) {
    assert_eq!((status, &body["error"]["code"]), (expected, &json!(code)), "{body}");
    assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert_eq!((body["success"].as_bool(), body.get("data")), (Some(false), None));
}

async fn signatures_identify_the_space(app: &TestApp) -> Outcome {
    let call = body(app, arguments("getSupportedLoginType"));
    let (status, answer) = post(app, &call, SPACE.secret, &[]).await?;
    assert_eq!((status, &answer["success"], &answer["data"]["errCode"]), (200, &json!(true), &json!(0)));

    failed(post(app, &call, "another secret", &[]).await?, 400, "InvalidSignature");
    let mut stranger = call.clone();
    stranger["spaceId"] = json!("no-such-space");
    failed(post(app, &stranger, SPACE.secret, &[]).await?, 400, "InvalidSignature");
    for signature in ["", "0", &"0".repeat(32), &sign(call.as_object().unwrap_or(&Map::new()), SPACE.secret).to_uppercase()] {
        let sent = app.http().post(app.url("/client")).header("x-serverless-sign", signature).json(&call).send().await?;
        failed((sent.status().as_u16(), sent.json().await?), 400, "InvalidSignature");
    }
    let unsigned = app.http().post(app.url("/client")).json(&call).send().await?;
    failed((unsigned.status().as_u16(), unsigned.json().await?), 400, "InvalidSignature");
    // Signed, then changed.
    let signature = sign(call.as_object().unwrap_or(&Map::new()), SPACE.secret);
    let changed = body(app, arguments("createCaptcha"));
    let sent = app.http().post(app.url("/client")).header("x-serverless-sign", signature).json(&changed).send().await?;
    failed((sent.status().as_u16(), sent.json().await?), 400, "InvalidSignature");
    Ok(())
}

async fn anonymous_clients_authorise_first(app: &TestApp) -> Outcome {
    let authorise = json!({"method": "serverless.auth.user.anonymousAuthorize", "params": "{}", "spaceId": SPACE.id, "timestamp": START});
    let (status, answer) = post(app, &authorise, SPACE.secret, &[]).await?;
    let token = answer["data"]["accessToken"].as_str().unwrap_or_default().to_owned();
    assert!(status == 200 && answer["success"] == true && !token.is_empty(), "{answer}");
    failed(post(app, &authorise, "another secret", &[]).await?, 400, "InvalidSignature");

    let with = |token: &str| {
        let mut call = body(app, arguments("getSupportedLoginType"));
        call["token"] = json!(token);
        call
    };
    let (status, answer) = post(app, &with(&token), SPACE.secret, &[("x-basement-token", &token)]).await?;
    assert_eq!((status, &answer["data"]["errCode"]), (200, &json!(0)));
    let forged = format!("{}0", &token[..token.len() - 1]);
    let forged = if forged == token { format!("{}1", &token[..token.len() - 1]) } else { forged };
    let later = format!("9{token}");
    for forged in [forged.as_str(), "nonsense", later.as_str()] {
        failed(post(app, &with(forged), SPACE.secret, &[]).await?, 200, "GATEWAY_INVALID_TOKEN");
    }
    app.clock.advance(12 * 3_600_000);
    failed(post(app, &with(&token), SPACE.secret, &[]).await?, 200, "GATEWAY_INVALID_TOKEN");
    Ok(())
}

async fn business_errors_are_data(app: &TestApp) -> Outcome {
    let mut call = arguments("login");
    call["params"] = json!([{"username": "nobody", "password": PASSWORD}]);
    let (status, answer) = post(app, &body(app, call), SPACE.secret, &[]).await?;
    assert_eq!((status, &answer["success"], answer.get("error")), (200, &json!(true), None));
    assert_eq!(answer["data"]["errCode"], "uni-id-account-not-exists");
    assert!(answer["data"]["errMsg"].is_string());

    let params = json!({"functionTarget": "no-such-function", "functionArgs": {}}).to_string();
    let call = json!({"method": INVOKE, "params": params, "spaceId": SPACE.id, "timestamp": START});
    let (status, answer) = post(app, &call, SPACE.secret, &[]).await?;
    assert!(answer["error"]["message"].as_str().is_some_and(|message| message.contains("FUNCTION_NOT_FOUND")), "{answer}");
    failed((status, answer), 404, "FUNCTION_NOT_FOUND");
    Ok(())
}

async fn facts_come_from_headers_where_the_call_has_none(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let info = "%7B%22uniPlatform%22%3A%22web%22%2C%22appId%22%3A%22__UNI__TEST%22%7D";
    let call = body(app, json!({"method": "getAccountInfo", "params": []}));
    let code = async |headers: &[(&str, &str)]| anyhow::Ok(post(app, &call, SPACE.secret, headers).await?.1["data"]["errCode"].clone());
    assert_eq!(code(&[("x-client-info", info), ("x-client-token", &token)]).await?, 0);
    assert_eq!(code(&[("x-client-token", &token)]).await?, "uni-id-param-required");
    assert_eq!(code(&[("x-client-info", info)]).await?, "uni-id-check-token-failed");
    assert_eq!(code(&[("x-client-info", info), ("x-client-token", "")]).await?, "uni-id-check-token-failed");
    assert_eq!(code(&[("x-client-info", "%7B%zz"), ("x-client-token", &token)]).await?, "uni-id-param-required");
    Ok(())
}

async fn the_call_s_own_token_wins(app: &TestApp) -> Outcome {
    let (alice, alices) = someone(app, "alice").await?;
    let (bob, bobs) = someone(app, "bob").await?;
    let mut call = arguments("closeAccount");
    call["uniIdToken"] = json!(alices);
    let (_, answer) = post(app, &body(app, call), SPACE.secret, &[("x-client-token", &bobs)]).await?;
    assert_eq!(answer["data"]["errCode"], 0);
    assert_eq!((user(app, &alice).await?.get("status"), user(app, &bob).await?.get("status")), (Some(&json!(4)), None));
    // A call that says that it has none is logged out.
    for none in [json!(""), json!(null), json!({})] {
        let mut call = arguments("getAccountInfo");
        call["uniIdToken"] = none;
        let (_, answer) = post(app, &body(app, call), SPACE.secret, &[("x-client-token", &bobs)]).await?;
        assert_eq!(answer["data"]["errCode"], "uni-id-check-token-failed");
    }
    Ok(())
}

async fn strange_requests_have_an_answer(app: &TestApp) -> Outcome {
    let envelope = |method: Value, params: Value| json!({"method": method, "params": params, "spaceId": SPACE.id, "timestamp": START});
    failed(post(app, &envelope(json!("no.such.method"), json!("{}")), SPACE.secret, &[]).await?, 400, "METHOD_NOT_FOUND");
    failed(post(app, &envelope(json!(null), json!("{}")), SPACE.secret, &[]).await?, 400, "METHOD_NOT_FOUND");
    for params in [json!(null), json!(""), json!("{"), json!("[]"), json!("5"), json!({"functionTarget": "uni-id-co"})] {
        failed(post(app, &envelope(json!(INVOKE), params), SPACE.secret, &[]).await?, 400, "uni-id-invalid-param");
    }
    failed(post(app, &envelope(json!(INVOKE), json!("{}")), SPACE.secret, &[]).await?, 404, "FUNCTION_NOT_FOUND");
    let deep = format!("{}{}", "{\"a\":".repeat(1000), "}".repeat(1000));
    failed(post(app, &envelope(json!(INVOKE), json!(deep)), SPACE.secret, &[]).await?, 400, "uni-id-invalid-param");
    for arguments in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"method": 5}),
        json!({"method": "login", "params": "x"}),
        json!({"method": "login", "params": [[1]]}),
    ] {
        let params = json!({"functionTarget": "uni-id-co", "functionArgs": arguments}).to_string();
        let (status, answer) = post(app, &envelope(json!(INVOKE), json!(params)), SPACE.secret, &[]).await?;
        assert!(status == 200 && answer["data"]["errCode"].is_string(), "{arguments}: {answer}");
    }
    for bytes in ["", "{", "[]", "null", "\"x\"", "\u{0}"] {
        let sent = app.http().post(app.url("/client")).body(bytes).send().await?;
        failed((sent.status().as_u16(), sent.json().await?), 400, "uni-id-invalid-param");
    }
    for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
        let sent = app.http().request(method, app.url("/client")).send().await?;
        failed((sent.status().as_u16(), sent.json().await?), 405, "uni-id-unsupported-request");
    }
    Ok(())
}

fn one_app(builder: TestAppBuilder) -> TestAppBuilder {
    builder.apps(&["__UNI__TEST"])
}

async fn other_applications_are_turned_away(app: &TestApp) -> Outcome {
    done(app.send(Call::new("getSupportedLoginType").by_client()).await?);
    for app_id in [json!("__UNI__OTHER"), json!("*"), json!("")] {
        let mut call = arguments("getSupportedLoginType");
        call["clientInfo"]["appId"] = app_id.clone();
        let (status, answer) = post(app, &body(app, call), SPACE.secret, &[]).await?;
        assert_eq!((status, answer.get("data")), (403, None), "{app_id}: {answer}");
    }
    for app_id in [json!(null), json!(5), json!(["__UNI__OTHER"])] {
        let mut call = arguments("getSupportedLoginType");
        call["clientInfo"]["appId"] = app_id.clone();
        let (_, answer) = post(app, &body(app, call), SPACE.secret, &[]).await?;
        assert!(answer["data"]["errCode"] != 0, "{app_id}: {answer}");
    }
    Ok(())
}
