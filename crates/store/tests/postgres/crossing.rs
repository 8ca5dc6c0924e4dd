//! Operations that need several locks and meet from opposite sides do not wait for each other for ever.

use std::sync::Arc;

use lingpai_domain::store::{SignIn, SignedIn, Store};
use serde_json::json;

use crate::{database::object, fresh, samples};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_who_take_over_each_others_sessions() {
    let (store, _database) = fresh().await;
    let store = Arc::new(store);
    for uid in ["a", "b"] {
        store.put("uni-id-users", &object(json!({"_id": uid}))).await.unwrap();
    }
    let tasks: Vec<_> = (0..100)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let (uid, other) = if number % 2 == 0 { ("a", "b") } else { ("b", "a") };
                let previous = samples::logout(other, &format!("previous-{number}"));
                store.sign_in(&SignIn { previous: Some(previous), ..samples::sign_in(uid, 1, &format!("new-{number}")) }).await
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), SignedIn::Done);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_and_registrations_of_the_same_identifiers() {
    let (store, _database) = fresh().await;
    let store = Arc::new(store);
    let tasks: Vec<_> = (0..60)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let (one, other) = (number % 4, (number + 1) % 4);
                let doc = json!({
                    "_id": format!("u{number}"), "username": format!("name{one}"), "email": format!("{other}@x"), "email_confirmed": 1,
                    "wx_unionid": format!("name{other}"), "ali_openid": format!("name{one}"),
                });
                if number % 2 == 0 {
                    store.put("uni-id-users", &object(doc)).await.map(drop)
                } else {
                    store.register(&samples::registration(doc, &format!("t{number}"))).await.map(drop)
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}
