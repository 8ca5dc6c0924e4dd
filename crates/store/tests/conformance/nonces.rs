//! Nonces of signed requests.

use super::database::{Database, NOW, on_every_store};

on_every_store!(
    a_nonce_is_used_once,
    an_expired_use_is_forgotten,
    sweeping_removes_what_expired,
    odd_nonces_are_told_apart,
    a_fleeting_nonce_is_used_once
);

async fn use_up(db: &Database, nonce: &str, expires: i64, now: i64) -> bool {
    db.store.use_nonce(nonce, expires, now).await.unwrap()
}

async fn a_nonce_is_used_once(db: &Database) {
    assert!(use_up(db, "n", NOW + 10, NOW).await);
    assert!(!use_up(db, "n", NOW + 20, NOW + 9).await);
    assert!(use_up(db, "m", NOW + 10, NOW).await);
}

async fn an_expired_use_is_forgotten(db: &Database) {
    assert!(use_up(db, "n", NOW + 10, NOW).await);
    assert!(use_up(db, "n", NOW + 30, NOW + 10).await);
    assert!(!use_up(db, "n", NOW + 40, NOW + 29).await);
}

async fn sweeping_removes_what_expired(db: &Database) {
    for n in 0..600 {
        assert!(use_up(db, &format!("old{n}"), NOW + 10, NOW).await);
    }
    assert!(use_up(db, "kept", NOW + 11, NOW).await);
    db.store.sweep(NOW + 10, 0, None).await.unwrap();
    assert!(!use_up(db, "kept", NOW + 11, NOW).await);
    // At an earlier time the old ones would be refused if they were still there.
    for n in 0..600 {
        assert!(use_up(db, &format!("old{n}"), NOW + 10, NOW).await);
    }
}

async fn odd_nonces_are_told_apart(db: &Database) {
    for nonce in ["", "\0", "\u{1}0", "\u{1}", &"x".repeat(10_000)] {
        assert!(use_up(db, nonce, NOW + 10, NOW).await);
    }
}

async fn a_fleeting_nonce_is_used_once(db: &Database) {
    let use_up = async |expires, now| db.store.use_fleeting_nonce("n", expires, now).await.unwrap();
    assert!(use_up(NOW + 10, NOW).await);
    assert!(!use_up(NOW + 20, NOW + 9).await);
    assert!(use_up(NOW + 30, NOW + 10).await);
    // Both kinds are one memory.
    assert!(!db.store.use_nonce("n", NOW + 30, NOW + 10).await.unwrap());
}
