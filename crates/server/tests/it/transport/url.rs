//! The URL form.

use crate::kit::{raw_socket::exchange, *};

both_engines!(development: only_posts_of_json_reach_a_function, what_is_no_json_object_is_refused, paths_name_the_method,
    client_info_is_checked, every_answer_names_its_call, the_language_is_the_caller_s, the_server_s_facts_are_its_own);

const GOOD: &[u8] = br#"{"clientInfo":{"uniPlatform":"web","appId":"__UNI__TEST"},"params":{}}"#;
const PATH: &str = "/uni-id-co/getSupportedLoginType";

async fn only_posts_of_json_reach_a_function(app: &TestApp) -> Outcome {
    for (method, content_type, code) in [
        ("POST", "application/json", json!(0)),
        ("POST", "application/json; charset=utf-8", json!(0)),
        ("POST", "Application/JSON", json!("uni-id-unsupported-request")),
        ("POST", "text/plain", json!("uni-id-unsupported-request")),
        ("POST", "text/json, application/json", json!("uni-id-unsupported-request")),
        ("POST", "", json!("uni-id-unsupported-request")),
        ("PUT", "application/json", json!("uni-id-unsupported-request")),
        ("GET", "application/json", json!("uni-id-unsupported-request")),
        ("DELETE", "application/json", json!("uni-id-unsupported-request")),
        ("PATCH", "application/json", json!("uni-id-unsupported-request")),
        ("OPTIONS", "application/json", json!("uni-id-unsupported-request")),
        ("POSTS", "application/json", json!("uni-id-unsupported-request")),
    ] {
        let reply = exchange(app, &format!("{method} {PATH} HTTP/1.1\r\ncontent-type: {content_type}"), GOOD).await?;
        assert_eq!((reply.status, &reply.json()["errCode"]), (200, &code), "{method} {content_type:?}");
        assert!(reply.head.to_ascii_lowercase().contains("content-type: application/json"), "{}", reply.head);
    }
    let untyped = exchange(app, &format!("POST {PATH} HTTP/1.1"), GOOD).await?;
    assert_eq!(untyped.json()["errCode"], "uni-id-unsupported-request");
    Ok(())
}

async fn what_is_no_json_object_is_refused(app: &TestApp) -> Outcome {
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    let deep_object = format!("{}1{}", "{\"a\":".repeat(1000), "}".repeat(1000));
    let deep_params = format!("{{\"params\":{deep_object}}}");
    for body in [
        &b""[..],
        b"{",
        b"nonsense",
        b"null",
        b"[]",
        b"\"text\"",
        b"1e999999",
        b"{\"clientInfo\":}",
        b"{\"a\":1}x",
        b"\xff\xfe{\"a\":1}",
        b"{\"clientInfo\":\"\xc3\x28\"}",
        b"{\"clientInfo\":{\"appId\":\"\\ud800\"}}",
        deep.as_bytes(),
        deep_object.as_bytes(),
        deep_params.as_bytes(),
    ] {
        let reply = exchange(app, &format!("POST {PATH} HTTP/1.1\r\ncontent-type: application/json"), body).await?;
        let words = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!((reply.status, &reply.json()["errCode"]), (200, &json!("uni-id-invalid-param")), "{words}");
    }
    // Repeated keys and a byte order mark are JSON of a kind: some answer, and no crash.
    for body in [&b"{\"params\":{},\"params\":[]}"[..], b"\xef\xbb\xbf{}"] {
        let reply = exchange(app, &format!("POST {PATH} HTTP/1.1\r\ncontent-type: application/json"), body).await?;
        assert!(reply.json()["errCode"].is_string());
    }
    Ok(())
}

