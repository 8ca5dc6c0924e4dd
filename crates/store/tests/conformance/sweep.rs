//! Removing what is past its time.

use lingpai_domain::store::{GateChange, SignedIn, StatusChange};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{HOUR, captcha, code, failed_row, hash, jwt, logout, mobile, session, sign_in},
};

on_every_store!(
    old_codes_go,
    ended_credentials_go,
    old_rows_of_the_log_go_if_asked,
    expired_sessions_go,
    expired_tokens_leave_the_list_of_logged_out_ones,
    a_ban_is_remembered,
    more_than_a_piece_goes,
);

async fn ended_credentials_go(db: &Database) {
    for n in 0..600 {
        db.store.put_open_data(&format!("ended{n}"), "v", Some(NOW - 1)).await.unwrap();
    }
    db.store.put_open_data("kept", "v", Some(NOW)).await.unwrap();
    db.store.put_open_data("endless", "v", None).await.unwrap();
    db.put("opendb-open-data", json!({"_id": "odd", "value": "v", "expired": "yesterday"})).await;
    // Other collections have fields of that name, too.
    db.put("opendb-device", json!({"_id": "device", "expired": NOW - 1})).await;
    db.store.sweep(NOW + HOUR, NOW, None).await.unwrap();
    let left: Vec<_> = db.export("opendb-open-data").await.into_iter().map(|doc| doc["_id"].clone()).collect();
    assert_eq!(left, [json!("kept"), json!("endless"), json!("odd")]);
    assert_eq!(db.export("opendb-device").await.len(), 1);
}

async fn old_codes_go(db: &Database) {
    let mut old = code("old", mobile("138"), "1");
    old.expired_date = NOW - 1;
    db.store.issue_code(&old).await.unwrap();
    let mut old = captcha("old-captcha", "abcd");
    old.expired_date = NOW - 1;
    db.store.issue_captcha(&old).await.unwrap();
    let mut kept = captcha("kept", "abcd");
    kept.expired_date = NOW;
    db.store.issue_captcha(&kept).await.unwrap();
    db.put("opendb-verify-codes", json!({"_id": "odd", "expired_date": "x"})).await;
    db.store.sweep(NOW + HOUR, NOW, None).await.unwrap();
    let ids: Vec<_> = db.export("opendb-verify-codes").await.into_iter().map(|mut doc| doc["_id"].take()).collect();
    assert_eq!(ids, ["kept", "odd"]);
}

async fn old_rows_of_the_log_go_if_asked(db: &Database) {
    for (id, at) in [("a", NOW - 1), ("b", NOW), ("c", NOW - 5)] {
        db.store.append_log(&failed_row(id, "alice", at)).await.unwrap();
    }
    db.store.sweep(NOW + HOUR, 0, None).await.unwrap();
    assert_eq!(db.log().await.len(), 3);
    db.store.sweep(NOW + HOUR, 0, Some(NOW)).await.unwrap();
    assert_eq!(db.log().await, ["b"]);
}

async fn expired_sessions_go(db: &Database) {
    let second = NOW / 1000;
    let (old, live) = (jwt("a", second - 10, second - 1), jwt("b", second - 10, second + 1));
    db.put_user(json!({"_id": "u", "token": [old, live, "unreadable"]})).await;
    db.put_user(json!({"_id": "v", "token": [old]})).await;
    db.store.sweep(NOW, 0, None).await.unwrap();
    assert_eq!(db.tokens("u").await, json!([live, "unreadable"]));
    assert_eq!(db.tokens("v").await, json!([]));
}

async fn expired_tokens_leave_the_list_of_logged_out_ones(db: &Database) {
    let mut forever = logout("u", "forever");
    forever.expires = None;
    let mut short = logout("u", "short");
    short.expires = Some(NOW - 1);
    for logout in [forever, short, logout("u", "long")] {
        db.store.logout(&logout).await.unwrap();
    }
    db.put_user(json!({"_id": "u"})).await;
    let revision = db.revision("u").await;
    db.store.sweep(NOW, 0, None).await.unwrap();
    for (token, outcome) in [("forever", SignedIn::TokenRevoked), ("long", SignedIn::TokenRevoked), ("short", SignedIn::Done)] {
        assert_eq!(db.store.sign_in(&sign_in("u", revision, token)).await.unwrap(), outcome, "{token}");
    }
    let changes = db.store.gate_news(None).await.unwrap().changes;
    assert!(!changes.iter().any(|change| matches!(change, GateChange::Token { hash: told, .. } if *told == hash("short"))));
}

async fn a_ban_is_remembered(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let request = sign_in("u", db.revision("u").await, "t");
    db.store.sign_in(&request).await.unwrap();
    db.store.change_status(&StatusChange { uid: "u".into(), status: 1, told: vec![] }).await.unwrap();
    // Even when the token is not in the list any more: it may still be out there.
    db.put_user(json!({"_id": "u", "status": 1, "token": []})).await;
    db.store.sweep(NOW, NOW, Some(NOW)).await.unwrap();
    let changes = db.store.gate_news(None).await.unwrap().changes;
    assert!(matches!(changes.last(), Some(GateChange::User { uid, status: Some(1), .. }) if uid == "u"));
}

async fn more_than_a_piece_goes(db: &Database) {
    let second = NOW / 1000;
    let expired: Vec<String> = (0..600).map(|n| jwt(&n.to_string(), second - 10, second - 1)).collect();
    let live: Vec<String> = (0..600).map(|n| jwt(&n.to_string(), second - 10, second + 1)).collect();
    db.put_user(json!({"_id": "a", "token": live})).await;
    db.put_user(json!({"_id": "b", "token": expired})).await;
    db.put_user(json!({"_id": "c", "token": expired})).await;
    db.store.sweep(NOW, 0, None).await.unwrap();
    assert_eq!(db.tokens("a").await.as_array().unwrap().len(), 600);
    assert_eq!(db.tokens("b").await, json!([]));
    assert_eq!(db.tokens("c").await, json!([]));
    let fits = session("t");
    assert_eq!(fits.max_tokens, 10);
}
