//! Of many at the same time exactly one wins.

use std::sync::Arc;

use lingpai_domain::store::{
    CaptchaOutcome, FailedOutcome, GuessOutcome, Issued, PasswordChange, PasswordChanged, Registered, Registration, Renewed, SendLimit,
    SendScope, SignedIn, Store,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{IP, captcha, captcha_guess, code, code_guess, failure, log_row, logout, mobile, registration, renewal, sign_in},
};

on_every_store!(
    a_code_is_used_once,
    a_captcha_is_used_once,
    a_name_is_taken_once,
    a_name_is_taken_once_across_applications,
    the_administrators_seat_is_taken_once,
    a_password_is_changed_once,
    wrong_guesses_are_all_counted,
    wrong_passwords_are_all_counted,
    no_more_codes_than_the_limit_are_sent,
    no_more_codes_than_an_application_may_send_are_sent,
    every_sign_in_is_in_the_list,
    a_logged_out_token_is_not_renewed,
    a_refresh_leaves_one_live_captcha,
);

/// How many there are at once.
pub const CALLERS: usize = 50;

/// Runs the same thing many times at once and returns the outcomes.
pub async fn all<T, F, W>(db: &Database, work: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(Arc<dyn Store>, usize) -> W,
    W: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for n in 0..CALLERS {
        tasks.spawn(work(Arc::clone(&db.store), n));
    }
    tasks.join_all().await
}

/// How many outcomes are the wanted one.
pub fn count<T: PartialEq>(outcomes: &[T], wanted: &T) -> usize {
    outcomes.iter().filter(|outcome| *outcome == wanted).count()
}

async fn a_code_is_used_once(db: &Database) {
    db.store.issue_code(&code("c1", mobile("138"), "123456")).await.unwrap();
    let outcomes = all(db, |store, _| async move { store.consume_code(&code_guess(mobile("138"), "123456")).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &GuessOutcome::Right), 1);
}

async fn a_captcha_is_used_once(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "abcd")).await.unwrap();
    let outcomes = all(db, |store, _| async move { store.consume_captcha(&captcha_guess("ABCD")).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &CaptchaOutcome::Right), 1);
}

async fn a_name_is_taken_once(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let doc = json!({"_id": format!("u{n}"), "username": "alice", "mobile": format!("{n}"), "mobile_confirmed": 1});
        let request = Registration { on_conflict: Some(log_row(&format!("conflict-{n}"), "")), ..registration(doc, &format!("t{n}")) };
        store.register(&request).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &Registered::Done), 1);
    assert_eq!(count(&outcomes, &Registered::AccountExists), CALLERS - 1);
    assert_eq!(db.store.count("uni-id-users").await.unwrap(), 1);
    assert_eq!(db.log().await.len(), CALLERS);
}

async fn a_name_is_taken_once_across_applications(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let mut doc = json!({"_id": format!("u{n}"), "username": "alice", "wx_unionid": "w"});
        if n % 2 == 0 {
            doc["dcloud_appid"] = json!(["A"]);
        }
        store.register(&registration(doc, &format!("t{n}"))).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &Registered::Done), 1);
    assert_eq!(db.store.count("uni-id-users").await.unwrap(), 1);
}

async fn the_administrators_seat_is_taken_once(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let doc = json!({"_id": format!("u{n}"), "username": format!("name{n}"), "role": ["admin"], "dcloud_appid": [format!("app{n}")]});
        store.register(&Registration { admin_seat: true, ..registration(doc, &format!("t{n}")) }).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &Registered::Done), 1);
    assert_eq!(count(&outcomes, &Registered::AdminExists), CALLERS - 1);
}

async fn a_password_is_changed_once(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let revision = db.revision("u").await;
    let outcomes = all(db, |store, n| async move {
        let password = format!("p{n}");
        let change =
            PasswordChange { uid: "u".into(), revision, password, version: None, valid_token_date: Some(NOW), log: None, told: vec![] };
        store.change_password(&change).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &PasswordChanged::Done), 1);
}

