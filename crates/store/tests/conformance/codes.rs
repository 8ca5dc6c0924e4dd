//! Codes sent by SMS and mail.

use lingpai_domain::store::{CodeGuess, CodeTarget, GuessOutcome, Issued, NewCode, SendLimit, SendScope};
use serde_json::{Value, json};

use super::{
    database::{Database, NOW, on_every_store},
    samples::{IP, code, code_guess, failed_row, mobile},
};

on_every_store!(
    a_code_is_shown_as_the_original_does,
    the_right_code_counts_once,
    target_and_scene_must_agree,
    an_expired_code_is_wrong,
    a_new_code_voids_the_old_one_of_its_scene,
    wrong_guesses_are_counted_and_logged,
    guesses_void_every_live_code,
    a_withdrawn_code_is_gone,
    imported_codes_count,
    limits_count_by_target,
    limits_count_by_device,
    limits_count_by_address,
    limits_count_by_application,
    an_application_is_counted_by_slices,
    the_application_is_told_when_it_may_go_on,
    what_another_limit_refuses_costs_the_application_nothing,
    all_limits_must_hold,
    a_limit_of_none_forbids,
    used_and_void_codes_count_withdrawn_ones_do_not,
);

async fn state(db: &Database, id: &str) -> Value {
    db.document("opendb-verify-codes", id).await["state"].take()
}

async fn guess(db: &Database, target: CodeTarget, code: &str) -> GuessOutcome {
    db.store.consume_code(&code_guess(target, code)).await.unwrap()
}

async fn issue(db: &Database, code: &NewCode) {
    assert_eq!(db.store.issue_code(code).await.unwrap(), Issued::Done);
}

async fn a_code_is_shown_as_the_original_does(db: &Database) {
    issue(db, &code("c1", mobile("138"), "123456")).await;
    issue(db, &code("c2", CodeTarget::Email("a@b".into()), "000001")).await;
    let common = |id: &str, code: &str| json!({"_id": id, "scene": "login-by-sms", "code": code, "state": 0, "ip": IP, "created_date": NOW, "expired_date": NOW + 180_000});
    let mut expected = [common("c1", "123456"), common("c2", "000001")];
    expected[0]["mobile"] = "138".into();
    expected[1]["email"] = "a@b".into();
    assert_eq!(db.export("opendb-verify-codes").await, expected);
}

async fn the_right_code_counts_once(db: &Database) {
    issue(db, &code("c1", mobile("138"), "123456")).await;
    assert_eq!(guess(db, mobile("138"), "123456").await, GuessOutcome::Right);
    assert_eq!(state(db, "c1").await, 1);
    assert_eq!(guess(db, mobile("138"), "123456").await, GuessOutcome::Wrong);
    assert_eq!(state(db, "c1").await, 1);
}

async fn target_and_scene_must_agree(db: &Database) {
    issue(db, &code("c1", mobile("138"), "123456")).await;
    assert_eq!(guess(db, mobile("139"), "123456").await, GuessOutcome::Wrong);
    assert_eq!(guess(db, CodeTarget::Email("138".into()), "123456").await, GuessOutcome::Wrong);
    let other = CodeGuess { scene: "bind-mobile".into(), ..code_guess(mobile("138"), "123456") };
    assert_eq!(db.store.consume_code(&other).await.unwrap(), GuessOutcome::Wrong);
    assert_eq!(guess(db, mobile("138"), "").await, GuessOutcome::Wrong);
    assert_eq!(guess(db, mobile("138"), "123456").await, GuessOutcome::Right);
}

async fn an_expired_code_is_wrong(db: &Database) {
    for (id, number, after, outcome) in [("c1", "138", 180_000, GuessOutcome::Wrong), ("c2", "139", 179_999, GuessOutcome::Right)] {
        issue(db, &code(id, mobile(number), "123456")).await;
        let late = CodeGuess { now: NOW + after, ..code_guess(mobile(number), "123456") };
        assert_eq!(db.store.consume_code(&late).await.unwrap(), outcome);
    }
    assert_eq!(state(db, "c1").await, 0);
}

