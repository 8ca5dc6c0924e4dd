//! What only the SQLite store has: its file, its schema's versions, changes made by hand.

use std::{path::Path, sync::Arc};

use lingpai_domain::{
    clock::Clock,
    store::{GateChange, Store, StoreError},
};
use lingpai_store::{OpenError, Options, open, sqlite::SqliteStore};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

/// A clock that stands still.
struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> i64 {
        1_760_000_000_000
    }
}

fn options() -> Options {
    Options::new(Arc::new(Fixed))
}

fn object(doc: Value) -> Map<String, Value> {
    if let Value::Object(doc) = doc { doc } else { panic!("{doc} is no object") }
}

async fn put(store: &dyn Store, collection: &str, doc: Value) {
    store.put(collection, &object(doc)).await.unwrap();
}

async fn export(store: &dyn Store, collection: &str) -> Vec<Value> {
    store.export(collection, None, 1000).await.unwrap().into_iter().map(Value::from).collect()
}

fn by_hand(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_url_names_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    open(&url, &options()).await.unwrap().check().await.unwrap();
    for url in ["sqlite:", "mysql://secret@host", ""] {
        let error = open(url, &options()).await.err().unwrap();
        assert!(matches!(error, OpenError::Url(_)));
        assert!(!error.to_string().contains("secret"));
    }
}

#[tokio::test]
async fn a_closed_store_is_one_file_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = SqliteStore::open(&path, &options()).unwrap();
    put(&store, "uni-id-users", json!({"_id": "u", "token": ["t"]})).await;
    drop(store);
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["test.db"]);
    let store = SqliteStore::open(&path, &options()).unwrap();
    assert_eq!(export(&store, "uni-id-users").await, [json!({"_id": "u", "token": ["t"]})]);
}

#[tokio::test]
async fn two_processes_may_use_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let (one, two) = (SqliteStore::open(&path, &options()).unwrap(), SqliteStore::open(&path, &options()).unwrap());
    put(&one, "uni-id-users", json!({"_id": "a"})).await;
    put(&two, "uni-id-users", json!({"_id": "b"})).await;
    assert_eq!(export(&one, "uni-id-users").await, export(&two, "uni-id-users").await);
}

#[tokio::test]
async fn a_schema_of_the_future_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    drop(SqliteStore::open(&path, &options()).unwrap());
    by_hand(&path, "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'future', '', '0')");
    let error = SqliteStore::open(&path, &options()).err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 9999, .. }), "{error}");
    assert!(error.to_string().contains("newer version"));
}

#[tokio::test]
async fn without_leave_to_migrate_an_older_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let careful = Options { migrate: false, ..options() };
    assert!(matches!(SqliteStore::open(&path, &careful).err(), Some(OpenError::NotMigrated { found: 0, .. })));
    drop(SqliteStore::open(&path, &options()).unwrap());
    SqliteStore::open(&path, &careful).unwrap().check().await.unwrap();
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    std::fs::write(&path, "something else altogether, and long enough to be read as a header".repeat(20)).unwrap();
    assert!(matches!(SqliteStore::open(&path, &options()).err(), Some(OpenError::Store(StoreError::Failed(_)))));
    let nowhere = folder.path().join("no/such/folder.db");
    assert!(matches!(SqliteStore::open(&nowhere, &options()).err(), Some(OpenError::Store(StoreError::Unavailable(_)))));
}

