//! Writes that share a commit.

use std::collections::HashSet;

use futures_util::future::join_all;
use lingpai_domain::store::{CaptchaOutcome, FailedOutcome, NewCaptcha, Registered, Renewed, SignIn, SignedIn, Store, StoreError};
use serde_json::json;

use crate::{
    database::{NOW, object},
    fresh, samples,
};

const WRITES: usize = 40;

fn sign_ins() -> Vec<SignIn> {
    (0..WRITES).map(|number| samples::sign_in(&format!("u{number}"), 1, &format!("t{number}"))).collect()
}

async fn tokens(store: &impl Store) -> HashSet<String> {
    let users = store.export("uni-id-users", None, 2 * WRITES).await.unwrap();
    users
        .iter()
        .flat_map(|user| user.get("token").and_then(|list| list.as_array()).cloned().unwrap_or_default())
        .map(|t| t.to_string())
        .collect()
}

#[tokio::test]
async fn concurrent_sign_ins_share_a_transaction() {
    let (store, database) = fresh().await;
    for number in 0..WRITES {
        store.put("uni-id-users", &object(json!({"_id": format!("u{number}")}))).await.unwrap();
    }
    let sign_ins = sign_ins();
    // On this one thread all are queued before a worker looks.
    for outcome in join_all(sign_ins.iter().map(|sign_in| store.sign_in(sign_in))).await {
        assert_eq!(outcome.unwrap(), SignedIn::Done);
    }
    assert_eq!(tokens(&store).await.len(), WRITES);
    let row = database.connect().await.query_one("SELECT count(DISTINCT xmin::text) FROM sessions", &[]).await.unwrap();
    let transactions: i64 = row.get(0);
    assert!(transactions < 10, "{transactions}");
}

#[tokio::test]
async fn a_refused_write_fails_alone() {
    let (store, _database) = fresh().await;
    for number in 0..WRITES {
        store.put("uni-id-users", &object(json!({"_id": format!("u{number}")}))).await.unwrap();
    }
    let mut sign_ins = sign_ins();
    // The row of the log exists already, which the server refuses.
    sign_ins[7].log.id = sign_ins[6].log.id.clone();
    store.append_log(&sign_ins[6].log).await.unwrap();
    let outcomes = join_all(sign_ins.iter().map(|sign_in| store.sign_in(sign_in))).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        match number {
            6 | 7 => assert!(matches!(outcome, Err(StoreError::Failed(_))), "{number}: {outcome:?}"),
            _ => assert_eq!(outcome.unwrap(), SignedIn::Done, "{number}"),
        }
    }
    assert_eq!(tokens(&store).await.len(), WRITES - 2);
}

#[tokio::test]
async fn each_write_of_a_group_gets_its_own_answer() {
    let (store, _database) = fresh().await;
    for number in 0..WRITES {
        store.put("uni-id-users", &object(json!({"_id": format!("u{number}")}))).await.unwrap();
    }
    let mut sign_ins = sign_ins();
    sign_ins[3].revision = 9;
    sign_ins[5].uid = "nobody".into();
    let outcomes = join_all(sign_ins.iter().map(|sign_in| store.sign_in(sign_in))).await;
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let expected = if [3, 5].contains(&number) { SignedIn::Stale } else { SignedIn::Done };
        assert_eq!(outcome.unwrap(), expected, "{number}");
    }
}

#[tokio::test]
async fn writes_of_every_kind_share_a_transaction() {
    let (store, database) = fresh().await;
    for number in 0..WRITES {
        store.put("uni-id-users", &object(json!({"_id": format!("u{number}")}))).await.unwrap();
    }
    store.issue_captcha(&samples::captcha("c-solved", "abcd")).await.unwrap();
    // A user's second sign-in, renewals of what was signed in before, what locks identifiers and codes.
    for outcome in join_all(sign_ins()[..20].iter().map(|sign_in| store.sign_in(sign_in))).await {
        assert_eq!(outcome.unwrap(), SignedIn::Done);
    }
    let twice: Vec<_> =
        (0..10).flat_map(|n| ["x", "y"].map(|token| samples::sign_in(&format!("u{n}"), 1, &format!("{token}{n}")))).collect();
    let renewals: Vec<_> = (10..20).map(|n| samples::renewal(&format!("u{n}"), 1, &format!("t{n}"), &format!("r{n}"))).collect();
    let newcomer = |n| json!({"_id": format!("new{n}"), "username": format!("name{}", n / 2), "dcloud_appid": [samples::APP]});
    let registrations: Vec<_> = (0..10).map(|n| samples::registration(newcomer(n), &format!("n{n}"))).collect();
    let captchas: Vec<_> =
        (0..10).map(|n| NewCaptcha { device_id: format!("dev-{}", n / 2), ..samples::captcha(&format!("c{n}"), "wxyz") }).collect();
    let failures: Vec<_> = (20..30).map(|n| samples::failure(&format!("u{n}"), samples::IP, NOW, &format!("f{n}"))).collect();
    let guess = samples::captcha_guess("abcd");
    let (signed_in, renewed, registered, issued, failed, solved) = tokio::join!(
        join_all(twice.iter().map(|sign_in| store.sign_in(sign_in))),
        join_all(renewals.iter().map(|renewal| store.renew(renewal))),
        join_all(registrations.iter().map(|registration| store.register(registration))),
        join_all(captchas.iter().map(|captcha| store.issue_captcha(captcha))),
        join_all(failures.iter().map(|failure| store.fail_login(failure))),
        store.consume_captcha(&guess),
    );
    assert!(signed_in.into_iter().all(|outcome| outcome.unwrap() == SignedIn::Done));
    assert!(renewed.into_iter().all(|outcome| outcome.unwrap() == Renewed::Done));
    let registered: Vec<_> = registered.into_iter().map(Result::unwrap).collect();
    for pair in registered.chunks(2) {
        assert!(pair.contains(&Registered::Done) && pair.contains(&Registered::AccountExists), "{pair:?}");
    }
    assert!(issued.into_iter().all(|outcome| outcome.is_ok()));
    assert!(failed.into_iter().all(|outcome| outcome.unwrap() == FailedOutcome::Counted));
    assert_eq!(solved.unwrap(), CaptchaOutcome::Right);
    let tokens = tokens(&store).await;
    for n in 0..10 {
        assert!(tokens.contains(&format!("\"x{n}\"")) && tokens.contains(&format!("\"y{n}\"")), "{n}");
    }
    let counts = "SELECT (SELECT count(*) FROM codes), (SELECT count(*) FROM login_attempts),
        (SELECT count(DISTINCT xmin::text) FROM sessions)";
    let row = database.connect().await.query_one(counts, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (11, 10));
    assert!(row.get::<_, i64>(2) < 10, "{}", row.get::<_, i64>(2));
}
