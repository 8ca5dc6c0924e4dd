//! Creating users.

use lingpai_domain::store::{Registered, Registration};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, on_every_store},
    samples::{APP, IP, log_row, logout, registration, sign_in},
};

on_every_store!(
    a_registration_creates_user_session_and_log,
    an_operators_user_has_no_session,
    names_are_taken_within_an_application,
    users_of_every_application_conflict_with_all,
    users_of_no_application_conflict_with_nobody,
    every_unique_kind_is_checked,
    unconfirmed_numbers_are_free,
    invitation_codes_may_repeat,
    a_conflict_is_logged_and_nothing_else,
    imported_duplicates_are_taken,
    a_removed_users_name_is_free,
    there_is_one_administrators_seat,
    a_role_of_admin_needs_no_seat,
    a_registration_ends_the_previous_session,
    a_revoked_token_is_refused,
    the_same_id_is_refused,
);

async fn register(db: &Database, doc: Value, token: &str) -> Registered {
    db.store.register(&registration(doc, token)).await.unwrap()
}

async fn a_registration_creates_user_session_and_log(db: &Database) {
    let doc = json!({"_id": "u", "username": "alice", "mine": {"x": 1}, "dcloud_appid": [APP]});
    assert_eq!(register(db, doc, "t1").await, Registered::Done);
    assert_eq!(
        db.exported_user("u").await,
        json!({"_id": "u", "username": "alice", "mine": {"x": 1}, "dcloud_appid": [APP], "last_login_date": NOW, "last_login_ip": IP,
            "token": ["t1"]})
    );
    assert_eq!(db.log().await, ["reg-t1"]);
    assert_eq!(db.store.count("uni-id-users").await.unwrap(), 1);
}

async fn an_operators_user_has_no_session(db: &Database) {
    let registration = Registration { session: None, log: None, ..registration(json!({"_id": "u", "username": "alice"}), "t") };
    assert_eq!(db.store.register(&registration).await.unwrap(), Registered::Done);
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "username": "alice"}));
    assert!(db.log().await.is_empty());
}

async fn names_are_taken_within_an_application(db: &Database) {
    assert_eq!(register(db, json!({"_id": "u", "username": "alice", "dcloud_appid": [APP]}), "t1").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "v", "username": "alice", "dcloud_appid": ["B", APP]}), "t2").await, Registered::AccountExists);
    assert_eq!(register(db, json!({"_id": "w", "username": "alice", "dcloud_appid": ["B"]}), "t3").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "x", "username": "Alice", "dcloud_appid": [APP]}), "t4").await, Registered::Done);
    assert_eq!(db.store.count("uni-id-users").await.unwrap(), 3);
}

async fn users_of_every_application_conflict_with_all(db: &Database) {
    assert_eq!(register(db, json!({"_id": "u", "username": "alice", "dcloud_appid": [APP]}), "t1").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "v", "username": "alice"}), "t2").await, Registered::AccountExists);
    assert_eq!(register(db, json!({"_id": "v", "username": "bob"}), "t2").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "w", "username": "bob", "dcloud_appid": [APP]}), "t3").await, Registered::AccountExists);
    assert_eq!(register(db, json!({"_id": "w", "username": "bob"}), "t3").await, Registered::AccountExists);
}

async fn users_of_no_application_conflict_with_nobody(db: &Database) {
    assert_eq!(register(db, json!({"_id": "u", "username": "alice", "dcloud_appid": []}), "t1").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "v", "username": "alice", "dcloud_appid": APP}), "t2").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "w", "username": "alice"}), "t3").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "x", "username": "alice", "dcloud_appid": []}), "t4").await, Registered::Done);
}

async fn every_unique_kind_is_checked(db: &Database) {
    let doc = json!({"_id": "u", "mobile": "138", "mobile_confirmed": 1, "email": "a@b", "email_confirmed": 1, "wx_unionid": "union",
        "wx_openid": {"mp": "open"}, "identities": [{"provider": "externalDirectConnect", "uid": "7"}]});
    assert_eq!(register(db, doc, "t1").await, Registered::Done);
    for field in [
        json!({"mobile": "138", "mobile_confirmed": 1}),
        json!({"email": "a@b", "email_confirmed": 1}),
        json!({"wx_unionid": "union"}),
        json!({"wx_openid": {"app": "other", "mp": "open"}}),
        json!({"identities": [{"provider": "externalDirectConnect", "uid": "7"}]}),
    ] {
        let mut doc = field.clone();
        doc["_id"] = "v".into();
        doc["username"] = "free".into();
        assert_eq!(register(db, doc, "t2").await, Registered::AccountExists, "{field}");
    }
    // Nothing of the refused ones stayed.
    assert_eq!(register(db, json!({"_id": "v", "username": "free", "wx_openid": {"app": "open"}}), "t2").await, Registered::Done);
}

async fn unconfirmed_numbers_are_free(db: &Database) {
    assert_eq!(register(db, json!({"_id": "u", "mobile": "138"}), "t1").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "v", "mobile": "138", "mobile_confirmed": 1}), "t2").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "w", "mobile": "138", "mobile_confirmed": 0}), "t3").await, Registered::Done);
}

