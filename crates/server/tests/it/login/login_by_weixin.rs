//! `loginByWeixin`

use lingpai_testkit::Engine;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    weixin::{self, APP, from_phone, mini_program, official_account},
    *,
};

each_engine!(
    a_newcomer_registers_and_comes_back,
    one_person_is_one_user_on_every_platform,
    of_many_first_sign_ins_one_registers,
    a_profile_is_taken_over_at_registration,
    a_code_is_spent_once,
    what_wechat_refuses_is_refused,
    what_is_not_configured_is_named,
    an_upstream_that_hangs_holds_up_nobody_else,
    in_production_keys_are_encrypted,
);

async fn a_newcomer_registers_and_comes_back(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let reply = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?);
    assert_eq!((&reply.body["type"], &reply.body["passwordConfirmed"]), (&json!("register"), &json!(false)));
    let uid = reply.uid()?;
    let document = user(app, &uid).await?;
    assert_eq!(document["wx_openid"], json!({"mp": "o_mp_A", format!("mp_{APP}"): "o_mp_A"}));
    assert_eq!(document["wx_unionid"], json!("u_A"));
    app.clock.advance(1000);
    let reply = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A~2"}))).await?);
    assert_eq!((reply.uid()?, &reply.body["type"]), (uid.clone(), &json!("login")));
    assert_eq!(last_log(app).await?["user_id"], json!(uid));
    // The first session goes on.
    done(info(app, &reply.token()?).await?);
    let (value, expired) = world.open_data("uni-id:weixin-mp:wx-mp-appid:o_mp_A:session-key").await?;
    assert!(value["session_key"].is_string());
    assert_eq!(expired, json!(START + 1000 + 30 * 86_400_000_i64));
    world.stop().await
}

async fn one_person_is_one_user_on_every_platform(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let uid = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?).uid()?;
    for call in [
        from_phone("loginByWeixin", json!({"code": "wx-A"})),
        official_account("loginByWeixin", json!({"code": "wx-A~2"})),
        Call::new("loginByWeixin").params(json!({"code": "wx-A~3"})),
    ] {
        let reply = done(app.send(call).await?);
        assert_eq!((reply.uid()?, &reply.body["type"]), (uid.clone(), &json!("login")));
    }
    let document = user(app, &uid).await?;
    let linked = |platform: &str| format!("{platform}_{APP}");
    assert_eq!(
        document["wx_openid"],
        json!({linked("mp"): "o_mp_A", "mp": "o_mp_A", linked("app"): "o_app_A", linked("h5"): "o_app_A", linked("web"): "o_app_A"})
    );
    assert_eq!(document["third_party"].as_object().map(Map::len), Some(4));
    assert_eq!(document.get("nickname"), None, "a profile is for newcomers");
    for provider in ["weixin-app:wx-app-appid", "weixin-h5:wx-h5-appid", "weixin-web:wx-web-appid"] {
        let (value, _) = world.open_data(&format!("uni-id:{provider}:o_app_A:user-access-token")).await?;
        assert_eq!(value["access_token"], json!("at_wx_A"), "{provider}");
    }
    world.stop().await
}

