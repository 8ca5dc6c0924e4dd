//! Rows of face verification: `opendb-frv-logs`.

use lingpai_domain::account::IdentityKind;
use serde_json::{Map, Value, json};

use super::database::{Database, NOW, object, on_every_store};

on_every_store!(
    a_row_is_found_by_its_certify_id,
    only_so_many_rows_a_day,
    without_a_limit_everything_is_added,
    a_verification_ends_once,
    odd_rows_do_no_harm,
    certified_persons_are_found_by_their_card,
);

fn row(id: &str, uid: &str, created_date: i64) -> Map<String, Value> {
    object(json!({"_id": id, "user_id": uid, "certify_id": format!("cert-{id}"), "status": 1, "created_date": created_date}))
}

async fn a_row_is_found_by_its_certify_id(db: &Database) {
    assert!(db.store.add_frv_log(&row("a", "u", NOW), None).await.unwrap());
    assert_eq!(db.store.frv_log("cert-a").await.unwrap(), Some(row("a", "u", NOW)));
    assert_eq!(db.store.frv_log("a").await.unwrap(), None);
}

async fn only_so_many_rows_a_day(db: &Database) {
    let add = async |id: &str, uid: &str, at: i64| db.store.add_frv_log(&row(id, uid, at), Some((NOW, 2))).await.unwrap();
    assert!(add("yesterday", "u", NOW - 1).await);
    assert!(add("a", "u", NOW).await);
    assert!(add("b", "u", NOW + 1).await);
    assert!(!add("c", "u", NOW + 2).await);
    assert!(add("d", "v", NOW + 2).await);
    assert_eq!(db.store.count("opendb-frv-logs").await.unwrap(), 4);
    assert!(db.store.add_frv_log(&row("c", "u", NOW + 2), Some((NOW + 1, 2))).await.unwrap());
    assert!(!db.store.add_frv_log(&row("e", "w", NOW), Some((NOW, 0))).await.unwrap());
}

async fn without_a_limit_everything_is_added(db: &Database) {
    for n in 0..5 {
        assert!(db.store.add_frv_log(&row(&n.to_string(), "u", NOW), None).await.unwrap());
    }
}

async fn a_verification_ends_once(db: &Database) {
    db.store.add_frv_log(&row("a", "u", NOW), None).await.unwrap();
    let finish = async |id: &str, from, to| db.store.finish_frv(id, from, to).await.unwrap();
    assert!(!finish("cert-b", 1, 2).await);
    assert!(!finish("cert-a", 0, 2).await);
    assert!(finish("cert-a", 1, 2).await);
    assert!(!finish("cert-a", 1, 3).await);
    let mut expected = row("a", "u", NOW);
    expected.insert("status".into(), 2.into());
    assert_eq!(db.export("opendb-frv-logs").await, [Value::from(expected)]);
}

async fn odd_rows_do_no_harm(db: &Database) {
    db.put("opendb-frv-logs", json!({"_id": "a", "certify_id": 5, "user_id": ["u"], "created_date": "today", "odd": "\u{0}"})).await;
    db.put("opendb-frv-logs", json!({"_id": "b", "certify_id": "5", "user_id": "u", "created_date": NOW as f64 + 0.5, "status": "1"}))
        .await;
    assert_eq!(db.store.frv_log("5").await.unwrap().map(|doc| doc["_id"].clone()), Some(json!("b")));
    assert!(!db.store.finish_frv("5", 1, 2).await.unwrap());
    assert!(db.store.add_frv_log(&row("c", "u", NOW), Some((NOW, 1))).await.unwrap());
    let mut odd = row("d\0", "u\0", NOW);
    odd.insert("certify_id".into(), "\0".into());
    assert!(db.store.add_frv_log(&odd, Some((NOW, 1))).await.unwrap());
    assert!(!db.store.add_frv_log(&row("e", "u\0", NOW), Some((NOW, 1))).await.unwrap());
    assert_eq!(db.store.frv_log("\0").await.unwrap(), Some(odd));
    assert!(db.store.finish_frv("\0", 1, 2).await.unwrap());
}

async fn certified_persons_are_found_by_their_card(db: &Database) {
    let user = |id: &str, status: i64, kind: i64, card: &str| json!({"_id": id, "dcloud_appid": ["a", "b"], "realname_auth": {"auth_status": status, "type": kind, "identity": card}});
    // Imported data may have one card twice: nobody is refused because of it.
    for (id, status, kind, card) in [("u1", 2, 0, "x"), ("u2", 2, 0, "x"), ("u3", 1, 0, "x"), ("u4", 2, 1, "x"), ("u5", 2, 0, "y")] {
        db.put("uni-id-users", user(id, status, kind, card)).await;
    }
    let holders = async |limit| {
        let found = db.store.holders(&IdentityKind::IdentityCard, "x", limit).await.unwrap();
        found.iter().map(|user| user.id().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(holders(10).await, ["u1", "u2"]);
    assert_eq!(holders(1).await, ["u1"]);
    db.put("uni-id-users", json!({"_id": "u1"})).await;
    assert_eq!(holders(10).await, ["u2"]);
}
