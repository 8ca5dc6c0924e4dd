//! Who may call: deviation 5.

use super::{SECRET, hex, hmac, now, sign, signed, with_headers};
use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    *,
};
use sha2::{Digest, Sha256};

both_engines!(development: unsigned_calls_are_refused, a_signature_is_used_once, timestamps_are_near, what_is_signed_counts, lists_are_not_covered,
    version_2_covers_the_request, the_client_protocol_carries_none, nothing_is_written_when_refused);
both_engines!(tolerant: lists_can_be_allowed);
both_engines!(without_secret: without_a_secret_nothing_is_signed);

const ILLEGAL: &str = "uni-id-illegal-request";
const METHODS: [&str; 3] = ["externalRegister", "externalLogin", "updateUserInfoByExternal"];

fn tolerant(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("compat.unsigned_arrays", "true")
}

fn without_secret(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"requestAuthSecret": null}))
}

async fn unsigned_calls_are_refused(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "root").await?;
    for method in METHODS {
        refused(&app.call(method, json!({"uid": "u-root", "externalUid": "e"})).await?, ILLEGAL);
        // A user's token is no signature.
        refused(&app.call_as(&token, method, json!({"uid": "u-root", "externalUid": "e"})).await?, ILLEGAL);
        refused(&app.send(signed(app, method, json!({}))).await?, "uni-id-param-required");
    }
    Ok(())
}

async fn a_signature_is_used_once(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let call = signed(app, "externalLogin", json!({"uid": "u-alice"}));
    let replies = all_at_once(app, vec![call.clone(); 20]).await?;
    assert_eq!((count(&replies, 0), count(&replies, ILLEGAL)), (1, 19), "{replies:?}");
    for _ in 0..4 {
        refused(&app.send(call.clone()).await?, ILLEGAL);
        app.clock.advance(10_000);
    }
    Ok(())
}

async fn timestamps_are_near(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let params = json!({"uid": "u-alice"});
    let at = |nonce: &str, timestamp: &str| {
        with_headers(Call::new("externalLogin").params(params.clone()), nonce, timestamp, &sign(SECRET, nonce, timestamp, &params))
    };
    for (number, offset) in [-20_000, 20_000, 0].into_iter().enumerate() {
        done(app.send(at(&format!("good-{number}"), &(now(app) + offset).to_string())).await?);
    }
    for (number, offset) in [-20_001, 20_001, i64::MAX - START, -START].into_iter().enumerate() {
        refused(&app.send(at(&format!("bad-{number}"), &(now(app) + offset).to_string())).await?, ILLEGAL);
    }
    for timestamp in ["abc", "1e12", "99999999999999999999999", "1.5"] {
        refused(&app.send(at("odd", timestamp)).await?, ILLEGAL);
    }
    // A nonce that a system never changes is told apart by its timestamp.
    done(app.send(at("same", &now(app).to_string())).await?);
    app.clock.advance(1);
    done(app.send(at("same", &now(app).to_string())).await?);
    Ok(())
}

async fn what_is_signed_counts(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let params = json!({"uid": "u-alice", "more": 5});
    let timestamp = now(app).to_string();
    let good = sign(SECRET, "n", &timestamp, &params);
    let call = |params: &Value| Call::new("externalLogin").params(params.clone());
    let wrong = [
        with_headers(call(&json!({"uid": "u-root", "more": 5})), "n", &timestamp, &good),
        with_headers(call(&json!({"uid": "u-alice", "more": 5, "another": 1})), "n", &timestamp, &good),
        with_headers(call(&params), "m", &timestamp, &good),
        with_headers(call(&params), "n", &(now(app) + 1).to_string(), &good),
        with_headers(call(&params), "n", &timestamp, &sign("another secret", "n", &timestamp, &params)),
        with_headers(call(&params), "n", &timestamp, &good[1..]),
        with_headers(call(&params), "n", &timestamp, "中文"),
        with_headers(call(&params), "", &timestamp, &sign(SECRET, "", &timestamp, &params)),
        with_headers(call(&params), &"n".repeat(257), &timestamp, &sign(SECRET, &"n".repeat(257), &timestamp, &params)),
        call(&params).header("uni-id-timestamp", &timestamp).header("uni-id-signature", &sign(SECRET, "undefined", &timestamp, &params)),
        with_headers(call(&params), "n", &timestamp, &good).header("uni-id-signature-version", "3"),
    ];
    for (number, call) in wrong.into_iter().enumerate() {
        let reply = app.send(call).await?;
        assert_eq!(reply.code(), json!(ILLEGAL), "case {number}: {}", reply.body);
    }
    done(app.send(with_headers(call(&params), "n", &timestamp, &good.to_lowercase())).await?);
    Ok(())
}

