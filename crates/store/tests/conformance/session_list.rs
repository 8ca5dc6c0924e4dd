//! The list of a user's sessions.

use lingpai_domain::{
    store::{GateChange, ListedToken, NewSession, OtherSessionsEnd, OtherSessionsEnded, Renewed, SessionEnd, SignIn, SignedIn, TokenUse},
    token,
};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{APP, HOUR, IP, hash, log_row, renewal, session_at, sign_in},
};

on_every_store!(
    tokens_are_listed_with_what_is_known_of_them,
    a_renewed_token_goes_on_with_its_session,
    a_session_goes_on_when_the_old_token_leaves_the_list,
    uses_are_noted,
    a_session_ends_with_all_its_tokens,
    ending_no_session_leaves_no_trace,
    all_others_end,
    nothing_ends_when_the_user_has_changed,
    of_two_who_end_the_others_one_stays,
);

async fn with_sessions(db: &Database, tokens: &[&str]) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    let revision = db.revision("u").await;
    for token in tokens {
        assert_eq!(db.store.sign_in(&sign_in("u", revision, token)).await.unwrap(), SignedIn::Done);
    }
}

async fn listed(db: &Database) -> Vec<ListedToken> {
    db.store.listed_tokens("u").await.unwrap()
}

async fn tokens_are_listed_with_what_is_known_of_them(db: &Database) {
    with_sessions(db, &["t1", "t2"]).await;
    let tokens = listed(db).await;
    let one = ListedToken {
        hash: token::hash("t1"),
        chain: token::hash("t1"),
        issued_at: NOW / 1000,
        expires: Some(NOW + 2 * HOUR),
        started_at: NOW,
        used_at: NOW,
        used_ip: Some(IP.into()),
        app: Some(APP.into()),
        device_id: Some("dev-1".into()),
        user_agent: Some("test".into()),
    };
    assert_eq!(tokens, [one.clone(), ListedToken { hash: token::hash("t2"), chain: token::hash("t2"), ..one }]);
    assert!(db.store.listed_tokens("nobody").await.unwrap().is_empty());
    db.put_user(json!({"_id": "v", "token": ["imported"]})).await;
    let imported = db.store.listed_tokens("v").await.unwrap();
    assert_eq!((imported.len(), imported[0].hash, &imported[0].app), (1, token::hash("imported"), &None));
}

async fn a_renewed_token_goes_on_with_its_session(db: &Database) {
    with_sessions(db, &["t1", "other"]).await;
    let revision = db.revision("u").await;
    for (old, new, at) in [("t1", "t2", NOW + 1000), ("t2", "t3", NOW + 2000)] {
        let mut request = renewal("u", revision, old, new);
        request.session = NewSession { ip: "2.2.2.2".into(), ..session_at(new, at) };
        assert_eq!(db.store.renew(&request).await.unwrap(), Renewed::Done);
    }
    let tokens = listed(db).await;
    let chains: Vec<_> = tokens.iter().map(|listed| listed.chain).collect();
    assert_eq!(chains, [token::hash("t1"), token::hash("other"), token::hash("t1"), token::hash("t1")]);
    let last = &tokens[3];
    assert_eq!((last.started_at, last.used_at, last.used_ip.as_deref()), (NOW, NOW + 2000, Some("2.2.2.2")));
    assert_eq!(db.tokens("u").await, json!(["t1", "other", "t2", "t3"]));
}

async fn a_session_goes_on_when_the_old_token_leaves_the_list(db: &Database) {
    with_sessions(db, &["t1"]).await;
    let mut request = renewal("u", db.revision("u").await, "t1", "t2");
    request.session.max_tokens = 1;
    assert_eq!(db.store.renew(&request).await.unwrap(), Renewed::Done);
    let tokens = listed(db).await;
    assert_eq!((tokens.len(), tokens[0].chain), (1, token::hash("t1")));
}

async fn uses_are_noted(db: &Database) {
    with_sessions(db, &["t1", "t2"]).await;
    let used = |token: &str, at: i64| TokenUse { uid: "u".into(), token: token.into(), at, ip: "3.3.3.3".into() };
    db.store.note_uses(&[used("t2", NOW + 9), used("gone", NOW + 9)]).await.unwrap();
    // Another node is late with its news.
    db.store.note_uses(&[used("t2", NOW + 5)]).await.unwrap();
    db.store.note_uses(&[]).await.unwrap();
    let tokens = listed(db).await;
    assert_eq!((tokens[0].used_at, tokens[1].used_at, tokens[1].used_ip.as_deref()), (NOW, NOW + 9, Some("3.3.3.3")));
}

