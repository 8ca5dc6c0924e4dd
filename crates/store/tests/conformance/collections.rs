//! Documents by the name of their collection.

use lingpai_domain::store::{COLLECTIONS, Role, StoreError};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, object, on_every_store},
    samples::{IP, jwt},
};

on_every_store!(
    every_collection_takes_and_gives_documents,
    unknown_fields_and_odd_types_survive,
    documents_come_in_the_order_of_insertion,
    pages_follow_each_other,
    a_page_after_nothing_is_an_error,
    unknown_collections_are_errors,
    a_projects_own_collections_are_taken_and_given,
    a_document_needs_an_id,
    replacing_a_user_replaces_everything,
    the_list_of_tokens_is_shown_as_it_was,
    an_operators_copy_of_a_document_can_be_put_back,
    the_revision_grows_with_the_document,
    removing_a_user_leaves_nothing,
    roles_are_read,
);

async fn every_collection_takes_and_gives_documents(db: &Database) {
    for collection in COLLECTIONS {
        assert_eq!(db.store.count(collection).await.unwrap(), 0);
        for id in ["b", "a"] {
            db.put(collection, json!({"_id": id, "mine": {"deep": [1, "é\u{0}", null]}})).await;
        }
        db.put(collection, json!({"_id": "b", "mine": 2})).await;
        assert_eq!(
            db.export(collection).await,
            [json!({"_id": "b", "mine": 2}), json!({"_id": "a", "mine": {"deep": [1, "é\u{0}", null]}})],
            "{collection}"
        );
        assert_eq!(db.store.count(collection).await.unwrap(), 2);
        assert!(db.store.remove(collection, "b").await.unwrap());
        assert!(!db.store.remove(collection, "b").await.unwrap());
        assert_eq!(db.store.count(collection).await.unwrap(), 1);
    }
}

async fn unknown_fields_and_odd_types_survive(db: &Database) {
    for (collection, doc) in [
        (
            "uni-id-users",
            json!({"_id": "1", "username": 7, "status": "1", "nickname": ["a"], "role": {"a": 1}, "dcloud_appid": 5, "big": 9007199254740993_i64}),
        ),
        ("uni-id-users", json!({"_id": "2", "token": "text", "last_login_date": "soon", "last_login_ip": 1, "login_ip_limit": "x"})),
        ("uni-id-users", json!({"_id": "3", "token": [1, "a"], "valid_token_date": "2020", "login_ip_limit": [{"ip": 1}]})),
        ("uni-id-users", json!({"_id": "4", "status": 1.5, "valid_token_date": 1e300, "role": [1, "a", null]})),
        ("uni-id-log", json!({"_id": "1", "type": 5, "ip": null, "create_date": "x", "state": "0", "username": {"a": 1}})),
        ("opendb-verify-codes", json!({"_id": "1", "mobile": 138, "state": "0", "code": 5, "created_date": "now", "expired_date": null})),
        ("opendb-verify-codes", json!({"_id": "2", "mobile": "138", "email": "a@b", "device_uuid": "d"})),
        ("uni-id-device", json!({"_id": "1", "device_id": 5, "user_id": null})),
        ("uni-id-roles", json!({"_id": "1", "role_id": 5, "permission": "x"})),
    ] {
        db.put(collection, doc.clone()).await;
        let id = doc["_id"].as_str().unwrap();
        assert_eq!(db.document(collection, id).await, doc);
    }
}

async fn documents_come_in_the_order_of_insertion(db: &Database) {
    for collection in COLLECTIONS {
        for id in ["c", "a", "b"] {
            db.put(collection, json!({"_id": id})).await;
        }
        // Replacing does not change the place.
        db.put(collection, json!({"_id": "c", "x": 1})).await;
        let ids: Vec<Value> = db.export(collection).await.into_iter().map(|mut doc| doc["_id"].take()).collect();
        assert_eq!(ids, ["c", "a", "b"]);
    }
}

async fn pages_follow_each_other(db: &Database) {
    for collection in COLLECTIONS {
        for id in ["c", "a", "d", "b", "e"] {
            db.put(collection, json!({"_id": id})).await;
        }
        let (mut ids, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = db.store.export(collection, after.as_deref(), 2).await.unwrap();
            assert!(page.len() <= 2);
            let Some(last) = page.last() else { break };
            after = last["_id"].as_str().map(str::to_owned);
            ids.extend(page.into_iter().map(|mut doc| doc["_id"].take()));
        }
        assert_eq!(ids, ["c", "a", "d", "b", "e"]);
        assert!(db.store.export(collection, None, 0).await.unwrap().is_empty());
    }
}

async fn a_page_after_nothing_is_an_error(db: &Database) {
    for collection in COLLECTIONS {
        db.put(collection, json!({"_id": "a"})).await;
        assert!(matches!(db.store.export(collection, Some("gone"), 10).await, Err(StoreError::Failed(_))));
    }
}

