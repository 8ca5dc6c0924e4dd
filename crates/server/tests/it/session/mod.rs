//! `getSessions`, `revokeSession`, `revokeOtherSessions`

use lingpai_testkit::SeededRandom;

use crate::kit::{
    people::*,
    simultaneous::{all_at_once, count},
    store_in_between::controlled,
    *,
};

both_engines!(development: sessions_are_listed_with_device_place_and_use, a_renewed_token_is_the_same_session, what_no_longer_holds_is_not_listed,
    one_session_is_ended, sessions_of_others_cannot_be_ended, ones_own_session_can_be_ended, all_others_end_even_those_not_listed,
    one_of_two_devices_that_end_each_other_stays, a_list_does_not_tell_tokens);
each_engine!(an_ended_session_is_refused_everywhere, a_login_costs_no_more_for_it);

const FAILED: &str = "uni-id-check-token-failed";
const EXPIRED: &str = "uni-id-token-expired";

async fn log_in_at(app: &TestApp, device: &str, ip: &str, agent: &str) -> anyhow::Result<String> {
    let call = Call::new("login").params(json!({"username": "alice", "password": PASSWORD}));
    done(app.send(call.device(device).from_ip(ip).header("user-agent", agent)).await?).token()
}

async fn sessions(app: &TestApp, token: &str) -> anyhow::Result<Vec<Value>> {
    let reply = done(app.call_as(token, "getSessions", json!({})).await?);
    Ok(reply.body["sessions"].as_array().cloned().unwrap_or_default())
}

async fn sessions_are_listed_with_device_place_and_use(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let phone = log_in_at(app, "phone", "203.0.113.1", "Phone/1").await?;
    app.clock.advance(60_000);
    let laptop = log_in_at(app, "laptop", "203.0.113.2", "Laptop/1").await?;
    app.clock.advance(60_000);
    // The phone is used again, from somewhere else.
    done(app.send(Call::new("getAccountInfo").token(&phone).from_ip("203.0.113.9")).await?);
    app.program().state().uses.note(&*app.store).await;
    app.clock.advance(60_000);
    let call = Call::new("getSessions").token(&laptop).from_ip("203.0.113.3");
    let listed = done(app.send(call).await?).body["sessions"].clone();
    let id = |at: usize| listed[at]["sessionId"].clone();
    assert_eq!(
        listed,
        json!([
            {"sessionId": id(0), "current": true, "appId": "__UNI__TEST", "deviceId": "laptop", "userAgent": "Laptop/1", "ip": "203.0.113.3",
                "createDate": START + 60_000, "lastUseDate": START + 180_000, "expireDate": (START / 1000 + 60 + 7200) * 1000},
            {"sessionId": id(1), "current": false, "appId": "__UNI__TEST", "deviceId": "phone", "userAgent": "Phone/1", "ip": "203.0.113.9",
                "createDate": START, "lastUseDate": START + 120_000, "expireDate": (START / 1000 + 7200) * 1000},
        ])
    );
    assert_ne!(id(0), id(1));
    Ok(())
}

async fn a_renewed_token_is_the_same_session(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let first = log_in(app, "alice").await?;
    let before = sessions(app, &first).await?;
    app.clock.advance(5_000);
    let second = done(app.call_as(&first, "refreshToken", json!({})).await?).token()?;
    app.clock.advance(5_000);
    let third = done(app.call_as(&second, "refreshToken", json!({})).await?).token()?;
    let after = sessions(app, &third).await?;
    assert_eq!(after.len(), 1, "{after:?}");
    assert_eq!((&after[0]["sessionId"], &after[0]["createDate"]), (&before[0]["sessionId"], &json!(START)));
    // Ending it ends every token of it.
    app.clock.advance(1_000);
    let other = log_in(app, "alice").await?;
    done(app.call_as(&other, "revokeSession", json!({"sessionId": after[0]["sessionId"]})).await?);
    for token in [&first, &second, &third] {
        refused(&info(app, token).await?, FAILED);
        refused(&app.call_as(token, "refreshToken", json!({})).await?, FAILED);
    }
    done(info(app, &other).await?);
    Ok(())
}

async fn what_no_longer_holds_is_not_listed(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    log_in(app, "alice").await?;
    app.clock.advance(4_000_000);
    let out = log_in_at(app, "out", "203.0.113.1", "x").await?;
    done(app.call_as(&out, "logout", json!({})).await?);
    app.clock.advance(4_000_000);
    let token = log_in_at(app, "now", "203.0.113.1", "x").await?;
    let listed = sessions(app, &token).await?;
    assert_eq!((listed.len(), &listed[0]["deviceId"]), (1, &json!("now")));
    app.clock.advance(1_500);
    let change = json!({"oldPassword": PASSWORD, "newPassword": "another password"});
    done(app.call_as(&token, "updatePwd", change).await?);
    let token = done(try_password(app, "alice", "another password").await?).token()?;
    assert_eq!(sessions(app, &token).await?.len(), 1);
    Ok(())
}

async fn one_session_is_ended(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let phone = log_in_at(app, "phone", "203.0.113.1", "x").await?;
    app.put("uni-id-device", json!({"_id": "d", "user_id": uid, "device_id": "phone", "token_expired": START + 9_000_000})).await?;
    app.clock.advance(1_000);
    let laptop = log_in(app, "alice").await?;
    let listed = sessions(app, &laptop).await?;
    let end = json!({"sessionId": listed[1]["sessionId"]});
    assert_eq!(done(app.call_as(&laptop, "revokeSession", end.clone()).await?).body, json!({"errCode": 0}));
    assert_eq!(last_log(app).await?, row(app, "logout", 1, json!({"user_id": uid})));
    refused(&info(app, &phone).await?, FAILED);
    done(info(app, &laptop).await?);
    assert_eq!(app.document("uni-id-device", "d").await?["token_expired"], json!(0));
    let rows = log(app).await?.len();
    refused(&app.call_as(&laptop, "revokeSession", end).await?, "uni-id-session-not-exists");
    for odd in ["", "x", "0123"] {
        let reply = app.call_as(&laptop, "revokeSession", json!({"sessionId": odd})).await?;
        assert_ne!(reply.code(), 0, "{odd}");
    }
    assert_eq!(log(app).await?.len(), rows);
    Ok(())
}