async fn wrong_guesses_are_all_counted(db: &Database) {
    db.store.issue_code(&code("c1", mobile("138"), "123456")).await.unwrap();
    db.store.issue_captcha(&captcha("c2", "abcd")).await.unwrap();
    let wrong = CALLERS as u32;
    all(db, |store, _| async move {
        let mut guess = code_guess(mobile("138"), "000000");
        guess.max_guesses = wrong;
        store.consume_code(&guess).await.unwrap();
        let mut guess = captcha_guess("wrong");
        guess.max_guesses = wrong;
        store.consume_captcha(&guess).await.unwrap();
    })
    .await;
    for id in ["c1", "c2"] {
        assert_eq!(db.document("opendb-verify-codes", id).await["state"], 2, "{id}");
    }
}

async fn wrong_passwords_are_all_counted(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let outcomes = all(db, |store, n| async move {
        let mut failure = failure("u", IP, NOW, &format!("f{n}"));
        failure.lock.limit = 20;
        store.fail_login(&failure).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &FailedOutcome::Counted), 20);
    assert_eq!(db.exported_user("u").await["login_ip_limit"][0]["error_times"], 20);
    assert_eq!(db.log().await.len(), CALLERS);
}

async fn no_more_codes_than_the_limit_are_sent(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let mut code = code(&format!("c{n}"), mobile("138"), "123456");
        code.limits = vec![SendLimit { scope: SendScope::Target, window_ms: 1000, count: 3 }];
        store.issue_code(&code).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &Issued::Done), 3);
    let live = db.export("opendb-verify-codes").await.into_iter().filter(|code| code["state"] == 0).count();
    assert_eq!(live, 1);
}

async fn no_more_codes_than_an_application_may_send_are_sent(db: &Database) {
    let outcomes = all(db, |store, n| async move {
        let mut code = code(&format!("c{n}"), mobile(&format!("138{n}")), "123456");
        code.limits = vec![SendLimit { scope: SendScope::App, window_ms: 1000, count: 3 }];
        store.issue_code(&code).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &Issued::Done), 3);
    assert_eq!(db.store.count("opendb-verify-codes").await.unwrap(), 3);
}

async fn every_sign_in_is_in_the_list(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let revision = db.revision("u").await;
    let outcomes = all(db, |store, n| async move {
        let mut request = sign_in("u", revision, &format!("t{n}"));
        request.session.max_tokens = 0;
        store.sign_in(&request).await.unwrap()
    })
    .await;
    assert_eq!(count(&outcomes, &SignedIn::Done), CALLERS);
    assert_eq!(db.tokens("u").await.as_array().unwrap().len(), CALLERS);
}

async fn a_logged_out_token_is_not_renewed(db: &Database) {
    db.store.register(&registration(json!({"_id": "u"}), "old")).await.unwrap();
    let revision = db.revision("u").await;
    all(db, |store, n| async move {
        if n == CALLERS / 2 {
            store.logout(&logout("u", "old")).await.unwrap();
        } else {
            let outcome = store.renew(&renewal("u", revision, "old", &format!("t{n}"))).await.unwrap();
            assert!(matches!(outcome, Renewed::Done | Renewed::NotListed));
        }
    })
    .await;
    assert_eq!(db.store.renew(&renewal("u", revision, "old", "late")).await.unwrap(), Renewed::NotListed);
}

async fn a_refresh_leaves_one_live_captcha(db: &Database) {
    db.store.issue_captcha(&captcha("first", "abcd")).await.unwrap();
    let outcomes = all(db, |store, n| async move { store.refresh_captcha(&captcha(&format!("c{n}"), "abcd")).await.unwrap() }).await;
    assert_eq!(count(&outcomes, &true), CALLERS);
    let live = db.export("opendb-verify-codes").await.into_iter().filter(|code| code["state"] == 0).count();
    assert_eq!(live, 1);
}
