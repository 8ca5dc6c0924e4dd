//! What is around the calls: preflights, signatures, authorisation, failures.

use reqwest::Method;

use super::*;

both_engines!(development: browsers_ask_first, what_is_no_call_is_a_failure_with_words, authorisations_end);

async fn browsers_ask_first(app: &TestApp) -> Outcome {
    for (path, asked) in [
        ("/client", "content-type,x-client-info,x-client-token,x-serverless-sign"),
        ("/client", "content-type,x-basement-token,x-serverless-sign"),
        ("/storage", "x-oss-server-side-encrpytion"),
    ] {
        let request = app.http().request(Method::OPTIONS, app.url(path)).header("origin", ORIGIN);
        let request = request.header("access-control-request-method", "POST").header("access-control-request-headers", asked);
        let response = request.send().await?;
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!((response.status().as_u16(), text("access-control-allow-origin")), (204, "*"), "{path}");
        assert_eq!((text("access-control-allow-methods"), text("access-control-max-age")), ("POST, OPTIONS", "86400"));
        let allowed: Vec<&str> = text("access-control-allow-headers").split(", ").collect();
        assert!(asked.split(',').all(|header| allowed.contains(&header)), "{path}: {allowed:?}");
        assert_eq!(text("access-control-allow-credentials"), "");
    }
    Ok(())
}

async fn what_is_no_call_is_a_failure_with_words(app: &TestApp) -> Outcome {
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        let call = |function: &str| json!({"functionTarget": function, "functionArgs": {"clientInfo": client.info()}});
        let missing = client.send(INVOKE, &call("no-such-function")).await?;
        missing.is_failure(404, "FUNCTION_NOT_FOUND");
        // On this text the client adds a hint of its own.
        assert!(missing.body["error"]["message"].as_str().is_some_and(|words| words.contains("FUNCTION_NOT_FOUND")));
        client.send("serverless.no.such.method", &json!({})).await?.is_failure(400, "METHOD_NOT_FOUND");
        client.send("serverless.file.resource.somethingElse", &json!({})).await?.is_failure(400, "METHOD_NOT_FOUND");
        client.send(INVOKE, &json!("not an object")).await?.is_failure(400, "uni-id-invalid-param");
        let answer = client.co("noSuchMethod", json!([])).await?;
        assert!(is_like(&answer["errCode"], &json!("<text>")) && is_like(&answer["errMsg"], &json!("<words>")), "{answer}");
    }
    let unsigned = app.http().post(app.url("/client")).header("origin", ORIGIN).json(&json!({"spaceId": SPACE.id})).send().await?;
    let (status, headers) = (unsigned.status().as_u16(), unsigned.headers().clone());
    Heard { status, headers, body: unsigned.json().await? }.is_failure(400, "InvalidSignature");
    Ok(())
}

async fn authorisations_end(app: &TestApp) -> Outcome {
    let client = Client::new(app, Kind::Aliyun);
    let data = client.send("serverless.auth.user.anonymousAuthorize", &json!({})).await?.data();
    fits(&data, &json!({"accessToken": "<text>"}));
    *client.authorisation.lock() = data["accessToken"].as_str().unwrap_or_default().to_owned();
    fits(&client.co("getSupportedLoginType", json!([])).await?["errCode"], &json!(0));
    app.clock.advance(12 * 3_600_000);
    // The client authorises again on this code, and repeats the call once.
    let call = json!({"functionTarget": "uni-id-co", "functionArgs": {"method": "getSupportedLoginType", "params": [], "clientInfo": client.info()}});
    client.send(INVOKE, &call).await?.is_failure(200, "GATEWAY_INVALID_TOKEN");
    *client.authorisation.lock() = String::new();
    client.authorise().await?;
    fits(&client.co("getSupportedLoginType", json!([])).await?["errCode"], &json!(0));
    Ok(())
}
