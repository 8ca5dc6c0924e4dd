//! Of many users who bind the same account at once one wins, whichever third party vouches for it.

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    third_parties::*,
    *,
};

each_engine!(of_many_who_bind_the_same_one_wins);

async fn of_many_who_bind_the_same_one_wins(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let app = &world.app;
    let mut tokens = Vec::new();
    for n in 0..8 {
        tokens.push(someone(app, &format!("name-{n}")).await?.1);
    }
    let identity = world.identity_token("001.a", json!({}), json!({}))?;
    for (method, platform, params) in [
        ("bindQQ", "mp-qq", json!({"code": "qmp-A"})),
        ("bindQQ", "app", json!({"accessToken": "qat-B"})),
        ("bindAlipay", "mp-alipay", json!({"code": "ali-A"})),
        ("bindApple", "app", json!({"identityToken": identity})),
        ("bindMobileByUniverify", "app", json!({"access_token": "x", "openid": "uv-13800000001"})),
        ("bindMobileByMpWeixin", "mp-weixin", json!({"code": "phone-13800000002"})),
    ] {
        let call = |token: &String| Call::new(method).client_info("uniPlatform", platform).token(token).params(params.clone());
        let replies = all_at_once(app, tokens.iter().map(call).collect()).await?;
        assert_eq!((count(&replies, 0), count(&replies, "uni-id-bind-conflict")), (1, 7), "{method} on {platform}: {replies:?}");
    }
    world.app.stop().await
}
