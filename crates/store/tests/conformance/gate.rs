//! News for the gates of all nodes.

use lingpai_domain::store::{GateChange, GateCursor, PasswordChange, StatusChange};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{HOUR, hash, logout, registration, sign_in},
};

on_every_store!(
    an_empty_store_has_no_news,
    a_logout_is_heard,
    what_changes_a_user_is_heard,
    the_newest_change_of_a_user_is_the_last,
    what_does_not_matter_is_not_told,
    imported_users_who_are_banned_are_told,
    changes_of_roles_are_heard,
    everything_that_matters_is_told_at_the_start,
    expired_tokens_do_not_matter_at_the_start,
);

/// News after a cursor, and the next one.
async fn news(db: &Database, cursor: GateCursor) -> (Vec<GateChange>, GateCursor) {
    let news = db.store.gate_news(Some(cursor)).await.unwrap();
    (news.changes, news.cursor)
}

async fn start(db: &Database) -> GateCursor {
    db.store.gate_news(None).await.unwrap().cursor
}

/// What is told of a user, without sequence numbers: valid_token_date, status, roles.
fn of_user(changes: &[GateChange], id: &str) -> Vec<(Option<i64>, Option<i64>, Vec<String>)> {
    let mut last = i64::MIN;
    let mut told = Vec::new();
    for change in changes {
        if let GateChange::User { uid, sequence, valid_token_date, status, roles } = change
            && uid == id
        {
            assert!(*sequence > last, "the sequence of one user grows");
            last = *sequence;
            told.push((*valid_token_date, *status, roles.clone()));
        }
    }
    told
}

async fn an_empty_store_has_no_news(db: &Database) {
    let first = db.store.gate_news(None).await.unwrap();
    assert!(first.changes.is_empty());
    assert!(news(db, first.cursor).await.0.is_empty());
}

async fn a_logout_is_heard(db: &Database) {
    db.store.register(&registration(json!({"_id": "u"}), "t")).await.unwrap();
    let cursor = start(db).await;
    db.store.logout(&logout("u", "t")).await.unwrap();
    let (changes, cursor) = news(db, cursor).await;
    assert_eq!(changes, [GateChange::Token { hash: hash("t"), expires: Some(NOW + 2 * HOUR) }]);
    db.store.logout(&logout("u", "t2")).await.unwrap();
    let (changes, _) = news(db, cursor).await;
    assert_eq!(changes.last(), Some(&GateChange::Token { hash: hash("t2"), expires: Some(NOW + 2 * HOUR) }));
}

async fn what_changes_a_user_is_heard(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let cursor = start(db).await;
    db.store.change_status(&StatusChange { uid: "u".into(), status: 1, told: vec![] }).await.unwrap();
    let (changes, cursor) = news(db, cursor).await;
    assert_eq!(of_user(&changes, "u").last(), Some(&(None, Some(1), vec![])));
    let change = PasswordChange {
        uid: "u".into(),
        revision: db.revision("u").await,
        password: "p".into(),
        version: None,
        valid_token_date: Some(NOW),
        log: None,
        told: Vec::new(),
    };
    db.store.change_password(&change).await.unwrap();
    let (changes, cursor) = news(db, cursor).await;
    assert_eq!(of_user(&changes, "u").last(), Some(&(Some(NOW), Some(1), vec![])));
    db.put_user(json!({"_id": "u", "status": 0, "role": ["a", "b"]})).await;
    let (changes, cursor) = news(db, cursor).await;
    assert_eq!(of_user(&changes, "u").last(), Some(&(None, Some(0), vec!["a".into(), "b".into()])));
    // A single text counts as a list of one, a status that is no integer as none.
    db.put_user(json!({"_id": "u", "status": "1", "role": "c"})).await;
    let (changes, _) = news(db, cursor).await;
    assert_eq!(of_user(&changes, "u").last(), Some(&(None, None, vec!["c".into()])));
}

