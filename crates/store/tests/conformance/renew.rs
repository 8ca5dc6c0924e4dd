//! Renewing tokens.

use lingpai_domain::store::{NewSession, Renewal, Renewed};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{hash, jwt, logout, registration, renewal, session},
};

on_every_store!(
    a_renewal_keeps_the_old_token,
    a_token_that_is_not_listed_is_refused,
    old_versions_kept_no_list,
    a_logged_out_token_is_refused,
    an_older_revision_is_stale,
    a_revoked_new_token_is_refused,
    the_list_is_trimmed,
);

async fn with_session(db: &Database) -> i64 {
    db.store.register(&registration(json!({"_id": "u"}), "old")).await.unwrap();
    db.revision("u").await
}

async fn a_renewal_keeps_the_old_token(db: &Database) {
    let revision = with_session(db).await;
    let session = NewSession { ip: "9.9.9.9".into(), now: NOW + 7, ..session("new") };
    let request = Renewal { session, ..renewal("u", revision, "old", "new") };
    assert_eq!(db.store.renew(&request).await.unwrap(), Renewed::Done);
    assert_eq!(
        db.exported_user("u").await,
        json!({"_id": "u", "last_login_date": NOW + 7, "last_login_ip": "9.9.9.9", "token": ["old", "new"]})
    );
    assert_eq!(db.revision("u").await, revision);
    assert_eq!(db.log().await, ["reg-old"]);
}

async fn a_token_that_is_not_listed_is_refused(db: &Database) {
    let revision = with_session(db).await;
    assert_eq!(db.store.renew(&renewal("u", revision, "other", "new")).await.unwrap(), Renewed::NotListed);
    assert_eq!(db.tokens("u").await, json!(["old"]));
}

async fn old_versions_kept_no_list(db: &Database) {
    let revision = with_session(db).await;
    let request = Renewal { old_token: None, ..renewal("u", revision, "other", "new") };
    assert_eq!(db.store.renew(&request).await.unwrap(), Renewed::Done);
    assert_eq!(db.tokens("u").await, json!(["old", "new"]));
}

async fn a_logged_out_token_is_refused(db: &Database) {
    let revision = with_session(db).await;
    db.store.logout(&logout("u", "old")).await.unwrap();
    assert_eq!(db.store.renew(&renewal("u", revision, "old", "new")).await.unwrap(), Renewed::NotListed);
    // Even one that kept no list, and one that came back into the list by an import.
    let unlisted = Renewal { old_token: None, ..renewal("u", revision, "old", "new") };
    assert_eq!(db.store.renew(&unlisted).await.unwrap(), Renewed::NotListed);
    db.put_user(json!({"_id": "u", "token": ["old"]})).await;
    assert_eq!(db.store.renew(&renewal("u", db.revision("u").await, "old", "new")).await.unwrap(), Renewed::NotListed);
    assert_eq!(db.tokens("u").await, json!(["old"]));
}

async fn an_older_revision_is_stale(db: &Database) {
    let revision = with_session(db).await;
    db.put_user(json!({"_id": "u", "token": ["old"], "status": 1})).await;
    assert_eq!(db.store.renew(&renewal("u", revision, "old", "new")).await.unwrap(), Renewed::Stale);
    assert_eq!(db.store.renew(&renewal("nobody", 1, "old", "new")).await.unwrap(), Renewed::Stale);
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "token": ["old"], "status": 1}));
}

async fn a_revoked_new_token_is_refused(db: &Database) {
    let revision = with_session(db).await;
    db.store.logout(&logout("u", "new")).await.unwrap();
    assert_eq!(db.store.renew(&renewal("u", revision, "old", "new")).await.unwrap(), Renewed::TokenRevoked);
    assert_eq!(db.tokens("u").await, json!(["old"]));
}

async fn the_list_is_trimmed(db: &Database) {
    let second = NOW / 1000;
    let (expired, void) = (jwt("e", second - 9000, second - 1), jwt("v", second - 10, second + 100));
    let (a, b) = (jwt("a", second, second + 100), jwt("b", second, second + 100));
    db.put_user(json!({"_id": "u", "valid_token_date": NOW - 5000, "token": [expired, void, a, b]})).await;
    let session = NewSession { max_tokens: 2, ..session("new") };
    let request = Renewal { session, old_hash: hash(&b), ..renewal("u", db.revision("u").await, &b, "new") };
    assert_eq!(db.store.renew(&request).await.unwrap(), Renewed::Done);
    assert_eq!(db.tokens("u").await, json!([b, "new"]));
}
