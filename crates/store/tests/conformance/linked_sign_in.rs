//! Finding users by several identifiers, and sign-ins that link what is missing.

use lingpai_domain::{
    account::IdentityKind,
    store::{AnyIdentityQuery, Candidates, SignIn, SignedInLinked},
};
use serde_json::{Map, Value, json};

use super::{
    database::{Database, on_every_store},
    samples::{logout, session, sign_in},
};

on_every_store!(
    anybody_who_has_one_of_them_is_found,
    users_of_other_applications_are_elsewhere,
    a_link_and_a_session_come_together,
    a_stale_user_gets_neither,
    a_taken_identifier_gives_neither,
    a_revoked_token_gives_neither,
    the_previous_session_ends,
    of_many_who_link_the_same_one_wins,
);

fn foreign(name: &str, value: &str) -> (IdentityKind, String) {
    (IdentityKind::Foreign(name.into()), value.into())
}

async fn find(db: &Database, identities: Vec<(IdentityKind, String)>, app: &str) -> Candidates {
    db.store.candidates_of_any(&AnyIdentityQuery { identities, app: app.into() }).await.unwrap()
}

fn ids(found: &Candidates) -> Vec<&str> {
    found.users.iter().map(|user| user.id()).collect()
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn anybody_who_has_one_of_them_is_found(db: &Database) {
    db.put_user(json!({"_id": "b", "dcloud_appid": ["A"], "wx_unionid": "u"})).await;
    db.put_user(json!({"_id": "a", "dcloud_appid": ["A"], "wx_openid": {"mp": "o", "mp_A": "o"}})).await;
    db.put_user(json!({"_id": "c", "wx_openid": {"app": "o"}})).await;
    let both = vec![foreign("wx_openid.mp", "o"), foreign("wx_openid.mp_A", "o"), foreign("wx_unionid", "u")];
    let found = find(db, both, "A").await;
    assert_eq!((ids(&found), found.elsewhere), (vec!["a", "b"], false));
    let found = find(db, vec![foreign("wx_openid.app", "o"), foreign("wx_unionid", "none")], "A").await;
    assert_eq!((ids(&found), found.elsewhere), (vec!["c"], false));
    let found = find(db, vec![foreign("wx_openid.mp", "u")], "A").await;
    assert_eq!((ids(&found), found.elsewhere), (vec![], false));
    assert_eq!(ids(&find(db, vec![], "A").await), Vec::<&str>::new());
}

async fn users_of_other_applications_are_elsewhere(db: &Database) {
    db.put_user(json!({"_id": "a", "dcloud_appid": ["A"], "wx_unionid": "u"})).await;
    db.put_user(json!({"_id": "b", "dcloud_appid": ["B"], "wx_openid": {"mp": "o"}})).await;
    db.put_user(json!({"_id": "n", "dcloud_appid": [], "wx_unionid": "u"})).await;
    let either = || vec![foreign("wx_openid.mp", "o"), foreign("wx_unionid", "u")];
    for (app, here) in [("A", vec!["a"]), ("B", vec!["b"]), ("C", vec![]), ("", vec![])] {
        let found = find(db, either(), app).await;
        assert_eq!((ids(&found), found.elsewhere), (here, true), "{app}");
    }
}

async fn with_user(db: &Database) -> i64 {
    db.put_user(json!({"_id": "u", "dcloud_appid": ["A"], "wx_openid": {"mp": "o"}})).await;
    db.revision("u").await
}

fn linked() -> Map<String, Value> {
    map(json!({"_id": "u", "dcloud_appid": ["A"], "wx_openid": {"mp": "o", "mp_A": "o"}, "wx_unionid": "un"}))
}

async fn a_link_and_a_session_come_together(db: &Database) {
    let revision = with_user(db).await;
    assert_eq!(db.store.sign_in_linked(&sign_in("u", revision, "t1"), &linked()).await.unwrap(), SignedInLinked::Done);
    let user = db.exported_user("u").await;
    assert_eq!((&user["wx_openid"], &user["wx_unionid"]), (&json!({"mp": "o", "mp_A": "o"}), &json!("un")));
    assert_eq!(user["token"], json!(["t1"]));
    assert_eq!(db.log().await, ["log-t1"]);
    assert_eq!(ids(&find(db, vec![foreign("wx_unionid", "un")], "A").await), ["u"]);
    // The next one rests on the new revision.
    let revision = db.revision("u").await;
    assert_eq!(db.store.sign_in_linked(&sign_in("u", revision, "t2"), &linked()).await.unwrap(), SignedInLinked::Done);
    assert_eq!(db.tokens("u").await, json!(["t1", "t2"]));
}

async fn a_stale_user_gets_neither(db: &Database) {
    let revision = with_user(db).await;
    for (uid, revision) in [("u", revision + 1), ("nobody", revision)] {
        let outcome = db.store.sign_in_linked(&sign_in(uid, revision, "t1"), &linked()).await.unwrap();
        assert_eq!(outcome, SignedInLinked::Stale);
    }
    assert_eq!(db.exported_user("u").await.get("wx_unionid"), None);
    assert!(db.log().await.is_empty());
}

async fn a_taken_identifier_gives_neither(db: &Database) {
    let revision = with_user(db).await;
    db.put_user(json!({"_id": "other", "dcloud_appid": ["A"], "wx_unionid": "un"})).await;
    assert_eq!(db.store.sign_in_linked(&sign_in("u", revision, "t1"), &linked()).await.unwrap(), SignedInLinked::Taken);
    let user = db.exported_user("u").await;
    assert_eq!((user.get("wx_unionid"), user.get("token")), (None, None));
    assert_eq!(db.revision("u").await, revision);
    assert!(db.log().await.is_empty());
}

async fn a_revoked_token_gives_neither(db: &Database) {
    let revision = with_user(db).await;
    db.store.logout(&logout("u", "t1")).await.unwrap();
    let rows = db.log().await.len();
    let outcome = db.store.sign_in_linked(&sign_in("u", revision, "t1"), &linked()).await.unwrap();
    assert_eq!(outcome, SignedInLinked::TokenRevoked);
    let user = db.exported_user("u").await;
    assert_eq!((user.get("wx_unionid"), user.get("token")), (None, None));
    assert_eq!(db.revision("u").await, revision);
    assert_eq!(db.log().await.len(), rows);
}

async fn the_previous_session_ends(db: &Database) {
    let revision = with_user(db).await;
    db.store.sign_in(&sign_in("u", revision, "t0")).await.unwrap();
    let next = SignIn { previous: Some(logout("u", "t0")), ..sign_in("u", revision, "t1") };
    assert_eq!(db.store.sign_in_linked(&next, &linked()).await.unwrap(), SignedInLinked::Done);
    assert_eq!(db.tokens("u").await, json!(["t1"]));
}

async fn of_many_who_link_the_same_one_wins(db: &Database) {
    for n in 0..8 {
        db.put_user(json!({"_id": format!("u{n}"), "dcloud_appid": ["A"], "username": format!("n{n}")})).await;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (store, uid) = (db.store.clone(), format!("u{n}"));
        let revision = db.revision(&uid).await;
        tasks.spawn(async move {
            let doc = map(json!({"_id": uid, "dcloud_appid": ["A"], "username": format!("n{n}"), "wx_unionid": "un"}));
            let request = SignIn { session: session(&format!("t{n}")), ..sign_in(&uid, revision, &format!("t{n}")) };
            store.sign_in_linked(&request, &doc).await.unwrap()
        });
    }
    let mut outcomes = tasks.join_all().await;
    outcomes.sort_by_key(|outcome| *outcome != SignedInLinked::Done);
    assert_eq!(outcomes[0], SignedInLinked::Done);
    assert!(outcomes[1..].iter().all(|outcome| *outcome == SignedInLinked::Taken), "{outcomes:?}");
    assert_eq!(db.log().await.len(), 1);
}
