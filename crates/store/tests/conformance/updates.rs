//! New versions of whole users, and who holds an identity.

use lingpai_domain::{
    account::IdentityKind,
    store::{GateChange, UserUpdate, UserUpdated},
};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, object, on_every_store},
    samples::{APP, IP, failure, log_row, registration},
};

on_every_store!(
    an_update_replaces_the_document,
    what_logins_write_stays,
    imported_oddities_stay,
    an_old_revision_is_stale,
    a_user_who_is_gone_is_stale,
    an_added_identity_must_be_free,
    an_added_application_is_an_added_identity,
    an_identity_for_all_applications_covers_each,
    what_was_shared_already_may_stay_shared,
    a_dropped_identity_is_free,
    roles_follow_the_document,
    the_gate_hears_of_it,
    identity_cards_are_counted,
    holders_are_told_in_order,
);

async fn update(db: &Database, uid: &str, doc: Value) -> UserUpdated {
    db.store.update_user(&new_version(db.revision(uid).await, uid, doc)).await.unwrap()
}

fn new_version(revision: i64, uid: &str, doc: Value) -> UserUpdate {
    UserUpdate { uid: uid.into(), revision, doc: object(doc), identity_card_digest: None, log: None, on_taken: None }
}

async fn an_update_replaces_the_document(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "nickname": "old", "mine": [1]})).await;
    let revision = db.revision("u").await;
    let doc = json!({"_id": "u", "username": "alice", "mobile": "138", "mobile_confirmed": 1, "odd": "\u{0}\u{1}0"});
    let request = UserUpdate { log: Some(log_row("l", "u")), on_taken: Some(log_row("t", "u")), ..new_version(revision, "u", doc.clone()) };
    assert_eq!(db.store.update_user(&request).await.unwrap(), UserUpdated::Done);
    assert_eq!(db.exported_user("u").await, doc);
    assert!(db.revision("u").await > revision);
    assert_eq!(db.log().await, ["l"]);
    let holders = db.store.holders(&IdentityKind::Mobile, "138", 2).await.unwrap();
    assert_eq!(holders.len(), 1);
    assert_eq!(Value::from(holders[0].doc.clone()), doc);
}

async fn what_logins_write_stays(db: &Database) {
    db.store.register(&registration(json!({"_id": "u", "username": "alice"}), "t1")).await.unwrap();
    db.store.fail_login(&failure("u", "2.2.2.2", NOW, "f")).await.unwrap();
    let mut doc = db.store.user("u").await.unwrap().unwrap().doc;
    doc.insert("nickname".into(), "A".into());
    doc.insert("last_login_ip".into(), "9.9.9.9".into());
    doc.insert("last_login_date".into(), "never".into());
    doc.insert("login_ip_limit".into(), json!([]));
    doc.insert("token".into(), json!(["forged"]));
    assert_eq!(update(db, "u", doc.into()).await, UserUpdated::Done);
    assert_eq!(
        db.exported_user("u").await,
        json!({"_id": "u", "username": "alice", "nickname": "A", "last_login_date": NOW, "last_login_ip": IP,
            "login_ip_limit": [{"ip": "2.2.2.2", "error_times": 1, "last_error_time": NOW}], "token": ["t1"]})
    );
}

async fn imported_oddities_stay(db: &Database) {
    let odd = json!({"token": [], "last_login_date": "yesterday\u{0}", "last_login_ip": 7, "login_ip_limit": {"\u{1}": 1}});
    let mut doc = odd.clone();
    doc["_id"] = "u".into();
    db.put_user(doc).await;
    assert_eq!(update(db, "u", json!({"_id": "u", "nickname": "A"})).await, UserUpdated::Done);
    let mut expected = odd;
    expected["_id"] = "u".into();
    expected["nickname"] = "A".into();
    assert_eq!(db.exported_user("u").await, expected);
}

async fn an_old_revision_is_stale(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    let revision = db.revision("u").await;
    assert_eq!(update(db, "u", json!({"_id": "u", "username": "bob"})).await, UserUpdated::Done);
    let request = UserUpdate { log: Some(log_row("l", "u")), ..new_version(revision, "u", json!({"_id": "u"})) };
    assert_eq!(db.store.update_user(&request).await.unwrap(), UserUpdated::Stale);
    assert_eq!(db.exported_user("u").await["username"], "bob");
    assert!(db.log().await.is_empty());
}

async fn a_user_who_is_gone_is_stale(db: &Database) {
    let outcome = db.store.update_user(&new_version(1, "u", json!({"_id": "u"}))).await.unwrap();
    assert_eq!(outcome, UserUpdated::Stale);
    assert_eq!(db.store.count("uni-id-users").await.unwrap(), 0);
}

async fn an_added_identity_must_be_free(db: &Database) {
    db.put_user(json!({"_id": "v", "wx_unionid": "w", "dcloud_appid": [APP]})).await;
    db.put_user(json!({"_id": "u", "username": "alice", "dcloud_appid": [APP]})).await;
    let revision = db.revision("u").await;
    let doc = json!({"_id": "u", "username": "alice", "wx_unionid": "w", "dcloud_appid": [APP]});
    let request = UserUpdate { log: Some(log_row("l", "u")), on_taken: Some(log_row("t", "u")), ..new_version(revision, "u", doc) };
    assert_eq!(db.store.update_user(&request).await.unwrap(), UserUpdated::Taken);
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "username": "alice", "dcloud_appid": [APP]}));
    assert_eq!(db.revision("u").await, revision);
    assert_eq!(db.log().await, ["t"]);
    assert_eq!(update(db, "u", json!({"_id": "u", "wx_unionid": "w", "dcloud_appid": ["B"]})).await, UserUpdated::Done);
}

