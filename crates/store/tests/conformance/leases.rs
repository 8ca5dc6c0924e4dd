//! Leases: one node at a time.

use super::database::{Database, NOW, on_every_store};

on_every_store!(
    a_lease_is_anothers_until_its_end,
    it_can_be_given_back,
    only_ones_own_is_given_back,
    of_many_takers_one_wins,
    a_nonce_is_no_lease
);

async fn take(db: &Database, name: &str, until: i64, now: i64) -> bool {
    db.store.take_lease(name, until, now).await.unwrap()
}

async fn a_lease_is_anothers_until_its_end(db: &Database) {
    assert!(take(db, "l", NOW + 10, NOW).await);
    assert!(!take(db, "l", NOW + 19, NOW + 9).await);
    assert!(take(db, "other", NOW + 19, NOW + 9).await);
    assert!(take(db, "l", NOW + 20, NOW + 10).await);
}

async fn it_can_be_given_back(db: &Database) {
    assert!(take(db, "l", NOW + 10, NOW).await);
    db.store.end_lease("l", NOW + 10).await.unwrap();
    assert!(take(db, "l", NOW + 11, NOW).await);
}

async fn only_ones_own_is_given_back(db: &Database) {
    assert!(take(db, "l", NOW + 10, NOW).await);
    assert!(take(db, "l", NOW + 20, NOW + 10).await);
    // The first holder comes late.
    db.store.end_lease("l", NOW + 10).await.unwrap();
    db.store.end_lease("never taken", NOW).await.unwrap();
    assert!(!take(db, "l", NOW + 30, NOW + 11).await);
}

async fn of_many_takers_one_wins(db: &Database) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = db.store.clone();
        tasks.spawn(async move { store.take_lease("l", NOW + 10, NOW).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
}

async fn a_nonce_is_no_lease(db: &Database) {
    assert!(db.store.use_nonce("l", NOW + 10, NOW).await.unwrap());
    assert!(take(db, "l", NOW + 10, NOW).await);
}
