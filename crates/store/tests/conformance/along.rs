//! What is written along with other operations: deliveries, the audit, a password beside other changes.

use lingpai_domain::{
    log::LogRow,
    store::{
        AccountEdit, AuditRow, DeliveriesTo, DocumentChange, DocumentQuery, DocumentsAdded, DocumentsChanged, NewDelivery, PasswordChange,
        PasswordChanged, PasswordEdit, Registered, Registration, SignIn, SignedIn, StatusChange, UserUpdate, UserUpdated,
    },
};
use serde_json::json;

use super::{
    database::{Database, NOW, object, on_every_store},
    samples::{LOCK, log_row, logout, registration, sign_in},
};

on_every_store!(
    deliveries_are_stored_with_what_they_tell_of,
    nothing_is_told_of_what_did_not_happen,
    a_delivery_is_taken_by_one,
    each_webhook_s_deliveries_are_taken_by_themselves,
    a_delivery_ends_or_comes_again,
    an_edit_is_all_or_nothing,
    a_password_beside_other_changes_voids_every_token,
    a_registration_is_audited,
    the_audit_is_swept,
    documents_are_added_and_changed_with_their_audit,
    a_user_is_removed_with_the_audit,
);

/// No webhook but is wanted.
pub fn everybody() -> DeliveriesTo {
    DeliveriesTo::NoneOf(Vec::new())
}

fn told(id: &str) -> Vec<NewDelivery> {
    vec![NewDelivery { id: id.into(), target: "hook".into(), body: format!("{{\"id\":\"{id}\"}}"), created_at: NOW }]
}

async fn due(db: &Database) -> Vec<String> {
    let due = db.store.take_deliveries(&everybody(), NOW, NOW, 100).await.unwrap();
    let mut ids: Vec<String> = due.into_iter().map(|due| due.delivery.id).collect();
    ids.sort();
    ids
}

async fn deliveries_are_stored_with_what_they_tell_of(db: &Database) {
    let mut first = registration(json!({"_id": "u", "username": "alice"}), "t1");
    first.log = first.log.map(|row| LogRow { told: told("registered"), ..row });
    assert_eq!(db.store.register(&first).await.unwrap(), Registered::Done);
    let revision = db.revision("u").await;
    let mut previous = logout("u", "t1");
    previous.log.told = told("ended");
    let login = SignIn {
        lock: Some(LOCK),
        previous: Some(previous),
        log: LogRow { told: told("login"), ..log_row("login", "u") },
        ..sign_in("u", revision, "t2")
    };
    assert_eq!(db.store.sign_in(&login).await.unwrap(), SignedIn::Done);
    let mut out = logout("u", "t2");
    out.log.told = told("logout");
    db.store.logout(&out).await.unwrap();
    db.store.append_log(&LogRow { told: told("row"), ..log_row("row", "u") }).await.unwrap();
    let change = PasswordChange {
        uid: "u".into(),
        revision,
        password: "p".into(),
        version: None,
        valid_token_date: None,
        log: Some(LogRow { told: told("reset"), ..log_row("reset", "u") }),
        told: told("password"),
    };
    assert_eq!(db.store.change_password(&change).await.unwrap(), PasswordChanged::Done);
    assert!(db.store.change_status(&StatusChange { uid: "u".into(), status: 4, told: told("closed") }).await.unwrap());
    assert_eq!(due(db).await, ["closed", "ended", "login", "logout", "password", "registered", "reset", "row"]);
}

async fn nothing_is_told_of_what_did_not_happen(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    let mut again = registration(json!({"_id": "v", "username": "alice"}), "t1");
    again.log = again.log.map(|row| LogRow { told: told("registered"), ..row });
    assert_eq!(db.store.register(&again).await.unwrap(), Registered::AccountExists);
    let stale = SignIn { log: LogRow { told: told("login"), ..log_row("login", "u") }, ..sign_in("u", 99, "t2") };
    assert_eq!(db.store.sign_in(&stale).await.unwrap(), SignedIn::Stale);
    let change = PasswordChange {
        uid: "u".into(),
        revision: 99,
        password: "p".into(),
        version: None,
        valid_token_date: None,
        log: None,
        told: told("password"),
    };
    assert_eq!(db.store.change_password(&change).await.unwrap(), PasswordChanged::Stale);
    assert!(!db.store.change_status(&StatusChange { uid: "nobody".into(), status: 4, told: told("closed") }).await.unwrap());
    assert!(due(db).await.is_empty());
}