async fn paths_name_the_method(app: &TestApp) -> Outcome {
    for path in
        [PATH.to_owned(), format!("/http{PATH}"), format!("{PATH}/more/segments"), format!("{PATH}/"), format!("{PATH}?params=1&a[]=2")]
    {
        let reply = exchange(app, &format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), GOOD).await?;
        assert_eq!((reply.status, &reply.json()["errCode"]), (200, &json!(0)), "{path}");
    }
    for path in [
        "/uni-id-co/login%00",
        "/uni-id-co/%00",
        "/uni-id-co/%ff",
        "/uni-id-co/..%2f",
        "/uni-id-co//login",
        "/uni-id-co/LOGIN",
        "/uni-id-co/%6cogin",
    ] {
        let reply = exchange(app, &format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), GOOD).await?;
        assert_eq!((reply.status, &reply.json()["errCode"]), (200, &json!("METHOD_NOT_FOUND")), "{path}");
    }
    for path in ["/", "/uni-id-co", "/uni-id-co/", "/nothing", "/%00", "/http/http/uni-id-co/login", "/../etc/passwd"] {
        let reply = exchange(app, &format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), GOOD).await?;
        assert!([404, 405].contains(&reply.status) || reply.json()["errCode"] == "METHOD_NOT_FOUND", "{path}: {}", reply.status);
    }
    Ok(())
}

async fn client_info_is_checked(app: &TestApp) -> Outcome {
    for (field, value, code) in [
        ("uniPlatform", Value::Null, "uni-id-param-required"),
        ("appId", json!("  "), "uni-id-param-required"),
        ("appId", json!(5), "uni-id-invalid-param"),
        ("appId", json!("x".repeat(513)), "uni-id-invalid-param"),
        ("deviceId", json!([]), "uni-id-invalid-param"),
        ("deviceId", json!("x".repeat(100_000)), "uni-id-invalid-param"),
        ("channel", json!(true), "uni-id-invalid-param"),
        ("screenWidth", json!("1"), "uni-id-invalid-param"),
        ("locale", json!({}), "uni-id-invalid-param"),
    ] {
        let reply = app.send(Call::new("getSupportedLoginType").client_info(field, value)).await?;
        refused_with(&reply, code, field);
    }
    for body in [json!({}), json!({"clientInfo": null}), json!({"clientInfo": []}), json!({"clientInfo": "x"})] {
        let sent = app.http().post(app.url(PATH)).json(&body).send().await?;
        assert_eq!(sent.json::<Value>().await?["errCode"], "uni-id-param-required", "{body}");
    }
    done(app.send(Call::new("getSupportedLoginType").client_info("channel", 5).client_info("appVersionCode", "100")).await?);
    Ok(())
}

async fn every_answer_names_its_call(app: &TestApp) -> Outcome {
    let mut seen = std::collections::HashSet::new();
    for (method, body) in [("POST", GOOD), ("POST", b"{"), ("GET", b"")] {
        let reply = exchange(app, &format!("{method} {PATH} HTTP/1.1\r\ncontent-type: application/json"), body).await?;
        let id = reply.head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("request-id: ").map(str::to_owned));
        assert!(id.as_ref().is_some_and(|id| id.len() == 32), "{}", reply.head);
        assert!(seen.insert(id));
    }
    Ok(())
}

async fn the_language_is_the_caller_s(app: &TestApp) -> Outcome {
    let words = async |locale: Value| {
        let reply = app.send(Call::new("getAccountInfo").client_info("locale", locale)).await?;
        anyhow::Ok(reply.body["errMsg"].as_str().unwrap_or_default().to_owned())
    };
    let (zh, en, hant) = (words(json!("zh-Hans")).await?, words(json!("en-US")).await?, words(json!("zh-Hant")).await?);
    assert!(zh != en && zh != hant && en.is_ascii() && !zh.is_ascii());
    for other in [json!(null), json!(""), json!("fr")] {
        assert_eq!(words(other).await?, zh);
    }
    Ok(())
}

async fn the_server_s_facts_are_its_own(app: &TestApp) -> Outcome {
    let call = Call::new("login")
        .client_info("clientIP", "198.51.100.1")
        .client_info("userAgent", "forged")
        .client_info("source", "function")
        .params(json!({"username": "nobody", "password": "pass123456"}));
    app.send(call).await?;
    let row = people::last_log(app).await?;
    assert_eq!((&row["ip"], &row["ua"]), (&json!("127.0.0.1"), &json!("lingpai-testkit")));
    Ok(())
}
