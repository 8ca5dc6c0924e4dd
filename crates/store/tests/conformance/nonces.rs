//! Nonces of signed requests.

use sha2::{Digest, Sha256};

use super::database::{Database, NOW, on_every_store};

on_every_store!(
    a_nonce_is_used_once,
    an_expired_use_is_forgotten,
    sweeping_removes_what_expired,
    odd_nonces_are_told_apart,
    a_fleeting_nonce_is_used_once,
    of_several_fleeting_nonces_none_may_be_used,
    uses_that_were_decided_on_elsewhere_are_remembered,
    live_uses_are_listed
);

async fn use_up(db: &Database, nonce: &str, expires: i64, now: i64) -> bool {
    db.store.use_nonce(nonce, expires, now).await.unwrap()
}

async fn fleeting(db: &Database, nonces: &[&str], expires: i64, now: i64) -> bool {
    let nonces: Vec<String> = nonces.iter().map(|nonce| (*nonce).to_owned()).collect();
    db.store.use_fleeting_nonces(&nonces, expires, now).await.unwrap()
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
    let use_up = async |expires, now| fleeting(db, &["n"], expires, now).await;
    assert!(use_up(NOW + 10, NOW).await);
    assert!(!use_up(NOW + 20, NOW + 9).await);
    assert!(use_up(NOW + 30, NOW + 10).await);
    // Both kinds are one memory.
    assert!(!db.store.use_nonce("n", NOW + 30, NOW + 10).await.unwrap());
}

async fn of_several_fleeting_nonces_none_may_be_used(db: &Database) {
    assert!(fleeting(db, &["n", "m"], NOW + 10, NOW).await);
    for again in [&["n", "m"], &["o", "n"], &["m", "p"]] {
        assert!(!fleeting(db, again, NOW + 10, NOW + 9).await, "{again:?}");
    }
    // What stood beside one that was used is used up.
    assert!(!fleeting(db, &["o"], NOW + 10, NOW + 9).await && !fleeting(db, &["p"], NOW + 10, NOW + 9).await);
    assert!(fleeting(db, &["m", "n"], NOW + 20, NOW + 10).await);
}

async fn uses_that_were_decided_on_elsewhere_are_remembered(db: &Database) {
    let nonces: Vec<_> = (0..700).map(|number| (format!("n{number}"), NOW + 10)).collect();
    db.store.remember_nonces(&nonces).await.unwrap();
    db.store.remember_nonces(&[]).await.unwrap();
    // Once more, one of them twice: the later end counts.
    let again = [("n0", NOW + 5), ("n1", NOW + 20), ("n1", NOW + 15)].map(|(nonce, end)| (nonce.to_owned(), end));
    db.store.remember_nonces(&again).await.unwrap();
    for (nonce, free_at) in [("n0", NOW + 10), ("n1", NOW + 20), ("n699", NOW + 10)] {
        assert!(!fleeting(db, &[nonce], NOW + 99, free_at - 1).await, "{nonce}");
        assert!(use_up(db, nonce, NOW + 99, free_at).await, "{nonce}");
    }
}

async fn live_uses_are_listed(db: &Database) {
    assert_eq!(db.store.live_nonces(NOW, 10).await.unwrap(), []);
    assert!(use_up(db, "n", NOW + 10, NOW).await);
    assert!(use_up(db, "m", NOW + 11, NOW).await);
    let sha256 = |text: &str| Sha256::digest(text).to_vec();
    let mut live = db.store.live_nonces(NOW, 10).await.unwrap();
    live.sort_by_key(|(_, end)| *end);
    assert_eq!(live, [(sha256("n"), NOW + 10), (sha256("m"), NOW + 11)]);
    assert_eq!(db.store.live_nonces(NOW + 10, 10).await.unwrap(), [(sha256("m"), NOW + 11)]);
    assert_eq!(db.store.live_nonces(NOW, 1).await.unwrap().len(), 1);
}