async fn a_delivery_is_taken_by_one(db: &Database) {
    for n in 0..10 {
        let id = format!("d{n}");
        db.store.append_log(&LogRow { told: told(&id), ..log_row(&id, "u") }).await.unwrap();
    }
    assert!(db.store.take_deliveries(&everybody(), NOW - 1, NOW + 9, 100).await.unwrap().is_empty(), "before its time");
    let to = everybody();
    let (one, two) = tokio::join!(db.store.take_deliveries(&to, NOW, NOW + 9, 7), db.store.take_deliveries(&to, NOW, NOW + 9, 7));
    let mut ids: Vec<String> = one.unwrap().into_iter().chain(two.unwrap()).map(|due| due.delivery.id).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "nobody is told twice at once");
    assert!(all >= 7);
    let rest = db.store.take_deliveries(&everybody(), NOW, NOW + 9, 100).await.unwrap();
    assert_eq!(all + rest.len(), 10);
    // Whoever took them and was never seen again: they come back.
    let again = db.store.take_deliveries(&everybody(), NOW + 9, NOW + 20, 100).await.unwrap();
    assert_eq!((again.len(), again[0].attempts), (10, 2));
}

async fn a_delivery_ends_or_comes_again(db: &Database) {
    for id in ["a", "b"] {
        db.store.append_log(&LogRow { told: told(id), ..log_row(id, "u") }).await.unwrap();
    }
    db.store.take_deliveries(&everybody(), NOW, NOW + 9, 100).await.unwrap();
    db.store.finish_delivery("a").await.unwrap();
    db.store.postpone_delivery("b", NOW + 500).await.unwrap();
    assert!(db.store.take_deliveries(&everybody(), NOW + 499, NOW + 600, 100).await.unwrap().is_empty());
    let due = db.store.take_deliveries(&everybody(), NOW + 500, NOW + 600, 100).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((&due[0].delivery, due[0].attempts), (&told("b")[0], 2));
}

fn edit(revision: i64, doc: serde_json::Value) -> AccountEdit {
    let update = UserUpdate { uid: "u".into(), revision, doc: object(doc), identity_card_digest: None, log: None, on_taken: None };
    let password = PasswordEdit { password: "new".into(), version: Some(3), valid_token_date: NOW };
    let audit = AuditRow { id: "a1".into(), doc: object(json!({"_id": "a1", "create_date": NOW, "action": "updateUser"})) };
    AccountEdit { update, password: Some(password), audit: Some(audit), told: told("updated") }
}

async fn an_edit_is_all_or_nothing(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "password": "old"})).await;
    db.put_user(json!({"_id": "v", "username": "bob"})).await;
    let revision = db.revision("u").await;
    let taken = edit(revision, json!({"_id": "u", "username": "bob", "password": "old"}));
    assert_eq!(db.store.edit_account(&taken).await.unwrap(), UserUpdated::Taken);
    let stale = edit(revision - 1, json!({"_id": "u", "username": "carol", "password": "old"}));
    assert_eq!(db.store.edit_account(&stale).await.unwrap(), UserUpdated::Stale);
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "username": "alice", "password": "old"}));
    assert!(db.export("lingpai-audit").await.is_empty() && due(db).await.is_empty());
    let right = edit(revision, json!({"_id": "u", "username": "carol", "password": "old"}));
    assert_eq!(db.store.edit_account(&right).await.unwrap(), UserUpdated::Done);
    assert_eq!(
        db.exported_user("u").await,
        json!({"_id": "u", "username": "carol", "password": "new", "password_secret_version": 3, "valid_token_date": NOW})
    );
    assert_eq!(db.export("lingpai-audit").await, [json!({"_id": "a1", "create_date": NOW, "action": "updateUser"})]);
    assert_eq!(due(db).await, ["updated"]);
    let plain = AccountEdit { password: None, audit: None, told: vec![], ..edit(db.revision("u").await, json!({"_id": "u"})) };
    assert_eq!(db.store.edit_account(&plain).await.unwrap(), UserUpdated::Done);
    assert_eq!(db.exported_user("u").await, json!({"_id": "u"}));
}

async fn a_password_beside_other_changes_voids_every_token(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    let ahead = SignIn { session: super::samples::session_at("ahead", NOW + 5000), ..sign_in("u", db.revision("u").await, "ahead") };
    db.store.sign_in(&ahead).await.unwrap();
    let request = edit(db.revision("u").await, json!({"_id": "u", "username": "alice", "valid_token_date": 5}));
    assert_eq!(db.store.edit_account(&request).await.unwrap(), UserUpdated::Done);
    assert_eq!(db.exported_user("u").await["valid_token_date"], json!(NOW + 5001));
}

async fn a_registration_is_audited(db: &Database) {
    let audit = |id: &str| Some(AuditRow { id: id.into(), doc: object(json!({"_id": id})) });
    let made = Registration { audit: audit("a1"), session: None, log: None, ..registration(json!({"_id": "u", "username": "alice"}), "t") };
    assert_eq!(db.store.register(&made).await.unwrap(), Registered::Done);
    let again = Registration { audit: audit("a2"), ..registration(json!({"_id": "v", "username": "alice"}), "t") };
    assert_eq!(db.store.register(&again).await.unwrap(), Registered::AccountExists);
    assert_eq!(db.export("lingpai-audit").await, [json!({"_id": "a1"})]);
}

