//! `loginByQQ`, `bindQQ`

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    third_parties::*,
    *,
};

each_engine!(
    one_person_on_two_platforms_is_one_user,
    applications_have_users_of_their_own,
    a_newcomer_registers_once,
    binding,
    what_is_missing_is_named
);

async fn one_person_on_two_platforms_is_one_user(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let first = done(world.call_on("mp-qq", "loginByQQ", json!({"code": "qmp-A"})).await?);
    assert_eq!(first.body["type"], "register");
    let expired = START + 3_600_000;
    let params = json!({"accessToken": "qat-A", "accessTokenExpired": expired});
    let second = done(world.call_on("app", "loginByQQ", params).await?);
    assert_eq!((second.uid()?, &second.body["type"]), (first.uid()?, &json!("login")));
    let user = user(&world.app, &first.uid()?).await?;
    assert_eq!(user["qq_openid"], json!({"mp": "q_mp_A", "mp___UNI__TEST": "q_mp_A", "app___UNI__TEST": "q_app_A"}));
    assert_eq!(user["qq_unionid"], "qu_A");
    let key = world.app.document("opendb-open-data", "uni-id:qq-app:qq-app-appid:q_app_A:user-access-token").await?;
    assert_eq!(key["expired"], expired);
    world.app.stop().await
}

async fn applications_have_users_of_their_own(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let login = |app: &str| from_app("loginByQQ", app, json!({"accessToken": "qat-A"})).client_info("uniPlatform", "app");
    let here = done(world.app.send(login("__UNI__TEST")).await?);
    let there = done(world.app.send(login("__UNI__OTHER")).await?);
    assert_eq!(there.body["type"], "register");
    assert_ne!(here.uid()?, there.uid()?);
    assert_eq!(user(&world.app, &there.uid()?).await?["nickname"], "qqnick A");
    world.app.stop().await
}

async fn a_newcomer_registers_once(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let login = || Call::new("loginByQQ").client_info("uniPlatform", "app").params(json!({"accessToken": "qat-N"}));
    let replies = all_at_once(&world.app, (0..20).map(|_| login()).collect()).await?;
    assert_eq!(count(&replies, 0), 20, "{replies:?}");
    assert_eq!(replies.iter().filter(|reply| reply.body["type"] == "register").count(), 1);
    assert_eq!(world.app.documents("uni-id-users").await?.len(), 1);
    world.app.stop().await
}

async fn binding(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (alice, token) = someone(&world.app, "alice").await?;
    let bind = async |token: &str, code: &str| world.call_as("mp-qq", token, "bindQQ", json!({"code": code})).await;
    refused(&bind(&token, "used").await?, "uni-id-get-third-party-account-failed");
    assert_eq!(last_log(&world.app).await?["type"], "bind-qq");
    done(bind(&token, "qmp-A").await?);
    done(bind(&token, "qmp-A").await?);
    assert_eq!(user(&world.app, &alice).await?["qq_unionid"], "qu_A");
    let session_key = world.app.document("opendb-open-data", "uni-id:qq-mp:qq-mp-appid:q_mp_A:session-key").await?;
    assert!(session_key["value"].as_str().is_some_and(|value| value.contains("session_key")));
    let (_, other) = someone(&world.app, "bob").await?;
    refused(&bind(&other, "qmp-A").await?, "uni-id-bind-conflict");
    let login = done(world.call_on("mp-qq", "loginByQQ", json!({"code": "qmp-A"})).await?);
    assert_eq!(login.uid()?, alice);
    world.app.stop().await
}

async fn what_is_missing_is_named(engine: Engine) -> Outcome {
    let app = TestApp::builder().engine(engine).start().await?;
    let call = |platform: &str| Call::new("loginByQQ").client_info("uniPlatform", platform).params(json!({"code": "c"}));
    refused_with(&app.send(call("mp-qq")).await?, "uni-id-config-field-required", "mp-qq.oauth.qq.appsecret");
    refused_with(&app.send(call("app")).await?, "uni-id-config-field-required", "app.oauth.qq.appid");
    refused_with(&app.send(call("web")).await?, "uni-id-invalid-param", "clientInfo.uniPlatform");
    assert_eq!(log(&app).await?, Vec::<Value>::new());
    app.stop().await
}