async fn a_new_code_voids_the_old_one_of_its_scene(db: &Database) {
    issue(db, &code("c1", mobile("138"), "111111")).await;
    issue(db, &NewCode { scene: "other".into(), ..code("c2", mobile("138"), "222222") }).await;
    issue(db, &code("c3", mobile("139"), "333333")).await;
    issue(db, &code("c4", mobile("138"), "444444")).await;
    assert_eq!([state(db, "c1").await, state(db, "c2").await, state(db, "c3").await, state(db, "c4").await], [2, 0, 0, 0].map(Value::from));
    assert_eq!(guess(db, mobile("138"), "111111").await, GuessOutcome::Wrong);
    assert_eq!(guess(db, mobile("138"), "444444").await, GuessOutcome::Right);
}

async fn wrong_guesses_are_counted_and_logged(db: &Database) {
    issue(db, &code("c1", mobile("138"), "123456")).await;
    for n in 1..=5 {
        assert_eq!(state(db, "c1").await, 0);
        let wrong = CodeGuess { on_wrong: Some(failed_row(&format!("w{n}"), "138", NOW)), ..code_guess(mobile("138"), "000000") };
        assert_eq!(db.store.consume_code(&wrong).await.unwrap(), GuessOutcome::Wrong);
    }
    assert_eq!(state(db, "c1").await, 2);
    let late = CodeGuess { on_wrong: Some(failed_row("w6", "138", NOW)), ..code_guess(mobile("138"), "123456") };
    assert_eq!(db.store.consume_code(&late).await.unwrap(), GuessOutcome::Wrong);
    assert_eq!(db.log().await, ["w1", "w2", "w3", "w4", "w5", "w6"]);
    // A right one logs nothing.
    issue(db, &code("c2", mobile("138"), "222222")).await;
    let right = CodeGuess { on_wrong: Some(failed_row("w7", "138", NOW)), ..code_guess(mobile("138"), "222222") };
    assert_eq!(db.store.consume_code(&right).await.unwrap(), GuessOutcome::Right);
    assert_eq!(db.log().await.len(), 6);
}

async fn guesses_void_every_live_code(db: &Database) {
    for id in ["c1", "c2"] {
        db.put(
            "opendb-verify-codes",
            json!({"_id": id, "mobile": "138", "scene": "login-by-sms", "code": "123456", "state": 0, "expired_date": NOW + 1}),
        )
        .await;
    }
    let wrong = CodeGuess { max_guesses: 2, ..code_guess(mobile("138"), "000000") };
    for _ in 0..2 {
        db.store.consume_code(&wrong).await.unwrap();
    }
    assert_eq!([state(db, "c1").await, state(db, "c2").await], [2, 2].map(Value::from));
}

async fn a_withdrawn_code_is_gone(db: &Database) {
    issue(db, &code("c1", mobile("138"), "123456")).await;
    db.store.withdraw_code("c1").await.unwrap();
    db.store.withdraw_code("never").await.unwrap();
    assert!(db.export("opendb-verify-codes").await.is_empty());
    assert_eq!(guess(db, mobile("138"), "123456").await, GuessOutcome::Wrong);
}

async fn imported_codes_count(db: &Database) {
    let doc = json!({"_id": "c1", "email": "a@b", "scene": "login-by-sms", "code": "123456", "state": 0, "ip": IP, "created_date": NOW,
        "expired_date": NOW + 1, "mine": {"a": 1}});
    db.put("opendb-verify-codes", doc.clone()).await;
    assert_eq!(db.document("opendb-verify-codes", "c1").await, doc);
    assert_eq!(guess(db, CodeTarget::Email("a@b".into()), "123456").await, GuessOutcome::Right);
    assert_eq!(state(db, "c1").await, 1);
    // An operator makes it live again.
    db.put("opendb-verify-codes", doc).await;
    assert_eq!(guess(db, CodeTarget::Email("a@b".into()), "123456").await, GuessOutcome::Right);
}

fn limit(scope: SendScope, window_ms: i64, count: u32) -> SendLimit {
    SendLimit { scope, window_ms, count }
}

/// Sends a code some time after the beginning.
async fn send(db: &Database, id: &str, after: i64, limits: &[SendLimit], change: impl FnOnce(&mut NewCode)) -> Issued {
    let mut code = NewCode { created_date: NOW + after, limits: limits.to_vec(), ..code(id, mobile("138"), "123456") };
    change(&mut code);
    db.store.issue_code(&code).await.unwrap()
}

