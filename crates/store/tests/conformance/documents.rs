//! Documents by conditions, and a project's own collections.

use lingpai_domain::store::{DocumentChange, DocumentQuery, DocumentsAdded, DocumentsChanged, FieldTerm, StoreError};
use serde_json::{Map, Value, json};

use super::{
    database::{Database, object, on_every_store},
    samples::IP,
};

on_every_store!(
    documents_are_found_by_id_in_the_order_of_insertion,
    users_are_found_by_role_and_come_composed,
    terms_let_through_what_may_fit,
    pages_follow_each_other_however_little_fits,
    documents_are_added_all_or_none,
    a_change_rests_on_the_version_that_was_read,
    of_many_changes_at_once_each_counts,
    collections_of_the_server_are_not_changed_so,
);

fn ids(docs: &[lingpai_domain::store::StoredDocument]) -> Vec<&str> {
    docs.iter().map(|stored| stored.doc["_id"].as_str().unwrap_or_default()).collect()
}

fn docs(values: Value) -> Vec<Map<String, Value>> {
    values.as_array().unwrap().iter().map(|doc| object(doc.clone())).collect()
}

async fn add(db: &Database, collection: &str, values: Value) {
    assert_eq!(db.store.add_documents(collection, &docs(values), &[]).await.unwrap(), DocumentsAdded::Done);
}

async fn documents_are_found_by_id_in_the_order_of_insertion(db: &Database) {
    add(db, "shop", json!([{"_id": "c", "x": "\u{0}é"}, {"_id": "a"}, {"_id": "\u{1}b"}])).await;
    add(db, "shop-2", json!([{"_id": "a", "other": true}])).await;
    db.put("uni-id-log", json!({"_id": "a", "type": "login"})).await;
    for name in ["c", "a"] {
        db.put_user(json!({"_id": name})).await;
    }
    for (collection, wanted, expected) in [
        ("shop", vec!["a", "c", "gone"], vec!["c", "a"]),
        ("shop", vec!["\u{1}b"], vec!["\u{1}b"]),
        ("shop-2", vec!["a", "c"], vec!["a"]),
        ("shop-3", vec!["a"], vec![]),
        ("uni-id-log", vec!["a"], vec!["a"]),
        ("uni-id-users", vec!["a", "c"], vec!["c", "a"]),
        ("uni-id-users", vec!["a"], vec!["a"]),
        ("uni-id-users", vec!["gone"], vec![]),
    ] {
        let mut query = DocumentQuery::all(collection);
        query.ids = Some(wanted.into_iter().map(str::to_owned).collect());
        let page = db.store.documents(&query).await.unwrap();
        assert_eq!((ids(&page.documents), page.next), (expected, None), "{collection}");
    }
    let page = db.store.documents(&DocumentQuery::all("shop")).await.unwrap();
    assert_eq!(ids(&page.documents), ["c", "a", "\u{1}b"]);
    assert_eq!(page.documents[0].doc["x"], "\u{0}é");
}

async fn users_are_found_by_role_and_come_composed(db: &Database) {
    db.put_user(json!({"_id": "a", "role": ["admin"], "last_login_ip": IP, "token": ["t"], "password": "p"})).await;
    db.put_user(json!({"_id": "b", "role": "editor", "inviter_uid": ["a"]})).await;
    db.put_user(json!({"_id": "c"})).await;
    let mut query = DocumentQuery::all("uni-id-users");
    query.roles = Some(vec!["admin".into(), "editor".into()]);
    let page = db.store.documents(&query).await.unwrap();
    let shown: Vec<Value> = page.documents.iter().map(|stored| stored.doc.clone().into()).collect();
    let a = json!({"_id": "a", "role": ["admin"], "password": "p", "last_login_ip": IP});
    assert_eq!(shown, [a.clone(), json!({"_id": "b", "role": "editor", "inviter_uid": ["a"]})]);
    query.roles = None;
    query.ids = Some(vec!["a".into()]);
    let page = db.store.documents(&query).await.unwrap();
    assert_eq!(Value::from(page.documents[0].doc.clone()), a);
}

async fn terms_let_through_what_may_fit(db: &Database) {
    add(
        db,
        "shop",
        json!([{"_id": "1", "kind": "a"}, {"_id": "2", "kind": ["b"]}, {"_id": "3", "kind": "b"}, {"_id": "4", "kind": 5}, {"_id": "5"},
            {"_id": "6", "kind": "\u{0}"}, {"_id": "7", "kind": {"a": 1}}]),
    )
    .await;
    let found = async |texts: &[&str]| {
        let mut query = DocumentQuery::all("shop");
        query.terms = vec![FieldTerm { field: "kind".into(), texts: texts.iter().map(|&text| text.to_owned()).collect() }];
        ids(&db.store.documents(&query).await.unwrap().documents).join(",")
    };
    assert_eq!(found(&["a"]).await, "1,2");
    assert_eq!(found(&["a", "b"]).await, "1,2,3");
    assert_eq!(found(&["\u{0}"]).await, "2,6");
    assert_eq!(found(&["'; DROP TABLE documents; --"]).await, "2");
    let mut query = DocumentQuery::all("shop");
    query.terms = vec![FieldTerm { field: "$.kind') OR 1 = 1 --".into(), texts: vec!["a".into()] }];
    assert!(db.store.documents(&query).await.unwrap().documents.is_empty());
}

