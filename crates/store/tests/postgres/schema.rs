//! Schemas that are older or newer than the program.

use lingpai_domain::store::Store;
use lingpai_store::{OpenError, Options, postgres::PostgresStore, postgres::testing::FreshDatabase};

use crate::{admin_url, fresh, options};

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (_store, database) = fresh().await;
    let operator = database.connect().await;
    operator
        .batch_execute("INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'later', '', '0')")
        .await
        .unwrap();
    let refused = PostgresStore::open(database.url(), &options()).await.err().unwrap();
    assert!(matches!(refused, OpenError::Newer { found: 9999, .. }), "{refused}");
}

#[tokio::test]
async fn without_leave_nothing_is_migrated() {
    let database = FreshDatabase::create(&admin_url()).await;
    let refused = PostgresStore::open(database.url(), &Options { migrate: false, ..options() }).await.err().unwrap();
    assert!(matches!(refused, OpenError::NotMigrated { found: 0, .. }), "{refused}");
    PostgresStore::open(database.url(), &options()).await.unwrap();
    let store = PostgresStore::open(database.url(), &Options { migrate: false, ..options() }).await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    let database = FreshDatabase::create(&admin_url()).await;
    let options = options();
    let (one, two, three) = tokio::join!(
        PostgresStore::open(database.url(), &options),
        PostgresStore::open(database.url(), &options),
        PostgresStore::open(database.url(), &options),
    );
    for store in [one, two, three] {
        store.unwrap().check().await.unwrap();
    }
}
