//! Finding users.

use lingpai_domain::{
    account::{AccountOverview, IdentityKind},
    log::LogType,
    store::{IdentityQuery, RecentQuery},
};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, on_every_store},
    samples::{APP, IP, failed_row, registration, sign_in},
};

on_every_store!(
    users_are_read_without_tokens,
    unknown_users_are_none,
    an_overview_says_what_is_set,
    a_user_answers_in_its_applications_only,
    users_of_every_application_answer_everywhere,
    users_of_no_application_are_elsewhere,
    one_user_of_several_applications_is_not_elsewhere,
    many_applications_with_one_name_are_told_apart,
    duplicates_of_old_data_are_two_candidates,
    any_of_the_values_will_do,
    unconfirmed_numbers_are_not_found,
    kinds_are_told_apart,
    candidates_look_at_the_log_too,
    sessions_are_listed_or_not,
    reads_are_counted,
);

fn by_name(values: &[&str], app: &str) -> IdentityQuery {
    IdentityQuery { kind: IdentityKind::Username, values: values.iter().map(|v| (*v).to_owned()).collect(), app: app.into() }
}

async fn names(db: &Database, query: &IdentityQuery) -> (Vec<String>, bool) {
    let found = db.store.candidates(query, None).await.unwrap();
    assert!(!found.failed_thrice);
    let mut ids: Vec<String> = found.users.iter().map(|user| user.id().to_owned()).collect();
    ids.sort();
    (ids, found.elsewhere)
}

async fn users_are_read_without_tokens(db: &Database) {
    let doc = json!({"_id": "u", "username": "alice", "odd": {"b": 1, "a": [null, 1.5, "\u{0}é"]}});
    db.store.register(&registration(doc, "t1")).await.unwrap();
    let user = db.store.user("u").await.unwrap().unwrap();
    assert_eq!(
        Value::from(user.doc),
        json!({"_id": "u", "username": "alice", "odd": {"b": 1, "a": [null, 1.5, "\u{0}é"]}, "last_login_date": NOW, "last_login_ip": IP})
    );
}

async fn an_overview_says_what_is_set(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "mobile": "138", "mobile_confirmed": 1, "wx_openid": {"mp": "o"}, "x": "\u{0}"}))
        .await;
    let expected = AccountOverview { has_username: true, has_mobile: true, has_weixin: true, ..AccountOverview::default() };
    assert_eq!(db.store.account_overview("u").await.unwrap(), Some(expected));
    assert_eq!(db.store.account_overview("nobody").await.unwrap(), None);
}

async fn unknown_users_are_none(db: &Database) {
    assert!(db.store.user("nobody").await.unwrap().is_none());
    assert!(db.store.session_view("nobody", "t").await.unwrap().is_none());
    assert_eq!(names(db, &by_name(&["nobody"], APP)).await, (vec![], false));
}

async fn a_user_answers_in_its_applications_only(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "dcloud_appid": [APP]})).await;
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec!["u".into()], false));
    assert_eq!(names(db, &by_name(&["alice"], "__UNI__B")).await, (vec![], true));
}

async fn users_of_every_application_answer_everywhere(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    db.put_user(json!({"_id": "v", "username": "bob", "dcloud_appid": ["x", "*"]})).await;
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec!["u".into()], false));
    assert_eq!(names(db, &by_name(&["bob"], APP)).await, (vec!["v".into()], false));
}

async fn users_of_no_application_are_elsewhere(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "dcloud_appid": APP})).await;
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec![], true));
    assert_eq!(names(db, &by_name(&["alice"], "")).await, (vec![], true));
}

async fn one_user_of_several_applications_is_not_elsewhere(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice", "dcloud_appid": [APP, "__UNI__B"]})).await;
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec!["u".into()], false));
    db.put_user(json!({"_id": "v", "username": "alice", "dcloud_appid": ["__UNI__B"]})).await;
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec!["u".into()], true));
    assert_eq!(names(db, &by_name(&["alice"], "__UNI__B")).await, (vec!["u".into(), "v".into()], false));
}

async fn many_applications_with_one_name_are_told_apart(db: &Database) {
    for number in 0..20 {
        db.put_user(json!({"_id": format!("u{number}"), "username": "alice", "dcloud_appid": [format!("__UNI__{number}")]})).await;
    }
    assert_eq!(names(db, &by_name(&["alice"], "__UNI__17")).await, (vec!["u17".into()], true));
    assert_eq!(names(db, &by_name(&["ALICE", "alice"], "__UNI__17")).await, (vec!["u17".into()], true));
    assert_eq!(names(db, &by_name(&["alice"], "__UNI__20")).await, (vec![], true));
    assert_eq!(names(db, &by_name(&["alice"], "")).await, (vec![], true));
    assert!(db.store.candidates(&by_name(&["alice"], "__UNI__17"), None).await.unwrap().users.len() == 1);
}