async fn the_audit_is_swept(db: &Database) {
    for (id, at) in [("a", json!(NOW - 1)), ("b", json!(NOW)), ("c", json!("odd"))] {
        db.put("lingpai-audit", json!({"_id": id, "create_date": at})).await;
    }
    db.put("opendb-frv-logs", json!({"_id": "d", "create_date": NOW - 9})).await;
    db.store.sweep_audit(NOW).await.unwrap();
    let left: Vec<_> = db.export("lingpai-audit").await.into_iter().map(|mut doc| doc["_id"].take()).collect();
    assert_eq!(left, ["b", "c"]);
    assert_eq!(db.export("opendb-frv-logs").await.len(), 1);
}

fn row(id: &str) -> AuditRow {
    AuditRow { id: id.into(), doc: object(json!({"_id": id})) }
}

async fn audited(db: &Database) -> Vec<serde_json::Value> {
    db.export("lingpai-audit").await.into_iter().map(|mut doc| doc["_id"].take()).collect()
}

async fn documents_are_added_and_changed_with_their_audit(db: &Database) {
    let add = async |ids: [&str; 2], audit: [&str; 2]| {
        let docs = ids.map(|id| object(json!({"_id": id, "role_id": id, "permission": []})));
        db.store.add_documents("uni-id-roles", &docs, &audit.map(row)).await.unwrap()
    };
    assert_eq!(add(["a", "b"], ["1", "2"]).await, DocumentsAdded::Done);
    assert_eq!(add(["c", "a"], ["3", "4"]).await, DocumentsAdded::Taken);
    assert_eq!(audited(db).await, ["1", "2"]);
    let stored = db.store.documents(&DocumentQuery::all("uni-id-roles")).await.unwrap().documents;
    let change = |index: usize, doc: Option<serde_json::Value>, audit: &str| DocumentChange {
        id: stored[index].doc["_id"].as_str().unwrap().to_owned(),
        stamp: stored[index].stamp.clone(),
        doc: doc.map(object),
        audit: Some(row(audit)),
    };
    let changes = [change(0, Some(json!({"_id": "a", "role_id": "a", "permission": ["x"]})), "5"), change(1, None, "6")];
    assert_eq!(db.store.change_documents("uni-id-roles", &changes).await.unwrap(), DocumentsChanged::But(vec![]));
    // What changed or went in between is not done, and not written down.
    let late = [change(0, None, "7"), change(1, None, "8")];
    assert!(matches!(db.store.change_documents("uni-id-roles", &late).await.unwrap(), DocumentsChanged::But(ids) if ids.len() == 2));
    let mut rows = audited(db).await;
    rows.sort_by_key(ToString::to_string);
    assert_eq!(rows, ["1", "2", "5", "6"]);
}

async fn a_user_is_removed_with_the_audit(db: &Database) {
    for uid in ["u", "v"] {
        db.put_user(json!({"_id": uid, "username": uid})).await;
    }
    assert!(db.store.remove_user("u", Some(&row("1"))).await.unwrap());
    assert!(!db.store.remove_user("u", Some(&row("2"))).await.unwrap());
    assert!(db.store.remove_user("v", None).await.unwrap());
    assert!(db.store.user("u").await.unwrap().is_none() && db.store.user("v").await.unwrap().is_none());
    assert_eq!(audited(db).await, ["1"]);
}

async fn each_webhook_s_deliveries_are_taken_by_themselves(db: &Database) {
    let mut row = log_row("1", "alice");
    for (id, target) in [("a", "one"), ("b", "two"), ("c", "one"), ("d", "three")] {
        row.told.push(NewDelivery { id: id.into(), target: target.into(), body: "{}".into(), created_at: NOW });
    }
    db.store.append_log(&row).await.unwrap();
    let take = async |to: DeliveriesTo| {
        let taken = db.store.take_deliveries(&to, NOW, NOW + 9, 100).await.unwrap();
        let mut ids: Vec<_> = taken.into_iter().map(|due| due.delivery.id).collect();
        ids.sort();
        ids
    };
    let one = |target: &str| DeliveriesTo::One(target.into());
    assert!(take(one("nobody")).await.is_empty());
    assert!(take(DeliveriesTo::NoneOf(vec!["one".into(), "two".into(), "three".into()])).await.is_empty());
    assert_eq!(take(one("one")).await, ["a", "c"]);
    assert!(take(one("one")).await.is_empty());
    assert_eq!(take(DeliveriesTo::NoneOf(vec!["one".into(), "two".into()])).await, ["d"]);
    assert_eq!(take(one("two")).await, ["b"]);
}
