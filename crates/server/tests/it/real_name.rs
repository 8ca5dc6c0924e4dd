//! `getFrvCertifyId`, `getFrvAuthResult`, `getRealNameInfo`

use lingpai_domain::{
    real_name::{Sealed, SensitiveCipher},
    secret::Secret,
};
use lingpai_testkit::upstreams::strict::PHOTO;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    third_parties::*,
    *,
};

each_engine!(
    a_verification_certifies_its_own_user,
    one_card_certifies_one_account,
    two_who_pass_at_once_are_one_winner,
    existing_data_counts,
    attempts_are_counted_before_they_cost,
    a_refusal_gives_the_attempt_back,
    photographs_are_sealed,
    another_secret_is_named,
    without_a_service_the_setting_is_named
);

/// `sensitiveInfoEncryptSecret` of the recordings.
const SECRET: &str = "0123456789abcdef0123456789abcdef";
const CARD: &str = "11010519491231002X";

fn person(card: &str) -> Value {
    json!({"realName": "张三", "idCard": card, "metaInfo": "{}"})
}

async fn begin(world: &World, token: &str, card: &str) -> anyhow::Result<Reply> {
    world.app.call_as(token, "getFrvCertifyId", person(card)).await
}

/// Begins a verification and lets it pass.
async fn pass(world: &World, token: &str, card: &str) -> anyhow::Result<String> {
    let reply = begin(world, token, card).await?;
    let certify_id = reply.body["certifyId"].as_str().unwrap_or_default().to_owned();
    assert_eq!(reply.body, json!({"certifyId": certify_id}));
    world.upstreams.set_face_verification(&certify_id, "SUCCESS");
    Ok(certify_id)
}

async fn result(world: &World, token: &str, certify_id: &str) -> anyhow::Result<Reply> {
    world.app.call_as(token, "getFrvAuthResult", json!({"certifyId": certify_id})).await
}

async fn a_verification_certifies_its_own_user(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (alice, token) = someone(&world.app, "alice").await?;
    let (bob, other) = someone(&world.app, "bob").await?;
    let certify_id = pass(&world, &token, CARD).await?;
    world.upstreams.set_face_verification(&certify_id, "PROCESSING");
    refused(&result(&world, &token, &certify_id).await?, "uni-id-frv-processing");
    world.upstreams.set_face_verification(&certify_id, "SUCCESS");
    // Somebody else's answers as none does, and the service is not asked.
    world.upstreams.take_requests();
    for id in [certify_id.as_str(), "none"] {
        refused_with(&result(&world, &other, id).await?, "uni-id-invalid-param", "certifyId");
    }
    assert_eq!(world.asked("frv.example"), 0);
    assert_eq!(user(&world.app, &bob).await?.get("realname_auth"), None);
    let reply = done(result(&world, &token, &certify_id).await?);
    let shown = json!({"errCode": 0, "authStatus": 2, "realName": "*三", "identity": "1****************X"});
    assert_eq!(reply.body, shown);
    let stored = user(&world.app, &alice).await?;
    assert!(!Value::from(stored).to_string().contains(CARD));
    let info = done(world.app.call_as(&token, "getRealNameInfo", json!({})).await?);
    assert_eq!(info.body, json!({"errCode": 0, "type": 0, "authStatus": 2, "realName": "*三", "identity": "1****************X"}));
    refused(&result(&world, &token, &certify_id).await?, "uni-id-realname-verified");
    refused(&begin(&world, &token, CARD).await?, "uni-id-realname-verified");
    world.app.stop().await
}

async fn one_card_certifies_one_account(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (_, token) = someone(&world.app, "alice").await?;
    let (bob, other) = someone(&world.app, "bob").await?;
    // Both begin before either ends: the end has to look again. x and X are one card.
    let first = pass(&world, &token, CARD).await?;
    let second = pass(&world, &other, "11010519491231002x").await?;
    done(result(&world, &token, &first).await?);
    refused(&result(&world, &other, &second).await?, "uni-id-idcard-exists");
    refused(&begin(&world, &other, "11010519491231002x").await?, "uni-id-idcard-exists");
    assert_eq!(user(&world.app, &bob).await?.get("realname_auth"), None);
    world.app.stop().await
}

async fn two_who_pass_at_once_are_one_winner(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let mut calls = Vec::new();
    for number in 0..8 {
        let (_, token) = someone(&world.app, &format!("user-{number}")).await?;
        let certify_id = pass(&world, &token, CARD).await?;
        calls.push(Call::new("getFrvAuthResult").token(&token).params(json!({"certifyId": certify_id})));
    }
    let replies = all_at_once(&world.app, calls).await?;
    assert_eq!(count(&replies, 0), 1, "{replies:?}");
    assert_eq!(count(&replies, "uni-id-idcard-exists") + count(&replies, "uni-id-frv-processing"), 7, "{replies:?}");
    let certified = world.app.documents("uni-id-users").await?.iter().filter(|user| user.contains_key("realname_auth")).count();
    assert_eq!(certified, 1);
    world.app.stop().await
}