async fn duplicates_of_old_data_are_two_candidates(db: &Database) {
    for id in ["u", "v", "w"] {
        db.put_user(json!({"_id": id, "username": "alice", "dcloud_appid": [APP]})).await;
    }
    let found = db.store.candidates(&by_name(&["alice"], APP), None).await.unwrap();
    assert_eq!(found.users.len(), 2);
    // When the regular holder leaves, the others still answer.
    assert!(db.store.remove("uni-id-users", "u").await.unwrap());
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec!["v".into(), "w".into()], false));
    assert!(db.store.remove("uni-id-users", "v").await.unwrap());
    assert_eq!(names(db, &by_name(&["alice"], APP)).await, (vec!["w".into()], false));
}

async fn any_of_the_values_will_do(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    assert_eq!(names(db, &by_name(&["ALICE", "alice"], APP)).await, (vec!["u".into()], false));
    assert_eq!(names(db, &by_name(&["alice", "alice"], APP)).await, (vec!["u".into()], false));
    assert_eq!(names(db, &by_name(&["ALICE"], APP)).await, (vec![], false));
    db.put_user(json!({"_id": "v", "username": "ALICE"})).await;
    assert_eq!(names(db, &by_name(&["ALICE", "alice"], APP)).await, (vec!["u".into(), "v".into()], false));
}

async fn unconfirmed_numbers_are_not_found(db: &Database) {
    db.put_user(json!({"_id": "u", "mobile": "138", "mobile_confirmed": 0})).await;
    db.put_user(json!({"_id": "v", "mobile": "139", "mobile_confirmed": 1})).await;
    let query = |value: &str| IdentityQuery { kind: IdentityKind::Mobile, values: vec![value.into()], app: APP.into() };
    assert_eq!(names(db, &query("138")).await, (vec![], false));
    assert_eq!(names(db, &query("139")).await, (vec!["v".into()], false));
}

async fn kinds_are_told_apart(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "same", "my_invite_code": "CODE", "wx_openid": {"mp": "same"},
        "identities": [{"provider": "externalDirectConnect", "uid": "same"}]}))
        .await;
    for (kind, value, found) in [
        (IdentityKind::Foreign("wx_openid.mp".into()), "same", true),
        (IdentityKind::Foreign("wx_openid.app".into()), "same", false),
        (IdentityKind::Foreign("identities.externalDirectConnect".into()), "same", true),
        (IdentityKind::InviteCode, "CODE", true),
        (IdentityKind::Email, "same", false),
    ] {
        let query = IdentityQuery { kind, values: vec![value.into()], app: APP.into() };
        assert_eq!(db.store.candidates(&query, None).await.unwrap().users.len(), usize::from(found), "{query:?}");
    }
}

async fn candidates_look_at_the_log_too(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    let recent =
        RecentQuery { kind: LogType::Login, ip: IP.into(), field: IdentityKind::Username, value: "alice".into(), since: NOW - 1000 };
    for id in ["l1", "l2", "l3"] {
        assert!(!db.store.candidates(&by_name(&["alice"], APP), Some(&recent)).await.unwrap().failed_thrice);
        db.store.append_log(&failed_row(id, "alice", NOW)).await.unwrap();
    }
    let found = db.store.candidates(&by_name(&["alice"], APP), Some(&recent)).await.unwrap();
    assert!(found.failed_thrice);
    assert_eq!(found.users.len(), 1);
    // Unknown names have a log as well.
    let nobody = db.store.candidates(&by_name(&["nobody"], APP), Some(&recent)).await.unwrap();
    assert!(nobody.failed_thrice && nobody.users.is_empty());
}

async fn sessions_are_listed_or_not(db: &Database) {
    db.store.register(&registration(json!({"_id": "u"}), "t1")).await.unwrap();
    let view = db.store.session_view("u", "t1").await.unwrap().unwrap();
    assert!(view.listed);
    assert_eq!(view.user.id(), "u");
    assert!(!view.user.doc.contains_key("token"));
    assert!(!db.store.session_view("u", "t2").await.unwrap().unwrap().listed);
    db.put_user(json!({"_id": "v"})).await;
    assert!(!db.store.session_view("v", "t1").await.unwrap().unwrap().listed);
}

async fn reads_are_counted(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    let before = db.store.round_trips();
    db.store.user("u").await.unwrap();
    db.store.account_overview("u").await.unwrap();
    db.store.session_view("u", "t").await.unwrap();
    db.store.candidates(&by_name(&["alice"], APP), None).await.unwrap();
    db.store.sign_in(&sign_in("u", db.revision("u").await, "t1")).await.unwrap();
    let after = db.store.round_trips();
    assert_eq!((after.reads - before.reads, after.writes - before.writes), (5, 1));
}