async fn lists_are_not_covered(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    for extra in [json!(["admin"]), json!({}), json!([])] {
        let params = json!({"uid": uid, "role": extra});
        refused(&app.send(signed(app, "updateUserInfoByExternal", params)).await?, ILLEGAL);
    }
    assert_eq!(user(app, &uid).await?.get("role"), None);
    Ok(())
}

async fn lists_can_be_allowed(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    done(app.send(signed(app, "updateUserInfoByExternal", json!({"uid": uid, "role": ["editor"]}))).await?);
    assert_eq!(user(app, &uid).await?["role"], json!(["editor"]));
    Ok(())
}

async fn version_2_covers_the_request(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let body =
        json!({"clientInfo": {"uniPlatform": "web", "appId": "__UNI__TEST"}, "params": {"uid": uid, "role": ["editor"]}}).to_string();
    let digest = hex(&Sha256::digest(&body));
    let timestamp = now(app).to_string();
    let signature = |nonce: &str| hmac(SECRET, &format!("2\n{timestamp}\n{nonce}\nPOST\n/uni-id-co/updateUserInfoByExternal\n{digest}"));
    let send = async |method: &str, body: &str, nonce: &str, signature: &str| -> anyhow::Result<Reply> {
        let request =
            app.http().post(app.url(&format!("/uni-id-co/{method}"))).body(body.to_owned()).header("content-type", "application/json");
        let request = request.header("uni-id-signature-version", "2").header("uni-id-nonce", nonce);
        let response = request.header("uni-id-timestamp", &timestamp).header("uni-id-signature", signature).send().await?;
        Ok(Reply { status: response.status().as_u16(), body: response.json().await? })
    };
    let good = signature("n");
    refused(&send("externalLogin", &body, "n", &good).await?, ILLEGAL);
    refused(&send("updateUserInfoByExternal", &body.replace("editor", "admin"), "n", &good).await?, ILLEGAL);
    refused(&send("updateUserInfoByExternal", &body, "m", &good).await?, ILLEGAL);
    done(send("updateUserInfoByExternal", &body, "n", &good).await?);
    refused(&send("updateUserInfoByExternal", &body, "n", &good).await?, ILLEGAL);
    assert_eq!(user(app, &uid).await?["role"], json!(["editor"]));
    Ok(())
}

async fn the_client_protocol_carries_none(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let call = signed(app, "externalLogin", json!({"uid": "u-alice"}));
    refused(&app.send(call.clone().by_client()).await?, ILLEGAL);
    done(app.send(call).await?);
    Ok(())
}

async fn nothing_is_written_when_refused(app: &TestApp) -> Outcome {
    for method in METHODS {
        refused(&app.call(method, json!({"uid": "u", "externalUid": "e", "nickname": "n"})).await?, ILLEGAL);
    }
    assert!(app.documents("uni-id-users").await?.is_empty() && log(app).await?.is_empty());
    Ok(())
}

async fn without_a_secret_nothing_is_signed(app: &TestApp) -> Outcome {
    for method in METHODS {
        let params = json!({"externalUid": "e"});
        let timestamp = now(app).to_string();
        for secret in ["", SECRET] {
            let call = with_headers(Call::new(method).params(params.clone()), "n", &timestamp, &sign(secret, "n", &timestamp, &params));
            refused_with(&app.send(call).await?, "uni-id-config-field-required", "requestAuthSecret");
        }
    }
    Ok(())
}
