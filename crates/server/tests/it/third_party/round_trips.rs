//! What signing in and binding by a third party, and real names, cost the store.

use lingpai_domain::store::RoundTrips;

use crate::kit::{people::*, store_in_between::controlled, third_parties::*, *};

each_engine!(methods_keep_to_their_round_trips);

async fn methods_keep_to_their_round_trips(engine: Engine) -> Outcome {
    let mut control = None;
    let world = world_with(engine, |builder| {
        let (builder, store) = controlled(builder);
        control = Some(store);
        builder
    })
    .await?;
    let store = control.unwrap();
    someone(&world.app, "alice").await?;
    let (_, other) = someone(&world.app, "bob").await?;
    let at_most = async |platform: &str, token: Option<&str>, method: &str, params: Value, most: (u64, u64)| {
        store.take_round_trips();
        let mut call = Call::new(method).client_info("uniPlatform", platform).params(params);
        if let Some(token) = token {
            call = call.token(token);
        }
        let reply = world.app.send(call).await?;
        let RoundTrips { reads, writes } = store.take_round_trips();
        assert!(reply.body.get("errMsg").is_none(), "{method}: {}", reply.body);
        assert!(reads <= most.0 && writes <= most.1, "{method}: {reads} reads and {writes} writes, {most:?} at most");
        anyhow::Ok(reply)
    };
    let identity = world.identity_token("001.a", json!({}), json!({}))?;
    // To register, then to sign in; keys of QQ's are a write of their own.
    for _ in 0..2 {
        at_most("mp-qq", None, "loginByQQ", json!({"code": "qmp-A"}), (1, 2)).await?;
        at_most("mp-alipay", None, "loginByAlipay", json!({"code": "ali-A"}), (1, 1)).await?;
        at_most("app", None, "loginByApple", json!({"identityToken": identity}), (1, 1)).await?;
        at_most("app", None, "loginByUniverify", json!({"access_token": "x", "openid": "uv-13800000001"}), (1, 1)).await?;
    }
    // Where tokens live longer, one of another platform would be renewed on the way.
    let signed_in = async |platform: &str| {
        let login = json!({"username": "alice", "password": PASSWORD});
        world.app.send(Call::new("login").client_info("uniPlatform", platform).params(login)).await?.token()
    };
    let (on_qq, on_alipay, on_app) = (signed_in("mp-qq").await?, signed_in("mp-alipay").await?, signed_in("app").await?);
    let mine = world.identity_token("001.b", json!({}), json!({}))?;
    at_most("mp-qq", Some(&on_qq), "bindQQ", json!({"code": "qmp-B"}), (1, 2)).await?;
    at_most("mp-alipay", Some(&on_alipay), "bindAlipay", json!({"code": "ali-B"}), (1, 1)).await?;
    at_most("app", Some(&on_app), "bindApple", json!({"identityToken": mine}), (1, 1)).await?;
    at_most("app", Some(&on_app), "bindMobileByUniverify", json!({"access_token": "x", "openid": "uv-13800000002"}), (1, 1)).await?;
    // The card is looked for in each form that data may have it in.
    let user = Some(other.as_str());
    let person = json!({"realName": "张三", "idCard": "11010519491231002X", "metaInfo": "{}"});
    let certify_id = at_most("web", user, "getFrvCertifyId", person, (4, 2)).await?.body["certifyId"].clone();
    world.upstreams.set_face_verification(certify_id.as_str().unwrap_or_default(), "SUCCESS");
    at_most("web", user, "getFrvAuthResult", json!({"certifyId": certify_id}), (6, 4)).await?;
    at_most("web", user, "getRealNameInfo", json!({}), (1, 0)).await?;
    world.app.stop().await
}