fn too_many(scope: SendScope, retry_after_ms: i64) -> Issued {
    Issued::TooMany { scope, retry_after_ms }
}

async fn limits_count_by_target(db: &Database) {
    let limits = [limit(SendScope::Target, 1000, 2)];
    assert_eq!(send(db, "c1", 0, &limits, |_| ()).await, Issued::Done);
    assert_eq!(send(db, "c2", 300, &limits, |code| code.scene = "other".into()).await, Issued::Done);
    assert_eq!(send(db, "c3", 400, &limits, |_| ()).await, too_many(SendScope::Target, 600));
    assert_eq!(db.store.count("opendb-verify-codes").await.unwrap(), 2);
    assert_eq!(state(db, "c1").await, 0);
    assert_eq!(send(db, "c4", 500, &limits, |code| code.target = mobile("139")).await, Issued::Done);
    // The same text as a mail address is another target.
    assert_eq!(send(db, "c5", 500, &limits, |code| code.target = CodeTarget::Email("138".into())).await, Issued::Done);
    assert_eq!(send(db, "c6", 999, &limits, |_| ()).await, too_many(SendScope::Target, 1));
    assert_eq!(send(db, "c7", 1000, &limits, |_| ()).await, Issued::Done);
    assert_eq!(send(db, "c8", 1100, &limits, |_| ()).await, too_many(SendScope::Target, 200));
}

async fn limits_count_by_device(db: &Database) {
    let limits = [limit(SendScope::Device, 1000, 1)];
    assert_eq!(send(db, "c1", 0, &limits, |_| ()).await, Issued::Done);
    assert_eq!(send(db, "c2", 10, &limits, |code| code.target = mobile("139")).await, too_many(SendScope::Device, 990));
    assert_eq!(send(db, "c3", 10, &limits, |code| code.device_id = Some("dev-2".into())).await, Issued::Done);
    // Mails are counted apart, and clients without a device are not counted by it.
    assert_eq!(send(db, "c4", 10, &limits, |code| code.target = CodeTarget::Email("a@b".into())).await, Issued::Done);
    for id in ["c5", "c6"] {
        assert_eq!(send(db, id, 10, &limits, |code| code.device_id = None).await, Issued::Done);
    }
}

async fn limits_count_by_address(db: &Database) {
    let limits = [limit(SendScope::Ip, 1000, 1)];
    assert_eq!(send(db, "c1", 0, &limits, |_| ()).await, Issued::Done);
    let elsewhere = |code: &mut NewCode| {
        code.target = mobile("139");
        code.device_id = None;
    };
    assert_eq!(send(db, "c2", 0, &limits, elsewhere).await, too_many(SendScope::Ip, 1000));
    assert_eq!(send(db, "c3", 0, &limits, |code| code.ip = "2.2.2.2".into()).await, Issued::Done);
}

/// Sends to another number each time, so that only the application is the same.
async fn send_for(db: &Database, n: i64, after: i64, limits: &[SendLimit]) -> Issued {
    send(db, &format!("c{n}"), after, limits, |code| code.target = mobile(&format!("{}", 13_800_000_000 + n))).await
}

async fn limits_count_by_application(db: &Database) {
    let limits = [limit(SendScope::App, 1000, 2)];
    assert_eq!(send_for(db, 1, 0, &limits).await, Issued::Done);
    assert_eq!(send_for(db, 2, 0, &limits).await, Issued::Done);
    assert_eq!(send_for(db, 3, 10, &limits).await, too_many(SendScope::App, 990));
    assert_eq!(db.store.count("opendb-verify-codes").await.unwrap(), 2);
    // Mails and other applications are counted apart.
    assert_eq!(send(db, "c4", 10, &limits, |code| code.target = CodeTarget::Email("a@b".into())).await, Issued::Done);
    assert_eq!(send(db, "c5", 10, &limits, |code| code.app = "__UNI__BBB".into()).await, Issued::Done);
    // One that is withdrawn may have been paid for.
    db.store.withdraw_code("c1").await.unwrap();
    assert_eq!(send_for(db, 6, 999, &limits).await, too_many(SendScope::App, 1));
    assert_eq!(send_for(db, 7, 1000, &limits).await, Issued::Done);
    assert_eq!(send_for(db, 8, 1000, &[limit(SendScope::App, 1000, 0)]).await, too_many(SendScope::App, 1000));
}

