//! The space's keys over time.

use lingpai_secure::{handshake::Evidence, space_key::PublishedKeys};
use lingpai_server::secure_network::keyring::{OVERLAP_MS, ROTATED_EVERY_MS};
use lingpai_testkit::app::SPACE;

use super::client::*;
use crate::kit::*;

both_engines!(web: keys_change_every_day_and_old_ones_are_erased, the_identity_survives_and_a_rotation_by_hand_is_at_once, other_spaces_have_none);

fn web(builder: TestAppBuilder) -> TestAppBuilder {
    builder.secure_network(web_config(json!({"enable": true})))
}

async fn published(app: &TestApp) -> anyhow::Result<PublishedKeys> {
    let answer = app.http().get(app.url("/secure-network/keys")).header("origin", ORIGIN).send().await?;
    assert_eq!((answer.status().as_u16(), answer.headers().get("access-control-allow-origin").is_some()), (200, true));
    Ok(answer.json().await?)
}

async fn keys_change_every_day_and_old_ones_are_erased(app: &TestApp) -> Outcome {
    let first = published(app).await?;
    assert_eq!((first.space_id.as_str(), first.keys.len()), (SPACE.id, 1));
    let now = app.program().state().base.clock.now_ms();
    assert_eq!((first.keys[0].not_before, first.keys[0].not_after), (now, now + ROTATED_EVERY_MS + OVERLAP_MS));
    let client = Client::web("d1")?;
    let old = Client::space_key(app).await?;
    app.clock.advance(ROTATED_EVERY_MS - 1);
    assert_eq!(published(app).await?, first);

    app.clock.advance(1);
    let second = published(app).await?;
    assert_eq!((second.identity_key.as_str(), second.keys.len()), (first.identity_key.as_str(), 2));
    assert_eq!(Client::space_key(app).await?.id(), second.keys[1].key_id);
    let greet = async |app: &TestApp| {
        let hello = client.hello(app, client.challenge(app).await?, Evidence::None);
        let (request, _) = lingpai_secure::handshake::client::start(SPACE.id, &old, &hello, &client.device, &[9; 32])?;
        client.send_hello(app, &request).await
    };
    assert_eq!(greet(app).await?["errCode"], 0);
    app.clock.advance(OVERLAP_MS);
    refused_by_number(&greet(app).await?, 70009);
    assert_eq!(published(app).await?.keys, second.keys[1..]);
    Ok(())
}

async fn the_identity_survives_and_a_rotation_by_hand_is_at_once(app: &TestApp) -> Outcome {
    let first = published(app).await?;
    let other = beside(app, web(TestApp::builder())).await?;
    assert_eq!(published(&other).await?, first);
    let state = app.program().state();
    state.secure.keyring.rotate(&state.base).await?;
    let second = published(app).await?;
    assert!(second.keys.len() == 1 && second.keys != first.keys && second.identity_key == first.identity_key);
    // A hello to the new key makes the other node look; it need not be told.
    let client = Client::web("d1")?;
    let hello = client.hello(app, client.challenge(app).await?, Evidence::None);
    let (request, _) =
        lingpai_secure::handshake::client::start(SPACE.id, &Client::space_key(app).await?, &hello, &client.device, &[9; 32])?;
    assert_eq!(client.send_hello(&other, &request).await?["errCode"], 0);
    other.stop_and_keep_database().await?;
    Ok(())
}

async fn other_spaces_have_none(app: &TestApp) -> Outcome {
    for (query, status) in [("spaceId=test-space", 200), ("spaceId=other", 404), ("spaceId=", 404), ("", 200)] {
        let answer = app.http().get(app.url(&format!("/secure-network/keys?{query}"))).send().await?;
        assert_eq!(answer.status(), status, "{query}");
    }
    Ok(())
}
