//! What methods of uni-open-bridge cost the store.

use lingpai_domain::store::RoundTrips;
use lingpai_server::methods::{Access, registry::METHODS};

use crate::kit::{
    store_in_between::controlled,
    weixin::{self, APP},
    *,
};

each_engine!(the_open_bridge_keeps_to_its_round_trips);

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
