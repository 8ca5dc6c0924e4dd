//! What an operator does by hand with SQL is heard as well.

use lingpai_domain::store::{GateChange, PasswordChange, PasswordChanged, Store};
use serde_json::json;

use crate::{database::object, fresh};

#[tokio::test]
async fn a_users_row_tells() {
    let (store, database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": "u", "role": ["editor"], "note": "a\u{0}b"}))).await.unwrap();
    let start = store.gate_news(None).await.unwrap();
    let operator = database.connect().await;

    operator.batch_execute(r#"UPDATE users SET doc = lingpai_with(doc, '{"status":1,"role":["admin","admin"]}')"#).await.unwrap();
    let news = store.gate_news(Some(start.cursor)).await.unwrap();
    let [GateChange::User { uid, status, roles, valid_token_date, .. }] = news.changes.as_slice() else {
        panic!("one change: {:?}", news.changes)
    };
    assert_eq!((uid.as_str(), *status, *valid_token_date), ("u", Some(1), None));
    assert_eq!(roles, &["admin", "admin"]);
    assert!(store.admin_exists().await.unwrap());

    // A decision that rests on the user as it was before does not hold any more.
    let change = PasswordChange {
        uid: "u".into(),
        revision: 1,
        password: "p".into(),
        version: None,
        valid_token_date: None,
        log: None,
        told: vec![],
    };
    assert_eq!(store.change_password(&change).await.unwrap(), PasswordChanged::Stale);

    operator.batch_execute("DELETE FROM users").await.unwrap();
    assert!(!store.admin_exists().await.unwrap());
    assert_eq!(store.count("uni-id-users").await.unwrap(), 0);
}

#[tokio::test]
async fn what_concerns_no_gate_does_not() {
    let (store, database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": "u", "status": 0, "nickname": "a"}))).await.unwrap();
    let start = store.gate_news(None).await.unwrap();
    let operator = database.connect().await;
    operator.batch_execute(r#"UPDATE users SET doc = lingpai_with(doc, '{"nickname":"b"}')"#).await.unwrap();
    operator.batch_execute("UPDATE logins SET last_login_date = 7").await.unwrap();
    assert!(store.gate_news(Some(start.cursor)).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_roles_row_tells() {
    let (store, database) = fresh().await;
    store.put("uni-id-roles", &object(json!({"_id": "r", "role_id": "editor"}))).await.unwrap();
    let mut cursor = store.gate_news(None).await.unwrap().cursor;
    let operator = database.connect().await;
    for sql in [
        r#"UPDATE documents SET doc = '{"_id":"r","role_id":"writer"}' WHERE id = 'r'"#,
        "DELETE FROM documents WHERE id = 'r'",
        r#"INSERT INTO documents (collection, id, doc) VALUES ('uni-id-roles', 's', '{"_id":"s","role_id":"reader"}')"#,
    ] {
        operator.batch_execute(sql).await.unwrap();
        let news = store.gate_news(Some(cursor)).await.unwrap();
        assert_eq!(news.changes, [GateChange::Roles], "{sql}");
        cursor = news.cursor;
    }
}
