//! Every parameter of every method, with values that nobody expects.

use lingpai_server::methods::{Access, Method, registry::METHODS};
use lingpai_testkit::app::export_everything;

use crate::kit::{people::*, *};

both_engines!(development: odd_values_are_answered_and_leave_no_user, odd_values_of_administrators_are_answered);

fn odd_values() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(""),
        json!(" \t\n\u{3000}"),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(true),
        json!(false),
        json!([]),
        json!(["valid"]),
        json!([[[]]]),
        json!({}),
        json!({"$ne": null}),
        json!({"length": 6}),
        json!("\u{0}"),
        json!("a\u{0}b@c"),
        json!("'; DROP TABLE users; --"),
        json!("%00"),
        json!("\u{feff}valid"),
        json!("\u{202e}dilav"),
        json!("😀".repeat(1000)),
        json!("1".repeat(100_000)),
        json!("a@".repeat(50_000)),
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
    // The administrator: so nobody else becomes one.
    let uid = store_user(app, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1, "role": ["admin"]})).await?;
    let token = log_in(app, "alice").await?;
    let before = app.documents("uni-id-users").await?;
    // What administrators may do they do, however odd it is.
    let methods = METHODS.iter().filter(|method| !matches!(method.access, Access::Role(..)));
    for method in methods {
        send_odd_values(app, method, &token).await?;
    }
    assert_eq!(app.documents("uni-id-users").await?, before);
    everything_is_short(app).await?;
    assert_eq!(user(app, &uid).await?["token"], json!([token]));
    done(info(app, &token).await?);
    Ok(())
}

async fn odd_values_of_administrators_are_answered(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"role": ["admin"]})).await?;
    let token = log_in(app, "alice").await?;
    for method in METHODS.iter().filter(|method| matches!(method.access, Access::Role(..))) {
        send_odd_values(app, method, &token).await?;
    }
    everything_is_short(app).await?;
    done(info(app, &token).await?);
    Ok(())
}

async fn send_odd_values(app: &TestApp, method: &Method, token: &str) -> Outcome {
    for field in method.fields {
        for value in odd_values() {
            let shown: String = value.to_string().chars().take(60).collect();
            let place = format!("{}.{} = {shown}", method.name, field.name);
            // Captchas, codes and signatures are wrong already, so that nobody is registered.
            let mut params = valid::params(method);
            params.insert(field.name.to_owned(), value);
            let call = Call::new(method.name).function(method.function).params(Value::Object(params));
            let call = if method.access.needs_token() { call.token(token) } else { call };
            let reply = app.send(call).await?;
            assert_eq!(reply.status, 200, "{place}");
            let code = reply.code();
            // The secure network's codes are numbers, as its documentation has them; 50000 is the server's own failure.
            let is_number = reply.body["errSubject"] == "uni-secure-network" && code.as_u64().is_some_and(|number| number > 50_000);
            let is_text = code.as_str().is_some_and(|code| code != "uni-id-system-error");
            assert!(code == 0 || is_text || is_number, "{place}: {}", reply.body);
            assert!(reply.body.to_string().len() < 20_000, "{place}: the answer is as long as the question");
        }
    }
    if method.fields.is_empty() {
        return Ok(());
    }
    // What stands in the place of the parameters themselves.
    for params in [json!(null), json!([]), json!("x"), json!(5), json!(true), json!([{}])] {
        for call in [Call::new(method.name), Call::new(method.name).by_client()] {
            let reply = app.send(call.function(method.function).token(token).params(params.clone())).await?;
            assert!(reply.status == 200 && !reply.code().is_null(), "{} {params}: {}", method.name, reply.body);
        }
    }
    let reply = app.send(Call::new(method.name).function(method.function).token(token).without_params()).await?;
    assert!(reply.status == 200 && !reply.code().is_null(), "{}: {}", method.name, reply.body);
    Ok(())
}

/// Nobody fills the database with one call.
async fn everything_is_short(app: &TestApp) -> Outcome {
    for (collection, documents) in export_everything(&*app.store).await? {
        for document in documents {
            let length = json!(document).to_string().len();
            assert!(length < 4_000, "a document of {collection} with {length} bytes");
        }
    }
    Ok(())
}
