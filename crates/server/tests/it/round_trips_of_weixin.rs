//! What methods about WeChat cost the store, those of uni-open-bridge included.

use lingpai_domain::store::RoundTrips;
use lingpai_server::methods::{Access, registry::METHODS};

use crate::kit::{
    people::*,
    store_in_between::controlled,
    weixin::{self, APP, from_phone, mini_program},
    *,
};

each_engine!(wechat_keeps_to_its_round_trips, the_open_bridge_keeps_to_its_round_trips);

async fn wechat_keeps_to_its_round_trips(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let world = weixin::start_with(builder).await?;
    let app = &world.app;
    let (_, token) = someone(app, "alice").await?;
    let number = |code: &str| mini_program("loginByWeixinMobile", json!({"phoneCode": code}));
    for (what, call, most) in [
        ("a newcomer", mini_program("loginByWeixin", json!({"code": "mp-A"})), (1, 2)),
        ("the same again", mini_program("loginByWeixin", json!({"code": "mp-A~2"})), (1, 2)),
        ("on another platform", from_phone("loginByWeixin", json!({"code": "wx-A"})), (1, 2)),
        // The first takes an access token: its lease, and its store.
        ("a new number", number("phone-13800000001"), (3, 4)),
        ("a known number", number("phone-13800000001~2"), (2, 1)),
        ("binding", mini_program("bindWeixin", json!({"code": "mp-B"})).token(&token), (1, 2)),
        ("a handshake", mini_program("secureNetworkHandshakeByWeixin", json!({"code": "mp-C"})), (0, 2)),
    ] {
        store.take_round_trips();
        done(app.send(call).await?);
        let RoundTrips { reads, writes } = store.take_round_trips();
        assert!(reads <= most.0 && writes <= most.1, "{what}: {reads} reads and {writes} writes, {most:?} at most");
    }
    world.stop().await
}

async fn the_open_bridge_keeps_to_its_round_trips(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let listed = builder.center_file("uni-open-bridge/config.json", r#"{"ipWhiteList": ["10.0.0.1"]}"#);
    let world = weixin::start_with(listed).await?;
    for method in METHODS.iter().filter(|method| matches!(method.access, Access::Listed(_))) {
        let platform = if method.name.ends_with("Ticket") { "weixin-h5" } else { "weixin-mp" };
        let params = json!({
            "dcloudAppid": APP, "platform": platform, "openid": "o", "version": 1, "expiresIn": 60,
            "value": {"access_token": "t", "session_key": "k", "encrypt_key": "e", "iv": "i", "ticket": "t"},
        });
        let call = Call::new(method.name).function(method.function).params(params).from_ip("10.0.0.1");
        // What is not kept comes from WeChat: leases, an access token for the ticket.
        done(world.app.send(call.clone()).await?);
        store.take_round_trips();
        done(world.app.send(call).await?);
        let RoundTrips { reads, writes } = store.take_round_trips();
        let most = match method.name {
            // Nobody has a session: the key and the session are looked for, both twice.
            "getEncryptKey" => (4, 0),
            name if name.starts_with("get") => (2, 0),
            _ => (0, 1),
        };
        assert!(reads <= most.0 && writes <= most.1, "{}: {reads} reads and {writes} writes, {most:?} at most", method.name);
    }
    world.app.stop().await
}
