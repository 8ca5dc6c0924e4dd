//! `uni-open-bridge`: credentials of third parties for listed servers, renewed ahead of their end.

use lingpai_server::{
    methods::{Access, registry::METHODS},
    open_bridge::refresher,
};
use lingpai_testkit::Engine;

use crate::kit::{
    people::*,
    weixin::{self, APP, World, mini_program},
    *,
};

each_engine!(
    nobody_may_call_unless_listed,
    a_listed_server_reads_what_wechat_gives,
    what_others_got_can_be_stored_and_removed,
    keys_of_users_are_read_and_renewed,
    wrong_parameters_are_named,
    the_schedule_renews_ahead_of_the_end,
    in_production_what_is_stored_is_encrypted,
);

const LISTED: &str = r#"{
    // 只有这些地址可以调用
    "schedule": {"__UNI__TEST": {"enable": true,
        "weixin-mp": {"enable": true, "tasks": ["accessToken"]}, "weixin-h5": {"enable": true, "tasks": ["ticket"]}}},
    "ipWhiteList": ["10.1.0.0/16"]
}"#;

async fn start(engine: Engine) -> anyhow::Result<World> {
    start_with(TestApp::builder().engine(engine)).await
}

/// Without a schedule, so that only the test renews anything.
async fn start_with(builder: TestAppBuilder) -> anyhow::Result<World> {
    weixin::start_with(builder.center_file("uni-open-bridge/config.json", r#"{"ipWhiteList": ["10.1.0.0/16"]}"#)).await
}

/// Calls as a listed server does: the body is the parameters.
async fn call(world: &World, method: &str, body: Value) -> anyhow::Result<Reply> {
    call_from(world, "10.1.2.3", method, body).await
}

async fn call_from(world: &World, ip: &str, method: &str, body: Value) -> anyhow::Result<Reply> {
    let url = world.app.url(&format!("/uni-open-bridge/{method}"));
    let request = world.app.http().post(url).header("content-type", "application/json").header("x-forwarded-for", ip);
    let response = request.body(body.to_string()).send().await?;
    let status = response.status().as_u16();
    Ok(Reply { status, body: serde_json::from_slice(&response.bytes().await?)? })
}

fn of_app(platform: &str) -> Value {
    json!({"dcloudAppid": APP, "platform": platform})
}

fn with(mut body: Value, fields: Value) -> Value {
    if let (Some(body), Some(fields)) = (body.as_object_mut(), fields.as_object()) {
        body.extend(fields.clone());
    }
    body
}

async fn nobody_may_call_unless_listed(engine: Engine) -> Outcome {
    const REFUSED: &str = "uni-id-illegal-request";
    let unlisted = weixin::start(engine).await?;
    let listed = start(engine).await?;
    let methods: Vec<_> = METHODS.iter().filter(|method| matches!(method.access, Access::Listed(_))).collect();
    assert_eq!(methods.len(), 15);
    for method in methods {
        let params = with(Value::Object(valid::params(method)), of_app("weixin-mp"));
        for (world, ip) in [(&unlisted, "10.1.2.3"), (&unlisted, "127.0.0.1"), (&listed, "10.2.0.1"), (&listed, "127.0.0.1")] {
            refused(&call_from(world, ip, method.name, params.clone()).await?, REFUSED);
        }
        // Clients are no servers, wherever they are.
        let by_client = Call::new(method.name).function(method.function).params(params.clone()).from_ip("10.1.2.3").by_client();
        refused(&listed.app.send(by_client).await?, REFUSED);
        // And no page makes a browser at a listed address call.
        let page =
            Call::new(method.name).function(method.function).params(params).from_ip("10.1.2.3").header("origin", "https://evil.example");
        refused(&listed.app.send(page).await?, REFUSED);
    }
    assert!(listed.app.documents("opendb-open-data").await?.is_empty());
    assert!(listed.upstreams.take_requests().is_empty());
    unlisted.stop().await?;
    listed.stop().await
}

async fn a_listed_server_reads_what_wechat_gives(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    let expected = json!({"errCode": 0, "errMsg": "", "access_token": "AT-wx-mp-appid", "expired": START + 7_200_000});
    for platform in ["weixin-mp", "mp-weixin"] {
        assert_eq!(done(call(&world, "getAccessToken", of_app(platform)).await?).body, expected);
    }
    assert_eq!(world.asked("stable_token"), 1);
    let ticket = done(call(&world, "getTicket", of_app("weixin-h5")).await?);
    assert_eq!(ticket.body["ticket"], json!("TICKET"));
    assert_eq!(world.asked("getticket"), 1);
    // The usual form of calls works as well.
    let usual = Call::new("getAccessToken").function("uni-open-bridge").params(of_app("weixin-h5")).from_ip("10.1.2.3");
    assert_eq!(done(world.app.send(usual).await?).body["access_token"], json!("AT-wx-h5-appid"));
    // What is removed is fetched again.
    done(call(&world, "removeAccessToken", of_app("weixin-mp")).await?);
    done(call(&world, "removeAccessToken", of_app("weixin-mp")).await?);
    done(call(&world, "getAccessToken", of_app("weixin-mp")).await?);
    assert_eq!(world.asked("stable_token"), 1);
    world.weixin.ask_the_administrator(true);
    done(call(&world, "removeAccessToken", of_app("weixin-mp")).await?);
    refused(&call(&world, "getAccessToken", of_app("weixin-mp")).await?, "uni-id-unknown-error");
    world.stop().await
}

async fn what_others_got_can_be_stored_and_removed(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    for (name, platform, value) in [
        ("AccessToken", "weixin-app", json!({"access_token": "own"})),
        ("UserAccessToken", "weixin-h5", json!({"access_token": "own", "refresh_token": "r"})),
        ("SessionKey", "weixin-mp", json!({"session_key": "own"})),
        ("EncryptKey", "weixin-mp", json!({"encrypt_key": "own", "iv": "i"})),
        ("Ticket", "weixin-web", json!({"ticket": "own"})),
    ] {
        let key = with(of_app(platform), json!({"openid": "o", "version": 3}));
        let (get, set, remove) = (format!("get{name}"), format!("set{name}"), format!("remove{name}"));
        assert_eq!(done(call(&world, &get, key.clone()).await?).body["expired"], Value::Null, "{name}");
        let stored = with(key.clone(), json!({"value": value, "expiresIn": 60}));
        assert_eq!(done(call(&world, &set, stored).await?).body, json!({"errCode": 0, "errMsg": ""}));
        let read = done(call(&world, &get, key.clone()).await?).body;
        assert_eq!(
            read,
            with(with(json!({"errCode": 0, "errMsg": ""}), value.clone()), json!({"expired": now(&world) + 60_000})),
            "{name}"
        );
        world.app.clock.advance(60_000);
        assert_eq!(done(call(&world, &get, key.clone()).await?).body["expired"], Value::Null, "{name} has ended");
        done(call(&world, &set, with(key.clone(), json!({"value": value, "expiresIn": -1}))).await?);
        world.app.clock.advance(365 * 86_400_000);
        let field = value.as_object().and_then(|value| value.keys().next()).cloned().unwrap_or_default();
        assert_eq!(done(call(&world, &get, key.clone()).await?).body[&field], json!("own"), "{name} has no end");
        done(call(&world, &remove, key.clone()).await?);
        assert_eq!(done(call(&world, &get, key).await?).body[&field], Value::Null, "{name} is gone");
    }
    assert!(world.app.documents("opendb-open-data").await?.is_empty());
    assert!(world.upstreams.take_requests().is_empty());
    world.stop().await
}

fn now(world: &World) -> i64 {
    world.app.program().state().base.clock.now_ms()
}

async fn keys_of_users_are_read_and_renewed(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    done(world.app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?);
    let user = with(of_app("weixin-mp"), json!({"openid": "o_mp_A"}));
    assert_eq!(done(call(&world, "getSessionKey", user.clone()).await?).body["session_key"], json!("1e4WIv1Bg1h0+gGmPikQBw=="));
    let of_version = |version: i64| with(user.clone(), json!({"version": version}));
    let key = done(call(&world, "getEncryptKey", of_version(10)).await?).body;
    assert_eq!((&key["encrypt_key"], &key["iv"]), (&json!("VI6BpyrK9XH4i4AIGe86tg=="), &json!("6003f73ec441c386")));
    assert_eq!(done(call(&world, "getEncryptKey", of_version(9)).await?).body["encrypt_key"], Value::Null);
    let nobody = with(of_app("weixin-mp"), json!({"openid": "nobody", "version": 10}));
    assert_eq!(done(call(&world, "getEncryptKey", nobody).await?).body["encrypt_key"], Value::Null);
    world.stop().await
}

async fn wrong_parameters_are_named(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    for (method, body, code, named) in [
        ("getAccessToken", json!({"platform": "weixin-mp"}), "uni-id-param-required", "dcloudAppid"),
        ("getAccessToken", json!({"dcloudAppid": APP}), "uni-id-param-required", "platform"),
        ("getAccessToken", of_app("weixin"), "uni-id-invalid-param", "platform"),
        ("getAccessToken", of_app("qq-mp"), "uni-id-config-field-required", "mp-qq.oauth.qq.appid"),
        ("getSessionKey", of_app("weixin-mp"), "uni-id-param-required", "openid"),
        ("getSessionKey", with(of_app("weixin-mp"), json!({"openid": "o".repeat(257)})), "uni-id-invalid-param", "openid"),
        ("setTicket", with(of_app("weixin-h5"), json!({"value": {}})), "uni-id-invalid-param", "value"),
        ("setTicket", with(of_app("weixin-h5"), json!({"value": {"ticket": "x".repeat(5000)}})), "uni-id-invalid-param", "value"),
        ("setTicket", with(of_app("weixin-h5"), json!({"value": "text"})), "uni-id-invalid-param", "value"),
        ("setTicket", with(of_app("weixin-h5"), json!({"value": {"ticket": "t"}, "expiresIn": 0})), "uni-id-invalid-param", "expiresIn"),
        ("getEncryptKey", with(of_app("weixin-mp"), json!({"openid": "o", "version": -1})), "uni-id-invalid-param", "version"),
    ] {
        refused_with(&call(&world, method, body).await?, code, named);
    }
    assert!(world.app.documents("opendb-open-data").await?.is_empty());
    world.stop().await
}

async fn the_schedule_renews_ahead_of_the_end(engine: Engine) -> Outcome {
    let world = weixin::start_with(TestApp::builder().engine(engine).center_file("uni-open-bridge/config.json", LISTED)).await?;
    let state = world.app.program().state();
    // The program's own first round may be under way: this one waits for it.
    refresher::refresh(state).await;
    let asked = world.upstreams.take_requests();
    let count = |path: &str| asked.iter().filter(|request| request["url"].to_string().contains(path)).count();
    assert_eq!((count("stable_token"), count("getticket")), (2, 1), "{asked:?}");
    for key in ["uni-id:weixin-mp:wx-mp-appid:access-token", "uni-id:weixin-h5:wx-h5-appid:ticket"] {
        assert_eq!(world.open_data(key).await?.1, json!(START + 7_200_000), "{key}");
    }
    // Five minutes before the end it is still good, and nothing is asked for.
    world.app.clock.advance(7_200_000 - 300_001);
    refresher::refresh(state).await;
    assert_eq!(world.asked("weixin"), 0);
    world.app.clock.advance(1);
    refresher::refresh(state).await;
    refresher::refresh(state).await;
    assert_eq!(world.asked("getticket"), 1);
    let (_, expired) = world.open_data("uni-id:weixin-mp:wx-mp-appid:access-token").await?;
    assert_eq!(expired, json!(START + 7_200_000 - 300_000 + 7_200_000));
    world.stop().await
}

async fn in_production_what_is_stored_is_encrypted(engine: Engine) -> Outcome {
    let world = start_with(TestApp::builder().engine(engine).mode(Mode::Production)).await?;
    let key = with(of_app("weixin-mp"), json!({"openid": "o"}));
    done(call(&world, "setSessionKey", with(key.clone(), json!({"value": {"session_key": "hunter2"}}))).await?);
    let stored = world.app.documents("opendb-open-data").await?;
    let text = stored[0]["value"].as_str().unwrap_or_default();
    assert!(text.starts_with("lingpai:1:") && !text.contains("hunter2"), "{text}");
    assert_eq!(done(call(&world, "getSessionKey", key.clone()).await?).body["session_key"], json!("hunter2"));
    // Values of an import are plain, and read all the same; those of another key or place are not.
    let id = stored[0]["_id"].as_str().unwrap_or_default();
    world.app.put("opendb-open-data", json!({"_id": id, "value": r#"{"session_key":"plain"}"#})).await?;
    assert_eq!(done(call(&world, "getSessionKey", key.clone()).await?).body["session_key"], json!("plain"));
    let other = with(of_app("weixin-mp"), json!({"openid": "o2"}));
    world.app.put("opendb-open-data", json!({"_id": "uni-id:weixin-mp:wx-mp-appid:o2:session-key", "value": text})).await?;
    assert_eq!(done(call(&world, "getSessionKey", other).await?).body["session_key"], Value::Null);
    world.stop().await
}
