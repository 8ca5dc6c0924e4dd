//! The server goes away and comes back.

use lingpai_domain::store::{Store, StoreError};
use lingpai_store::postgres::PostgresStore;
use serde_json::json;

use crate::{cluster::Cluster, database::object, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_outlives_a_restart_of_the_server() {
    let mut cluster = Cluster::start("");
    let store = PostgresStore::open(&cluster.url(), &options()).await.unwrap();
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    // Several connections, which are all lost.
    let (first, second, third) = tokio::join!(store.check(), store.user("u"), store.roles());
    assert!(first.is_ok() && second.is_ok() && third.is_ok());

    cluster.stop();
    for _ in 0..options().connections {
        assert!(matches!(store.user("u").await, Err(StoreError::Unavailable(_))));
    }
    assert!(matches!(store.check().await, Err(StoreError::Unavailable(_))));

    cluster.start_again();
    assert!(store.user("u").await.unwrap().is_some());
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_said_to_be_unavailable() {
    let mut cluster = Cluster::start("");
    cluster.stop();
    let error = PostgresStore::open(&cluster.url(), &options()).await.err().unwrap();
    assert!(matches!(error, lingpai_store::OpenError::Store(StoreError::Unavailable(_))), "{error}");
}