async fn the_newest_change_of_a_user_is_the_last(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let cursor = start(db).await;
    for status in [1, 2, 3, 0, 4] {
        db.store.change_status(&StatusChange { uid: "u".into(), status, told: vec![] }).await.unwrap();
    }
    for told in [news(db, cursor).await.0, db.store.gate_news(None).await.unwrap().changes] {
        assert_eq!(of_user(&told, "u").last(), Some(&(None, Some(4), vec![])));
    }
}

async fn what_does_not_matter_is_not_told(db: &Database) {
    db.put_user(json!({"_id": "u", "status": 0, "role": ["a"]})).await;
    db.store.register(&registration(json!({"_id": "v", "role": ["a"]}), "t1")).await.unwrap();
    db.store.sign_in(&sign_in("u", db.revision("u").await, "t2")).await.unwrap();
    db.put_user(json!({"_id": "u", "status": 0, "role": ["a"], "nickname": "x"})).await;
    db.put("uni-id-permissions", json!({"_id": "p", "permission_id": "READ"})).await;
    let first = db.store.gate_news(None).await.unwrap();
    assert!(first.changes.is_empty(), "{:?}", first.changes);
}

async fn imported_users_who_are_banned_are_told(db: &Database) {
    let cursor = start(db).await;
    for (id, doc) in [
        ("b", json!({"status": 1, "role": ["r"]})),
        ("v", json!({"valid_token_date": NOW})),
        ("ok", json!({"status": 0})),
        ("odd", json!({"status": "1", "valid_token_date": "x"})),
        ("other", json!({"status": 5})),
    ] {
        let mut doc = doc;
        doc["_id"] = id.into();
        db.put_user(doc).await;
    }
    let (changes, _) = news(db, cursor).await;
    assert_eq!(changes.len(), 2);
    assert_eq!(of_user(&changes, "b"), [(None, Some(1), vec!["r".into()])]);
    assert_eq!(of_user(&changes, "v"), [(Some(NOW), None, vec![])]);
}

async fn changes_of_roles_are_heard(db: &Database) {
    let mut cursor = start(db).await;
    let role = json!({"_id": "r", "role_id": "editor", "permission": ["READ"]});
    for step in 0..3 {
        match step {
            0 => db.put("uni-id-roles", role.clone()).await,
            1 => db.put("uni-id-roles", json!({"_id": "r", "role_id": "editor", "permission": []})).await,
            _ => assert!(db.store.remove("uni-id-roles", "r").await.unwrap()),
        }
        let (changes, next) = news(db, cursor).await;
        assert_eq!(changes.last(), Some(&GateChange::Roles), "step {step}");
        cursor = next;
    }
}

async fn everything_that_matters_is_told_at_the_start(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    db.put_user(json!({"_id": "v", "role": ["a"]})).await;
    db.store.change_status(&StatusChange { uid: "u".into(), status: 1, told: vec![] }).await.unwrap();
    db.put_user(json!({"_id": "v", "role": []})).await;
    db.store.logout(&logout("u", "t")).await.unwrap();
    let first = db.store.gate_news(None).await.unwrap();
    assert_eq!(of_user(&first.changes, "u"), [(None, Some(1), vec![])]);
    assert_eq!(of_user(&first.changes, "v"), [(None, None, vec![])]);
    assert!(first.changes.contains(&GateChange::Token { hash: hash("t"), expires: Some(NOW + 2 * HOUR) }));
}

async fn expired_tokens_do_not_matter_at_the_start(db: &Database) {
    db.store.logout(&logout("u", "t")).await.unwrap();
    let mut forever = logout("u", "forever");
    forever.expires = None;
    db.store.logout(&forever).await.unwrap();
    db.clock.advance(2 * HOUR);
    let first = db.store.gate_news(None).await.unwrap();
    assert_eq!(first.changes, [GateChange::Token { hash: hash("forever"), expires: None }]);
    assert!(first.cursor != GateCursor::default());
}
