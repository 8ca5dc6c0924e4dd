//! Passkeys.

use lingpai_domain::{
    log::{LogRow, LogType},
    passkey::Passkey,
    store::{
        AuditRow, CeremonyEnd, NewDelivery, NewPasskey, PasskeyAdded, PasskeyRemoval, PasskeyRemoved, PasskeyUse, PasskeyUsed, StoreError,
        UserUpdate, UserUpdated,
    },
};
use serde_json::json;

use super::{
    along::everybody,
    database::{Database, NOW, object, on_every_store},
    races::{CALLERS, all, count},
    samples::{APP, HOUR, log_row},
};

on_every_store!(
    a_passkey_is_stored_and_found,
    a_credential_is_registered_once,
    there_are_no_more_than_the_limit,
    a_user_who_is_gone_gets_none,
    a_use_is_noted,
    a_counter_that_does_not_grow_is_refused,
    a_passkey_gets_another_name,
    a_passkey_is_removed,
    removing_rests_on_a_revision,
    passkeys_go_with_their_user,
    whatever_a_document_says_the_users_count_is_true,
    imported_passkeys_lead_in,
    an_import_cannot_give_a_credential_to_two,
    one_ceremony_adds_one,
    one_credential_goes_to_one,
    one_limit_holds_for_many,
    one_ceremony_signs_in_once,
    one_counter_is_used_once,
    of_the_last_two_ways_in_one_stays,
);

fn passkey(id: &str, uid: &str) -> Passkey {
    Passkey {
        id: id.into(),
        uid: uid.into(),
        credential_id: format!("credential {id}").into_bytes(),
        user_handle: vec![9; 32],
        public_key: vec![5; 77],
        sign_count: 0,
        backup_eligible: true,
        backed_up: false,
        transports: vec!["internal".into()],
        aaguid: [7; 16],
        name: "Phone\u{0}".into(),
        app: APP.into(),
        created_at: NOW,
        last_used_at: None,
    }
}

fn end(nonce: &str) -> CeremonyEnd {
    CeremonyEnd { nonce: nonce.into(), expires: NOW + HOUR, now: NOW }
}

fn new(id: &str, uid: &str) -> NewPasskey {
    let log = LogRow { kind: LogType::BindPasskey, ..log_row(&format!("bind-{id}"), uid) };
    NewPasskey { passkey: passkey(id, uid), ceremony: end(&format!("ceremony {id}")), most: 3, log }
}

async fn add(db: &Database, id: &str, uid: &str) -> PasskeyAdded {
    db.store.add_passkey(&new(id, uid)).await.unwrap()
}

async fn note_use(db: &Database, id: &str, nonce: &str, sign_count: u32) -> PasskeyUsed {
    let used = PasskeyUse { id: id.into(), ceremony: end(nonce), sign_count, backed_up: true };
    db.store.use_passkey(&used).await.unwrap()
}

fn removal(uid: &str, revision: i64, id: &str) -> PasskeyRemoval {
    let log = LogRow { kind: LogType::UnbindPasskey, ..log_row(&format!("unbind-{id}"), uid) };
    PasskeyRemoval { uid: uid.into(), revision, id: id.into(), log: Some(log), audit: None }
}

async fn ids(db: &Database, uid: &str) -> Vec<String> {
    db.store.passkeys(uid).await.unwrap().into_iter().map(|passkey| passkey.id).collect()
}

async fn counted(db: &Database, uid: &str) -> i64 {
    db.store.user(uid).await.unwrap().unwrap().passkeys()
}

async fn a_passkey_is_stored_and_found(db: &Database) {
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    assert!(db.store.passkey_holder(b"credential p1").await.unwrap().is_none());
    let revision = db.revision("u").await;
    let mut first = new("p1", "u");
    first.log.told = vec![NewDelivery { id: "d".into(), target: "t".into(), body: "{}".into(), created_at: NOW }];
    assert_eq!(db.store.add_passkey(&first).await.unwrap(), PasskeyAdded::Done);
    assert!(db.revision("u").await > revision, "what was decided before is decided again");
    assert_eq!(add(db, "p2", "u").await, PasskeyAdded::Done);
    assert_eq!(db.store.passkeys("u").await.unwrap(), [passkey("p1", "u"), passkey("p2", "u")]);
    assert_eq!((counted(db, "u").await, db.log().await), (2, vec!["bind-p1".to_owned(), "bind-p2".to_owned()]));
    assert_eq!(db.store.take_deliveries(&everybody(), NOW, NOW + 1, 9).await.unwrap().len(), 1);
    let holder = db.store.passkey_holder(b"credential p2").await.unwrap().unwrap();
    assert_eq!((holder.passkey, holder.user.text("username")), (passkey("p2", "u"), Some("alice")));
    assert!(db.store.passkeys("nobody").await.unwrap().is_empty());
}