async fn an_added_application_is_an_added_identity(db: &Database) {
    db.put_user(json!({"_id": "v", "username": "alice", "dcloud_appid": ["B"]})).await;
    db.put_user(json!({"_id": "u", "username": "alice", "dcloud_appid": ["A"]})).await;
    for apps in [json!(["A", "B"]), json!(["*"])] {
        let doc = json!({"_id": "u", "username": "alice", "dcloud_appid": apps});
        assert_eq!(update(db, "u", doc).await, UserUpdated::Taken, "{apps}");
    }
    assert_eq!(update(db, "u", json!({"_id": "u", "username": "alice"})).await, UserUpdated::Taken);
    assert_eq!(update(db, "u", json!({"_id": "u", "username": "alice", "dcloud_appid": ["A", "C"]})).await, UserUpdated::Done);
}

async fn an_identity_for_all_applications_covers_each(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    db.put_user(json!({"_id": "v", "username": "alice", "dcloud_appid": ["B"]})).await;
    assert_eq!(update(db, "u", json!({"_id": "u", "username": "alice", "dcloud_appid": ["A", "B"]})).await, UserUpdated::Done);
}

async fn what_was_shared_already_may_stay_shared(db: &Database) {
    for uid in ["u", "v"] {
        db.put_user(json!({"_id": uid, "mobile": "138", "mobile_confirmed": 1})).await;
    }
    for uid in ["v", "u"] {
        let doc = json!({"_id": uid, "mobile": "138", "mobile_confirmed": 1, "nickname": "A"});
        assert_eq!(update(db, uid, doc).await, UserUpdated::Done, "{uid}");
    }
    let holders = db.store.holders(&IdentityKind::Mobile, "138", 5).await.unwrap();
    assert_eq!(holders.len(), 2);
}

async fn a_dropped_identity_is_free(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    assert_eq!(update(db, "u", json!({"_id": "u"})).await, UserUpdated::Done);
    db.put_user(json!({"_id": "v"})).await;
    assert_eq!(update(db, "v", json!({"_id": "v", "username": "alice"})).await, UserUpdated::Done);
    assert_eq!(update(db, "u", json!({"_id": "u", "username": "alice"})).await, UserUpdated::Taken);
}

async fn roles_follow_the_document(db: &Database) {
    db.put_user(json!({"_id": "u", "role": ["admin"]})).await;
    assert_eq!(update(db, "u", json!({"_id": "u", "role": ["editor"]})).await, UserUpdated::Done);
    assert!(!db.store.admin_exists().await.unwrap());
    assert_eq!(update(db, "u", json!({"_id": "u", "role": ["editor", "admin"]})).await, UserUpdated::Done);
    assert!(db.store.admin_exists().await.unwrap());
}

async fn the_gate_hears_of_it(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let cursor = db.store.gate_news(None).await.unwrap().cursor;
    assert_eq!(update(db, "u", json!({"_id": "u", "status": 4, "valid_token_date": NOW})).await, UserUpdated::Done);
    let changes = db.store.gate_news(Some(cursor)).await.unwrap().changes;
    let [GateChange::User { uid, status, valid_token_date, .. }] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((uid.as_str(), *status, *valid_token_date), ("u", Some(4), Some(NOW)));
}

async fn identity_cards_are_counted(db: &Database) {
    for uid in ["u", "v"] {
        db.put_user(json!({"_id": uid})).await;
        let request = new_version(db.revision(uid).await, uid, json!({"_id": uid}));
        let request = UserUpdate { identity_card_digest: Some("card".into()), ..request };
        assert_eq!(db.store.update_user(&request).await.unwrap(), UserUpdated::Done);
    }
    let count = async |digest| db.store.count_users_with_identity_card(digest).await.unwrap();
    assert_eq!((count("card").await, count("other").await), (2, 0));
    assert_eq!(update(db, "u", json!({"_id": "u", "nickname": "A"})).await, UserUpdated::Done);
    assert_eq!(count("card").await, 2);
    let request =
        UserUpdate { identity_card_digest: Some("other".into()), ..new_version(db.revision("u").await, "u", json!({"_id": "u"})) };
    assert_eq!(db.store.update_user(&request).await.unwrap(), UserUpdated::Done);
    assert_eq!((count("card").await, count("other").await), (1, 1));
    db.store.remove("uni-id-users", "v").await.unwrap();
    assert_eq!(count("card").await, 0);
    let stale = UserUpdate { identity_card_digest: Some("card".into()), ..new_version(0, "u", json!({"_id": "u"})) };
    assert_eq!(db.store.update_user(&stale).await.unwrap(), UserUpdated::Stale);
    assert_eq!(count("card").await, 0);
}

async fn holders_are_told_in_order(db: &Database) {
    for (uid, apps) in [("b", json!(["A"])), ("a", json!(["A", "B"])), ("C", json!([])), ("d", json!(["*"]))] {
        db.put_user(json!({"_id": uid, "my_invite_code": "CODE", "dcloud_appid": apps})).await;
    }
    let ids = async |value: &str, limit| {
        let holders = db.store.holders(&IdentityKind::InviteCode, value, limit).await.unwrap();
        holders.into_iter().map(|user| user.id().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("CODE", 10).await, ["C", "a", "b", "d"]);
    assert_eq!(ids("CODE", 2).await, ["C", "a"]);
    assert!(ids("code", 2).await.is_empty());
    assert!(ids("CODE", 0).await.is_empty());
}
