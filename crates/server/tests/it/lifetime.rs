//! How long tokens hold.

use crate::kit::{people::*, *};

fn by_platform(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(json!({"app": {"tokenExpiresIn": 2_592_000}, "mp-weixin": {"tokenExpiresIn": 259_200}}))
}

both_engines!(by_platform: one_field_of_the_client_decides);

/// `uniPlatform`, whatever the other fields say (deviation 7).
async fn one_field_of_the_client_decides(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    for (platform, seconds) in [("web", 7200), ("h5", 7200), ("app", 2_592_000), ("app-plus", 2_592_000), ("mp-weixin", 259_200)] {
        for other in ["web", "app", "app-plus", "mp-weixin"] {
            let mut login =
                Call::new("login").params(json!({"username": "alice", "password": PASSWORD})).client_info("uniPlatform", platform);
            for field in ["platform", "PLATFORM", "appPlatform", "hostName", "osName", "uniRuntimeVersion"] {
                login = login.client_info(field, other);
            }
            let reply = done(app.send(login).await?);
            let claims = tokens::payload(&reply.token()?);
            let lifetime = claims["exp"].as_i64().unwrap_or_default() - claims["iat"].as_i64().unwrap_or_default();
            assert_eq!(lifetime, seconds, "{platform} {other}");
            assert_eq!(reply.body["newToken"]["tokenExpired"], json!(START + seconds * 1000));
        }
    }
    Ok(())
}
