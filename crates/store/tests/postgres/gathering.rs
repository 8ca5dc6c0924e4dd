//! Reads that share a statement.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::future::join_all;
use lingpai_domain::{
    account::IdentityKind,
    store::{IdentityQuery, Store, StoreError},
};
use lingpai_store::postgres::PostgresStore;
use serde_json::json;
use tokio_postgres::Client;

use crate::{database::object, fresh, samples};

/// More than fit into one statement.
const READS: usize = 150;

async fn put(store: &impl Store, number: usize) {
    let doc = json!({"_id": format!("u{number}"), "username": format!("name{number}"), "nickname": format!("n{number}")});
    store.put("uni-id-users", &object(doc)).await.unwrap();
}

fn by_name(name: &str) -> IdentityQuery {
    IdentityQuery { kind: IdentityKind::Username, values: vec![name.into(), name.to_uppercase()], app: samples::APP.into() }
}

/// Waits until so many statements wait for a lock at least.
async fn until_waiting(operator: &Client, count: i64) -> i64 {
    loop {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let waiting: i64 = operator.query_one(waiting, &[]).await.unwrap().get(0);
        if waiting >= count {
            return waiting;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn everybody_gets_their_own_answer() {
    let (store, _database) = fresh().await;
    for number in 0..40 {
        put(&store, number).await;
    }
    // Every fifth is nobody, and many ask for the same.
    let number = |read: usize| if read.is_multiple_of(5) { 1000 + read } else { read % 40 };
    let uids: Vec<_> = (0..READS).map(|read| format!("u{}", number(read))).collect();
    let names: Vec<_> = (0..READS).map(|read| by_name(&format!("name{}", number(read)))).collect();
    let users = join_all(uids.iter().map(|uid| store.user(uid)));
    let overviews = join_all(uids.iter().map(|uid| store.account_overview(uid)));
    let views = join_all(uids.iter().map(|uid| store.session_view(uid, "t")));
    let candidates = join_all(names.iter().map(|query| store.candidates(query, None)));
    let (users, overviews, views, candidates) = tokio::join!(users, overviews, views, candidates);
    for (read, (user, overview)) in users.into_iter().zip(overviews).enumerate() {
        let user = user.unwrap();
        assert_eq!(user.as_ref().map(|user| user.id()), (!read.is_multiple_of(5)).then_some(uids[read].as_str()));
        assert_eq!(overview.unwrap().is_some(), user.is_some());
    }
    for (read, (view, candidates)) in views.into_iter().zip(candidates).enumerate() {
        let id = view.unwrap().map(|view| view.user.id().to_owned());
        let found: Vec<_> = candidates.unwrap().users.iter().map(|user| user.id().to_owned()).collect();
        assert_eq!(id.clone().into_iter().collect::<Vec<_>>(), if found.is_empty() { vec![] } else { vec![uids[read].clone()] });
        assert_eq!(id.is_some(), !read.is_multiple_of(5));
    }
}

#[tokio::test]
async fn reads_gather_while_others_are_under_way() {
    let (store, database) = fresh().await;
    put(&store, 1).await;
    let store = Arc::new(store);
    let (mut operator, watcher) = (database.connect().await, database.connect().await);
    let transaction = operator.transaction().await.unwrap();
    transaction.batch_execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let reads = tokio::spawn({
        let store = Arc::clone(&store);
        async move { join_all((0..READS).map(|_| store.user("u1"))).await }
    });
    let waiting = until_waiting(&watcher, 1).await;
    assert!(waiting <= 2, "{waiting}");
    transaction.rollback().await.unwrap();
    assert!(reads.await.unwrap().into_iter().all(|user| user.unwrap().is_some()));
}

#[tokio::test]
async fn what_the_server_cannot_read_is_one_callers_trouble() {
    let (store, database) = fresh().await;
    for number in 0..20 {
        put(&store, number).await;
    }
    let operator = database.connect().await;
    operator
        .batch_execute(
            "UPDATE users SET invited = true WHERE id IN ('u3', 'u4');
            CREATE OR REPLACE FUNCTION lingpai_ancestry(p_uid text) RETURNS json LANGUAGE plpgsql STABLE AS $$
            BEGIN
                IF p_uid = 'u3' THEN RAISE EXCEPTION 'no'; END IF;
                RETURN '[[], null]'::json;
            END
            $$",
        )
        .await
        .unwrap();
    let uids: Vec<_> = (0..20).map(|number| format!("u{number}")).collect();
    for (number, user) in join_all(uids.iter().map(|uid| store.user(uid))).await.into_iter().enumerate() {
        match number {
            3 => assert!(matches!(user, Err(StoreError::Failed(_)))),
            _ => assert_eq!(user.unwrap().unwrap().id(), uids[number]),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_told_to_all_who_asked_over_it() {
    let (store, database) = fresh().await;
    put(&store, 1).await;
    let store = Arc::new(store);
    let (mut operator, watcher) = (database.connect().await, database.connect().await);
    let transaction = operator.transaction().await.unwrap();
    transaction.batch_execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let reads: Vec<_> = (0..READS)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.user("u1").await })
        })
        .collect();
    until_waiting(&watcher, 1).await;
    let terminate = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert!(!watcher.query(terminate, &[]).await.unwrap().is_empty());
    transaction.rollback().await.unwrap();
    let mut lost = 0;
    for read in reads {
        match read.await.unwrap() {
            Ok(user) => assert!(user.is_some()),
            Err(StoreError::Unavailable(_)) => lost += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(lost > 0);
    // Without a restart.
    for user in join_all((0..READS).map(|_| store.user("u1"))).await {
        assert!(user.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_written_reads_it() {
    let (store, _database) = fresh().await;
    put(&store, 1).await;
    let (store, ended) = (Arc::new(store), Arc::new(AtomicBool::new(false)));
    let others: Vec<_> = (0..8)
        .map(|_| {
            let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
            tokio::spawn(async move {
                while !ended.load(Ordering::Relaxed) {
                    store.user("u1").await.unwrap();
                }
            })
        })
        .collect();
    for count in 0..100 {
        write_count(&store, count).await;
        let user = store.user("u1").await.unwrap().unwrap();
        assert_eq!(user.doc.get("count"), Some(&json!(count)));
    }
    ended.store(true, Ordering::Relaxed);
    for other in others {
        other.await.unwrap();
    }
}

async fn write_count(store: &PostgresStore, count: i32) {
    let user = store.user("u1").await.unwrap().unwrap();
    let mut doc = user.doc.clone();
    doc.insert("count".into(), json!(count));
    store.put("uni-id-users", &doc).await.unwrap();
}
