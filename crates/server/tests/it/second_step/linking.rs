//! What the first step of a sign-in by a third party proved is linked after the second.

use lingpai_testkit::Engine;

use super::{finish, next_code, switch_on, ticket};
use crate::kit::{
    people::*,
    weixin::{self, APP, World, from_phone, mini_program},
    *,
};

each_engine!(another_platform_is_linked_after_the_second_step, nobody_s_account_is_taken_in_between);

/// A user of the mini program who has a second step: `_id` and the secret.
async fn visitor(world: &World) -> anyhow::Result<(String, Vec<u8>)> {
    let reply = done(world.app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?);
    let (secret, _) = switch_on(&world.app, &reply.token()?).await?;
    Ok((reply.uid()?, secret))
}

async fn start(engine: Engine) -> anyhow::Result<World> {
    weixin::start_with(TestApp::builder().engine(engine).setting("security.second_step", "true")).await
}

async fn another_platform_is_linked_after_the_second_step(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    let app = &world.app;
    let (uid, secret) = visitor(&world).await?;
    let before = user(app, &uid).await?;
    let ticket = ticket(app, &app.send(from_phone("loginByWeixin", json!({"code": "wx-A"}))).await?).await?;
    assert!(!ticket.contains("o_app_A"));
    assert_eq!(user(app, &uid).await?["wx_openid"], before["wx_openid"], "nothing is linked by the first step alone");
    refused(&finish(app, &ticket, "000000").await?, "uni-id-second-step-error");
    assert_eq!(user(app, &uid).await?["wx_openid"], before["wx_openid"]);
    let reply = done(finish(app, &ticket, &next_code(app, &secret)).await?);
    assert_eq!((reply.uid()?, &reply.body["type"]), (uid.clone(), &json!("login")));
    done(info(app, &reply.token()?).await?);
    let after = user(app, &uid).await?;
    assert_eq!(after["wx_openid"], json!({"mp": "o_mp_A", format!("mp_{APP}"): "o_mp_A", format!("app_{APP}"): "o_app_A"}));
    assert_eq!(after["wx_unionid"], json!("u_A"));
    assert_eq!(after["second_step"], json!(["totp"]));
    // The next sign-in finds it linked, and changes nothing of that.
    let again = super::ticket(app, &app.send(from_phone("loginByWeixin", json!({"code": "wx-A~2"}))).await?).await?;
    let reply = done(finish(app, &again, &next_code(app, &secret)).await?);
    assert_eq!(reply.uid()?, uid);
    assert_eq!(user(app, &uid).await?["wx_openid"], after["wx_openid"]);
    world.stop().await
}

async fn nobody_s_account_is_taken_in_between(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    let app = &world.app;
    let (uid, secret) = visitor(&world).await?;
    let before = user(app, &uid).await?;
    let ticket = ticket(app, &app.send(from_phone("loginByWeixin", json!({"code": "wx-A"}))).await?).await?;
    store_user(app, "thief", json!({"wx_openid": {format!("app_{APP}"): "o_app_A"}, "dcloud_appid": [APP]})).await?;
    refused(&finish(app, &ticket, &next_code(app, &secret)).await?, "uni-id-account-conflict");
    assert_eq!(last_log(app).await?["state"], json!(0));
    assert_eq!(user(app, &uid).await?, before);
    world.stop().await
}
