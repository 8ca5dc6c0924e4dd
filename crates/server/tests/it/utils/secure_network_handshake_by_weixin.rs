//! `secureNetworkHandshakeByWeixin`

use lingpai_testkit::Engine;

use crate::kit::{
    people::*,
    weixin::{self, APP, MINI_PROGRAM, mini_program},
    *,
};

each_engine!(
    whom_a_code_stands_for_is_kept,
    it_can_sign_in_too,
    keys_of_mini_programs_come_from_wechat_once,
    outside_of_mini_programs_it_is_refused
);

fn handshake(params: Value) -> Call {
    mini_program("secureNetworkHandshakeByWeixin", params)
}

fn key(code: &str) -> String {
    format!("uni-id:{APP}:weixin-mp:code:{code}:secure-network-cache")
}

async fn whom_a_code_stands_for_is_kept(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    assert_eq!(done(app.send(handshake(json!({"code": "mp-A", "callLoginByWeixin": false}))).await?).body, json!({"errCode": 0}));
    let (value, expired) = world.open_data(&key("mp-A")).await?;
    assert_eq!((&value["openid"], &value["unionid"]), (&json!("o_mp_A"), &json!("u_A")));
    assert_eq!(expired, json!(START + 7_200_000));
    assert!(app.documents("uni-id-users").await?.is_empty() && app.documents("uni-id-log").await?.is_empty());
    // The words of clients are no handshake.
    done(app.send(mini_program("loginByWeixin", json!({"code": "mp-B", "secureNetworkCache": true}))).await?);
    assert!(app.document("opendb-open-data", &key("mp-B")).await.is_err());
    world.stop().await
}

async fn it_can_sign_in_too(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let reply = done(app.send(handshake(json!({"code": "mp-A", "callLoginByWeixin": true}))).await?);
    assert_eq!(reply.body["type"], json!("register"));
    done(info(app, &reply.token()?).await?);
    world.open_data(&key("mp-A")).await?;
    refused(&app.send(handshake(json!({"code": "bad", "callLoginByWeixin": true}))).await?, "uni-id-get-third-party-account-failed");
    assert_eq!(last_log(app).await?["state"], json!(0));
    world.stop().await
}

async fn keys_of_mini_programs_come_from_wechat_once(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    done(app.send(handshake(json!({"code": "mp-A"}))).await?);
    let state = app.program().state();
    let visitor = state.open_bridge.secure_network_visitor(APP, "mp-A").await?.ok_or_else(|| anyhow::anyhow!("no visitor"))?;
    let config = state.center.app(APP, "mp-weixin").map_err(|problem| anyhow::anyhow!("{}", problem.what.en))?;
    let application = lingpai_server::weixin::WeixinPlatform::MiniProgram.application(&config)?;
    assert_eq!((application.appid.as_str(), &visitor.value["openid"]), (MINI_PROGRAM, &json!("o_mp_A")));
    for _ in 0..2 {
        let shared = state.open_bridge.shared_key(&application, "o_mp_A", 10).await?;
        assert_eq!((shared.key.expose(), shared.iv.as_str()), ("VI6BpyrK9XH4i4AIGe86tg==", "6003f73ec441c386"));
    }
    assert_eq!(world.asked("getuserencryptkey"), 1);
    // Another version, somebody without a session, and the key after its end.
    assert!(state.open_bridge.shared_key(&application, "o_mp_A", 11).await.is_err());
    assert!(state.open_bridge.shared_key(&application, "o_mp_nobody", 10).await.is_err());
    world.upstreams.take_requests();
    app.clock.advance(3_597_000);
    state.open_bridge.shared_key(&application, "o_mp_A", 10).await?;
    assert_eq!(world.asked("getuserencryptkey"), 1);
    world.stop().await
}

async fn outside_of_mini_programs_it_is_refused(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let reply = world.app.call("secureNetworkHandshakeByWeixin", json!({"code": "mp-A"})).await?;
    refused_with(&reply, "uni-id-invalid-param", "uniPlatform");
    assert!(world.upstreams.take_requests().is_empty());
    world.stop().await
}
