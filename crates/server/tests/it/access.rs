//! Who may call what: the whole registry refuses whoever has no right.

use lingpai_server::methods::{Access, Method, registry::METHODS};

use crate::kit::{people::*, *};

both_engines!(development: methods_of_users_refuse_everyone_else, methods_of_a_role_refuse_everyone_without_it, tokens_are_taken_from_where_clients_put_them, what_is_not_listed_does_not_exist);

fn methods_of_users() -> impl Iterator<Item = &'static Method> {
    METHODS.iter().filter(|method| matches!(method.access, Access::User(..) | Access::Role(..)))
}

async fn methods_of_users_refuse_everyone_else(app: &TestApp) -> Outcome {
    const FAILED: &str = "uni-id-check-token-failed";
    assert!(methods_of_users().count() >= 5);
    let uid = store_user(app, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1})).await?;
    let ended = log_in(app, "alice").await?;
    done(app.call_as(&ended, "logout", json!({})).await?);
    let now_s = START / 1000;
    let claims = tokens::claims(&uid, now_s);
    let signed = |header: Value, payload: &Value| tokens::sign(&header, payload, tokens::SECRET);
    let with = |field: &str, value: Value| {
        let mut claims = claims.clone();
        claims[field] = value;
        claims
    };
    let unsigned = {
        let token = signed(json!({"alg": "none", "typ": "JWT"}), &claims);
        format!("{}.", token.rsplit_once('.').map_or("", |(signed, _)| signed))
    };
    let tampered = {
        let good = signed(tokens::hs256(), &claims);
        let (head, signature) = good.rsplit_once('.').unwrap_or_default();
        let other = signed(tokens::hs256(), &with("uid", json!("u-admin")));
        let payload = other.split('.').nth(1).unwrap_or_default();
        format!("{}.{payload}.{signature}", head.split('.').next().unwrap_or_default())
    };
    let cases = [
        ("no token", None, FAILED),
        ("an empty one", Some(String::new()), FAILED),
        ("garbage", Some("garbage".to_owned()), FAILED),
        ("three parts of garbage", Some("a.b.c".to_owned()), FAILED),
        ("a very long one", Some("a".repeat(20_000)), FAILED),
        ("another secret", Some(tokens::sign(&tokens::hs256(), &claims, "another secret")), FAILED),
        ("no secret", Some(tokens::sign(&tokens::hs256(), &claims, "")), FAILED),
        ("no algorithm, no signature", Some(unsigned), FAILED),
        ("no algorithm, signed", Some(signed(json!({"alg": "none", "typ": "JWT"}), &claims)), FAILED),
        ("another algorithm", Some(signed(json!({"alg": "HS512", "typ": "JWT"}), &claims)), FAILED),
        ("a payload of another token", Some(tampered), FAILED),
        ("nobody's", Some(signed(tokens::hs256(), &with("uid", Value::Null))), FAILED),
        ("a payload that is no object", Some(signed(tokens::hs256(), &json!([1]))), FAILED),
        ("a logged-out one", Some(ended), FAILED),
        ("an expired one", Some(signed(tokens::hs256(), &with("exp", json!(now_s - 1)))), "uni-id-token-expired"),
    ];
    let before = user(app, &uid).await?;
    let rows = log(app).await?.len();
    for method in methods_of_users() {
        for (what, token, code) in &cases {
            let call = Call::new(method.name).function(method.function).params(Value::Object(valid::params(method)));
            let call = token.iter().fold(call, |call, token| call.token(token));
            for call in [call.clone(), call.by_client()] {
                let reply = app.send(call).await?;
                assert_eq!(reply.code(), json!(code), "{} with {what}: {}", method.name, reply.body);
                refused(&reply, code);
            }
        }
    }
    assert_eq!(user(app, &uid).await?, before);
    assert_eq!(log(app).await?.len(), rows);
    Ok(())
}

async fn methods_of_a_role_refuse_everyone_without_it(app: &TestApp) -> Outcome {
    const DENIED: &str = "uni-id-permission-error";
    store_user(app, "alice", json!({})).await?;
    store_user(app, "almost", json!({"role": ["administrator", "Admin", ""]})).await?;
    let uid = store_user(app, "boss", json!({"role": ["admin", "member"]})).await?;
    let tokens = [log_in(app, "alice").await?, log_in(app, "almost").await?];
    let bosss = log_in(app, "boss").await?;
    let methods = METHODS.iter().filter(|method| matches!(method.access, Access::Role(..)));
    for method in methods {
        let call = |params: Value, token: &str| Call::new(method.name).function(method.function).params(params).token(token);
        for token in &tokens {
            let valid = call(Value::Object(valid::params(method)), token);
            for call in [valid.clone(), valid.by_client(), call(json!({}), token)] {
                refused(&app.send(call).await?, DENIED);
            }
        }
        // Who has it gets as far as the parameters.
        assert_eq!(app.send(call(json!({}), &bosss).by_client()).await?.code(), "uni-id-param-required", "{}", method.name);
    }
    // The role counts as it is now, not as the token has it.
    let mut doc = user(app, &uid).await?;
    doc.insert("role".into(), json!(["member"]));
    app.put("uni-id-users", Value::Object(doc)).await?;
    app.hear_news().await?;
    for method in METHODS.iter().filter(|method| matches!(method.access, Access::Role(..))) {
        let call = Call::new(method.name).function(method.function).params(Value::Object(valid::params(method))).token(&bosss);
        refused(&app.send(call).await?, "uni-id-token-expired");
    }
    assert_eq!(app.documents("uni-id-users").await?.len(), 3);
    Ok(())
}

async fn tokens_are_taken_from_where_clients_put_them(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    // The URL form has one place, and a token of another type is none.
    for value in [json!(5), json!({}), json!([token]), json!(true), json!(null)] {
        let body = json!({"clientInfo": {"uniPlatform": "web", "appId": "__UNI__TEST"}, "uniIdToken": value, "params": {}});
        let sent = app.http().post(app.url("/uni-id-co/getAccountInfo")).header("x-client-token", &token).json(&body).send().await?;
        let reply = Reply { status: sent.status().as_u16(), body: sent.json().await? };
        refused(&reply, "uni-id-check-token-failed");
    }
    Ok(())
}

async fn what_is_not_listed_does_not_exist(app: &TestApp) -> Outcome {
    for method in ["noSuchMethod", "_before", "__proto__", "constructor", "LOGIN", "login ", "", "addUser/../login"] {
        let by_client = app.send(Call::new(method).by_client()).await?;
        refused(&by_client, "METHOD_NOT_FOUND");
    }
    refused(&app.send(Call::new("noSuchMethod")).await?, "METHOD_NOT_FOUND");
    refused(&app.send(Call::new("login").function("uni-captcha-co")).await?, "METHOD_NOT_FOUND");
    let elsewhere = app.send(Call::new("login").function("no-such-function")).await?;
    assert_eq!(elsewhere.status, 404);
    Ok(())
}
