//! Changing passwords and status.

use lingpai_domain::store::{PasswordChange, PasswordChanged, StatusChange};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{log_row, registration},
};

on_every_store!(
    a_password_is_stored,
    what_is_not_given_stays,
    tokens_dated_ahead_are_void_too,
    an_older_revision_is_stale,
    a_status_is_stored,
    an_unknown_users_status_is_not,
);

fn change(revision: i64) -> PasswordChange {
    PasswordChange {
        uid: "u".into(),
        revision,
        password: "secret".into(),
        version: Some(3),
        valid_token_date: Some(NOW + 1_000),
        log: Some(log_row("pwd", "u")),
        told: Vec::new(),
    }
}

async fn with_user(db: &Database) -> i64 {
    db.store
        .register(&registration(json!({"_id": "u", "username": "alice", "password": "old", "password_secret_version": 1}), "t"))
        .await
        .unwrap();
    db.revision("u").await
}

async fn a_password_is_stored(db: &Database) {
    let revision = with_user(db).await;
    assert_eq!(db.store.change_password(&change(revision)).await.unwrap(), PasswordChanged::Done);
    let user = db.exported_user("u").await;
    assert_eq!(user["password"], "secret");
    assert_eq!(user["password_secret_version"], 3);
    assert_eq!(user["valid_token_date"], NOW + 1_000);
    assert_eq!(user["token"], json!(["t"]));
    assert_eq!(db.log().await, ["reg-t", "pwd"]);
    assert!(db.revision("u").await > revision);
}

async fn what_is_not_given_stays(db: &Database) {
    let revision = with_user(db).await;
    let request = PasswordChange { version: None, valid_token_date: None, log: None, ..change(revision) };
    assert_eq!(db.store.change_password(&request).await.unwrap(), PasswordChanged::Done);
    let user = db.exported_user("u").await;
    assert_eq!((&user["password"], &user["password_secret_version"]), (&json!("secret"), &json!(1)));
    assert!(user.get("valid_token_date").is_none());
    assert_eq!(db.log().await, ["reg-t"]);
}

async fn tokens_dated_ahead_are_void_too(db: &Database) {
    // The sample's token is of the second that begins at NOW.
    for (date, stored) in [(NOW - 5_000, NOW + 1), (NOW, NOW + 1), (NOW + 1, NOW + 1), (NOW + 5_000, NOW + 5_000)] {
        let uid = format!("u{date}");
        let user = json!({"_id": uid, "username": uid});
        db.store.register(&registration(user, &format!("t{date}"))).await.unwrap();
        let request = PasswordChange { uid: uid.clone(), valid_token_date: Some(date), log: None, ..change(db.revision(&uid).await) };
        assert_eq!(db.store.change_password(&request).await.unwrap(), PasswordChanged::Done);
        assert_eq!(db.exported_user(&uid).await["valid_token_date"], stored, "{date}");
    }
}

async fn an_older_revision_is_stale(db: &Database) {
    let revision = with_user(db).await;
    db.store.change_password(&change(revision)).await.unwrap();
    let second = PasswordChange { password: "other".into(), ..change(revision) };
    assert_eq!(db.store.change_password(&second).await.unwrap(), PasswordChanged::Stale);
    assert_eq!(db.exported_user("u").await["password"], "secret");
    assert_eq!(db.log().await, ["reg-t", "pwd"]);
    let unknown = PasswordChange { uid: "nobody".into(), ..change(1) };
    assert_eq!(db.store.change_password(&unknown).await.unwrap(), PasswordChanged::Stale);
}

async fn a_status_is_stored(db: &Database) {
    let revision = with_user(db).await;
    assert!(db.store.change_status(&StatusChange { uid: "u".into(), status: 4, told: vec![] }).await.unwrap());
    assert_eq!(db.exported_user("u").await["status"], 4);
    assert!(db.revision("u").await > revision);
}

async fn an_unknown_users_status_is_not(db: &Database) {
    assert!(!db.store.change_status(&StatusChange { uid: "nobody".into(), status: 1, told: vec![] }).await.unwrap());
    assert_eq!(db.store.count("uni-id-users").await.unwrap(), 0);
}
