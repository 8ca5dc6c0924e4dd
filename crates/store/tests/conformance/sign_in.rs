//! Beginning and ending sessions.

use lingpai_domain::store::{Logout, NewSession, SignIn, SignedIn};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{HOUR, IP, LOCK, jwt, logout, session, session_at, sign_in},
};

on_every_store!(
    a_sign_in_adds_a_token_and_a_row,
    a_sign_in_leaves_the_document_and_its_revision,
    by_password_the_list_of_addresses_appears,
    an_older_revision_is_stale,
    an_unknown_user_is_stale,
    a_rehash_is_stored,
    the_same_token_may_be_listed_twice,
    the_newest_tokens_stay,
    zero_means_no_bound,
    expired_tokens_leave_first,
    tokens_before_the_valid_date_leave,
    imported_tokens_are_trimmed_too,
    the_previous_session_ends_first,
    a_revoked_token_is_refused,
    a_logout_removes_every_copy,
    a_logout_of_an_unknown_token_counts_all_the_same,
    a_logout_expires_the_users_device,
);

async fn with_user(db: &Database) -> i64 {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    db.revision("u").await
}

async fn a_sign_in_adds_a_token_and_a_row(db: &Database) {
    let revision = with_user(db).await;
    assert_eq!(db.store.sign_in(&sign_in("u", revision, "t1")).await.unwrap(), SignedIn::Done);
    assert_eq!(
        db.exported_user("u").await,
        json!({"_id": "u", "username": "alice", "last_login_date": NOW, "last_login_ip": IP, "token": ["t1"]})
    );
    let later = SignIn { session: NewSession { ip: "2.2.2.2".into(), ..session_at("t2", NOW + 5000) }, ..sign_in("u", revision, "t2") };
    assert_eq!(db.store.sign_in(&later).await.unwrap(), SignedIn::Done);
    assert_eq!(
        db.exported_user("u").await,
        json!({"_id": "u", "username": "alice", "last_login_date": NOW + 5000, "last_login_ip": "2.2.2.2", "token": ["t1", "t2"]})
    );
    assert_eq!(db.log().await, ["log-t1", "log-t2"]);
}

async fn a_sign_in_leaves_the_document_and_its_revision(db: &Database) {
    let revision = with_user(db).await;
    for token in ["t1", "t2", "t3"] {
        assert_eq!(db.store.sign_in(&sign_in("u", revision, token)).await.unwrap(), SignedIn::Done);
    }
    assert_eq!(db.revision("u").await, revision);
}

async fn by_password_the_list_of_addresses_appears(db: &Database) {
    let revision = with_user(db).await;
    let by_password = SignIn { lock: Some(LOCK), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in(&by_password).await.unwrap(), SignedIn::Done);
    assert_eq!(db.exported_user("u").await["login_ip_limit"], json!([]));
    // And stays when the next one is by other means.
    db.store.sign_in(&sign_in("u", revision, "t2")).await.unwrap();
    assert_eq!(db.exported_user("u").await["login_ip_limit"], json!([]));
}

async fn an_older_revision_is_stale(db: &Database) {
    let revision = with_user(db).await;
    db.put_user(json!({"_id": "u", "username": "alice", "status": 1})).await;
    assert!(db.revision("u").await > revision);
    let request = SignIn { lock: Some(LOCK), rehash: Some(("new".into(), None)), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in(&request).await.unwrap(), SignedIn::Stale);
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "username": "alice", "status": 1}));
    assert!(db.log().await.is_empty());
}

async fn an_unknown_user_is_stale(db: &Database) {
    assert_eq!(db.store.sign_in(&sign_in("nobody", 1, "t1")).await.unwrap(), SignedIn::Stale);
    assert!(db.log().await.is_empty());
}