async fn of_many_first_sign_ins_one_registers(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let calls = (0..8).map(|n| mini_program("loginByWeixin", json!({"code": format!("mp-A~{n}")}))).collect();
    let replies = all_at_once(&world.app, calls).await?;
    assert_eq!(count(&replies, 0), 8, "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| reply.body["type"] == "register").count(), 1);
    assert_eq!(world.app.documents("uni-id-users").await?.len(), 1);
    world.stop().await
}

async fn a_profile_is_taken_over_at_registration(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let app = &world.app;
    let uid = done(app.send(from_phone("loginByWeixin", json!({"code": "wx-A"}))).await?).uid()?;
    let document = user(app, &uid).await?;
    assert_eq!(document["nickname"], json!("wxnick A"));
    assert_eq!(document["avatar_file"]["url"], json!("https://thirdwx.qlogo.cn/mmopen/vi_32/A/132"));
    assert_eq!(document["avatar_file"]["extname"], json!("jpg"));
    let uid = done(app.send(from_phone("loginByWeixin", json!({"code": "wxnoavatar-B"}))).await?).uid()?;
    let document = user(app, &uid).await?;
    assert_eq!((&document["nickname"], document.get("avatar_file")), (&json!("wxnick B"), None));
    world.stop().await
}

async fn a_code_is_spent_once(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    done(world.app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?);
    world.upstreams.take_requests();
    let again = world.app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?;
    refused(&again, "uni-id-get-third-party-account-failed");
    assert_eq!(world.asked("jscode2session"), 1, "a refused code is not tried again");
    world.stop().await
}

async fn what_wechat_refuses_is_refused(engine: Engine) -> Outcome {
    let world =
        weixin::start_with(TestApp::builder().engine(engine).uni_id(json!({"app": {"oauth": {"weixin": {"appsecret": "wrong"}}}}))).await?;
    let app = &world.app;
    for code in ["bad", "neterr", "mp-"] {
        refused(&app.send(mini_program("loginByWeixin", json!({"code": code}))).await?, "uni-id-get-third-party-account-failed");
        assert_eq!(last_log(app).await?["state"], json!(0), "{code}");
    }
    assert!(app.documents("uni-id-users").await?.is_empty());
    assert!(app.documents("opendb-open-data").await?.is_empty());
    world.stop().await
}

async fn what_is_not_configured_is_named(engine: Engine) -> Outcome {
    let app = TestApp::builder().engine(engine).start().await?;
    let reply = app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?;
    refused_with(&reply, "uni-id-config-field-required", "mp-weixin.oauth.weixin.appid");
    let reply = app.send(official_account("loginByWeixin", json!({"code": "wx-A"}))).await?;
    refused_with(&reply, "uni-id-config-field-required", "web.oauth.weixin-h5.appid");
    let reply = app.send(Call::new("loginByWeixin").client_info("uniPlatform", "mp-qq").params(json!({"code": "x"}))).await?;
    refused_with(&reply, "uni-id-invalid-param", "uniPlatform");
    assert!(app.documents("uni-id-log").await?.is_empty());
    app.stop().await
}

async fn an_upstream_that_hangs_holds_up_nobody_else(engine: Engine) -> Outcome {
    let world = weixin::start_with(TestApp::builder().engine(engine).setting("providers.timeout_ms", "4000")).await?;
    let app = &world.app;
    store_user(app, "alice", json!({})).await?;
    world.weixin.delay(std::time::Duration::from_secs(600));
    let mut hanging = Box::pin(app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))));
    // While WeChat hangs, others sign in: the hanging call is still there afterwards.
    tokio::select! {
        biased;
        reply = &mut hanging => anyhow::bail!("too early: {reply:?}"),
        token = log_in(app, "alice") => { token?; }
    }
    refused(&hanging.await?, "uni-id-get-third-party-account-failed");
    world.stop().await
}

async fn in_production_keys_are_encrypted(engine: Engine) -> Outcome {
    let world = weixin::start_production(engine).await?;
    let app = &world.app;
    let token = done(app.send(mini_program("loginByWeixin", json!({"code": "mp-A"}))).await?).token()?;
    let kept = app.document("opendb-open-data", "uni-id:weixin-mp:wx-mp-appid:o_mp_A:session-key").await?;
    let text = kept["value"].as_str().unwrap_or_default();
    assert!(text.starts_with("lingpai:1:") && !text.contains("session_key"), "{text}");
    // And is used all the same: the number below was encrypted with that session key.
    let params = json!({"encryptedData": crate::relate::bind_mobile_by_mp_weixin::DATA, "iv": "MDEyMzQ1Njc4OWFiY2RlZg=="});
    done(app.send(mini_program("bindMobileByMpWeixin", params).token(&token)).await?);
    world.stop().await
}
