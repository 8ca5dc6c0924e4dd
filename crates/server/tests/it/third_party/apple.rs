//! `loginByApple`, `bindApple`

use crate::kit::{people::*, third_parties::*, *};

each_engine!(a_nickname_is_taken_at_registration_only, tokens_of_others_are_refused, made_up_keys_do_not_wear_apple_out, binding);

async fn login(world: &World, token: &str, nickname: &str) -> anyhow::Result<Reply> {
    world.call_on("app", "loginByApple", json!({"identityToken": token, "nickname": nickname})).await
}

async fn a_nickname_is_taken_at_registration_only(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let token = world.identity_token("001.a", json!({}), json!({}))?;
    let first = done(login(&world, &token, "Ann").await?);
    assert_eq!(first.body["type"], "register");
    let again = done(login(&world, &token, "Other").await?);
    assert_eq!((again.uid()?, &again.body["type"]), (first.uid()?, &json!("login")));
    let user = user(&world.app, &first.uid()?).await?;
    assert_eq!((&user["nickname"], &user["apple_openid"]), (&json!("Ann"), &json!("001.a")));
    assert_eq!(world.asked("appleid.apple.com"), 1);
    world.app.stop().await
}

async fn tokens_of_others_are_refused(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let now = START / 1000;
    let good = world.identity_token("001.a", json!({}), json!({}))?;
    let (signed, _) = good.rsplit_once('.').unwrap_or_default();
    for token in [
        world.identity_token("001.a", json!({"aud": "com.example.other"}), json!({}))?,
        world.identity_token("001.a", json!({"iss": "https://evil.example"}), json!({}))?,
        world.identity_token("001.a", json!({"exp": now - 1}), json!({}))?,
        world.identity_token("001.a", json!({}), json!({"alg": "HS256"}))?,
        world.identity_token("001.a", json!({}), json!({"alg": "none"}))?,
        format!("{signed}."),
        format!("{signed}.AAAA"),
        "x".to_owned(),
    ] {
        refused(&login(&world, &token, "Ann").await?, "uni-id-get-third-party-account-failed");
        assert_eq!(last_log(&world.app).await?, row(&world.app, "login", 0, json!({})));
    }
    assert_eq!(world.app.documents("uni-id-users").await?.len(), 0);
    let bound_to = |nonce: &str| json!({"identityToken": world.identity_token("001.a", json!({"nonce": "n1"}), json!({})).unwrap_or_default(), "nonce": nonce});
    refused(&world.call_on("app", "loginByApple", bound_to("n2")).await?, "uni-id-get-third-party-account-failed");
    done(world.call_on("app", "loginByApple", bound_to("n1")).await?);
    world.app.stop().await
}

async fn made_up_keys_do_not_wear_apple_out(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    for number in 0..10 {
        let token = world.identity_token("001.a", json!({}), json!({"kid": format!("made-up-{number}")}))?;
        refused(&login(&world, &token, "Ann").await?, "uni-id-get-third-party-account-failed");
    }
    assert_eq!(world.asked("appleid.apple.com"), 1);
    world.app.clock.advance(61_000);
    let token = world.identity_token("001.a", json!({}), json!({"kid": "new"}))?;
    refused(&login(&world, &token, "Ann").await?, "uni-id-get-third-party-account-failed");
    assert_eq!(world.asked("appleid.apple.com"), 1);
    // Keys a day old are asked for again.
    world.app.clock.advance(24 * 3_600_000);
    done(login(&world, &world.identity_token("001.a", json!({}), json!({}))?, "Ann").await?);
    assert_eq!(world.asked("appleid.apple.com"), 1);
    world.app.stop().await
}

async fn binding(engine: Engine) -> Outcome {
    let world = world(engine).await?;
    let (alice, token) = someone(&world.app, "alice").await?;
    let (_, other) = someone(&world.app, "bob").await?;
    let identity = world.identity_token("001.a", json!({}), json!({}))?;
    let bind = async |token: &str| world.call_as("app", token, "bindApple", json!({"identityToken": identity})).await;
    done(bind(&token).await?);
    done(bind(&token).await?);
    refused(&bind(&other).await?, "uni-id-bind-conflict");
    assert_eq!(done(login(&world, &identity, "x").await?).uid()?, alice);
    world.app.stop().await
}