async fn a_rehash_is_stored(db: &Database) {
    let revision = with_user(db).await;
    let request = SignIn { rehash: Some(("strong".into(), Some(2))), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in(&request).await.unwrap(), SignedIn::Done);
    let user = db.exported_user("u").await;
    assert_eq!((&user["password"], &user["password_secret_version"]), (&json!("strong"), &json!(2)));
    assert_eq!(user["token"], json!(["t1"]));
    let second = db.revision("u").await;
    assert!(second > revision);
    let request = SignIn { rehash: Some(("stronger".into(), None)), ..sign_in("u", second, "t2") };
    assert_eq!(db.store.sign_in(&request).await.unwrap(), SignedIn::Done);
    let user = db.exported_user("u").await;
    assert_eq!((&user["password"], &user["password_secret_version"]), (&json!("stronger"), &json!(2)));
}

async fn the_same_token_may_be_listed_twice(db: &Database) {
    let revision = with_user(db).await;
    for _ in 0..2 {
        let mut request = sign_in("u", revision, "t1");
        request.log.id = format!("log-{}", db.log().await.len());
        assert_eq!(db.store.sign_in(&request).await.unwrap(), SignedIn::Done);
    }
    assert_eq!(db.tokens("u").await, json!(["t1", "t1"]));
}

async fn the_newest_tokens_stay(db: &Database) {
    let revision = with_user(db).await;
    for token in ["t1", "t2", "t3", "t4"] {
        let request = SignIn { session: NewSession { max_tokens: 3, ..session(token) }, ..sign_in("u", revision, token) };
        db.store.sign_in(&request).await.unwrap();
    }
    assert_eq!(db.tokens("u").await, json!(["t2", "t3", "t4"]));
    let one = SignIn { session: NewSession { max_tokens: 1, ..session("t5") }, ..sign_in("u", revision, "t5") };
    db.store.sign_in(&one).await.unwrap();
    assert_eq!(db.tokens("u").await, json!(["t5"]));
}

async fn zero_means_no_bound(db: &Database) {
    let revision = with_user(db).await;
    for n in 0..12 {
        let token = format!("t{n}");
        let request = SignIn { session: NewSession { max_tokens: 0, ..session(&token) }, ..sign_in("u", revision, &token) };
        db.store.sign_in(&request).await.unwrap();
    }
    assert_eq!(db.tokens("u").await.as_array().unwrap().len(), 12);
}

async fn expired_tokens_leave_first(db: &Database) {
    let revision = with_user(db).await;
    let long = NewSession { expires_at: NOW / 1000 + 100_000, ..session("long") };
    db.store.sign_in(&SignIn { session: long, ..sign_in("u", revision, "long") }).await.unwrap();
    db.store.sign_in(&sign_in("u", revision, "short")).await.unwrap();
    // In the list a token stays, as in the original, until the moment of its expiry is past.
    let before = SignIn { session: session_at("t1", NOW + 2 * HOUR), ..sign_in("u", revision, "t1") };
    db.store.sign_in(&before).await.unwrap();
    assert_eq!(db.tokens("u").await, json!(["long", "short", "t1"]));
    let after = NewSession { max_tokens: 3, ..session_at("t2", NOW + 2 * HOUR + 1) };
    db.store.sign_in(&SignIn { session: after, ..sign_in("u", revision, "t2") }).await.unwrap();
    assert_eq!(db.tokens("u").await, json!(["long", "t1", "t2"]));
}

async fn tokens_before_the_valid_date_leave(db: &Database) {
    let second = NOW / 1000;
    let (old, new) = (jwt("old", second - 2, second + 100), jwt("new", second, second + 100));
    db.put_user(json!({"_id": "u", "valid_token_date": NOW, "token": [old, new]})).await;
    let revision = db.revision("u").await;
    db.store.sign_in(&sign_in("u", revision, "t1")).await.unwrap();
    assert_eq!(db.tokens("u").await, json!([new, "t1"]));
}

async fn imported_tokens_are_trimmed_too(db: &Database) {
    let second = NOW / 1000;
    let (expired, live) = (jwt("a", second - 100, second - 1), jwt("b", second - 100, second));
    db.put_user(json!({"_id": "u", "token": [expired, live, "unreadable"]})).await;
    assert_eq!(db.tokens("u").await, json!([expired, live, "unreadable"]));
    let revision = db.revision("u").await;
    db.store.sign_in(&sign_in("u", revision, "t1")).await.unwrap();
    assert_eq!(db.tokens("u").await, json!([live, "unreadable", "t1"]));
}

