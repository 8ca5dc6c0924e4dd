//! `getSupportedLoginType`

use crate::kit::*;

both_engines!(development: the_configured_ways_are_listed);
both_engines!(with_third_parties: third_parties_are_listed_by_platform);

async fn supported(app: &TestApp, platform: &str) -> anyhow::Result<Value> {
    let reply = app.send(Call::new("getSupportedLoginType").client_info("uniPlatform", platform)).await?;
    Ok(done(reply).body["supportedLoginType"].clone())
}

async fn the_configured_ways_are_listed(app: &TestApp) -> Outcome {
    assert_eq!(supported(app, "web").await?, json!(["username-password", "mobile-password", "email-password", "mobile-code", "univerify"]));
    Ok(())
}

fn with_third_parties(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"service": null, "mp-weixin": {"oauth": {"weixin": {"appid": "wx", "appsecret": "s"}}}, "app": {"oauth": {"apple": {"bundleId": "b"}}}}))
}

async fn third_parties_are_listed_by_platform(app: &TestApp) -> Outcome {
    let has = async |platform: &str, way: &str| {
        anyhow::Ok(supported(app, platform).await?.as_array().is_some_and(|ways| ways.contains(&json!(way))))
    };
    assert!(has("mp-weixin", "weixin").await? && !has("web", "weixin").await? && !has("app", "weixin").await?);
    assert!(has("app-plus", "apple").await? && !has("web", "apple").await?);
    assert!(!has("web", "mobile-code").await?);
    Ok(())
}
