//! Changes are heard whatever the order in which transactions commit.

use lingpai_domain::store::{GateChange, GateCursor, StatusChange, Store};
use serde_json::json;

use crate::{database::object, fresh};

fn uids(changes: &[GateChange]) -> Vec<&str> {
    changes.iter().filter_map(|change| if let GateChange::User { uid, .. } = change { Some(uid.as_str()) } else { None }).collect()
}

#[tokio::test]
async fn a_change_that_commits_late_is_heard() {
    let (store, database) = fresh().await;
    for uid in ["early", "late"] {
        store.put("uni-id-users", &object(json!({"_id": uid}))).await.unwrap();
    }
    let start = store.gate_news(None).await.unwrap();
    assert!(start.changes.is_empty());

    // A slow transaction takes its sequence number first and commits last.
    let slow = database.connect().await;
    slow.batch_execute(r#"BEGIN; UPDATE users SET doc = '{"_id":"late","status":1}' WHERE id = 'late'"#).await.unwrap();
    store.change_status(&StatusChange { uid: "early".into(), status: 1, told: vec![] }).await.unwrap();
    let first = store.gate_news(Some(start.cursor)).await.unwrap();
    assert_eq!(uids(&first.changes), ["early"]);

    slow.batch_execute("COMMIT").await.unwrap();
    let second = store.gate_news(Some(first.cursor)).await.unwrap();
    assert!(uids(&second.changes).contains(&"late"), "{:?}", second.changes);
}

#[tokio::test]
async fn a_transaction_that_is_rolled_back_is_not_heard() {
    let (store, database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": "u"}))).await.unwrap();
    let start = store.gate_news(None).await.unwrap();
    let other = database.connect().await;
    other.batch_execute(r#"BEGIN; UPDATE users SET doc = '{"_id":"u","status":1}'; ROLLBACK"#).await.unwrap();
    assert!(store.gate_news(Some(start.cursor)).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_cursor_of_another_cluster_proves_nothing() {
    let (store, _database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": "u", "status": 1}))).await.unwrap();
    let news = store.gate_news(Some(GateCursor(i64::MAX))).await.unwrap();
    assert_eq!(uids(&news.changes), ["u"]);
    assert!(news.cursor.0 < i64::MAX);
}
