//! Whether the store answers.

use super::database::{Database, on_every_store};

on_every_store!(a_healthy_store_says_so, operations_are_counted);

async fn a_healthy_store_says_so(db: &Database) {
    db.store.check().await.unwrap();
    db.store.check().await.unwrap();
}

async fn operations_are_counted(db: &Database) {
    let before = db.store.round_trips();
    db.store.withdraw_code("none").await.unwrap();
    db.store.roles().await.unwrap();
    let after = db.store.round_trips();
    assert_eq!((after.reads - before.reads, after.writes - before.writes), (1, 1));
}