async fn the_previous_session_ends_first(db: &Database) {
    let revision = with_user(db).await;
    for token in ["t1", "t2"] {
        db.store.sign_in(&sign_in("u", revision, token)).await.unwrap();
    }
    let request = SignIn {
        previous: Some(logout("u", "t1")),
        session: NewSession { max_tokens: 2, ..session("t3") },
        ..sign_in("u", revision, "t3")
    };
    assert_eq!(db.store.sign_in(&request).await.unwrap(), SignedIn::Done);
    assert_eq!(db.tokens("u").await, json!(["t2", "t3"]));
    assert_eq!(db.log().await, ["log-t1", "log-t2", "out-t1", "log-t3"]);
}

async fn a_revoked_token_is_refused(db: &Database) {
    let revision = with_user(db).await;
    db.store.sign_in(&sign_in("u", revision, "t1")).await.unwrap();
    db.store.logout(&logout("u", "t1")).await.unwrap();
    let before = db.exported_user("u").await;
    let again = SignIn { session: session_at("t1", NOW + 10), lock: Some(LOCK), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in(&again).await.unwrap(), SignedIn::TokenRevoked);
    // Also when it is this very sign-in that would end the token: nothing happens then.
    db.store.sign_in(&sign_in("u", revision, "t2")).await.unwrap();
    let own = SignIn { previous: Some(logout("u", "t2")), ..sign_in("u", revision, "t2") };
    assert_eq!(db.store.sign_in(&own).await.unwrap(), SignedIn::TokenRevoked);
    assert_eq!(db.tokens("u").await, json!(["t2"]));
    assert_eq!(before["last_login_date"], db.exported_user("u").await["last_login_date"]);
    assert_eq!(db.log().await, ["log-t1", "out-t1", "log-t2"]);
}

async fn a_logout_removes_every_copy(db: &Database) {
    db.put_user(json!({"_id": "u", "token": ["a", "b", "a"]})).await;
    db.store.logout(&logout("u", "a")).await.unwrap();
    assert_eq!(db.tokens("u").await, json!(["b"]));
    db.store.logout(&logout("u", "b")).await.unwrap();
    assert_eq!(db.tokens("u").await, json!([]));
}

async fn a_logout_of_an_unknown_token_counts_all_the_same(db: &Database) {
    db.store.logout(&logout("nobody", "a")).await.unwrap();
    let mut twice = logout("nobody", "a");
    twice.log.id = "out-again".into();
    db.store.logout(&twice).await.unwrap();
    assert_eq!(db.log().await, ["out-a", "out-again"]);
    assert_eq!(db.store.gate_news(None).await.unwrap().changes.len(), 1);
}

async fn a_logout_expires_the_users_device(db: &Database) {
    for (id, device, user) in [("d1", "dev-1", "u"), ("d2", "dev-1", "other"), ("d3", "dev-2", "u")] {
        db.put("uni-id-device", json!({"_id": id, "token_expired": 1, "device_id": device, "user_id": user, "mine": 1})).await;
    }
    db.put("uni-id-device", json!({"_id": "d4", "device_id": "dev-1", "user_id": "u"})).await;
    let none = Logout { device_id: None, ..logout("u", "a") };
    db.store.logout(&none).await.unwrap();
    assert_eq!(db.document("uni-id-device", "d1").await["token_expired"], 1);
    db.store.logout(&logout("u", "b")).await.unwrap();
    let devices = db.export("uni-id-device").await;
    assert_eq!(
        devices,
        [
            json!({"_id": "d1", "token_expired": 0, "device_id": "dev-1", "user_id": "u", "mine": 1}),
            json!({"_id": "d2", "token_expired": 1, "device_id": "dev-1", "user_id": "other", "mine": 1}),
            json!({"_id": "d3", "token_expired": 1, "device_id": "dev-2", "user_id": "u", "mine": 1}),
            json!({"_id": "d4", "device_id": "dev-1", "user_id": "u", "token_expired": 0}),
        ]
    );
}
