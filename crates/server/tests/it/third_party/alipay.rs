//! `loginByAlipay`, `bindAlipay`

use lingpai_testkit::upstreams::{Upstreams, strict};

use crate::kit::{people::*, third_parties::*, *};

/// The recordings' configuration, whose private key the stand-in knows.
const UNI_ID: &str = include_str!("../../../../../conformance/configs/base/uni-id/config.json");

each_engine!(both_kinds_of_ids_sign_in, binding, a_key_that_is_none_is_named, alipays_key_is_demanded_of_every_answer);

async fn both_kinds_of_ids_sign_in(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    for (code, openid) in [("ali-A", "2088_A"), ("aliopen-B", "alopen_B")] {
        let first = done(world.call_on("mp-alipay", "loginByAlipay", json!({"code": code})).await?);
        assert_eq!(user(&world.app, &first.uid()?).await?["ali_openid"], openid);
        let again = done(world.call_on("mp-alipay", "loginByAlipay", json!({"code": code})).await?);
        assert_eq!((again.uid()?, &again.body["type"]), (first.uid()?, &json!("login")));
    }
    // Nothing came back with an error of a stand-in that checks the signature.
    refused(&world.call_on("mp-alipay", "loginByAlipay", json!({"code": "used"})).await?, "uni-id-get-third-party-account-failed");
    world.app.stop().await
}

async fn binding(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (alice, token) = someone(&world.app, "alice").await?;
    let (_, other) = someone(&world.app, "bob").await?;
    let bind = async |token: &str, code: &str| world.call_as("mp-alipay", token, "bindAlipay", json!({"code": code})).await;
    done(bind(&token, "ali-A").await?);
    assert_eq!(last_log(&world.app).await?["type"], "bind-alipay");
    refused(&bind(&other, "ali-A").await?, "uni-id-bind-conflict");
    done(bind(&token, "aliopen-C").await?);
    assert_eq!(user(&world.app, &alice).await?["ali_openid"], "alopen_C");
    // What alice gave up is free again.
    done(bind(&other, "ali-A").await?);
    world.app.stop().await
}

async fn a_key_that_is_none_is_named(engine: Engine) -> Outcome {
    let section = json!({"mp-alipay": {"oauth": {"alipay": {"appid": "2021", "privateKey": "not a key"}}}});
    let app = TestApp::builder().engine(engine).uni_id(section).start().await?;
    let call = Call::new("loginByAlipay").client_info("uniPlatform", "mp-alipay").params(json!({"code": "c"}));
    refused_with(&app.send(call).await?, "uni-id-config-field-invalid", "mp-alipay.oauth.alipay.privateKey");
    app.stop().await
}

async fn alipays_key_is_demanded_of_every_answer(engine: Engine) -> Outcome {
    let recorded: Value = serde_json::from_str(UNI_ID)?;
    let private_key = &recorded["mp-alipay"]["oauth"]["alipay"]["privateKey"];
    // The application's own public key in the place of Alipay's is the usual mistake.
    let (ours, alipays) = (strict::ALIPAY_PUBLIC_KEY, strict::alipay_public_key());
    for (key, refusal) in [
        (alipays.as_str(), None),
        (ours, Some("uni-id-get-third-party-account-failed")),
        ("not a key", Some("uni-id-config-field-invalid")),
    ] {
        let upstreams = Upstreams::start(None).await?;
        let config = json!({"mp-alipay": {"oauth": {"alipay": {"appid": "ali-appid", "privateKey": private_key, "alipayPublicKey": key}}}});
        let builder = TestApp::builder().engine(engine).uni_id(config);
        let app = upstreams.settings().into_iter().fold(builder, |builder, (path, value)| builder.setting(path, value)).start().await?;
        let call = Call::new("loginByAlipay").client_info("uniPlatform", "mp-alipay").params(json!({"code": "ali-A"}));
        let reply = app.send(call).await?;
        match refusal {
            None => assert_eq!(user(&app, &done(reply).uid()?).await?["ali_openid"], "2088_A"),
            Some(code) => refused(&reply, code),
        }
        app.stop().await?;
    }
    Ok(())
}
