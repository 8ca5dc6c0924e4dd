//! Counting wrong passwords and locking addresses out.

use lingpai_domain::store::{FailedOutcome, SignIn, SignedIn};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, on_every_store},
    samples::{HOUR, IP, LOCK, failure, session_at, sign_in},
};

on_every_store!(
    wrong_passwords_are_counted_per_address,
    at_the_limit_the_address_is_locked_out,
    the_lock_ends_an_hour_after_the_last,
    stale_addresses_are_forgotten,
    a_sign_in_forgets_the_address,
    other_ways_in_ignore_the_lock,
    an_unknown_user_is_only_logged,
    imported_counts_lock_as_well,
);

async fn limits(db: &Database) -> Value {
    db.exported_user("u").await["login_ip_limit"].take()
}

fn entry(ip: &str, times: i64, last: i64) -> Value {
    json!({"ip": ip, "error_times": times, "last_error_time": last})
}

async fn with_user(db: &Database) -> i64 {
    db.put_user(json!({"_id": "u"})).await;
    db.revision("u").await
}

async fn wrong_passwords_are_counted_per_address(db: &Database) {
    let revision = with_user(db).await;
    assert_eq!(limits(db).await, Value::Null);
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW, "f1")).await.unwrap(), FailedOutcome::Counted);
    assert_eq!(db.store.fail_login(&failure("u", "2.2.2.2", NOW + 1, "f2")).await.unwrap(), FailedOutcome::Counted);
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW + 2, "f3")).await.unwrap(), FailedOutcome::Counted);
    assert_eq!(limits(db).await, json!([entry(IP, 2, NOW + 2), entry("2.2.2.2", 1, NOW + 1)]));
    assert_eq!(db.log().await, ["f1", "f2", "f3"]);
    assert_eq!(db.revision("u").await, revision);
    assert_eq!(db.tokens("u").await, Value::Null);
}

async fn at_the_limit_the_address_is_locked_out(db: &Database) {
    let revision = with_user(db).await;
    for id in ["f1", "f2"] {
        assert_eq!(db.store.fail_login(&failure("u", IP, NOW, id)).await.unwrap(), FailedOutcome::Counted);
    }
    let before = db.exported_user("u").await;
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW + 5, "f3")).await.unwrap(), FailedOutcome::Locked);
    let right = SignIn { lock: Some(LOCK), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in(&right).await.unwrap(), SignedIn::Locked);
    for (uid, ip, now, locked) in
        [("u", IP, NOW + 5, true), ("u", "2.2.2.2", NOW, false), ("v", IP, NOW, false), ("u", IP, NOW + HOUR, false)]
    {
        assert_eq!(db.store.is_locked_out(uid, ip, now, LOCK).await.unwrap(), locked, "{uid} {ip} {now}");
    }
    assert_eq!(db.exported_user("u").await, before);
    assert_eq!(db.log().await, ["f1", "f2", "f3"]);
    // Another address is not.
    assert_eq!(db.store.fail_login(&failure("u", "2.2.2.2", NOW, "f4")).await.unwrap(), FailedOutcome::Counted);
}

async fn the_lock_ends_an_hour_after_the_last(db: &Database) {
    let revision = with_user(db).await;
    for id in ["f1", "f2"] {
        db.store.fail_login(&failure("u", IP, NOW, id)).await.unwrap();
    }
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW + HOUR - 1, "f3")).await.unwrap(), FailedOutcome::Locked);
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW + HOUR, "f4")).await.unwrap(), FailedOutcome::Counted);
    assert_eq!(limits(db).await, json!([entry(IP, 1, NOW + HOUR)]));
    db.store.fail_login(&failure("u", IP, NOW + HOUR, "f5")).await.unwrap();
    let at = |now: i64, token: &str| SignIn { lock: Some(LOCK), session: session_at(token, now), ..sign_in("u", revision, token) };
    assert_eq!(db.store.sign_in(&at(NOW + 2 * HOUR - 1, "t1")).await.unwrap(), SignedIn::Locked);
    assert_eq!(db.store.sign_in(&at(NOW + 2 * HOUR, "t2")).await.unwrap(), SignedIn::Done);
    assert_eq!(limits(db).await, json!([]));
}

async fn stale_addresses_are_forgotten(db: &Database) {
    with_user(db).await;
    db.store.fail_login(&failure("u", "3.3.3.3", NOW, "f1")).await.unwrap();
    db.store.fail_login(&failure("u", "4.4.4.4", NOW + 1, "f2")).await.unwrap();
    db.store.fail_login(&failure("u", IP, NOW + HOUR, "f3")).await.unwrap();
    assert_eq!(limits(db).await, json!([entry("4.4.4.4", 1, NOW + 1), entry(IP, 1, NOW + HOUR)]));
}

async fn a_sign_in_forgets_the_address(db: &Database) {
    let revision = with_user(db).await;
    for (ip, now, id) in [("3.3.3.3", NOW - HOUR, "f1"), (IP, NOW, "f2"), ("4.4.4.4", NOW - HOUR + 1, "f3")] {
        db.store.fail_login(&failure("u", ip, now, id)).await.unwrap();
    }
    let right = SignIn { lock: Some(LOCK), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in(&right).await.unwrap(), SignedIn::Done);
    assert_eq!(limits(db).await, json!([entry("4.4.4.4", 1, NOW - HOUR + 1)]));
}

async fn other_ways_in_ignore_the_lock(db: &Database) {
    let revision = with_user(db).await;
    for id in ["f1", "f2"] {
        db.store.fail_login(&failure("u", IP, NOW, id)).await.unwrap();
    }
    assert_eq!(db.store.sign_in(&sign_in("u", revision, "t1")).await.unwrap(), SignedIn::Done);
    assert_eq!(limits(db).await, json!([entry(IP, 2, NOW)]));
}

async fn an_unknown_user_is_only_logged(db: &Database) {
    assert_eq!(db.store.fail_login(&failure("nobody", IP, NOW, "f1")).await.unwrap(), FailedOutcome::Counted);
    assert_eq!(db.log().await, ["f1"]);
    // Nothing waits for a user of that id to come.
    db.put_user(json!({"_id": "nobody"})).await;
    assert_eq!(db.exported_user("nobody").await, json!({"_id": "nobody"}));
}

async fn imported_counts_lock_as_well(db: &Database) {
    db.put_user(json!({"_id": "u", "login_ip_limit": [entry(IP, 2, NOW - 5), entry("2.2.2.2", 1, NOW)]})).await;
    assert_eq!(limits(db).await, json!([entry(IP, 2, NOW - 5), entry("2.2.2.2", 1, NOW)]));
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW, "f1")).await.unwrap(), FailedOutcome::Locked);
    db.put_user(json!({"_id": "u"})).await;
    assert_eq!(limits(db).await, Value::Null);
    assert_eq!(db.store.fail_login(&failure("u", IP, NOW, "f2")).await.unwrap(), FailedOutcome::Counted);
}
