//! Writes that share a commit.

use std::collections::HashSet;

use futures_util::future::join_all;
use lingpai_domain::store::{SignIn, SignedIn, Store, StoreError};
use serde_json::json;

use crate::{database::object, fresh, samples};

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
