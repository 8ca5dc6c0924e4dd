//! The whole program in a temporary folder, as other tests use it.

use lingpai_testkit::{Call, Engine, Mode, TestApp};
use serde_json::json;

async fn registers_and_asks(engine: Engine) {
    let app = TestApp::builder().engine(engine).start().await.unwrap();
    let captcha = app.captcha("register").await.unwrap();
    let params = json!({"username": "alice", "password": "pass123456", "captcha": captcha});
    let registered = app.call("registerUser", params).await.unwrap();
    assert_eq!(registered.code(), 0, "{registered:?}");
    let token = registered.token().unwrap();
    let by_url = app.call_as(&token, "getAccountInfo", json!({})).await.unwrap();
    let by_client = app.send(Call::new("getAccountInfo").token(&token).by_client()).await.unwrap();
    assert_eq!(by_url.code(), 0);
    assert_eq!(by_url.body, by_client.body);
    assert_eq!(app.document("uni-id-users", &registered.uid().unwrap()).await.unwrap()["username"], "alice");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn both_wire_forms_reach_the_program_on_sqlite() {
    registers_and_asks(Engine::Sqlite).await;
}

#[tokio::test]
async fn both_wire_forms_reach_the_program_on_postgres() {
    registers_and_asks(Engine::Postgres).await;
}

#[tokio::test]
async fn the_gateways_and_the_clock_are_the_tests() {
    let app = TestApp::builder().start().await.unwrap();
    let send = async |mobile: &str| {
        let captcha = app.captcha("send-sms-code").await.unwrap();
        app.call("sendSmsCode", json!({"mobile": mobile, "scene": "login-by-sms", "captcha": captcha})).await.unwrap()
    };
    assert_eq!(send("13800000001").await.code(), 0);
    let code = app.sms.latest("13800000001", "code").unwrap();
    app.sms.refuse("13800000002");
    assert_ne!(send("13800000002").await.code(), 0);
    app.clock.advance(181_000);
    let late = app.call("loginBySms", json!({"mobile": "13800000001", "code": code})).await.unwrap();
    assert_eq!(late.code(), "uni-id-mobile-verify-code-error");
    app.stop().await.unwrap();
}

#[tokio::test]
async fn production_mode_starts_with_its_secrets() {
    let app = TestApp::builder().mode(Mode::Production).start().await.unwrap();
    let refused = app.call("registerAdmin", json!({"username": "root", "password": "pass123456"})).await.unwrap();
    assert_ne!(refused.code(), 0);
    app.stop().await.unwrap();
}