async fn a_credential_is_registered_once(db: &Database) {
    for uid in ["u", "v"] {
        db.put_user(json!({"_id": uid})).await;
    }
    assert_eq!(add(db, "p1", "u").await, PasskeyAdded::Done);
    for uid in ["u", "v"] {
        let mut same = new("p2", uid);
        same.passkey.credential_id = b"credential p1".to_vec();
        assert_eq!(db.store.add_passkey(&same).await.unwrap(), PasskeyAdded::Taken);
        assert_eq!(counted(db, uid).await, i64::from(uid == "u"));
    }
    // The ceremony was not used up by it.
    assert_eq!(add(db, "p2", "v").await, PasskeyAdded::Done);
    let mut late = new("p3", "v");
    late.ceremony = end("ceremony p2");
    assert_eq!(db.store.add_passkey(&late).await.unwrap(), PasskeyAdded::CeremonyUsed);
    assert_eq!(ids(db, "v").await, ["p2"]);
}

async fn there_are_no_more_than_the_limit(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    for id in ["a", "b", "c"] {
        assert_eq!(add(db, id, "u").await, PasskeyAdded::Done);
    }
    assert_eq!(add(db, "d", "u").await, PasskeyAdded::TooMany);
    assert_eq!((ids(db, "u").await.len(), db.log().await.len()), (3, 3));
}

async fn a_user_who_is_gone_gets_none(db: &Database) {
    assert_eq!(add(db, "p", "nobody").await, PasskeyAdded::Gone);
    assert_eq!(db.store.count("lingpai-passkeys").await.unwrap(), 0);
}

async fn a_use_is_noted(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    let revision = db.revision("u").await;
    assert_eq!(note_use(db, "p", "one", 0).await, PasskeyUsed::Done);
    assert_eq!(db.revision("u").await, revision, "a login that was decided before holds");
    let noted = Passkey { backed_up: true, last_used_at: Some(NOW), ..passkey("p", "u") };
    assert_eq!(db.store.passkeys("u").await.unwrap(), [noted]);
    assert_eq!(note_use(db, "p", "one", 0).await, PasskeyUsed::CeremonyUsed);
    assert_eq!(note_use(db, "p", "two", 0).await, PasskeyUsed::Done);
    assert_eq!(note_use(db, "gone", "three", 0).await, PasskeyUsed::Gone);
}

async fn a_counter_that_does_not_grow_is_refused(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    for (nonce, told, outcome) in [
        ("1", 5, PasskeyUsed::Done),
        ("2", 5, PasskeyUsed::CounterBehind),
        ("3", 4, PasskeyUsed::CounterBehind),
        ("4", 0, PasskeyUsed::CounterBehind),
        // Refused, so it is not used up.
        ("2", 6, PasskeyUsed::Done),
        ("5", u32::MAX, PasskeyUsed::Done),
    ] {
        assert_eq!(note_use(db, "p", nonce, told).await, outcome, "{told}");
    }
    assert_eq!(db.store.passkeys("u").await.unwrap()[0].sign_count, u32::MAX);
}

async fn a_passkey_gets_another_name(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    assert!(db.store.rename_passkey("u", "p", "Laptop\u{0}\u{1}").await.unwrap());
    assert!(!db.store.rename_passkey("v", "p", "mine").await.unwrap());
    assert!(!db.store.rename_passkey("u", "q", "none").await.unwrap());
    assert_eq!(db.store.passkeys("u").await.unwrap(), [Passkey { name: "Laptop\u{0}\u{1}".into(), ..passkey("p", "u") }]);
}

