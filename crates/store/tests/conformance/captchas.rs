//! Captchas.

use lingpai_domain::store::{CaptchaGuess, CaptchaOutcome, NewCaptcha};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, on_every_store},
    samples::{IP, captcha, captcha_guess},
};

on_every_store!(
    a_captcha_is_shown_as_the_original_does,
    the_right_text_counts_once,
    upper_and_lower_case_are_alike,
    device_and_scene_must_agree,
    an_expired_captcha_is_overdue,
    any_of_the_latest_five_will_do,
    wrong_guesses_void_it,
    refreshing_needs_an_earlier_one,
    refreshing_voids_the_latest,
    refreshing_leaves_a_used_one,
);

async fn state(db: &Database, id: &str) -> Value {
    db.document("opendb-verify-codes", id).await["state"].take()
}

async fn guess(db: &Database, code: &str) -> CaptchaOutcome {
    db.store.consume_captcha(&captcha_guess(code)).await.unwrap()
}

async fn a_captcha_is_shown_as_the_original_does(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "aB3d")).await.unwrap();
    assert_eq!(
        db.export("opendb-verify-codes").await,
        [json!({"_id": "c1", "device_uuid": "dev-1", "scene": "register", "code": "aB3d", "state": 0, "ip": IP, "created_date": NOW,
            "expired_date": NOW + 180_000})]
    );
}

async fn the_right_text_counts_once(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "abcd")).await.unwrap();
    assert_eq!(guess(db, "abcd").await, CaptchaOutcome::Right);
    assert_eq!(state(db, "c1").await, 1);
    assert_eq!(guess(db, "abcd").await, CaptchaOutcome::Wrong);
}

async fn upper_and_lower_case_are_alike(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "aBcD")).await.unwrap();
    assert_eq!(guess(db, "AbCd").await, CaptchaOutcome::Right);
}

async fn device_and_scene_must_agree(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "abcd")).await.unwrap();
    for other in [
        CaptchaGuess { device_id: "dev-2".into(), ..captcha_guess("abcd") },
        CaptchaGuess { scene: "login".into(), ..captcha_guess("abcd") },
    ] {
        assert_eq!(db.store.consume_captcha(&other).await.unwrap(), CaptchaOutcome::Wrong);
    }
    assert_eq!(guess(db, "").await, CaptchaOutcome::Wrong);
    assert_eq!(guess(db, "abcd").await, CaptchaOutcome::Right);
}

async fn an_expired_captcha_is_overdue(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "abcd")).await.unwrap();
    let at = |now: i64, code: &str| CaptchaGuess { now, ..captcha_guess(code) };
    assert_eq!(db.store.consume_captcha(&at(NOW + 180_001, "wrong")).await.unwrap(), CaptchaOutcome::Wrong);
    assert_eq!(db.store.consume_captcha(&at(NOW + 180_001, "ABCD")).await.unwrap(), CaptchaOutcome::Overdue);
    assert_eq!(state(db, "c1").await, 0);
    // The last moment belongs to it.
    assert_eq!(db.store.consume_captcha(&at(NOW + 180_000, "abcd")).await.unwrap(), CaptchaOutcome::Right);
    assert_eq!(db.store.consume_captcha(&at(NOW + 180_001, "abcd")).await.unwrap(), CaptchaOutcome::Wrong);
}

async fn any_of_the_latest_five_will_do(db: &Database) {
    for n in 1..=6 {
        db.store.issue_captcha(&captcha(&format!("c{n}"), &format!("text{n}"))).await.unwrap();
    }
    assert_eq!(guess(db, "text1").await, CaptchaOutcome::Wrong);
    assert_eq!(guess(db, "text2").await, CaptchaOutcome::Right);
    // One of the five is used up: the first one is among the latest five now.
    assert_eq!(guess(db, "text1").await, CaptchaOutcome::Right);
    assert_eq!(guess(db, "text6").await, CaptchaOutcome::Right);
}

async fn wrong_guesses_void_it(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "abcd")).await.unwrap();
    for _ in 0..3 {
        assert_eq!(guess(db, "wrong").await, CaptchaOutcome::Wrong);
    }
    db.store.issue_captcha(&captcha("c2", "efgh")).await.unwrap();
    for _ in 0..2 {
        assert_eq!([state(db, "c1").await, state(db, "c2").await], [0, 0].map(Value::from));
        assert_eq!(guess(db, "wrong").await, CaptchaOutcome::Wrong);
    }
    assert_eq!([state(db, "c1").await, state(db, "c2").await], [2, 0].map(Value::from));
    assert_eq!(guess(db, "abcd").await, CaptchaOutcome::Wrong);
    assert_eq!(guess(db, "efgh").await, CaptchaOutcome::Right);
}

async fn refreshing_needs_an_earlier_one(db: &Database) {
    assert!(!db.store.refresh_captcha(&captcha("c1", "abcd")).await.unwrap());
    db.store.issue_captcha(&NewCaptcha { scene: "login".into(), ..captcha("c2", "abcd") }).await.unwrap();
    assert!(!db.store.refresh_captcha(&captcha("c3", "abcd")).await.unwrap());
    assert_eq!(db.store.count("opendb-verify-codes").await.unwrap(), 1);
}

async fn refreshing_voids_the_latest(db: &Database) {
    for id in ["c1", "c2"] {
        db.store.issue_captcha(&captcha(id, id)).await.unwrap();
    }
    assert!(db.store.refresh_captcha(&captcha("c3", "c3")).await.unwrap());
    assert_eq!([state(db, "c1").await, state(db, "c2").await, state(db, "c3").await], [0, 2, 0].map(Value::from));
    assert_eq!(guess(db, "c2").await, CaptchaOutcome::Wrong);
    assert_eq!(guess(db, "c3").await, CaptchaOutcome::Right);
}

async fn refreshing_leaves_a_used_one(db: &Database) {
    db.store.issue_captcha(&captcha("c1", "abcd")).await.unwrap();
    assert_eq!(guess(db, "abcd").await, CaptchaOutcome::Right);
    assert!(db.store.refresh_captcha(&captcha("c2", "efgh")).await.unwrap());
    assert_eq!([state(db, "c1").await, state(db, "c2").await], [1, 0].map(Value::from));
}