/// The dump is never changed: it is what users of that version have.
#[tokio::test]
async fn a_database_of_version_0_1_0_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    by_hand(&path, include_str!("fixtures/sqlite-0.1.0.sql"));
    let store = SqliteStore::open(&path, &options()).unwrap();
    assert_eq!(
        export(&store, "uni-id-users").await,
        [
            json!({"_id": "u1", "username": "alice", "role": ["admin"], "mine": {"a": 1}, "last_login_date": 1_760_000_000_000_i64,
                "last_login_ip": "1.1.1.1", "login_ip_limit": [{"ip": "2.2.2.2", "error_times": 2, "last_error_time": 1_759_999_999_000_i64}],
                "token": ["t1", "t2"]}),
            json!({"_id": "u2", "username": "alice", "inviter_uid": ["u1", "u0"], "status": 1}),
        ]
    );
    assert_eq!(
        export(&store, "uni-id-log").await,
        [json!({"_id": "l1", "type": "login", "ip": "1.1.1.1", "username": "alice", "state": 0})]
    );
    assert_eq!(export(&store, "opendb-verify-codes").await.len(), 1);
    assert_eq!(store.roles().await.unwrap().len(), 1);
    assert!(store.admin_exists().await.unwrap());
    let changes = store.gate_news(None).await.unwrap().changes;
    assert!(changes.iter().any(|change| matches!(change, GateChange::User { uid, status: Some(1), .. } if uid == "u2")));
    assert!(changes.contains(&GateChange::Roles));
    put(&store, "uni-id-users", json!({"_id": "u3"})).await;
    assert_eq!(store.count_users_with_identity_card("0a1b").await.unwrap(), 1);
    assert!(store.use_nonce("n", 2, 1).await.unwrap());
    assert_eq!(store.listed_tokens("u1").await.unwrap().len(), 2);
    assert!(store.begin_second_step("u1", b"s", 1).await.unwrap());
}

#[tokio::test]
async fn changes_made_by_hand_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = SqliteStore::open(&path, &options()).unwrap();
    put(&store, "uni-id-users", json!({"_id": "u", "role": ["a"]})).await;
    put(&store, "uni-id-roles", json!({"_id": "r", "role_id": "a"})).await;
    for (sql, heard) in [
        ("UPDATE users SET doc = json_set(doc, '$.status', 1)", (Some(1), None, vec!["a"])),
        ("UPDATE users SET doc = json_set(doc, '$.role', json('[]'))", (Some(1), None, vec![])),
        ("UPDATE users SET doc = json_remove(json_set(doc, '$.valid_token_date', 5), '$.status')", (None, Some(5), vec![])),
    ] {
        let cursor = store.gate_news(None).await.unwrap().cursor;
        by_hand(&path, sql);
        let changes = store.gate_news(Some(cursor)).await.unwrap().changes;
        let [GateChange::User { uid, status, valid_token_date, roles, .. }] = changes.as_slice() else { panic!("{sql}: {changes:?}") };
        assert_eq!(uid, "u");
        assert_eq!((*status, *valid_token_date, roles.iter().map(String::as_str).collect::<Vec<_>>()), heard, "{sql}");
    }
    for sql in ["UPDATE documents SET doc = '{}'", "DELETE FROM documents"] {
        let cursor = store.gate_news(None).await.unwrap().cursor;
        by_hand(&path, sql);
        assert_eq!(store.gate_news(Some(cursor)).await.unwrap().changes, [GateChange::Roles], "{sql}");
    }
    let cursor = store.gate_news(None).await.unwrap().cursor;
    by_hand(&path, "UPDATE users SET doc = json_set(doc, '$.nickname', 'x'); DELETE FROM users");
    assert!(store.gate_news(Some(cursor)).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn news_of_users_last_as_long_as_any_token_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = SqliteStore::open(&path, &options()).unwrap();
    put(&store, "uni-id-users", json!({"_id": "u", "status": 1})).await;
    by_hand(&path, "UPDATE token_lifetime SET longest = 7200; UPDATE gate_changes SET at = at - 7200 * 1000");
    store.sweep(0, 0, None).await.unwrap();
    assert_eq!(store.gate_news(None).await.unwrap().changes.len(), 1);
    by_hand(&path, "UPDATE gate_changes SET at = at - 3601 * 1000");
    let before = store.gate_news(None).await.unwrap().cursor;
    store.sweep(0, 0, None).await.unwrap();
    assert!(store.gate_news(None).await.unwrap().changes.is_empty());
    // Numbers are not given twice: a node that has heard the old one hears the new one, too.
    put(&store, "uni-id-users", json!({"_id": "v", "status": 1})).await;
    assert_eq!(store.gate_news(Some(before)).await.unwrap().changes.len(), 1);
}

#[tokio::test]
async fn documents_that_somebody_spoilt_are_errors_and_nothing_worse() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    let store = SqliteStore::open(&path, &options()).unwrap();
    put(&store, "uni-id-log", json!({"_id": "l"})).await;
    by_hand(&path, "UPDATE log SET doc = 'spoilt'");
    assert!(matches!(store.export("uni-id-log", None, 10).await, Err(StoreError::Failed(_))));
    store.check().await.unwrap();
}