async fn a_passkey_is_removed(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    add(db, "q", "u").await;
    let revision = db.revision("u").await;
    assert_eq!(db.store.remove_passkey(&removal("u", revision, "none")).await.unwrap(), PasskeyRemoved::Gone);
    let mut told = removal("u", revision, "p");
    if let Some(log) = &mut told.log {
        log.told = vec![NewDelivery { id: "d".into(), target: "t".into(), body: "{}".into(), created_at: NOW }];
    }
    told.audit = Some(AuditRow { id: "a".into(), doc: object(json!({"_id": "a"})) });
    assert_eq!(db.store.remove_passkey(&told).await.unwrap(), PasskeyRemoved::Done);
    assert_eq!((ids(db, "u").await, counted(db, "u").await), (vec!["q".to_owned()], 1));
    assert!(db.store.passkey_holder(b"credential p").await.unwrap().is_none());
    assert_eq!(note_use(db, "p", "later", 0).await, PasskeyUsed::Gone);
    assert_eq!(db.log().await, ["bind-p", "bind-q", "unbind-p"]);
    assert_eq!(db.export("lingpai-audit").await, [json!({"_id": "a"})]);
    assert_eq!(db.store.take_deliveries(&everybody(), NOW, NOW + 1, 9).await.unwrap().len(), 1);
    // It may be added again.
    let again = NewPasskey { ceremony: end("again"), log: log_row("again", "u"), ..new("p", "u") };
    assert_eq!(db.store.add_passkey(&again).await.unwrap(), PasskeyAdded::Done);
}

async fn removing_rests_on_a_revision(db: &Database) {
    for uid in ["u", "v"] {
        db.put_user(json!({"_id": uid})).await;
    }
    add(db, "p", "u").await;
    let revision = db.revision("u").await;
    assert_eq!(db.store.remove_passkey(&removal("u", revision - 1, "p")).await.unwrap(), PasskeyRemoved::Stale);
    assert_eq!(db.store.remove_passkey(&removal("nobody", 1, "p")).await.unwrap(), PasskeyRemoved::Stale);
    let other = db.revision("v").await;
    assert_eq!(db.store.remove_passkey(&removal("v", other, "p")).await.unwrap(), PasskeyRemoved::Gone);
    assert_eq!((ids(db, "u").await.len(), db.log().await.len()), (1, 1));
}

async fn passkeys_go_with_their_user(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    assert!(db.store.remove("uni-id-users", "u").await.unwrap());
    assert!(db.store.passkey_holder(b"credential p").await.unwrap().is_none());
    assert_eq!(db.store.count("lingpai-passkeys").await.unwrap(), 0);
}

async fn whatever_a_document_says_the_users_count_is_true(db: &Database) {
    db.put_user(json!({"_id": "u", "passkeys": 5})).await;
    assert_eq!(counted(db, "u").await, 0);
    add(db, "p", "u").await;
    assert_eq!(counted(db, "u").await, 1);
    // An operator's copy of the document from before.
    db.put_user(json!({"_id": "u", "username": "alice"})).await;
    assert_eq!(db.exported_user("u").await, json!({"_id": "u", "username": "alice", "passkeys": 1}));
    // A user who has none gets no field.
    db.put_user(json!({"_id": "v"})).await;
    assert_eq!(db.exported_user("v").await, json!({"_id": "v"}));
}

async fn imported_passkeys_lead_in(db: &Database) {
    let exported: Vec<_> = ["p", "q"].map(|id| passkey(id, "u").to_document()).into();
    // In either order, and whatever else is imported.
    db.store.put("lingpai-passkeys", &exported[0]).await.unwrap();
    db.put_user(json!({"_id": "u", "passkeys": 2})).await;
    assert_eq!(counted(db, "u").await, 1);
    db.store.put("lingpai-passkeys", &exported[1]).await.unwrap();
    db.store.put("lingpai-passkeys", &exported[1]).await.unwrap();
    db.put("lingpai-passkeys", json!({"_id": "odd", "user_id": "u", "credential_id": "?"})).await;
    assert_eq!((counted(db, "u").await, ids(db, "u").await), (2, vec!["p".to_owned(), "q".to_owned()]));
    assert_eq!(note_use(db, "q", "use", 3).await, PasskeyUsed::Done);
    assert_eq!(db.document("lingpai-passkeys", "q").await["sign_count"], json!(3));
    // Given to somebody else, and removed by an operator.
    db.put_user(json!({"_id": "v"})).await;
    db.store.put("lingpai-passkeys", &passkey("q", "v").to_document()).await.unwrap();
    assert_eq!((counted(db, "u").await, counted(db, "v").await), (1, 1));
    assert!(db.store.remove("lingpai-passkeys", "q").await.unwrap());
    assert_eq!((counted(db, "u").await, counted(db, "v").await), (1, 0));
}

