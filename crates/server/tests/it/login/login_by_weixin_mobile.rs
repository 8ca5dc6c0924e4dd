//! `loginByWeixinMobile`, and the access token that it takes.

use std::time::Duration;

use lingpai_testkit::Engine;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    weixin::{self, MINI_PROGRAM, mini_program},
    *,
};

each_engine!(
    numbers_register_and_come_back,
    a_thousand_sign_ins_cause_one_renewal,
    a_stale_token_is_replaced_and_the_code_not_lost,
    a_token_of_another_node_is_used,
    a_node_that_dies_in_the_middle_holds_up_nobody_for_long,
    a_refusal_of_wechat_is_told_and_logged,
);

const TOKEN_KEY: &str = "uni-id:weixin-mp:wx-mp-appid:access-token";

fn sign_in(code: &str) -> Call {
    mini_program("loginByWeixinMobile", json!({"phoneCode": code}))
}

async fn numbers_register_and_come_back(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let reply = done(world.app.send(sign_in("phone-13800000001")).await?);
    assert_eq!(reply.body["type"], json!("register"));
    let document = user(&world.app, &reply.uid()?).await?;
    assert_eq!((&document["mobile"], &document["mobile_confirmed"]), (&json!("13800000001"), &json!(1)));
    assert_eq!(world.open_data(TOKEN_KEY).await?, (json!({"access_token": "AT-wx-mp-appid"}), json!(START + 7_200_000)));
    world.app.clock.advance(1000);
    let again = done(world.app.send(sign_in("phone-13800000001~2")).await?);
    assert_eq!((again.uid()?, &again.body["type"]), (reply.uid()?, &json!("login")));
    assert_eq!(world.asked("stable_token"), 1);
    // When its time is over, there is a new one.
    world.app.clock.advance(7_200_000);
    done(world.app.send(sign_in("phone-13800000001~3")).await?);
    assert_eq!(world.asked("stable_token"), 1);
    world.stop().await
}

async fn a_thousand_sign_ins_cause_one_renewal(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let calls = (0..1000).map(|n| sign_in(&format!("phone-138{n:08}"))).collect();
    let replies = all_at_once(&world.app, calls).await?;
    assert_eq!(count(&replies, 0), 1000);
    assert_eq!(world.asked("stable_token"), 1);
    world.stop().await
}

async fn a_stale_token_is_replaced_and_the_code_not_lost(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    done(world.app.send(sign_in("phone-13800000001")).await?);
    world.weixin.void_access_token(MINI_PROGRAM);
    world.upstreams.take_requests();
    let calls = (2..10).map(|n| sign_in(&format!("phone-1380000000{n}"))).collect();
    assert_eq!(count(&all_at_once(&world.app, calls).await?, 0), 8);
    // WeChat still believed in the one it refuses: it was asked twice, once for all eight.
    assert_eq!(world.asked("stable_token"), 2);
    assert_eq!(world.open_data(TOKEN_KEY).await?.0, json!({"access_token": "AT-wx-mp-appid-1"}));
    world.stop().await
}

async fn a_token_of_another_node_is_used(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let (app, now) = (&world.app, START);
    assert!(app.store.take_lease(TOKEN_KEY, now + 10_000, now).await?);
    let mut waiting = Box::pin(app.send(sign_in("phone-13800000001")));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut waiting).await.is_err(), "it waits for the other node");
    app.store.put_open_data(TOKEN_KEY, r#"{"access_token":"AT-of-another-node"}"#, Some(now + 7_200_000)).await?;
    done(waiting.await?);
    let asked = world.upstreams.take_requests();
    assert!(asked.iter().all(|request| !request["url"].to_string().contains("stable_token")), "{asked:?}");
    assert!(asked[0]["url"].to_string().contains("AT-of-another-node"), "{asked:?}");
    world.stop().await
}

async fn a_node_that_dies_in_the_middle_holds_up_nobody_for_long(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    let (app, now) = (&world.app, START);
    // It took the lease and was never heard of again.
    assert!(app.store.take_lease(TOKEN_KEY, now + 10_000, now).await?);
    let mut waiting = Box::pin(app.send(sign_in("phone-13800000001")));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut waiting).await;
    assert!(early.is_err(), "nobody else may renew it while the lease holds");
    app.clock.advance(10_000);
    done(waiting.await?);
    assert_eq!(world.asked("stable_token"), 1);
    world.stop().await
}

async fn a_refusal_of_wechat_is_told_and_logged(engine: Engine) -> Outcome {
    let world = weixin::start(engine).await?;
    world.weixin.ask_the_administrator(true);
    refused(&world.app.send(sign_in("phone-13800000001")).await?, "uni-id-get-third-party-account-failed");
    assert_eq!(last_log(&world.app).await?, row_of_mini_program(&world.app));
    // The administrator confirmed. The code was not spent.
    world.weixin.ask_the_administrator(false);
    done(world.app.send(sign_in("phone-13800000001")).await?);
    refused(&world.app.send(sign_in("bad")).await?, "uni-id-get-third-party-account-failed");
    world.stop().await
}

fn row_of_mini_program(app: &TestApp) -> Value {
    row(app, "login", 0, json!({}))
}
