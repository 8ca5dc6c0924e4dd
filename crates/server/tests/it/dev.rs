//! `getSupportedLoginType`: what is configured, and one-click sign-in always, as the original has it.

use crate::kit::{third_parties, *};

both_engines!(development: the_configured_ways_are_listed);
both_engines!(with_third_parties: third_parties_are_listed_by_platform);
both_engines!(half_configured: what_lacks_a_part_is_not_listed);
both_engines!(without_a_carrier: without_a_carrier_there_are_no_codes);
each_engine!(what_is_listed_can_be_used);

async fn supported(app: &TestApp, platform: &str) -> anyhow::Result<Value> {
    let reply = app.send(Call::new("getSupportedLoginType").client_info("uniPlatform", platform)).await?;
    Ok(done(reply).body["supportedLoginType"].clone())
}

async fn has(app: &TestApp, platform: &str, way: &str) -> anyhow::Result<bool> {
    Ok(supported(app, platform).await?.as_array().is_some_and(|ways| ways.contains(&json!(way))))
}

async fn the_configured_ways_are_listed(app: &TestApp) -> Outcome {
    assert_eq!(supported(app, "web").await?, json!(["username-password", "mobile-password", "email-password", "mobile-code", "univerify"]));
    Ok(())
}

fn with_third_parties(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"service": null, "mp-weixin": {"oauth": {"weixin": {"appid": "wx", "appsecret": "s"}}}, "app": {"oauth": {"apple": {"bundleId": "b"}}}}))
}

async fn third_parties_are_listed_by_platform(app: &TestApp) -> Outcome {
    assert!(has(app, "mp-weixin", "weixin").await? && !has(app, "web", "weixin").await? && !has(app, "app", "weixin").await?);
    assert!(has(app, "app-plus", "apple").await? && !has(app, "web", "apple").await?);
    assert!(!has(app, "web", "mobile-code").await?);
    Ok(())
}

/// Sections that are there, but not whole: the logins would answer uni-id-config-field-required.
fn half_configured(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({
        "mp-qq": {"oauth": {"qq": {"appid": "1"}}},
        "mp-weixin": {"oauth": {"weixin": {"appid": "wx"}}},
        "mp-alipay": {"oauth": {"alipay": {"appid": "2", "privateKey": "none"}}},
        "app": {"oauth": {"apple": {}, "qq": {}}},
    }))
}

async fn what_lacks_a_part_is_not_listed(app: &TestApp) -> Outcome {
    for platform in ["web", "app", "mp-weixin", "mp-qq", "mp-alipay"] {
        for way in ["weixin", "qq", "apple", "alipay"] {
            assert!(!has(app, platform, way).await?, "{way} on {platform}");
        }
    }
    Ok(())
}

fn without_a_carrier(builder: TestAppBuilder) -> TestAppBuilder {
    builder.mode(Mode::Production).without_sms()
}

async fn without_a_carrier_there_are_no_codes(app: &TestApp) -> Outcome {
    assert!(!has(app, "web", "mobile-code").await?);
    Ok(())
}

async fn what_is_listed_can_be_used(engine: Engine) -> Outcome {
    let world = third_parties::world(engine).await?;
    for (platform, way, method) in [
        ("app", "univerify", "loginByUniverify"),
        ("app", "qq", "loginByQQ"),
        ("app", "apple", "loginByApple"),
        ("mp-qq", "qq", "loginByQQ"),
        ("mp-alipay", "alipay", "loginByAlipay"),
    ] {
        assert!(has(&world.app, platform, way).await?, "{way} on {platform}");
        let params = json!({"code": "x", "accessToken": "x", "identityToken": "x", "access_token": "x", "openid": "x"});
        let refusal = world.call_on(platform, method, params).await?.code();
        assert!(!refusal.to_string().contains("config-field"), "{method} on {platform}: {refusal}");
    }
    world.app.stop().await
}