async fn an_import_cannot_give_a_credential_to_two(db: &Database) {
    db.put("lingpai-passkeys", passkey("p", "u").to_document().into()).await;
    let same = Passkey { id: "q".into(), ..passkey("p", "v") };
    assert!(matches!(db.store.put("lingpai-passkeys", &same.to_document()).await, Err(StoreError::Failed(_))));
    assert_eq!(db.store.count("lingpai-passkeys").await.unwrap(), 1);
}

async fn one_ceremony_adds_one(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let outcomes = all(db, |store, n| async move {
        let request = NewPasskey { ceremony: end("the same"), most: 99, ..new(&format!("p{n}"), "u") };
        store.add_passkey(&request).await.unwrap()
    })
    .await;
    assert_eq!((count(&outcomes, &PasskeyAdded::Done), count(&outcomes, &PasskeyAdded::CeremonyUsed)), (1, CALLERS - 1));
    assert_eq!((ids(db, "u").await.len(), counted(db, "u").await, db.log().await.len()), (1, 1, 1));
}

async fn one_credential_goes_to_one(db: &Database) {
    for n in 0..CALLERS {
        db.put_user(json!({"_id": format!("u{n}")})).await;
    }
    let outcomes = all(db, |store, n| async move {
        let mut request = new(&format!("p{n}"), &format!("u{n}"));
        request.passkey.credential_id = b"the same".to_vec();
        store.add_passkey(&request).await.unwrap()
    })
    .await;
    assert_eq!((count(&outcomes, &PasskeyAdded::Done), count(&outcomes, &PasskeyAdded::Taken)), (1, CALLERS - 1));
    assert_eq!((db.store.count("lingpai-passkeys").await.unwrap(), db.log().await.len()), (1, 1));
}

async fn one_limit_holds_for_many(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    let outcomes = all(db, |store, n| async move { store.add_passkey(&new(&format!("p{n}"), "u")).await.unwrap() }).await;
    assert_eq!((count(&outcomes, &PasskeyAdded::Done), count(&outcomes, &PasskeyAdded::TooMany)), (3, CALLERS - 3));
    assert_eq!(counted(db, "u").await, 3);
}

async fn one_ceremony_signs_in_once(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    add(db, "q", "u").await;
    let outcomes = all(db, |store, n| async move {
        let id = if n % 2 == 0 { "p" } else { "q" };
        store.use_passkey(&PasskeyUse { id: id.into(), ceremony: end("the same"), sign_count: 0, backed_up: true }).await.unwrap()
    })
    .await;
    assert_eq!((count(&outcomes, &PasskeyUsed::Done), count(&outcomes, &PasskeyUsed::CeremonyUsed)), (1, CALLERS - 1));
}

async fn one_counter_is_used_once(db: &Database) {
    db.put_user(json!({"_id": "u"})).await;
    add(db, "p", "u").await;
    let outcomes = all(db, |store, n| async move {
        let used = PasskeyUse { id: "p".into(), ceremony: end(&format!("ceremony {n}")), sign_count: 7, backed_up: true };
        store.use_passkey(&used).await.unwrap()
    })
    .await;
    assert_eq!((count(&outcomes, &PasskeyUsed::Done), count(&outcomes, &PasskeyUsed::CounterBehind)), (1, CALLERS - 1));
}

async fn of_the_last_two_ways_in_one_stays(db: &Database) {
    db.put_user(json!({"_id": "u", "wx_unionid": "x"})).await;
    add(db, "p", "u").await;
    let revision = db.revision("u").await;
    let unbinding = UserUpdate {
        uid: "u".into(),
        revision,
        doc: object(json!({"_id": "u", "passkeys": 1})),
        identity_card_digest: None,
        log: None,
        on_taken: None,
    };
    let request = removal("u", revision, "p");
    let (unbound, removed) = tokio::join!(db.store.update_user(&unbinding), db.store.remove_passkey(&request));
    let went = [unbound.unwrap() == UserUpdated::Done, removed.unwrap() == PasskeyRemoved::Done];
    assert_eq!(went.iter().filter(|went| **went).count(), 1, "{went:?}");
}