async fn invitation_codes_may_repeat(db: &Database) {
    assert_eq!(register(db, json!({"_id": "u", "my_invite_code": "C"}), "t1").await, Registered::Done);
    assert_eq!(register(db, json!({"_id": "v", "my_invite_code": "C"}), "t2").await, Registered::Done);
}

async fn a_conflict_is_logged_and_nothing_else(db: &Database) {
    register(db, json!({"_id": "u", "username": "alice"}), "t1").await;
    db.put_user(json!({"_id": "p"})).await;
    db.store.sign_in(&sign_in("p", db.revision("p").await, "old")).await.unwrap();
    let second = Registration {
        on_conflict: Some(log_row("conflict", "v")),
        previous: Some(logout("p", "old")),
        ..registration(json!({"_id": "v", "username": "alice"}), "t2")
    };
    assert_eq!(db.store.register(&second).await.unwrap(), Registered::AccountExists);
    assert_eq!(db.log().await, ["reg-t1", "log-old", "conflict"]);
    assert_eq!(db.tokens("p").await, json!(["old"]));
    assert!(db.store.user("v").await.unwrap().is_none());
    assert!(db.store.gate_news(None).await.unwrap().changes.is_empty());
}

async fn imported_duplicates_are_taken(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "dcloud_appid": [APP]})).await;
    db.put_user(json!({"_id": "v", "username": "alice", "dcloud_appid": [APP]})).await;
    db.store.remove("uni-id-users", "u").await.unwrap();
    assert_eq!(register(db, json!({"_id": "w", "username": "alice", "dcloud_appid": [APP]}), "t1").await, Registered::AccountExists);
    assert_eq!(register(db, json!({"_id": "w", "username": "alice"}), "t1").await, Registered::AccountExists);
}

async fn a_removed_users_name_is_free(db: &Database) {
    register(db, json!({"_id": "u", "username": "alice"}), "t1").await;
    assert!(db.store.remove("uni-id-users", "u").await.unwrap());
    assert_eq!(register(db, json!({"_id": "u", "username": "alice"}), "t2").await, Registered::Done);
    assert_eq!(db.tokens("u").await, json!(["t2"]));
}

async fn there_is_one_administrators_seat(db: &Database) {
    let admin = |id: &str, token: &str| Registration {
        admin_seat: true,
        ..registration(json!({"_id": id, "username": id, "role": ["admin"], "dcloud_appid": [id]}), token)
    };
    assert!(!db.store.admin_exists().await.unwrap());
    assert_eq!(db.store.register(&admin("u", "t1")).await.unwrap(), Registered::Done);
    assert!(db.store.admin_exists().await.unwrap());
    assert_eq!(db.store.register(&admin("v", "t2")).await.unwrap(), Registered::AdminExists);
    assert_eq!(db.log().await, ["reg-t1"]);
    db.put_user(json!({"_id": "u", "role": ["editor"]})).await;
    assert!(!db.store.admin_exists().await.unwrap());
    assert_eq!(db.store.register(&admin("v", "t2")).await.unwrap(), Registered::Done);
    db.store.remove("uni-id-users", "v").await.unwrap();
    assert!(!db.store.admin_exists().await.unwrap());
}

async fn a_role_of_admin_needs_no_seat(db: &Database) {
    register(db, json!({"_id": "u", "role": ["admin", "admin", "editor"]}), "t1").await;
    assert_eq!(register(db, json!({"_id": "v", "role": "admin"}), "t2").await, Registered::Done);
    db.store.remove("uni-id-users", "u").await.unwrap();
    assert!(db.store.admin_exists().await.unwrap());
}

async fn a_registration_ends_the_previous_session(db: &Database) {
    register(db, json!({"_id": "u"}), "old").await;
    let next = Registration { previous: Some(logout("u", "old")), ..registration(json!({"_id": "v"}), "new") };
    assert_eq!(db.store.register(&next).await.unwrap(), Registered::Done);
    assert_eq!(db.tokens("u").await, json!([]));
    assert_eq!(db.tokens("v").await, json!(["new"]));
    assert_eq!(db.log().await, ["reg-old", "out-old", "reg-new"]);
}

async fn a_revoked_token_is_refused(db: &Database) {
    register(db, json!({"_id": "u"}), "t").await;
    db.store.logout(&logout("u", "t")).await.unwrap();
    assert_eq!(register(db, json!({"_id": "v"}), "t").await, Registered::TokenRevoked);
    // Also when it is this very registration that would end the token.
    let own = Registration { previous: Some(logout("u", "x")), ..registration(json!({"_id": "v"}), "x") };
    assert_eq!(db.store.register(&own).await.unwrap(), Registered::TokenRevoked);
    assert!(db.store.user("v").await.unwrap().is_none());
    assert_eq!(db.log().await, ["reg-t", "out-t"]);
}

async fn the_same_id_is_refused(db: &Database) {
    register(db, json!({"_id": "u", "username": "alice"}), "t1").await;
    assert_eq!(register(db, json!({"_id": "u", "username": "bob"}), "t2").await, Registered::AccountExists);
    assert_eq!(db.exported_user("u").await["username"], "alice");
}
