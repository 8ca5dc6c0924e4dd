//! Guesses of a signed-in user's own secrets.

use lingpai_domain::store::{AccountEdit, Guess, GuessKind, PasswordChange, PasswordEdit, UserUpdate};
use serde_json::json;

use super::{
    database::{Database, NOW, object, on_every_store},
    samples::{HOUR, LOCK},
};

on_every_store!(
    so_many_may_be_made,
    the_time_counts_from_the_last,
    secrets_and_users_are_counted_apart,
    of_many_at_once_no_more_are_made,
    a_right_one_forgets_them,
    a_password_that_somebody_else_sets_forgets_them,
    they_are_forgotten_when_asked,
    they_go_with_time_and_with_their_user,
);

async fn guess_of(db: &Database, uid: &str, kind: GuessKind, now: i64) -> bool {
    db.store.count_guess(&Guess { uid: uid.into(), kind, now, lock: LOCK }).await.unwrap()
}

async fn guess(db: &Database, now: i64) -> bool {
    guess_of(db, "u", GuessKind::Password, now).await
}

/// Makes as many as may be.
async fn use_up(db: &Database, kind: GuessKind) {
    for _ in 0..LOCK.limit {
        assert!(guess_of(db, "u", kind, NOW).await);
    }
    assert!(!guess_of(db, "u", kind, NOW).await);
}

async fn so_many_may_be_made(db: &Database) {
    use_up(db, GuessKind::Password).await;
    assert!(!guess(db, NOW + HOUR - 1).await);
    // What was refused did not make it any longer.
    assert!(guess(db, NOW + HOUR).await);
    assert!(guess(db, NOW + HOUR).await);
    assert!(!guess(db, NOW + HOUR).await);
}

async fn the_time_counts_from_the_last(db: &Database) {
    assert!(guess(db, NOW).await);
    assert!(guess(db, NOW + HOUR - 1).await);
    assert!(!guess(db, NOW + HOUR).await);
    assert!(guess(db, NOW + 2 * HOUR - 1).await);
}

async fn secrets_and_users_are_counted_apart(db: &Database) {
    use_up(db, GuessKind::Password).await;
    assert!(guess_of(db, "u", GuessKind::Totp, NOW).await);
    assert!(guess_of(db, "v", GuessKind::Password, NOW).await);
}

async fn of_many_at_once_no_more_are_made(db: &Database) {
    let outcomes = tokio::join!(guess(db, NOW), guess(db, NOW), guess(db, NOW), guess(db, NOW), guess(db, NOW));
    let (a, b, c, d, e) = outcomes;
    assert_eq!([a, b, c, d, e].iter().filter(|counted| **counted).count(), 2);
}

async fn they_are_forgotten_when_asked(db: &Database) {
    use_up(db, GuessKind::Password).await;
    use_up(db, GuessKind::Totp).await;
    db.store.forget_guesses("u", GuessKind::Password).await.unwrap();
    db.store.forget_guesses("nobody", GuessKind::Totp).await.unwrap();
    assert!(guess(db, NOW).await);
    assert!(!guess_of(db, "u", GuessKind::Totp, NOW).await);
}

async fn a_right_one_forgets_them(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let change = |revision| PasswordChange {
        uid: "u".into(),
        revision,
        password: "p".into(),
        version: None,
        valid_token_date: None,
        log: None,
        told: vec![],
    };
    use_up(db, GuessKind::Password).await;
    let revision = db.revision("u").await;
    db.store.change_password(&change(revision + 1)).await.unwrap();
    assert!(!guess(db, NOW).await, "nothing was changed");
    db.store.change_password(&change(revision)).await.unwrap();
    use_up(db, GuessKind::Password).await;
    use_up(db, GuessKind::Totp).await;
    assert!(db.store.begin_second_step("u", b"secret", NOW).await.unwrap());
    use_up(db, GuessKind::Password).await;
    assert!(!db.store.confirm_second_step("u", b"other", 1, &[]).await.unwrap());
    assert!(!guess_of(db, "u", GuessKind::Totp, NOW).await, "nothing was confirmed");
    assert!(db.store.confirm_second_step("u", b"secret", 1, &[]).await.unwrap());
    assert!(guess_of(db, "u", GuessKind::Totp, NOW).await);
    assert!(!db.store.begin_second_step("u", b"another", NOW).await.unwrap());
    assert!(!guess(db, NOW).await, "nothing was begun");
}

async fn a_password_that_somebody_else_sets_forgets_them(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let edit = |revision, password| AccountEdit {
        update: UserUpdate {
            uid: "u".into(),
            revision,
            doc: object(json!({"_id": "u"})),
            identity_card_digest: None,
            log: None,
            on_taken: None,
        },
        password,
        audit: None,
        told: vec![],
    };
    let password = PasswordEdit { password: "p".into(), version: None, valid_token_date: NOW };
    use_up(db, GuessKind::Password).await;
    db.store.edit_account(&edit(db.revision("u").await, None)).await.unwrap();
    assert!(!guess(db, NOW).await, "the password is the same");
    db.store.edit_account(&edit(db.revision("u").await, Some(password))).await.unwrap();
    assert!(guess(db, NOW).await);
}

async fn they_go_with_time_and_with_their_user(db: &Database) {
    use_up(db, GuessKind::Password).await;
    db.store.sweep(NOW + HOUR - 1, 0, None).await.unwrap();
    assert!(!guess(db, NOW).await);
    db.store.sweep(NOW + HOUR, 0, None).await.unwrap();
    use_up(db, GuessKind::Password).await;
    db.put_user(json!({"_id": "u"})).await;
    assert!(db.store.remove("uni-id-users", "u").await.unwrap());
    assert!(guess(db, NOW).await);
}