async fn pages_follow_each_other_however_little_fits(db: &Database) {
    let many: Vec<Value> = (0..25).map(|n| json!({"_id": format!("d{n}"), "kind": if n == 17 { "rare" } else { "common" }})).collect();
    add(db, "shop", many.into()).await;
    let mut query = DocumentQuery::all("shop");
    query.terms = vec![FieldTerm { field: "kind".into(), texts: vec!["rare".into()] }];
    query.examine = 10;
    let (mut found, mut examined) = (Vec::new(), Vec::new());
    loop {
        let page = db.store.documents(&query).await.unwrap();
        examined.push(page.examined);
        found.extend(ids(&page.documents).into_iter().map(str::to_owned));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!((found, examined), (vec!["d17".to_owned()], vec![10, 10, 5]));
}

async fn documents_are_added_all_or_none(db: &Database) {
    add(db, "shop", json!([{"_id": "a"}])).await;
    for more in [json!([{"_id": "b"}, {"_id": "a"}]), json!([{"_id": "b"}, {"_id": "b"}])] {
        assert_eq!(db.store.add_documents("shop", &docs(more), &[]).await.unwrap(), DocumentsAdded::Taken);
    }
    assert_eq!(ids(&db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents), ["a"]);
    assert!(matches!(db.store.add_documents("shop", &docs(json!([{"x": 1}])), &[]).await, Err(StoreError::Failed(_))));
}

async fn a_change_rests_on_the_version_that_was_read(db: &Database) {
    add(db, "shop", json!([{"_id": "a", "n": "\u{0}"}, {"_id": "b"}, {"_id": "c"}])).await;
    let read = async || db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents;
    let stored = read().await;
    let change = |index: usize, doc: Option<Value>| DocumentChange {
        id: stored[index].doc["_id"].as_str().unwrap().to_owned(),
        stamp: stored[index].stamp.clone(),
        doc: doc.map(object),
        audit: None,
    };
    let first = [change(0, Some(json!({"_id": "a", "n": 1}))), change(1, None)];
    assert_eq!(db.store.change_documents("shop", &first).await.unwrap(), DocumentsChanged::But(vec![]));
    // The same again: one is another version by now, one is gone; the third is as it was.
    let second = [change(0, Some(json!({"_id": "a", "n": 2}))), change(1, Some(json!({"_id": "b"}))), change(2, None)];
    let DocumentsChanged::But(mut stale) = db.store.change_documents("shop", &second).await.unwrap() else {
        panic!("no index is violated")
    };
    stale.sort();
    assert_eq!(stale, ["a", "b"]);
    let left = read().await;
    assert_eq!(left.iter().map(|stored| Value::from(stored.doc.clone())).collect::<Vec<_>>(), [json!({"_id": "a", "n": 1})]);
    assert_ne!(left[0].stamp, stored[0].stamp);
}

async fn of_many_changes_at_once_each_counts(db: &Database) {
    add(db, "shop", json!([{"_id": "a", "n": 0}])).await;
    let increase = async || {
        loop {
            let stored = db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents.remove(0);
            let mut doc = stored.doc.clone();
            doc["n"] = (doc["n"].as_i64().unwrap() + 1).into();
            let change = DocumentChange { id: "a".into(), stamp: stored.stamp, doc: Some(doc), audit: None };
            if db.store.change_documents("shop", &[change]).await.unwrap() == DocumentsChanged::But(vec![]) {
                return;
            }
        }
    };
    tokio::join!(increase(), increase(), increase(), increase(), increase(), increase());
    assert_eq!(db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents[0].doc["n"], 6);
}

async fn collections_of_the_server_are_not_changed_so(db: &Database) {
    for collection in ["uni-id-users", "uni-id-log", "uni-id-device", "opendb-verify-codes", "opendb-open-data", "a b", "", "a'--"] {
        assert!(matches!(db.store.add_documents(collection, &docs(json!([{"_id": "a"}])), &[]).await, Err(StoreError::Failed(_))));
        let change = DocumentChange { id: "a".into(), stamp: String::new(), doc: None, audit: None };
        assert!(matches!(db.store.change_documents(collection, &[change]).await, Err(StoreError::Failed(_))));
    }
    add(db, "uni-id-roles", json!([{"_id": "r", "role_id": "editor", "permission": ["READ"]}])).await;
    assert_eq!(db.store.roles().await.unwrap().len(), 1);
    for collection in ["opendb-verify-codes", "a b", ""] {
        assert!(matches!(db.store.documents(&DocumentQuery::all(collection)).await, Err(StoreError::Failed(_))));
    }
}