async fn existing_data_counts(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let cipher = SensitiveCipher::new(&Secret::new(SECRET)).unwrap();
    let (name, card) = (cipher.older_form("张三"), cipher.older_form("11010519491231002x"));
    let certificate = json!({"auth_status": 2, "type": 0, "real_name": name, "identity": card, "auth_date": START});
    store_user(&world.app, "old", json!({"realname_auth": certificate})).await?;
    let old = log_in(&world.app, "old").await?;
    let info = done(world.app.call_as(&old, "getRealNameInfo", json!({})).await?);
    assert_eq!((&info.body["realName"], &info.body["identity"]), (&json!("*三"), &json!("1****************x")));
    let raw = done(world.app.call_as(&old, "getRealNameInfo", json!({"decryptData": false})).await?);
    assert_eq!(raw.body["realName"], name);
    let (_, token) = someone(&world.app, "alice").await?;
    refused(&begin(&world, &token, CARD).await?, "uni-id-idcard-exists");
    world.app.stop().await
}

async fn attempts_are_counted_before_they_cost(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (_, token) = someone(&world.app, "alice").await?;
    let calls = (0..12).map(|_| Call::new("getFrvCertifyId").token(&token).params(person(CARD))).collect();
    let replies = all_at_once(&world.app, calls).await?;
    assert_eq!(count(&replies, "uni-id-realname-verify-upper-limit"), 7, "{replies:?}");
    assert_eq!(world.asked("frv.example/getCertifyId"), 5);
    // The day ends at midnight in China, 16:00 UTC; the clock stands at 08:53.
    world.app.clock.advance(7 * 3_600_000);
    let token = log_in(&world.app, "alice").await?;
    refused(&begin(&world, &token, CARD).await?, "uni-id-realname-verify-upper-limit");
    world.app.clock.advance(3_600_000);
    let token = log_in(&world.app, "alice").await?;
    pass(&world, &token, CARD).await?;
    world.app.stop().await
}

async fn a_refusal_gives_the_attempt_back(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (_, token) = someone(&world.app, "alice").await?;
    let mut unwanted = person(CARD);
    unwanted["metaInfo"] = "refuse".into();
    for _ in 0..6 {
        refused(&world.app.call_as(&token, "getFrvCertifyId", unwanted.clone()).await?, "uni-id-unknown-error");
    }
    assert_eq!(world.app.documents("opendb-frv-logs").await?.len(), 0);
    let certify_id = pass(&world, &token, CARD).await?;
    world.upstreams.set_face_verification(&certify_id, "FAIL");
    refused(&result(&world, &token, &certify_id).await?, "uni-id-frv-fail");
    refused(&result(&world, &token, &certify_id).await?, "uni-id-frv-fail");
    assert_eq!(world.app.documents("opendb-frv-logs").await?[0]["status"], 3);
    world.app.stop().await
}

async fn photographs_are_sealed(engine: Engine) -> Outcome {
    let upstreams = lingpai_testkit::upstreams::Upstreams::start(None).await?;
    let fields = json!({"sensitiveInfoEncryptSecret": SECRET, "frvNeedAlivePhoto": true});
    let mut builder = TestApp::builder().engine(engine).uni_id(fields);
    for (path, value) in upstreams.settings() {
        builder = builder.setting(path, value);
    }
    let app = builder.start().await?;
    let (alice, token) = someone(&app, "alice").await?;
    let certify_id = app.call_as(&token, "getFrvCertifyId", person(CARD)).await?.body["certifyId"].as_str().unwrap_or_default().to_owned();
    upstreams.set_face_verification(&certify_id, "SUCCESS");
    done(app.call_as(&token, "getFrvAuthResult", json!({"certifyId": certify_id})).await?);
    let row = app.documents("opendb-frv-logs").await?.remove(0);
    let place = format!("opendb-frv-logs/{}/alive_photo", row["_id"].as_str().unwrap_or_default());
    assert_eq!(user(&app, &alice).await?["realname_auth"]["in_hand"], place);
    let cipher = SensitiveCipher::new(&Secret::new(SECRET)).unwrap();
    assert_eq!(cipher.open(Sealed::Photo, row["alive_photo"].as_str().unwrap_or_default()).unwrap().as_slice(), PHOTO);
    app.stop().await
}

async fn another_secret_is_named(engine: Engine) -> Outcome {
    let other = SensitiveCipher::new(&Secret::new("another secret of 32 characters!")).unwrap();
    let world = world(engine).await?;
    let certificate = json!({"auth_status": 2, "type": 0, "real_name": other.seal(Sealed::Name, "张三".as_bytes()), "identity": "plain"});
    store_user(&world.app, "old", json!({"realname_auth": certificate})).await?;
    let old = log_in(&world.app, "old").await?;
    let reply = world.app.call_as(&old, "getRealNameInfo", json!({})).await?;
    refused_with(&reply, "uni-id-config-field-invalid", "sensitiveInfoEncryptSecret");
    world.app.stop().await
}

async fn without_a_service_the_setting_is_named(engine: Engine) -> Outcome {
    let app = TestApp::builder().engine(engine).uni_id(json!({"sensitiveInfoEncryptSecret": SECRET})).start().await?;
    let (_, token) = someone(&app, "alice").await?;
    refused_with(&app.call_as(&token, "getFrvCertifyId", person(CARD)).await?, "uni-id-config-field-required", "providers.frv");
    app.stop().await
}
