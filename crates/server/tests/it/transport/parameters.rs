//! Every parameter of every method, with values that nobody expects.

use lingpai_domain::validate::Rule;
use lingpai_server::methods::{Access, Method, registry::METHODS};
use lingpai_testkit::app::export_everything;

use crate::kit::{people::*, *};

both_engines!(development: odd_values_are_answered_and_leave_no_user);

/// A value that keeps to the rule.
fn valid(rule: Rule) -> Value {
    match rule {
        Rule::Username => json!("valid-name"),
        Rule::Mobile => json!("13900000009"),
        Rule::Email => json!("valid@example.com"),
        Rule::Password => json!("valid password"),
        Rule::Nickname | Rule::Text => json!("valid"),
    }
}

fn odd_values() -> Vec<Value> {
    let mut values = vec![
        json!(null), json!(""), json!(" \t\n\u{3000}"), json!(0), json!(-1), json!(1.5), json!(u64::MAX), json!(true), json!(false), json!([]),
        json!(["valid"]), json!([[[]]]), json!({}), json!({"$ne": null}), json!({"length": 6}), json!("\u{0}"), json!("a\u{0}b@c"),
        json!("'; DROP TABLE users; --"), json!("%00"), json!("\u{feff}valid"), json!("\u{202e}dilav"), json!("😀".repeat(1000)),
        json!("1".repeat(100_000)), json!("a@".repeat(50_000)),
    ];
    // Long, and of a kind that no database compresses.
    let mut state = 1u64;
    let noise: String = (0..100_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            char::from(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"[(state >> 58) as usize])
        })
        .collect();
    values.push(json!(format!("{noise}@example.com")));
    values.push(json!(noise));
    values
}

async fn odd_values_are_answered_and_leave_no_user(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1})).await?;
    let token = log_in(app, "alice").await?;
    let before = export_everything(&*app.store).await?;
    for method in METHODS.iter().filter(|method| !method.fields.is_empty()) {
        for field in method.fields {
            for value in odd_values() {
                let reply = app.send(call(method, field.name, value.clone(), &token)).await?;
                let shown: String = value.to_string().chars().take(60).collect();
                let place = format!("{}.{} = {shown}", method.name, field.name);
                assert_eq!(reply.status, 200, "{place}");
                let code = reply.code();
                assert!(code == 0 || code.as_str().is_some_and(|code| code != "uni-id-system-error"), "{place}: {}", reply.body);
                assert!(reply.body.to_string().len() < 20_000, "{place}: the answer is as long as the question");
            }
        }
        // What stands in the place of the parameters themselves.
        for params in [json!(null), json!([]), json!("x"), json!(5), json!(true), json!([{}])] {
            for call in [Call::new(method.name), Call::new(method.name).by_client()] {
                let reply = app.send(call.function(method.function).token(&token).params(params.clone())).await?;
                assert!(reply.status == 200 && reply.code().is_string(), "{} {params}: {}", method.name, reply.body);
            }
        }
        let reply = app.send(Call::new(method.name).function(method.function).token(&token).without_params()).await?;
        assert!(reply.status == 200 && reply.code().is_string(), "{}: {}", method.name, reply.body);
    }
    // Nothing but the log of failed attempts, and captchas that were asked for, was written.
    let after = export_everything(&*app.store).await?;
    for (collection, documents) in &after {
        match collection.as_str() {
            "uni-id-log" => {}
            "opendb-verify-codes" => assert!(documents.iter().all(|doc| doc.contains_key("device_uuid"))),
            _ => assert_eq!(Some(documents), before.get(collection), "{collection}"),
        }
    }
    for row in log(app).await? {
        assert!(row.to_string().len() < 2_000, "a row of the log with {} bytes", row.to_string().len());
    }
    assert_eq!(user(app, &uid).await?["token"], json!([token]));
    done(info(app, &token).await?);
    Ok(())
}

fn call(method: &Method, odd: &str, value: Value, token: &str) -> Call {
    let mut params: Map<String, Value> = method.fields.iter().map(|field| (field.name.to_owned(), valid(field.rule))).collect();
    params.insert(odd.to_owned(), value);
    // One of them is wrong already, so that nobody is registered.
    let call = Call::new(method.name).function(method.function).params(Value::Object(params));
    match method.access {
        Access::User(..) => call.token(token),
        _ => call,
    }
}
