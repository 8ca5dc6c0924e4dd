//! Who invited whom.

use lingpai_domain::store::{InviteAcceptance, InviteAccepted, InviteeQuery, UserUpdate, UserUpdated};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, on_every_store},
    samples::registration,
};

on_every_store!(
    imported_lists_come_back,
    odd_lists_stay_as_they_are,
    a_registration_knows_its_inviter,
    an_acceptance_moves_everybody_below,
    an_inviter_is_given_once,
    nobody_is_their_own_inviter,
    circles_are_refused,
    a_circle_that_was_imported_does_no_harm,
    both_must_exist,
    invitees_are_told_by_level,
    a_page_at_a_time,
    those_who_are_gone_still_link,
    an_update_keeps_the_list,
    a_list_that_is_dropped_is_gone,
    a_chain_is_bounded,
);

async fn accept(db: &Database, uid: &str, inviter: &str) -> InviteAccepted {
    let acceptance = InviteAcceptance { uid: uid.into(), inviter: inviter.into(), now: NOW };
    db.store.accept_invite(&acceptance).await.unwrap()
}

async fn inviters(db: &Database, uid: &str) -> Value {
    let user = db.store.user(uid).await.unwrap().unwrap();
    let listed = user.doc.get("inviter_uid").cloned().unwrap_or_default();
    assert_eq!(listed, db.exported_user(uid).await["inviter_uid"], "{uid} is exported as it is read");
    listed
}

fn query(inviter: &str, level: u32) -> InviteeQuery {
    InviteeQuery { inviter: inviter.into(), level, offset: 0, limit: 100, count: true }
}

async fn invitees(db: &Database, inviter: &str, level: u32) -> Vec<String> {
    let answer = db.store.invitees(&query(inviter, level)).await.unwrap();
    assert_eq!(answer.total, Some(answer.users.len() as u64));
    answer.users.iter().map(|user| user.id().to_owned()).collect()
}

/// Users, each invited by the one before.
async fn chain(db: &Database, uids: &[&str]) {
    for (place, uid) in uids.iter().enumerate() {
        let mut doc = json!({"_id": uid});
        if place > 0 {
            doc["inviter_uid"] = uids[..place].iter().rev().copied().collect();
        }
        db.put_user(doc).await;
    }
}

async fn imported_lists_come_back(db: &Database) {
    // The last first: whoever stands in a list may come later, or never.
    let docs = [
        json!({"_id": "c", "inviter_uid": ["b", "a", "gone"], "invite_time": 5}),
        json!({"_id": "b", "inviter_uid": ["a", "gone"]}),
        json!({"_id": "a", "inviter_uid": ["gone"]}),
        json!({"_id": "odd", "inviter_uid": ["\u{0}", "\u{1}0"]}),
    ];
    for doc in &docs {
        db.put_user(doc.clone()).await;
    }
    assert_eq!(db.export("uni-id-users").await, docs);
    for doc in &docs {
        db.put_user(doc.clone()).await;
    }
    assert_eq!(db.export("uni-id-users").await, docs);
    let view = db.store.session_view("c", "t").await.unwrap().unwrap();
    assert_eq!(Value::from(view.user.doc), docs[0]);
}

async fn odd_lists_stay_as_they_are(db: &Database) {
    for (n, odd) in
        [json!([]), json!(null), json!("a"), json!(["a", 1]), json!(["x".repeat(5000)]), json!({"a": 1})].into_iter().enumerate()
    {
        db.put_user(json!({"_id": format!("u{n}"), "inviter_uid": odd})).await;
        assert_eq!(inviters(db, &format!("u{n}")).await, odd);
    }
    db.put_user(json!({"_id": "a"})).await;
    for (uid, outcome) in [
        ("u0", InviteAccepted::Done),
        ("u1", InviteAccepted::Done),
        ("u2", InviteAccepted::HasInviter),
        ("u3", InviteAccepted::HasInviter),
        ("u4", InviteAccepted::HasInviter),
        ("u5", InviteAccepted::HasInviter),
    ] {
        assert_eq!(accept(db, uid, "a").await, outcome, "{uid}");
    }
    assert_eq!(inviters(db, "u1").await, json!(["a"]));
}

