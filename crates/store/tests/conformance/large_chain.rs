//! A user with 100,000 others below gets an inviter.

use std::time::Duration;

use lingpai_domain::store::{InviteAcceptance, InviteAccepted, InviteeQuery, SignedIn};
use serde_json::json;

use super::{
    database::{Database, NOW, on_every_store},
    samples::sign_in,
};

on_every_store!(a_hundred_thousand_move_at_once_and_hold_up_nobody);

/// A hundred chains of a thousand each, the first of each invited by `top`.
const BELOW: &str = "
    INSERT INTO users (id, doc, invited) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      SELECT 'u' || i, CAST('{\"_id\":\"u' || i || '\",\"inviter_uid\":[]}' AS DOCUMENT), TRUE FROM n;
    INSERT INTO invitations (uid, inviter) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
      SELECT 'u' || i, CASE WHEN i <= 100 THEN 'top' ELSE 'u' || (i - 100) END FROM n;";

/// What all of it may take at most, logins included: a tree that was walked would take minutes.
const BOUND: Duration = Duration::from_secs(5);

async fn a_hundred_thousand_move_at_once_and_hold_up_nobody(db: &Database) {
    for uid in ["root", "top", "someone"] {
        db.put_user(json!({"_id": uid})).await;
    }
    db.execute(BELOW).await;
    let revision = db.revision("someone").await;
    let acceptance = InviteAcceptance { uid: "top".into(), inviter: "root".into(), now: NOW };
    let writes = db.store.round_trips().writes;
    let logins = async {
        for number in 0..20 {
            let outcome = db.store.sign_in(&sign_in("someone", revision, &format!("t{number}"))).await.unwrap();
            assert_eq!(outcome, SignedIn::Done);
        }
    };
    let both = tokio::time::timeout(BOUND, async { tokio::join!(db.store.accept_invite(&acceptance), logins) }).await;
    assert_eq!(both.expect("it is done in time").0.unwrap(), InviteAccepted::Done);
    assert_eq!(db.store.round_trips().writes, writes + 21);
    // Everybody below is below the new inviter, too.
    for (uid, above) in [("u1", 2), ("u101", 3), ("u50000", 501)] {
        let user = db.store.user(uid).await.unwrap().unwrap();
        let inviters = user.doc["inviter_uid"].as_array().cloned().unwrap_or_default();
        assert_eq!((inviters.len(), inviters.last()), (above, Some(&json!("root"))), "{uid}");
    }
    let below = InviteeQuery { inviter: "root".into(), level: 2, offset: 0, limit: 10, count: true };
    let listed = db.store.invitees(&below).await.unwrap();
    assert_eq!((listed.total, listed.users.len()), (Some(100), 10));
}