async fn a_session_ends_with_all_its_tokens(db: &Database) {
    with_sessions(db, &["t1", "other"]).await;
    let revision = db.revision("u").await;
    db.store.renew(&renewal("u", revision, "t1", "t2")).await.unwrap();
    for (id, user) in [("d1", "u"), ("d2", "v")] {
        db.put("uni-id-device", json!({"_id": id, "user_id": user, "device_id": "dev-1", "token_expired": 5})).await;
    }
    let end = SessionEnd { uid: "u".into(), chain: token::hash("t1"), log: log_row("out", "u") };
    let mut ended = db.store.end_session(&end).await.unwrap();
    ended.sort();
    let mut expected = [(token::hash("t1"), Some(NOW + 2 * HOUR)), (token::hash("t2"), Some(NOW + 2 * HOUR))];
    expected.sort();
    assert_eq!(ended, expected);
    assert_eq!(db.tokens("u").await, json!(["other"]));
    let told = db.store.gate_news(None).await.unwrap().changes;
    for token in ["t1", "t2"] {
        let expected = GateChange::Token { hash: token::hash(token), expires: Some(NOW + 2 * HOUR) };
        assert!(told.contains(&expected), "{token}");
    }
    assert!(db.log().await.contains(&"out".to_owned()));
    let devices = db.export("uni-id-device").await;
    assert_eq!((&devices[0]["token_expired"], &devices[1]["token_expired"]), (&json!(0), &json!(5)));
}

async fn ending_no_session_leaves_no_trace(db: &Database) {
    with_sessions(db, &["t1"]).await;
    for (uid, chain) in [("u", token::hash("none")), ("v", token::hash("t1"))] {
        let end = SessionEnd { uid: uid.into(), chain, log: log_row("out", "u") };
        assert!(db.store.end_session(&end).await.unwrap().is_empty());
    }
    assert_eq!((db.tokens("u").await, db.log().await), (json!(["t1"]), vec!["log-t1".to_owned()]));
}

fn end_others(revision: i64, token: &str) -> OtherSessionsEnd {
    OtherSessionsEnd {
        uid: "u".into(),
        revision,
        valid_token_date: NOW + 1,
        chain: token::hash("t1"),
        started_at: NOW - 7,
        session: session_at(token, NOW + 1000),
        log: log_row(&format!("others-{token}"), "u"),
    }
}

async fn all_others_end(db: &Database) {
    with_sessions(db, &["t1", "t2", "t3"]).await;
    let cursor = db.store.gate_news(None).await.unwrap().cursor;
    for (id, device) in [("d1", "dev-1"), ("d2", "dev-2")] {
        db.put("uni-id-device", json!({"_id": id, "user_id": "u", "device_id": device, "token_expired": 5})).await;
    }
    let elsewhere = SignIn {
        session: NewSession { device_id: Some("dev-2".into()), ..session_at("t4", NOW) },
        ..sign_in("u", db.revision("u").await, "t4")
    };
    db.store.sign_in(&elsewhere).await.unwrap();
    let request = end_others(db.revision("u").await, "new");
    assert_eq!(db.store.end_other_sessions(&request).await.unwrap(), OtherSessionsEnded::Done);
    let tokens = listed(db).await;
    assert_eq!((tokens.len(), tokens[0].chain, tokens[0].started_at), (1, token::hash("t1"), NOW - 7));
    let user = db.exported_user("u").await;
    assert_eq!((&user["token"], &user["valid_token_date"]), (&json!(["new"]), &json!(NOW + 1)));
    let told = db.store.gate_news(Some(cursor)).await.unwrap().changes;
    assert!(told.iter().any(|change| matches!(change, GateChange::User { valid_token_date: Some(date), .. } if *date == NOW + 1)));
    let devices = db.export("uni-id-device").await;
    assert_eq!((&devices[0]["token_expired"], &devices[1]["token_expired"]), (&json!(5), &json!(0)));
    assert!(db.log().await.contains(&"others-new".to_owned()));
}

async fn nothing_ends_when_the_user_has_changed(db: &Database) {
    with_sessions(db, &["t1", "t2"]).await;
    let revision = db.revision("u").await;
    assert_eq!(db.store.end_other_sessions(&end_others(revision - 1, "new")).await.unwrap(), OtherSessionsEnded::Stale);
    // A token that the date would not end.
    let ahead = SignIn { session: session_at("ahead", NOW + 2000), ..sign_in("u", revision, "ahead") };
    db.store.sign_in(&ahead).await.unwrap();
    assert_eq!(db.store.end_other_sessions(&end_others(revision, "new")).await.unwrap(), OtherSessionsEnded::Stale);
    let mut revoked = end_others(revision, "new");
    revoked.valid_token_date = NOW + 3000;
    revoked.session.hash = hash("out");
    let logout = super::samples::logout("u", "out");
    db.store.logout(&logout).await.unwrap();
    assert_eq!(db.store.end_other_sessions(&revoked).await.unwrap(), OtherSessionsEnded::TokenRevoked);
    let user = db.exported_user("u").await;
    assert_eq!((&user["token"], user.get("valid_token_date")), (&json!(["t1", "t2", "ahead"]), None));
}

async fn of_two_who_end_the_others_one_stays(db: &Database) {
    with_sessions(db, &["t1", "t2"]).await;
    let revision = db.revision("u").await;
    let (one, two) = (end_others(revision, "new-1"), end_others(revision, "new-2"));
    let (one, two) = tokio::join!(db.store.end_other_sessions(&one), db.store.end_other_sessions(&two));
    let mut outcomes = [one.unwrap(), two.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome != OtherSessionsEnded::Done);
    assert_eq!(outcomes, [OtherSessionsEnded::Done, OtherSessionsEnded::Stale]);
    assert_eq!(listed(db).await.len(), 1);
}
