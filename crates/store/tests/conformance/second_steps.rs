//! Second steps of signing in.

use lingpai_domain::store::{AuditRow, CeremonyEnd, SecondStepAnswer, SecondStepOutcome, SecondStepTry, StoredSecondStep};
use serde_json::json;

use super::{
    database::{Database, NOW, object, on_every_store},
    samples::{HOUR, LOCK, hash},
};

on_every_store!(
    a_second_step_is_begun_and_confirmed,
    a_confirmed_one_is_not_replaced,
    a_step_counts_once,
    a_recovery_code_counts_once,
    wrong_answers_lock,
    of_many_with_one_answer_one_wins,
    a_ticket_counts_once,
    of_many_with_one_ticket_one_wins,
    recovery_codes_are_replaced,
    a_secret_is_encrypted_anew,
    a_removed_one_is_gone,
    it_goes_with_its_user,
);

const SECRET: &[u8] = b"encrypted";

async fn confirmed(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    assert!(db.store.begin_second_step("u", SECRET, NOW).await.unwrap());
    assert!(db.store.confirm_second_step("u", SECRET, 100, &[hash("r1"), hash("r2")]).await.unwrap());
}

async fn answer(db: &Database, answer: SecondStepAnswer, now: i64) -> SecondStepOutcome {
    db.store.try_second_step(&SecondStepTry { uid: "u".into(), answer, now, lock: LOCK, ticket: None }).await.unwrap()
}

async fn answer_ticket(db: &Database, nonce: &str, answer: SecondStepAnswer, now: i64) -> SecondStepOutcome {
    let ticket = Some(CeremonyEnd { nonce: nonce.into(), expires: NOW + HOUR, now });
    db.store.try_second_step(&SecondStepTry { uid: "u".into(), answer, now, lock: LOCK, ticket }).await.unwrap()
}

async fn stored(db: &Database) -> Option<StoredSecondStep> {
    db.store.second_step("u").await.unwrap()
}

async fn a_second_step_is_begun_and_confirmed(db: &Database) {
    assert!(!db.store.begin_second_step("u", SECRET, NOW).await.unwrap(), "nobody there");
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    assert_eq!(stored(db).await, None);
    assert!(db.store.begin_second_step("u", b"first", NOW).await.unwrap());
    assert!(db.store.begin_second_step("u", SECRET, NOW).await.unwrap());
    assert_eq!(stored(db).await, Some(StoredSecondStep { secret: SECRET.to_vec(), confirmed: false, recovery_codes: 0 }));
    assert_eq!(answer(db, SecondStepAnswer::Step(5), NOW).await, SecondStepOutcome::Gone);
    assert!(!db.store.confirm_second_step("u", b"first", 100, &[]).await.unwrap(), "replaced meanwhile");
    let revision = db.revision("u").await;
    assert!(db.store.confirm_second_step("u", SECRET, 100, &[hash("r1"), hash("r2")]).await.unwrap());
    assert_eq!(stored(db).await, Some(StoredSecondStep { secret: SECRET.to_vec(), confirmed: true, recovery_codes: 2 }));
    assert_eq!(db.exported_user("u").await["second_step"], json!(["totp"]));
    assert!(db.revision("u").await > revision, "a login that was decided before is decided again");
    assert!(!db.store.confirm_second_step("u", SECRET, 101, &[]).await.unwrap());
}

async fn a_confirmed_one_is_not_replaced(db: &Database) {
    confirmed(db).await;
    assert!(!db.store.begin_second_step("u", b"other", NOW).await.unwrap());
    assert_eq!(stored(db).await.map(|step| step.secret), Some(SECRET.to_vec()));
}

async fn a_step_counts_once(db: &Database) {
    confirmed(db).await;
    for (step, outcome) in [
        (100, SecondStepOutcome::Wrong),
        (101, SecondStepOutcome::Right),
        (101, SecondStepOutcome::Wrong),
        (103, SecondStepOutcome::Right),
        (102, SecondStepOutcome::Wrong),
    ] {
        assert_eq!(answer(db, SecondStepAnswer::Step(step), NOW).await, outcome, "{step}");
    }
}

async fn a_recovery_code_counts_once(db: &Database) {
    confirmed(db).await;
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("r1")), NOW).await, SecondStepOutcome::Right);
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("r1")), NOW).await, SecondStepOutcome::Wrong);
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("r2")), NOW).await, SecondStepOutcome::Right);
    assert_eq!(stored(db).await.map(|step| step.recovery_codes), Some(0));
}

async fn wrong_answers_lock(db: &Database) {
    confirmed(db).await;
    for outcome in [SecondStepOutcome::Wrong, SecondStepOutcome::Wrong, SecondStepOutcome::Locked] {
        assert_eq!(answer(db, SecondStepAnswer::Wrong, NOW).await, outcome);
    }
    assert_eq!(answer(db, SecondStepAnswer::Step(200), NOW + HOUR - 1).await, SecondStepOutcome::Locked);
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("r1")), NOW + HOUR - 1).await, SecondStepOutcome::Locked);
    assert_eq!(answer(db, SecondStepAnswer::Step(200), NOW + HOUR).await, SecondStepOutcome::Right);
    // A right answer clears the count.
    assert_eq!(answer(db, SecondStepAnswer::Wrong, NOW + HOUR).await, SecondStepOutcome::Wrong);
    assert_eq!(answer(db, SecondStepAnswer::Step(201), NOW + HOUR).await, SecondStepOutcome::Right);
    assert_eq!(answer(db, SecondStepAnswer::Wrong, NOW + HOUR).await, SecondStepOutcome::Wrong);
}