async fn a_registration_knows_its_inviter(db: &Database) {
    chain(db, &["a", "b"]).await;
    db.store.register(&registration(json!({"_id": "c", "inviter_uid": ["b", "a"], "invite_time": NOW}), "t")).await.unwrap();
    assert_eq!(inviters(db, "c").await, json!(["b", "a"]));
    assert_eq!(invitees(db, "a", 2).await, ["c"]);
    let mut expected = db.exported_user("c").await;
    expected["token"].take();
    assert_eq!(
        expected,
        json!({"_id": "c", "inviter_uid": ["b", "a"], "invite_time": NOW, "last_login_date": NOW,
        "last_login_ip": "1.1.1.1", "token": null})
    );
}

async fn an_acceptance_moves_everybody_below(db: &Database) {
    chain(db, &["top", "inviter"]).await;
    chain(db, &["a", "b", "c"]).await;
    let (a, b) = (db.revision("a").await, db.revision("b").await);
    assert_eq!(accept(db, "a", "inviter").await, InviteAccepted::Done);
    assert_eq!(db.exported_user("a").await, json!({"_id": "a", "inviter_uid": ["inviter", "top"], "invite_time": NOW}));
    assert_eq!(db.exported_user("b").await, json!({"_id": "b", "inviter_uid": ["a", "inviter", "top"]}));
    assert_eq!(inviters(db, "c").await, json!(["b", "a", "inviter", "top"]));
    assert!(db.revision("a").await > a);
    assert_eq!(db.revision("b").await, b);
    assert_eq!(invitees(db, "top", 4).await, ["c"]);
}

async fn an_inviter_is_given_once(db: &Database) {
    for uid in ["a", "b", "c"] {
        db.put_user(json!({"_id": uid})).await;
    }
    assert_eq!(accept(db, "a", "b").await, InviteAccepted::Done);
    assert_eq!(accept(db, "a", "c").await, InviteAccepted::HasInviter);
    assert_eq!(accept(db, "a", "b").await, InviteAccepted::HasInviter);
    assert_eq!(inviters(db, "a").await, json!(["b"]));
}

async fn nobody_is_their_own_inviter(db: &Database) {
    db.put_user(json!({"_id": "a"})).await;
    assert_eq!(accept(db, "a", "a").await, InviteAccepted::Circle);
    assert_eq!(db.exported_user("a").await, json!({"_id": "a"}));
}

async fn circles_are_refused(db: &Database) {
    chain(db, &["a", "b", "c"]).await;
    assert_eq!(accept(db, "a", "c").await, InviteAccepted::Circle);
    assert_eq!(accept(db, "a", "b").await, InviteAccepted::Circle);
    assert_eq!(inviters(db, "a").await, Value::Null);
}

async fn a_circle_that_was_imported_does_no_harm(db: &Database) {
    let docs = [
        json!({"_id": "a", "inviter_uid": ["b"]}),
        json!({"_id": "b", "inviter_uid": ["a"]}),
        json!({"_id": "self", "inviter_uid": ["self"]}),
    ];
    for doc in &docs {
        db.put_user(doc.clone()).await;
    }
    db.put_user(json!({"_id": "c", "inviter_uid": ["a", "b"]})).await;
    db.put_user(json!({"_id": "d"})).await;
    assert_eq!(db.export("uni-id-users").await[..3], docs);
    assert_eq!(inviters(db, "c").await, json!(["a", "b"]));
    assert_eq!(accept(db, "a", "d").await, InviteAccepted::HasInviter);
    // Nobody can tell the end of a way up that has none.
    assert_eq!(accept(db, "d", "c").await, InviteAccepted::Circle);
    assert_eq!(invitees(db, "a", 1).await, ["b", "c"]);
    for level in [2, 3, 1000] {
        assert!(invitees(db, "a", level).await.is_empty());
    }
    assert_eq!(invitees(db, "b", 2).await, ["c"]);
}

async fn both_must_exist(db: &Database) {
    db.put_user(json!({"_id": "a"})).await;
    assert_eq!(accept(db, "a", "nobody").await, InviteAccepted::Gone);
    assert_eq!(accept(db, "nobody", "a").await, InviteAccepted::Gone);
    assert_eq!(db.exported_user("a").await, json!({"_id": "a"}));
}

async fn invitees_are_told_by_level(db: &Database) {
    chain(db, &["a", "b", "c", "d"]).await;
    db.put_user(json!({"_id": "B", "inviter_uid": ["a"], "nickname": "second"})).await;
    assert_eq!(invitees(db, "a", 1).await, ["B", "b"]);
    assert_eq!(invitees(db, "a", 2).await, ["c"]);
    assert_eq!(invitees(db, "a", 3).await, ["d"]);
    for (inviter, level) in [("a", 0), ("a", 4), ("a", u32::MAX), ("d", 1), ("nobody", 1)] {
        assert!(invitees(db, inviter, level).await.is_empty(), "{inviter} {level}");
    }
    let answer = db.store.invitees(&query("a", 1)).await.unwrap();
    assert_eq!(Value::from(answer.users[0].doc.clone()), json!({"_id": "B", "inviter_uid": ["a"], "nickname": "second"}));
}