async fn sessions_of_others_cannot_be_ended(app: &TestApp) -> Outcome {
    let (_, alices) = someone(app, "alice").await?;
    let (_, bobs) = someone(app, "bob").await?;
    let id = sessions(app, &alices).await?[0]["sessionId"].clone();
    refused(&app.call_as(&bobs, "revokeSession", json!({"sessionId": id})).await?, "uni-id-session-not-exists");
    done(info(app, &alices).await?);
    Ok(())
}

async fn ones_own_session_can_be_ended(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let id = sessions(app, &token).await?[0]["sessionId"].clone();
    done(app.call_as(&token, "revokeSession", json!({"sessionId": id})).await?);
    refused(&info(app, &token).await?, FAILED);
    Ok(())
}

/// Only ten tokens stay in the list: older ones still open doors until their end.
async fn all_others_end_even_those_not_listed(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let mut others = Vec::new();
    for number in 0..13 {
        others.push(log_in_at(app, &format!("d{number}"), "203.0.113.1", "x").await?);
        app.clock.advance(1_000);
    }
    let own = others.pop().unwrap_or_default();
    assert_eq!(user(app, &uid).await?["token"].as_array().map(Vec::len), Some(10));
    done(info(app, &others[0]).await?);
    let before = sessions(app, &own).await?;
    let reply = done(app.call_as(&own, "revokeOtherSessions", json!({})).await?);
    assert_eq!(reply.body["count"], json!(9));
    let token = reply.token()?;
    for token in others.iter().chain([&own]) {
        refused(&info(app, token).await?, EXPIRED);
    }
    let after = sessions(app, &token).await?;
    assert_eq!(after.len(), 1);
    assert_eq!((&after[0]["sessionId"], &after[0]["createDate"]), (&before[0]["sessionId"], &before[0]["createDate"]));
    assert_eq!(user(app, &uid).await?["token"], json!([token]));
    // And again at once: the token is dated ahead by then.
    let token = done(app.call_as(&token, "revokeOtherSessions", json!({})).await?).token()?;
    done(info(app, &token).await?);
    done(info(app, &log_in(app, "alice").await?).await?);
    Ok(())
}

async fn one_of_two_devices_that_end_each_other_stays(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    let first = log_in_at(app, "a", "203.0.113.1", "x").await?;
    app.clock.advance(1_000);
    let tokens = [first, log_in_at(app, "b", "203.0.113.2", "x").await?];
    let calls = tokens.iter().map(|token| Call::new("revokeOtherSessions").token(token)).collect();
    let replies = all_at_once(app, calls).await?;
    let mut living = 0;
    for reply in replies.iter().filter(|reply| reply.code() == json!(0)) {
        living += usize::from(info(app, &reply.token()?).await?.code() == json!(0));
    }
    assert_eq!(living, 1, "{replies:?}");
    assert!(count(&replies, 0) >= 1);
    for token in &tokens {
        refused(&info(app, token).await?, EXPIRED);
    }
    Ok(())
}

async fn a_list_does_not_tell_tokens(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let text = done(app.call_as(&token, "getSessions", json!({})).await?).body.to_string();
    assert!(token.split('.').all(|part| !text.contains(part)));
    Ok(())
}

async fn an_ended_session_is_refused_everywhere(engine: Engine) -> Outcome {
    let first = TestApp::builder().engine(engine).start().await?;
    let second =
        TestApp::builder().database(first.database().shared()).clock(first.clock.clone()).random(SeededRandom::new(2)).start().await?;
    store_user(&first, "alice", json!({})).await?;
    let phone = log_in_at(&first, "phone", "203.0.113.1", "x").await?;
    // Tokens count whole seconds: logins of one user within a second have one token.
    first.clock.advance(1_000);
    let pad = log_in_at(&first, "pad", "203.0.113.1", "x").await?;
    first.clock.advance(1_000);
    let laptop = log_in(&first, "alice").await?;
    done(info(&second, &phone).await?);
    let id =
        sessions(&first, &laptop).await?.into_iter().find(|session| session["deviceId"] == "phone").unwrap_or_default()["sessionId"].take();
    done(first.call_as(&laptop, "revokeSession", json!({"sessionId": id})).await?);
    second.hear_news().await?;
    refused(&info(&second, &phone).await?, FAILED);
    let own = done(first.call_as(&laptop, "revokeOtherSessions", json!({})).await?).token()?;
    second.hear_news().await?;
    refused(&info(&second, &pad).await?, EXPIRED);
    done(info(&second, &own).await?);
    second.stop().await?;
    first.stop().await
}

async fn a_login_costs_no_more_for_it(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let app = builder.start().await?;
    store_user(&app, "alice", json!({})).await?;
    store.take_round_trips();
    let token = log_in(&app, "alice").await?;
    let login = store.take_round_trips();
    assert!(login.reads <= 2 && login.writes <= 1, "{login:?}");
    done(info(&app, &token).await?);
    assert_eq!(store.take_round_trips().writes, 0, "a use is noted later, with others");
    sessions(&app, &token).await?;
    let listed = store.take_round_trips();
    assert!(listed.reads <= 2 && listed.writes == 0, "{listed:?}");
    app.stop().await
}
