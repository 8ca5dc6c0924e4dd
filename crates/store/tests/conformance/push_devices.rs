//! Devices that push messages reach.

use lingpai_domain::store::PushDevice;
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, object, on_every_store},
    samples::logout,
};

on_every_store!(
    new_rows_are_inserted,
    rows_that_exist_keep_what_is_not_named,
    several_rows_are_refused,
    rows_of_other_devices_are_left_alone,
    the_row_follows_its_user,
    odd_devices_are_found_again,
);

fn device(id: &str, uid: &str, cid: &str) -> PushDevice {
    PushDevice {
        device_id: id.into(),
        ids: [format!("ours-{cid}"), format!("open-{cid}")],
        of_user: object(json!({"user_id": uid, "token_expired": NOW + 5, "push_clientid": cid, "appid": "A"})),
        of_device: object(json!({"appid": "A", "vendor": "v", "push_clientid": cid, "last_update_date": NOW})),
        now: NOW,
    }
}

async fn put(db: &Database, device: PushDevice) -> bool {
    db.store.put_push_device(&device).await.unwrap()
}

async fn new_rows_are_inserted(db: &Database) {
    assert!(put(db, device("dev", "u", "c1")).await);
    assert_eq!(
        db.export("uni-id-device").await,
        [json!({"_id": "ours-c1", "user_id": "u", "token_expired": NOW + 5, "push_clientid": "c1", "appid": "A", "device_id": "dev"})]
    );
    assert_eq!(
        db.export("opendb-device").await,
        [json!({"_id": "open-c1", "appid": "A", "vendor": "v", "push_clientid": "c1", "last_update_date": NOW, "device_id": "dev",
            "create_date": NOW})]
    );
}

async fn rows_that_exist_keep_what_is_not_named(db: &Database) {
    db.put("uni-id-device", json!({"_id": "d", "device_id": "dev", "user_id": "old", "appid": "B", "ua": "x"})).await;
    db.put("opendb-device", json!({"_id": "o", "device_id": "dev", "appid": "B", "create_date": 1, "mine": {"a": 1}})).await;
    assert!(put(db, device("dev", "u", "c1")).await);
    assert_eq!(
        db.export("uni-id-device").await,
        [json!({"_id": "d", "device_id": "dev", "user_id": "u", "appid": "B", "ua": "x", "token_expired": NOW + 5, "push_clientid": "c1"})]
    );
    assert_eq!(
        db.export("opendb-device").await,
        [json!({"_id": "o", "device_id": "dev", "appid": "A", "create_date": 1, "mine": {"a": 1}, "vendor": "v", "push_clientid": "c1",
            "last_update_date": NOW})]
    );
}

async fn several_rows_are_refused(db: &Database) {
    for id in ["d1", "d2"] {
        db.put("uni-id-device", json!({"_id": id, "device_id": "dev"})).await;
    }
    let before = db.export("uni-id-device").await;
    assert!(!put(db, device("dev", "u", "c1")).await);
    assert_eq!(db.export("uni-id-device").await, before);
    assert!(db.export("opendb-device").await.is_empty());
}

async fn rows_of_other_devices_are_left_alone(db: &Database) {
    let others = [json!({"_id": "o1", "device_id": "other"}), json!({"_id": "o2", "device_id": 5}), json!({"_id": "o3"})];
    for other in &others {
        db.put("opendb-device", other.clone()).await;
        db.put("uni-id-device", other.clone()).await;
    }
    assert!(put(db, device("5", "u", "c1")).await);
    for collection in ["opendb-device", "uni-id-device"] {
        let rows = db.export(collection).await;
        assert_eq!(rows[..3], others);
        assert_eq!(rows.len(), 4);
    }
}

async fn the_row_follows_its_user(db: &Database) {
    assert!(put(db, device("dev-1", "u", "c1")).await);
    assert!(put(db, device("dev-1", "v", "c2")).await);
    let token_expired = async |uid: &str| {
        db.store.logout(&logout(uid, &format!("t-{uid}"))).await.unwrap();
        db.document("uni-id-device", "ours-c1").await["token_expired"].take()
    };
    assert_eq!(token_expired("u").await, json!(NOW + 5));
    assert_eq!(token_expired("v").await, json!(0));
}

async fn odd_devices_are_found_again(db: &Database) {
    for (n, id) in ["a\0b", "\u{1}0", &"x".repeat(5000), ""].into_iter().enumerate() {
        assert!(put(db, device(id, "u", &format!("c{n}"))).await);
        assert!(put(db, device(id, "u", &format!("again{n}"))).await);
        let row: Value = db.document("opendb-device", &format!("open-c{n}")).await;
        assert_eq!((row["device_id"].as_str(), row["push_clientid"].as_str()), (Some(id), Some(format!("again{n}").as_str())));
    }
    assert_eq!(db.export("uni-id-device").await.len(), 4);
}