async fn a_page_at_a_time(db: &Database) {
    for n in 0..5 {
        db.put_user(json!({"_id": format!("u{n}"), "inviter_uid": ["a"]})).await;
        db.put_user(json!({"_id": format!("v{n}"), "inviter_uid": [format!("u{n}"), "a"]})).await;
    }
    for (level, name) in [(1, "u"), (2, "v")] {
        let page = async |offset, limit, count| {
            let answer = db.store.invitees(&InviteeQuery { offset, limit, count, ..query("a", level) }).await.unwrap();
            (answer.users.iter().map(|user| user.id().to_owned()).collect::<Vec<_>>(), answer.total)
        };
        assert_eq!(page(1, 2, false).await, (vec![format!("{name}1"), format!("{name}2")], None));
        assert_eq!(page(4, 2, true).await, (vec![format!("{name}4")], Some(5)));
        assert_eq!(page(5, 2, true).await, (vec![], Some(5)));
        assert_eq!(page(0, 0, true).await, (vec![], Some(5)));
        assert_eq!(page(u64::MAX, u32::MAX, false).await, (vec![], None));
    }
}

async fn those_who_are_gone_still_link(db: &Database) {
    chain(db, &["a", "b", "c"]).await;
    db.store.remove("uni-id-users", "b").await.unwrap();
    assert_eq!(inviters(db, "c").await, json!(["b", "a"]));
    assert!(invitees(db, "a", 1).await.is_empty());
    assert_eq!(invitees(db, "a", 2).await, ["c"]);
    // Imported without those between.
    db.put_user(json!({"_id": "z", "inviter_uid": ["y", "x", "a"]})).await;
    assert_eq!(invitees(db, "a", 3).await, ["z"]);
    assert_eq!(invitees(db, "x", 2).await, ["z"]);
    assert_eq!(accept(db, "a", "z").await, InviteAccepted::Circle);
}

async fn an_update_keeps_the_list(db: &Database) {
    chain(db, &["a", "b", "c"]).await;
    let mut user = db.store.user("c").await.unwrap().unwrap();
    user.doc.insert("nickname".into(), "C".into());
    // The list may be an older one by now.
    db.put_user(json!({"_id": "top"})).await;
    assert_eq!(accept(db, "a", "top").await, InviteAccepted::Done);
    assert_eq!(update(db, user.revision, user.doc.into()).await, UserUpdated::Done);
    assert_eq!(db.exported_user("c").await, json!({"_id": "c", "inviter_uid": ["b", "a", "top"], "nickname": "C"}));
}

async fn a_list_that_is_dropped_is_gone(db: &Database) {
    chain(db, &["a", "b", "c", "d"]).await;
    assert_eq!(update(db, db.revision("b").await, json!({"_id": "b"})).await, UserUpdated::Done);
    assert_eq!(db.exported_user("b").await, json!({"_id": "b"}));
    assert!(invitees(db, "a", 1).await.is_empty());
    db.put_user(json!({"_id": "d"})).await;
    assert_eq!(db.exported_user("d").await, json!({"_id": "d"}));
    assert!(invitees(db, "c", 1).await.is_empty());
    assert_eq!(accept(db, "b", "d").await, InviteAccepted::Done);
}

async fn update(db: &Database, revision: i64, doc: Value) -> UserUpdated {
    let Value::Object(doc) = doc else { panic!("no object") };
    let uid = doc["_id"].as_str().unwrap_or_default().to_owned();
    db.store.update_user(&UserUpdate { uid, revision, doc, identity_card_digest: None, log: None, on_taken: None }).await.unwrap()
}

async fn a_chain_is_bounded(db: &Database) {
    let name = |n: usize| format!("u{n:04}");
    let above: Vec<_> = (0..1200).rev().map(name).collect();
    db.put_user(json!({"_id": "last", "inviter_uid": above})).await;
    assert_eq!(inviters(db, "last").await, json!(above[..1000]));
    assert_eq!(invitees(db, &above[999], 1000).await, ["last"]);
    db.put_user(json!({"_id": "one-more"})).await;
    assert_eq!(accept(db, "one-more", "last").await, InviteAccepted::Circle);
}
