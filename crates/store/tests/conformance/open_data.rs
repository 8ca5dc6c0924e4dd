//! Values with an end: `opendb-open-data`.

use serde_json::json;

use super::database::{Database, NOW, on_every_store};

on_every_store!(
    a_value_lives_until_its_end,
    a_value_replaces_the_former,
    a_value_is_removed_once,
    imported_values_are_read,
    a_value_is_replaced_only_if_it_is_the_expected_one,
    client_keys_are_found_by_their_id,
    a_counter_only_grows
);

async fn a_value_lives_until_its_end(db: &Database) {
    db.store.put_open_data("k", "{\"a\":\"\u{0}\"}", Some(NOW + 5)).await.unwrap();
    db.store.put_open_data("endless", "v", None).await.unwrap();
    let read = async |key: &str, now| db.store.open_data(key, now).await.unwrap();
    assert_eq!(read("k", NOW + 4).await, Some(("{\"a\":\"\u{0}\"}".into(), Some(NOW + 5))));
    assert_eq!(read("k", NOW + 5).await, None);
    assert_eq!(read("endless", i64::MAX).await, Some(("v".into(), None)));
    assert_eq!(read("nothing", NOW).await, None);
    assert_eq!(
        db.export("opendb-open-data").await,
        [json!({"_id": "k", "value": "{\"a\":\"\u{0}\"}", "expired": NOW + 5}), json!({"_id": "endless", "value": "v"})]
    );
}

async fn a_value_replaces_the_former(db: &Database) {
    db.put("opendb-open-data", json!({"_id": "k", "value": "old", "mine": 1})).await;
    db.store.put_open_data("k", "new", Some(NOW)).await.unwrap();
    assert_eq!(db.export("opendb-open-data").await, [json!({"_id": "k", "value": "new", "expired": NOW})]);
}

async fn a_value_is_replaced_only_if_it_is_the_expected_one(db: &Database) {
    let replace = async |expected: Option<&str>, value: &str| db.store.replace_open_data("k", expected, value, Some(NOW)).await.unwrap();
    assert!(!replace(Some("old"), "new").await);
    assert!(replace(None, "o\u{0}ld").await);
    assert!(!replace(None, "new").await && !replace(Some("else"), "new").await);
    // A value that has ended is still there to be replaced.
    assert_eq!(db.store.open_data("k", NOW).await.unwrap(), None);
    assert!(replace(Some("o\u{0}ld"), "new").await);
    assert_eq!(db.export("opendb-open-data").await, [json!({"_id": "k", "value": "new", "expired": NOW})]);
}

async fn client_keys_are_found_by_their_id(db: &Database) {
    let key = json!({"_id": "0123", "appid": "__UNI__A", "expired": NOW});
    db.put("opendb-app-client-key", key.clone()).await;
    db.put("opendb-open-data", json!({"_id": "4567"})).await;
    assert_eq!(db.store.app_client_key("0123").await.unwrap().map(serde_json::Value::Object), Some(key));
    assert_eq!(db.store.app_client_key("4567").await.unwrap(), None);
}

async fn a_counter_only_grows(db: &Database) {
    db.put("opendb-app-client-key", json!({"_id": "a", "appid": "__UNI__A", "assertion_counter": 0})).await;
    db.put("opendb-app-client-key", json!({"_id": "b", "appid": "\u{0}"})).await;
    let raise = async |id: &str, counter| db.store.raise_assertion_counter(id, counter).await.unwrap();
    assert!(!raise("a", 0).await && raise("a", 2).await && !raise("a", 2).await && !raise("a", 1).await);
    assert!(raise("a", u32::MAX).await && !raise("a", u32::MAX).await);
    assert!(raise("b", 1).await && !raise("nobody", 1).await);
    assert_eq!(
        db.export("opendb-app-client-key").await,
        [
            json!({"_id": "a", "appid": "__UNI__A", "assertion_counter": u32::MAX}),
            json!({"_id": "b", "appid": "\u{0}", "assertion_counter": 1})
        ]
    );
}

async fn a_value_is_removed_once(db: &Database) {
    db.store.put_open_data("k", "v", None).await.unwrap();
    assert!(db.store.remove_open_data("k").await.unwrap());
    assert!(!db.store.remove_open_data("k").await.unwrap());
    assert_eq!(db.store.open_data("k", NOW).await.unwrap(), None);
}

async fn imported_values_are_read(db: &Database) {
    db.put("opendb-open-data", json!({"_id": "object", "value": {"a": 1}, "expired": "soon"})).await;
    db.put("opendb-open-data", json!({"_id": "none"})).await;
    assert_eq!(db.store.open_data("object", NOW).await.unwrap(), Some(("{\"a\":1}".into(), None)));
    assert_eq!(db.store.open_data("none", NOW).await.unwrap(), None);
}