async fn unknown_collections_are_errors(db: &Database) {
    let doc = object(json!({"_id": "a"}));
    assert!(matches!(db.store.put("users; DROP TABLE users", &doc).await, Err(StoreError::Failed(_))));
    for name in ["", "1st", "no.thing", "无"] {
        assert!(matches!(db.store.export(name, None, 1).await, Err(StoreError::Failed(_))));
        assert!(matches!(db.store.count(name).await, Err(StoreError::Failed(_))));
        assert!(matches!(db.store.remove(name, "a").await, Err(StoreError::Failed(_))));
    }
}

async fn a_projects_own_collections_are_taken_and_given(db: &Database) {
    for (collection, value) in [("book", 1), ("shop", 2)] {
        for id in ["b", "a", "c"] {
            db.put(collection, json!({"_id": id, "value": 0})).await;
        }
        db.put(collection, json!({"_id": "b", "value": value, "due": {"$date": "2025-01-01T00:00:00.000Z"}})).await;
        assert!(db.store.remove(collection, "c").await.unwrap());
    }
    for (collection, value) in [("book", 1), ("shop", 2)] {
        let expected = [json!({"_id": "b", "value": value, "due": {"$date": "2025-01-01T00:00:00.000Z"}}), json!({"_id": "a", "value": 0})];
        assert_eq!(db.export(collection).await, expected, "{collection}");
        assert_eq!(db.store.export(collection, Some("b"), 5).await.unwrap().len(), 1);
        assert_eq!(db.store.count(collection).await.unwrap(), 2);
    }
    assert_eq!(db.store.count("nothing").await.unwrap(), 0);
}

async fn a_document_needs_an_id(db: &Database) {
    for collection in COLLECTIONS {
        for doc in [json!({"x": 1}), json!({"_id": 5}), json!({"_id": ""}), json!({"_id": {"$oid": "x"}})] {
            assert!(matches!(db.store.put(collection, &object(doc)).await, Err(StoreError::Failed(_))));
        }
        assert_eq!(db.store.count(collection).await.unwrap(), 0);
    }
}

async fn replacing_a_user_replaces_everything(db: &Database) {
    let full = json!({"_id": "u", "username": "alice", "role": ["admin"], "last_login_date": NOW, "last_login_ip": IP, "token": ["t1", "t2"],
        "login_ip_limit": [{"ip": "a", "error_times": 1, "last_error_time": 5}]});
    db.put_user(full.clone()).await;
    assert_eq!(db.exported_user("u").await, full);
    db.put_user(json!({"_id": "u", "username": "bob"})).await;
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "username": "bob"}));
    assert!(!db.store.admin_exists().await.unwrap());
    assert!(!db.store.session_view("u", "t1").await.unwrap().unwrap().listed);
}

async fn the_list_of_tokens_is_shown_as_it_was(db: &Database) {
    let token = jwt("a", 5, 9);
    for list in [json!([]), json!(["rubbish"]), json!([token, "", token, "a.b.c"])] {
        db.put_user(json!({"_id": "u", "token": list})).await;
        assert_eq!(db.tokens("u").await, list);
    }
    db.put_user(json!({"_id": "u"})).await;
    assert_eq!(db.tokens("u").await, Value::Null);
}

async fn an_operators_copy_of_a_document_can_be_put_back(db: &Database) {
    let doc = json!({"_id": "u", "username": "alice", "last_login_date": NOW, "token": ["t1", "t2"]});
    db.put_user(doc).await;
    let mut copy = db.exported_user("u").await;
    copy["nickname"] = "Al".into();
    db.put_user(copy.clone()).await;
    assert_eq!(db.exported_user("u").await, copy);
    assert!(db.store.session_view("u", "t2").await.unwrap().unwrap().listed);
}

async fn the_revision_grows_with_the_document(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let mut revision = db.revision("u").await;
    for name in ["a", "b"] {
        db.put_user(json!({"_id": "u", "nickname": name})).await;
        assert!(db.revision("u").await > revision);
        revision = db.revision("u").await;
    }
}

async fn removing_a_user_leaves_nothing(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "role": ["admin"], "token": ["t"],
        "login_ip_limit": [{"ip": "a", "error_times": 1, "last_error_time": 5}]}))
        .await;
    assert!(db.store.remove("uni-id-users", "u").await.unwrap());
    assert!(!db.store.remove("uni-id-users", "u").await.unwrap());
    assert!(db.store.user("u").await.unwrap().is_none());
    db.put_user(json!({"_id": "u"})).await;
    assert_eq!(db.exported_user("u").await, json!({"_id": "u"}));
    assert!(!db.store.admin_exists().await.unwrap());
}

async fn roles_are_read(db: &Database) {
    db.put("uni-id-roles", json!({"_id": "1", "role_id": "editor", "permission": ["READ", "WRITE", 5], "role_name": "x"})).await;
    db.put("uni-id-roles", json!({"_id": "2", "role_id": "empty"})).await;
    db.put("uni-id-roles", json!({"_id": "3", "permission": ["READ"]})).await;
    db.put("uni-id-permissions", json!({"_id": "4", "role_id": "none", "permission_id": "READ"})).await;
    assert_eq!(
        db.store.roles().await.unwrap(),
        [
            Role { role_id: "editor".into(), permission: vec!["READ".into(), "WRITE".into()] },
            Role { role_id: "empty".into(), permission: vec![] }
        ]
    );
}
