//! What the server refuses, or does not do in time, is named for what it is.

use std::time::Duration;

use lingpai_domain::store::{StatusChange, Store, StoreError};
use lingpai_store::{Options, postgres::PostgresStore};
use serde_json::json;

use crate::{database::object, fresh, options};

#[tokio::test]
async fn a_server_that_only_reads_is_said_to_be_read_only() {
    let (store, database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    let url = format!("{}?options=-c%20default_transaction_read_only%3Don", database.url());
    let replica = PostgresStore::open(&url, &Options { migrate: false, ..options() }).await.unwrap();
    assert!(replica.user("u").await.unwrap().is_some());
    assert!(matches!(replica.check().await, Err(StoreError::ReadOnly(_))));
    assert!(matches!(replica.withdraw_code("c").await, Err(StoreError::ReadOnly(_))));
}

#[tokio::test]
async fn a_lock_that_does_not_come_is_given_up() {
    let (_store, database) = fresh().await;
    let store = PostgresStore::open(database.url(), &Options { statement_timeout: Duration::from_millis(200), ..options() }).await.unwrap();
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    let other = database.connect().await;
    other.batch_execute("BEGIN; SELECT FROM users FOR UPDATE").await.unwrap();
    let change = StatusChange { uid: "u".into(), status: 1, told: vec![] };
    assert!(matches!(store.change_status(&change).await, Err(StoreError::Unavailable(_))));
    other.batch_execute("ROLLBACK").await.unwrap();
    assert!(store.change_status(&change).await.unwrap());
}

#[tokio::test]
async fn waiting_for_a_connection_has_an_end() {
    let (_store, database) = fresh().await;
    let options = Options { statement_timeout: Duration::from_secs(1), connections: 1, ..options() };
    let store = PostgresStore::open(database.url(), &options).await.unwrap();
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    let other = database.connect().await;
    other.batch_execute("BEGIN; SELECT FROM users FOR UPDATE").await.unwrap();
    // The one connection waits for the lock, the other operation for the connection.
    let change = StatusChange { uid: "u".into(), status: 1, told: vec![] };
    let (first, second) = tokio::join!(store.change_status(&change), store.user("u"));
    assert!(matches!(first, Err(StoreError::Unavailable(_))));
    assert!(second.is_ok() || matches!(second, Err(StoreError::Unavailable(_))));
    other.batch_execute("ROLLBACK").await.unwrap();
    assert!(store.user("u").await.unwrap().is_some());
}

#[tokio::test]
async fn an_error_repeats_no_value() {
    let (store, database) = fresh().await;
    let operator = database.connect().await;
    operator.batch_execute("ALTER TABLE documents ADD CHECK (id <> 'hunter2')").await.unwrap();
    let error = store.put("opendb-open-data", &object(json!({"_id": "hunter2", "value": "hunter2"}))).await.err().unwrap();
    assert!(matches!(error, StoreError::Failed(_)));
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_changed_schema_costs_each_connection_one_answer_at_most() {
    let (store, database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    // More reads than there are connections for them.
    const READS: usize = 8;
    for _ in 0..READS {
        assert!(store.user("u").await.unwrap().is_some());
    }
    // Other types of columns: the connections' prepared statements cannot answer any more.
    let operator = database.connect().await;
    operator.batch_execute("ALTER TABLE logins ALTER last_login_ip TYPE varchar(64)").await.unwrap();
    let mut refused = 0;
    for _ in 0..READS {
        refused += usize::from(store.user("u").await.is_err());
    }
    assert!((1..=4).contains(&refused), "{refused}: the plans of the prepared statements are void, once");
    for _ in 0..READS {
        assert!(store.user("u").await.unwrap().is_some());
    }
}
