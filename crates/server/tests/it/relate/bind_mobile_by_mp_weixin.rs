//! `bindMobileByMpWeixin`

use lingpai_testkit::Engine;

use crate::kit::{
    people::*,
    weixin::{self, mini_program},
    *,
};

each_engine!(by_code, by_encrypted_data_and_session_key, the_session_key_of_older_versions_is_with_the_user, made_up_data_is_refused_alike);

/// 13800000001, encrypted with the session key of `mp-A` for `wx-mp-appid` (recorded).
pub const DATA: &str = "WcXJcGSQ21ROudH16AHG9eyuDKXTbyj8cmULDv/INtQa3yxLDtEKbjGjn3l61hj1Q846eWARIUlqGlaotpxCof4F7ehJgoo0ggy7MsUMQyireTe5CO8/AzspZNPJEMn9mO4y4xFFML1S4mPlKxmVxTWGSCQMQ5DetIpEN365usaXBG36iMe3Ah7P9LwafGwC";
const IV: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";

fn bind(token: &str, params: Value) -> Call {
    mini_program("bindMobileByMpWeixin", params).token(token)
}

async fn by_code(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    store_user(app, "bob", json!({"mobile": "13800000002", "mobile_confirmed": 1})).await?;
    let (uid, token) = someone(app, "alice").await?;
    assert_eq!(done(app.send(bind(&token, json!({"code": "phone-13800000001"}))).await?).body, json!({"errCode": 0}));
    assert_eq!(user(app, &uid).await?["mobile"], json!("13800000001"));
    refused(&app.send(bind(&token, json!({"code": "phone-13800000002"}))).await?, "uni-id-bind-conflict");
    refused(&app.send(bind(&token, json!({"code": "bad"}))).await?, "uni-id-get-third-party-account-failed");
    // As recorded, this one comes without words.
    assert_eq!(app.send(bind(&token, json!({}))).await?.body, json!({"errCode": "uni-id-invalid-param"}));
    world.stop().await
}

async fn by_encrypted_data_and_session_key(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let login = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?);
    done(app.send(bind(&login.token()?, json!({"encryptedData": DATA, "iv": IV}))).await?);
    assert_eq!(user(app, &login.uid()?).await?["mobile"], json!("13800000001"));
    world.stop().await
}

async fn made_up_data_is_refused_alike(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let login = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-B"}))).await?);
    let (_, without_weixin) = someone(app, "alice").await?;
    let token = login.token()?;
    let mut bodies = Vec::new();
    for (token, data, iv) in
        [(&token, DATA, IV), (&token, "AAAA", IV), (&token, DATA, "AAAA"), (&token, "!", "!"), (&without_weixin, DATA, IV)]
    {
        let reply = app.send(bind(token, json!({"encryptedData": data, "iv": iv}))).await?;
        refused(&reply, "uni-id-get-third-party-account-failed");
        bodies.push(reply.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells what was wrong");
    for lonely in [json!({"iv": IV}), json!({"encryptedData": DATA})] {
        refused(&app.send(bind(&token, lonely)).await?, "uni-id-invalid-param");
    }
    assert_eq!(user(app, &login.uid()?).await?.get("mobile"), None);
    world.stop().await
}

async fn the_session_key_of_older_versions_is_with_the_user(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let imported = json!({"wx_openid": {"mp": "o_mp_A"}, "third_party": {"mp_weixin": {"session_key": "1e4WIv1Bg1h0+gGmPikQBw=="}}});
    let uid = store_user(app, "alice", imported).await?;
    let token = log_in(app, "alice").await?;
    done(app.send(bind(&token, json!({"encryptedData": DATA, "iv": IV}))).await?);
    assert_eq!(user(app, &uid).await?["mobile"], json!("13800000001"));
    world.stop().await
}
