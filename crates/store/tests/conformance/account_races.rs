//! Of many changes of accounts at the same time exactly one wins.

use lingpai_domain::store::{InviteAcceptance, InviteAccepted, PushDevice, UserUpdate, UserUpdated};
use serde_json::json;

use super::{
    database::{Database, NOW, object, on_every_store},
    races::{CALLERS, all, count},
    samples::registration,
};

on_every_store!(
    a_version_is_replaced_once,
    an_identity_is_added_once,
    an_identity_is_added_or_registered,
    a_nonce_is_used_once,
    a_fleeting_nonce_is_used_once,
    an_expired_nonce_is_used_once,
    a_value_is_replaced_once,
    an_invitation_is_accepted_once,
    two_who_invite_each_other_make_no_circle,
    a_device_gets_one_row,
    no_more_rows_than_the_limit_are_added,
    a_verification_ends_once,
);

fn new_version(uid: &str, revision: i64, doc: serde_json::Value) -> UserUpdate {
    UserUpdate { uid: uid.into(), revision, doc: object(doc), identity_card_digest: None, log: None, on_taken: None }
}

async fn a_version_is_replaced_once(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let revision = db.revision("u").await;
    let outcomes = all(db, |store, n| async move {
        store.update_user(&new_version("u", revision, json!({"_id": "u", "username": format!("name{n}")}))).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &UserUpdated::Done), 1);
    assert_eq!(count(&outcomes, &UserUpdated::Stale), CALLERS - 1);
}

async fn an_identity_is_added_once(db: &Database) {
    for n in 0..CALLERS {
        db.put_user(json!({"_id": format!("u{n}")})).await;
    }
    let revision = db.revision("u0").await;
    let outcomes = all(db, |store, n| async move {
        let mut doc = json!({"_id": format!("u{n}"), "mobile": "138", "mobile_confirmed": 1, "email": "a@b", "email_confirmed": 1});
        if n % 2 == 0 {
            doc["dcloud_appid"] = json!(["A"]);
        }
        store.update_user(&new_version(&format!("u{n}"), revision, doc)).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &UserUpdated::Done), 1);
    assert_eq!(count(&outcomes, &UserUpdated::Taken), CALLERS - 1);
}

async fn an_identity_is_added_or_registered(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let revision = db.revision("u").await;
    let outcomes = all(db, |store, n| async move {
        if n == CALLERS / 2 {
            store.update_user(&new_version("u", revision, json!({"_id": "u", "username": "alice"}))).await.unwrap() == UserUpdated::Done
        } else {
            let request = registration(json!({"_id": format!("v{n}"), "username": "alice"}), &format!("t{n}"));
            store.register(&request).await.unwrap() == lingpai_domain::store::Registered::Done
        }
    })
    .await;
    assert_eq!(count(&outcomes, &true), 1);
}

async fn a_nonce_is_used_once(db: &Database) {
    let outcomes = all(db, |store, _| async move { store.use_nonce("n", NOW + 10, NOW).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &true), 1);
}

async fn a_value_is_replaced_once(db: &Database) {
    for expected in [None, Some("0")] {
        let outcomes = all(db, |store, n| async move {
            let value = if expected.is_none() { "0".to_owned() } else { format!("new {n}") };
            store.replace_open_data("k", expected, &value, None).await.unwrap()
        })
        .await;
        assert_eq!(count(&outcomes, &true), 1, "{expected:?}");
    }
}

async fn a_fleeting_nonce_is_used_once(db: &Database) {
    let outcomes =
        all(db, |store, _| async move { store.use_fleeting_nonces(&["n".to_owned(), "m".to_owned()], NOW + 10, NOW).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &true), 1);
}

async fn an_expired_nonce_is_used_once(db: &Database) {
    assert!(db.store.use_nonce("n", NOW, NOW - 10).await.unwrap());
    let outcomes = all(db, |store, _| async move { store.use_nonce("n", NOW + 10, NOW).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &true), 1);
}

async fn an_invitation_is_accepted_once(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    for n in 0..CALLERS {
        db.put_user(json!({"_id": format!("v{n}")})).await;
    }
    let outcomes = all(db, |store, n| async move {
        store.accept_invite(&InviteAcceptance { uid: "u".into(), inviter: format!("v{n}"), now: NOW }).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &InviteAccepted::Done), 1);
    assert_eq!(count(&outcomes, &InviteAccepted::HasInviter), CALLERS - 1);
    assert_eq!(db.exported_user("u").await["inviter_uid"].as_array().map(Vec::len), Some(1));
}

async fn two_who_invite_each_other_make_no_circle(db: &Database) {
    for n in 0..CALLERS {
        db.put_user(json!({"_id": format!("u{n}")})).await;
    }
    // Each accepts the next one's invitation, the last one the first one's.
    let outcomes = all(db, |store, n| async move {
        let inviter = format!("u{}", (n + 1) % CALLERS);
        store.accept_invite(&InviteAcceptance { uid: format!("u{n}"), inviter, now: NOW }).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &InviteAccepted::Done), CALLERS - 1);
    assert_eq!(count(&outcomes, &InviteAccepted::Circle), 1);
}

async fn a_device_gets_one_row(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let device = PushDevice {
            device_id: "dev".into(),
            ids: [format!("a{n}"), format!("b{n}")],
            of_user: object(json!({"user_id": "u"})),
            of_device: object(json!({"push_clientid": n})),
            now: NOW,
        };
        store.put_push_device(&device).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &true), CALLERS);
    assert_eq!(db.store.count("uni-id-device").await.unwrap(), 1);
    assert_eq!(db.store.count("opendb-device").await.unwrap(), 1);
}

async fn no_more_rows_than_the_limit_are_added(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let doc = json!({"_id": format!("f{n}"), "user_id": "u", "certify_id": format!("c{n}"), "created_date": NOW});
        store.add_frv_log(&object(doc), Some((NOW - 10, 3))).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &true), 3);
    assert_eq!(db.store.count("opendb-frv-logs").await.unwrap(), 3);
}

async fn a_verification_ends_once(db: &Database) {
    db.store.add_frv_log(&object(json!({"_id": "f", "certify_id": "c", "status": 1})), None).await.unwrap();
    let outcomes = all(db, |store, _| async move { store.finish_frv("c", 1, 2).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &true), 1);
}
