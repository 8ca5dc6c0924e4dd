//! The account log.

use lingpai_domain::{
    account::IdentityKind,
    log::{LogRow, LogSubject, LogType},
    store::RecentQuery,
};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::{APP, IP, failed_row, log_row},
};

on_every_store!(
    rows_are_shown_as_the_original_does,
    three_failures_in_a_row_are_seen,
    a_success_among_the_latest_breaks_the_row,
    the_latest_count_whatever_the_order_of_insertion,
    other_rows_do_not_count,
    imported_rows_count,
);

fn recent() -> RecentQuery {
    RecentQuery { kind: LogType::Login, ip: IP.into(), field: IdentityKind::Username, value: "alice".into(), since: NOW - 1000 }
}

async fn rows_are_shown_as_the_original_does(db: &Database) {
    let full = LogRow { device_id: Some("dev-1".into()), ..log_row("a", "u") };
    db.store.append_log(&full).await.unwrap();
    db.store.append_log(&failed_row("b", "alice", NOW)).await.unwrap();
    db.store.append_log(&LogRow { subject: LogSubject::Nobody, kind: LogType::ResetPwd, ..failed_row("c", "", NOW) }).await.unwrap();
    let common = |id: &str, kind: &str, state: i64| json!({"_id": id, "appid": APP, "ip": IP, "type": kind, "ua": "test", "create_date": NOW, "state": state});
    let mut expected = [common("a", "login", 1), common("b", "login", 0), common("c", "reset-pwd", 0)];
    expected[0]["device_id"] = "dev-1".into();
    expected[0]["user_id"] = "u".into();
    expected[1]["username"] = "alice".into();
    assert_eq!(db.export("uni-id-log").await, expected);
}

async fn three_failures_in_a_row_are_seen(db: &Database) {
    for id in ["a", "b", "c"] {
        assert!(!db.store.failed_thrice(&recent()).await.unwrap());
        db.store.append_log(&failed_row(id, "alice", NOW)).await.unwrap();
    }
    assert!(db.store.failed_thrice(&recent()).await.unwrap());
    db.store.append_log(&failed_row("d", "alice", NOW)).await.unwrap();
    assert!(db.store.failed_thrice(&recent()).await.unwrap());
}

async fn a_success_among_the_latest_breaks_the_row(db: &Database) {
    for id in ["a", "b", "c", "d", "e"] {
        db.store.append_log(&LogRow { success: id == "c", ..failed_row(id, "alice", NOW) }).await.unwrap();
        assert!(!db.store.failed_thrice(&recent()).await.unwrap());
    }
    db.store.append_log(&failed_row("f", "alice", NOW)).await.unwrap();
    assert!(db.store.failed_thrice(&recent()).await.unwrap());
}

async fn the_latest_count_whatever_the_order_of_insertion(db: &Database) {
    db.store.append_log(&LogRow { success: true, ..failed_row("s", "alice", NOW + 2) }).await.unwrap();
    for (id, at) in [("a", NOW), ("b", NOW + 1), ("c", NOW + 1)] {
        db.store.append_log(&failed_row(id, "alice", at)).await.unwrap();
    }
    assert!(!db.store.failed_thrice(&recent()).await.unwrap());
    for (id, at) in [("d", NOW + 3), ("e", NOW + 3), ("f", NOW + 3)] {
        db.store.append_log(&failed_row(id, "alice", at)).await.unwrap();
    }
    assert!(db.store.failed_thrice(&recent()).await.unwrap());
}

async fn other_rows_do_not_count(db: &Database) {
    let others = [
        failed_row("old", "alice", NOW - 1000),
        failed_row("name", "Alice", NOW),
        LogRow { ip: "2.2.2.2".into(), ..failed_row("ip", "alice", NOW) },
        LogRow { kind: LogType::Register, ..failed_row("type", "alice", NOW) },
        LogRow { subject: LogSubject::Identifier(IdentityKind::Email, "alice".into()), ..failed_row("field", "alice", NOW) },
        LogRow { success: true, ..log_row("user", "alice") },
        LogRow { subject: LogSubject::Nobody, ..failed_row("nobody", "", NOW) },
    ];
    for id in ["a", "b"] {
        db.store.append_log(&failed_row(id, "alice", NOW - 999)).await.unwrap();
    }
    for row in others {
        db.store.append_log(&row).await.unwrap();
        assert!(!db.store.failed_thrice(&recent()).await.unwrap(), "{}", row.id);
    }
    db.store.append_log(&failed_row("c", "alice", NOW)).await.unwrap();
    assert!(db.store.failed_thrice(&recent()).await.unwrap());
}

async fn imported_rows_count(db: &Database) {
    for id in ["a", "b", "c"] {
        db.put(
            "uni-id-log",
            json!({"_id": id, "ip": IP, "type": "login", "create_date": NOW, "username": "alice", "state": 0, "mine": [1]}),
        )
        .await;
    }
    assert!(db.store.failed_thrice(&recent()).await.unwrap());
    // Replacing one replaces what is asked for, too.
    db.put("uni-id-log", json!({"_id": "b", "ip": IP, "type": "login", "create_date": NOW, "username": "alice", "state": 1})).await;
    assert!(!db.store.failed_thrice(&recent()).await.unwrap());
    assert_eq!(db.log().await, ["a", "b", "c"]);
}
