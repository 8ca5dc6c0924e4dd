//! `loginByUniverify`, `bindMobileByUniverify`

use crate::kit::{people::*, third_parties::*, *};

each_engine!(one_click_signs_in, binding, without_a_service_the_setting_is_named, a_function_with_another_key_refuses);

const MOBILE: &str = "13800000001";

fn proof(mobile: &str) -> Value {
    json!({"access_token": "x", "openid": format!("uv-{mobile}")})
}

async fn one_click_signs_in(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let first = done(world.call_on("app", "loginByUniverify", proof(MOBILE)).await?);
    let user = user(&world.app, &first.uid()?).await?;
    assert_eq!((&user["mobile"], &user["mobile_confirmed"]), (&json!(MOBILE), &json!(1)));
    let again = done(world.call_on("app", "loginByUniverify", proof(MOBILE)).await?);
    assert_eq!((again.uid()?, &again.body["type"]), (first.uid()?, &json!("login")));
    // Answers that are no number are none.
    for openid in ["uv-1", "uv-23800000001", "bad"] {
        let reply = world.call_on("app", "loginByUniverify", json!({"access_token": "x", "openid": openid})).await?;
        refused(&reply, "uni-id-get-third-party-account-failed");
    }
    world.app.stop().await
}

async fn binding(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (alice, token) = someone(&world.app, "alice").await?;
    let (_, other) = someone(&world.app, "bob").await?;
    done(world.call_as("app", &token, "bindMobileByUniverify", proof(MOBILE)).await?);
    assert_eq!(last_log(&world.app).await?, row(&world.app, "bind-mobile", 1, json!({"user_id": alice})));
    refused(&world.call_as("app", &other, "bindMobileByUniverify", proof(MOBILE)).await?, "uni-id-bind-conflict");
    world.app.stop().await
}

async fn without_a_service_the_setting_is_named(engine: Engine) -> Outcome {
    let app = TestApp::builder().engine(engine).start().await?;
    refused_with(&app.call("loginByUniverify", proof(MOBILE)).await?, "uni-id-config-field-required", "providers.univerify.base_url");
    app.stop().await
}

async fn a_function_with_another_key_refuses(engine: Engine) -> Outcome {
    let world = world_with(engine, |builder| builder.setting("providers.univerify.secret", "not what the function has")).await?;
    refused(&world.call_on("app", "loginByUniverify", proof(MOBILE)).await?, "uni-id-get-third-party-account-failed");
    world.app.stop().await
}