async fn of_many_with_one_answer_one_wins(db: &Database) {
    confirmed(db).await;
    for same in [SecondStepAnswer::Step(200), SecondStepAnswer::Recovery(hash("r1"))] {
        let (one, two) = tokio::join!(answer(db, same, NOW), answer(db, same, NOW));
        assert_eq!([one, two].iter().filter(|outcome| **outcome == SecondStepOutcome::Right).count(), 1, "{same:?}");
    }
}

async fn a_ticket_counts_once(db: &Database) {
    confirmed(db).await;
    // A wrong answer does not use it up.
    assert_eq!(answer_ticket(db, "t", SecondStepAnswer::Wrong, NOW).await, SecondStepOutcome::Wrong);
    assert_eq!(answer_ticket(db, "t", SecondStepAnswer::Recovery(hash("r1")), NOW).await, SecondStepOutcome::Right);
    for again in [SecondStepAnswer::Recovery(hash("r2")), SecondStepAnswer::Step(200), SecondStepAnswer::Wrong] {
        assert_eq!(answer_ticket(db, "t", again, NOW + HOUR - 1).await, SecondStepOutcome::TicketUsed, "{again:?}");
    }
    // Nothing was tried, so nothing was spent or counted.
    assert_eq!(answer_ticket(db, "other", SecondStepAnswer::Step(200), NOW).await, SecondStepOutcome::Right);
    assert_eq!(answer_ticket(db, "third", SecondStepAnswer::Recovery(hash("r2")), NOW).await, SecondStepOutcome::Right);
}

async fn of_many_with_one_ticket_one_wins(db: &Database) {
    confirmed(db).await;
    let (one, two, three) = tokio::join!(
        answer_ticket(db, "t", SecondStepAnswer::Recovery(hash("r1")), NOW),
        answer_ticket(db, "t", SecondStepAnswer::Recovery(hash("r2")), NOW),
        answer_ticket(db, "t", SecondStepAnswer::Step(200), NOW),
    );
    let count = |wanted| [one, two, three].iter().filter(|outcome| **outcome == wanted).count();
    assert_eq!((count(SecondStepOutcome::Right), count(SecondStepOutcome::TicketUsed)), (1, 2));
    assert!(stored(db).await.is_some_and(|step| step.recovery_codes >= 1));
}

async fn recovery_codes_are_replaced(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    db.store.begin_second_step("u", SECRET, NOW).await.unwrap();
    assert!(!db.store.replace_recovery_codes("u", &[hash("x")]).await.unwrap());
    db.store.confirm_second_step("u", SECRET, 1, &[hash("r1")]).await.unwrap();
    assert!(db.store.replace_recovery_codes("u", &[hash("x"), hash("y")]).await.unwrap());
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("r1")), NOW).await, SecondStepOutcome::Wrong);
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("y")), NOW).await, SecondStepOutcome::Right);
}

async fn a_secret_is_encrypted_anew(db: &Database) {
    confirmed(db).await;
    assert!(!db.store.replace_second_step_secret("u", b"another", b"anew").await.unwrap());
    assert!(db.store.replace_second_step_secret("u", SECRET, b"anew").await.unwrap());
    assert!(!db.store.replace_second_step_secret("v", SECRET, b"anew").await.unwrap());
    assert_eq!(stored(db).await, Some(StoredSecondStep { secret: b"anew".to_vec(), confirmed: true, recovery_codes: 0 }));
    assert_eq!(answer(db, SecondStepAnswer::Step(100), NOW).await, SecondStepOutcome::Wrong, "a step that was used stays used");
}

async fn a_removed_one_is_gone(db: &Database) {
    confirmed(db).await;
    let audit = |id: &str| AuditRow { id: id.into(), doc: object(json!({"_id": id})) };
    assert!(db.store.remove_second_step("u", Some(&audit("a1"))).await.unwrap());
    assert!(!db.store.remove_second_step("u", Some(&audit("a2"))).await.unwrap());
    assert_eq!(db.export("lingpai-audit").await, [json!({"_id": "a1"})]);
    assert_eq!(db.exported_user("u").await["second_step"], json!([]));
    assert_eq!(answer(db, SecondStepAnswer::Recovery(hash("r1")), NOW).await, SecondStepOutcome::Gone);
    assert!(db.store.begin_second_step("u", b"other", NOW).await.unwrap());
    assert!(db.store.remove_second_step("u", None).await.unwrap());
}

async fn it_goes_with_its_user(db: &Database) {
    confirmed(db).await;
    assert!(db.store.remove("uni-id-users", "u").await.unwrap());
    assert_eq!(stored(db).await, None);
    db.put_user(json!({"_id": "u"})).await;
    assert!(db.store.begin_second_step("u", b"other", NOW).await.unwrap());
    assert_eq!(stored(db).await.map(|step| step.recovery_codes), Some(0));
}