async fn an_application_is_counted_by_slices(db: &Database) {
    // Slices of a second: NOW is the beginning of one.
    let limits = [limit(SendScope::App, 60_000, 3)];
    for (n, after) in [(1, 0), (2, 999), (3, 1000)] {
        assert_eq!(send_for(db, n, after, &limits).await, Issued::Done);
    }
    // The first two leave the window together, with the later one: never does a window have more than three.
    assert_eq!(send_for(db, 4, 60_000, &limits).await, too_many(SendScope::App, 999));
    assert_eq!(send_for(db, 5, 60_999, &limits).await, Issued::Done);
    assert_eq!(send_for(db, 6, 60_999, &limits).await, Issued::Done);
    assert_eq!(send_for(db, 7, 60_999, &limits).await, too_many(SendScope::App, 1));
    // What is over is swept.
    db.store.sweep(NOW + 3_600_000, 0, None).await.unwrap();
    assert_eq!(send_for(db, 8, 60_999, &limits).await, Issued::Done);
}

async fn the_application_is_told_when_it_may_go_on(db: &Database) {
    let wide = [limit(SendScope::App, 60_000, 9)];
    for (n, after) in [(1, 0), (2, 10_000), (3, 20_000)] {
        assert_eq!(send_for(db, n, after, &wide).await, Issued::Done);
    }
    // A limit lowered below what was sent already: it takes two to leave.
    assert_eq!(send_for(db, 4, 30_000, &[limit(SendScope::App, 60_000, 2)]).await, too_many(SendScope::App, 40_000));
    // Two limits of one window count once.
    let both = [limit(SendScope::App, 60_000, 5), limit(SendScope::App, 60_000, 4)];
    assert_eq!(send_for(db, 5, 30_000, &both).await, Issued::Done);
    assert_eq!(send_for(db, 6, 30_000, &both).await, too_many(SendScope::App, 30_000));
}

async fn what_another_limit_refuses_costs_the_application_nothing(db: &Database) {
    let limits = [limit(SendScope::Target, 1000, 1), limit(SendScope::App, 1000, 2)];
    assert_eq!(send(db, "c1", 0, &limits, |_| ()).await, Issued::Done);
    for n in 2..5 {
        assert_eq!(send(db, &format!("c{n}"), 0, &limits, |_| ()).await, too_many(SendScope::Target, 1000));
    }
    assert_eq!(send_for(db, 5, 0, &limits).await, Issued::Done);
    assert_eq!(send_for(db, 6, 0, &limits).await, too_many(SendScope::App, 1000));
    // The application's limit is looked at first.
    assert_eq!(send(db, "c7", 0, &limits, |_| ()).await, too_many(SendScope::App, 1000));
}

async fn all_limits_must_hold(db: &Database) {
    let limits = [limit(SendScope::Target, 1000, 5), limit(SendScope::Target, 10_000, 2), limit(SendScope::Ip, 1000, 5)];
    assert_eq!(send(db, "c1", 0, &limits, |_| ()).await, Issued::Done);
    assert_eq!(send(db, "c2", 1000, &limits, |_| ()).await, Issued::Done);
    assert_eq!(send(db, "c3", 2000, &limits, |_| ()).await, too_many(SendScope::Target, 8000));
}

async fn a_limit_of_none_forbids(db: &Database) {
    assert_eq!(send(db, "c1", 0, &[limit(SendScope::Target, 1000, 0)], |_| ()).await, too_many(SendScope::Target, 1000));
    assert!(db.export("opendb-verify-codes").await.is_empty());
}

async fn used_and_void_codes_count_withdrawn_ones_do_not(db: &Database) {
    let limits = [limit(SendScope::Target, 1000, 2)];
    assert_eq!(send(db, "c1", 0, &limits, |_| ()).await, Issued::Done);
    assert_eq!(send(db, "c2", 0, &limits, |_| ()).await, Issued::Done);
    assert_eq!(guess(db, mobile("138"), "123456").await, GuessOutcome::Right);
    assert_eq!(send(db, "c3", 10, &limits, |_| ()).await, too_many(SendScope::Target, 990));
    db.store.withdraw_code("c2").await.unwrap();
    assert_eq!(send(db, "c3", 10, &limits, |_| ()).await, Issued::Done);
}
