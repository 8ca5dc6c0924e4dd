//! No sealed call runs twice: on one node, on several, and when nodes come and go.

use std::collections::HashSet;

use lingpai_secure::envelope::SecretType;

use super::client::*;
use crate::kit::{store_in_between::controlled, *};

each_engine!(a_node_by_itself_needs_no_database_for_the_memory, a_restart_forgets_nothing);
both_engines!(web: of_the_same_call_on_two_nodes_one_runs, a_node_that_comes_later_knows_what_the_first_admitted, a_wider_window_brings_nothing_back,
    who_takes_over_from_a_dead_node_draws_a_line, who_stood_still_and_knows_it_asks_before_it_decides,
    who_stood_still_without_knowing_learns_it_with_the_first_write);

const CALL: &str = "uni-id-co";

fn web(builder: TestAppBuilder) -> TestAppBuilder {
    builder.secure_network(web_config(json!({"enable": false})))
}

fn supported() -> Value {
    json!({"method": "getSupportedLoginType", "params": []})
}

async fn a_node_by_itself_needs_no_database_for_the_memory(engine: Engine) -> Outcome {
    let (builder, store) = controlled(web(TestApp::builder().engine(engine)));
    let app = builder.start().await?;
    let client = Client::web("d1")?.shake_hands(&app).await?;
    assert_eq!(client.call(&app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    let replays = &app.program().state().secure.replays;
    replays.write(&app.program().state().base).await?;
    store.fail(true);
    let (args, _) = client.seal(&app, CALL, SecretType::Both, &supported())?;
    assert_eq!(client.send(&app, CALL, args.clone()).await?["errCode"], 0);
    refused_by_number(&client.send(&app, CALL, args.clone()).await?, 70004);
    store.fail(false);
    // It reaches the database all the same.
    replays.write(&app.program().state().base).await?;
    let other = beside(&app, web(TestApp::builder())).await?;
    refused_by_number(&client.send(&other, CALL, args).await?, 70004);
    other.stop_and_keep_database().await?;
    app.stop().await
}

async fn a_restart_forgets_nothing(engine: Engine) -> Outcome {
    let app = web(TestApp::builder().engine(engine)).start().await?;
    let client = Client::web("d1")?.shake_hands(&app).await?;
    let (args, _) = client.seal(&app, CALL, SecretType::Both, &supported())?;
    assert_eq!(client.send(&app, CALL, args.clone()).await?["errCode"], 0);
    let clock = app.clock.clone();
    let database = app.stop_and_keep_database().await?;
    let random = lingpai_testkit::random::SeededRandom::new(3);
    let app = web(TestApp::builder().engine(engine)).database(database).clock(clock).random(random).start().await?;
    refused_by_number(&client.send(&app, CALL, args).await?, 70004);
    assert_eq!(client.call(&app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    app.stop().await
}

async fn of_the_same_call_on_two_nodes_one_runs(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let other = beside(app, web(TestApp::builder())).await?;
    for round in 0..10 {
        let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
        let calls = [app, &other, app, &other].map(|node| client.send(node, CALL, args.clone()));
        let answers = futures_util::future::try_join_all(calls).await?;
        let codes: Vec<_> = answers.iter().map(|answer| answer["errCode"].as_i64().unwrap_or(-1)).collect();
        assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "round {round}: {codes:?}");
        assert_eq!(codes.into_iter().collect::<HashSet<_>>(), HashSet::from([0, 70004]));
    }
    other.stop_and_keep_database().await?;
    // The one that stays decides alone again, and knows what the other has admitted.
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    assert_eq!(client.send(app, CALL, args.clone()).await?["errCode"], 0);
    refused_by_number(&client.send(app, CALL, args).await?, 70004);
    Ok(())
}

async fn a_node_that_comes_later_knows_what_the_first_admitted(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let mut sent = Vec::new();
    for _ in 0..20 {
        let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
        assert_eq!(client.send(app, CALL, args.clone()).await?["errCode"], 0);
        sent.push(args);
    }
    let other = beside(app, web(TestApp::builder())).await?;
    for args in sent {
        refused_by_number(&client.send(&other, CALL, args).await?, 70004);
    }
    // And the other way round: the first one is not alone any more.
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    assert_eq!(client.send(&other, CALL, args.clone()).await?["errCode"], 0);
    refused_by_number(&client.send(app, CALL, args).await?, 70004);
    other.stop_and_keep_database().await?;
    Ok(())
}

async fn a_wider_window_brings_nothing_back(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    assert_eq!(client.send(app, CALL, args.clone()).await?["errCode"], 0);
    // Long enough for it to be forgotten, not too long for the new window.
    app.clock.advance(200_000);
    assert_eq!(client.call(app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    let mut config = web_config(json!({"enable": false}));
    config["windowSeconds"] = json!(600);
    std::fs::write(app.folder().join("config-center/secure-network/config.json"), config.to_string())?;
    lingpai_server::secure_network::reload(&app.program().state().secure);
    refused_by_number(&client.send(app, CALL, args.clone()).await?, 70001);
    let other = beside(app, TestApp::builder().secure_network(config)).await?;
    refused_by_number(&client.send(&other, CALL, args).await?, 70001);
    other.stop_and_keep_database().await?;
    Ok(())
}

const ROW: &str = "lingpai:secure-network:replay-nodes";

/// What others find when they look at a machine that stood still: they take it for dead, and admit a call themselves.
async fn taken_over(app: &TestApp, admitted: &Value) -> Outcome {
    let base = &app.program().state().base;
    let now_ms = lingpai_domain::clock::Clock::now_ms(&*app.clock);
    let others = json!({"nodes": {"other": {"number": 1, "for_ms": 60_000}}, "alone": null, "horizon": 0, "window": 60_000});
    base.store.put_open_data(ROW, &others.to_string(), None).await?;
    let options = &admitted["_uniCloudOptions"];
    let text = |name: &str| options[name].as_str().unwrap_or_default().to_owned();
    let name = format!("secure-network call {} {}", text("encryptKeyId"), text("requestId"));
    assert!(base.store.use_fleeting_nonces(&[name], now_ms + 120_000, now_ms).await?);
    Ok(())
}

/// The monotonic clock stands still with a suspended machine; the other one is right again when it wakes up.
async fn who_stood_still_and_knows_it_asks_before_it_decides(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    assert_eq!(client.call(app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    taken_over(app, &args).await?;
    app.clock.advance(4_000);
    refused_by_number(&client.send(app, CALL, args).await?, 70004);
    assert_eq!(client.call(app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    Ok(())
}

/// Of a paused virtual machine both clocks may stand still.
async fn who_stood_still_without_knowing_learns_it_with_the_first_write(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    assert_eq!(client.call(app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    let (args, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    taken_over(app, &args).await?;
    assert_eq!(client.call(app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    let state = app.program().state();
    state.secure.replays.write(&state.base).await?;
    refused_by_number(&client.send(app, CALL, args).await?, 70004);
    Ok(())
}

/// A node that decided alone and died may have admitted what nobody else knows.
async fn who_takes_over_from_a_dead_node_draws_a_line(app: &TestApp) -> Outcome {
    let client = Client::web("d1")?.shake_hands(app).await?;
    let (before, _) = client.seal(app, CALL, SecretType::Both, &supported())?;
    let dead = json!({"nodes": {"dead": {"number": 1, "for_ms": 0}}, "alone": "dead", "horizon": 0, "window": 60_000});
    let store = &app.program().state().base.store;
    assert!(store.replace_open_data(ROW, None, &dead.to_string(), None).await?);
    app.clock.advance(1_000);
    refused_by_number(&client.send(app, CALL, before).await?, 70001);
    assert_eq!(client.call(app, CALL, SecretType::Both, supported()).await?["errCode"], 0);
    let now_ms = lingpai_domain::clock::Clock::now_ms(&*app.clock);
    let (row, _) = store.open_data(ROW, now_ms).await?.unwrap_or_default();
    let row: Value = serde_json::from_str(&row)?;
    assert_eq!((&row["horizon"], row["nodes"].get("dead")), (&json!(now_ms), None), "{row}");
    Ok(())
}
