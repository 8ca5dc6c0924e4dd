//! Texts that PostgreSQL cannot hold as they are - with U+0000, or too long for an index - go through
//! every port all the same.

use lingpai_domain::{
    account::IdentityKind,
    log::{LogSubject, LogType},
    store::{
        CaptchaOutcome, GuessOutcome, IdentityQuery, Issued, PasswordChange, RecentQuery, Registered, Registration, Renewed, SendLimit,
        SendScope, SignIn, SignedIn, StatusChange, Store,
    },
};
use serde_json::{Value, json};

use crate::{
    database::{NOW, object},
    fresh,
    samples::{self, APP},
};

/// The odd text, and one that must not be taken for it.
const ODD: &str = "a\u{0}\u{1}b";
const NEAR: &str = "a\u{1}0\u{1}1b";

#[tokio::test]
async fn documents_keep_their_text() {
    let (store, _database) = fresh().await;
    let text = format!(r#"{{"_id":"{ODD}","z":"\u0000\\u0000","a":1.50,"big":123456789012345678901234567890,"":{{"\u0000":null}}}}"#)
        .replace('\0', "\\u0000")
        .replace('\u{1}', "\\u0001");
    for collection in lingpai_domain::store::COLLECTIONS {
        let doc = object(serde_json::from_str(&text).unwrap());
        store.put(collection, &doc).await.unwrap();
        store.put(collection, &object(json!({"_id": NEAR}))).await.unwrap();
        assert_eq!(store.export(collection, None, 9).await.unwrap(), [doc.clone(), object(json!({"_id": NEAR}))], "{collection}");
        assert_eq!(store.export(collection, Some(ODD), 9).await.unwrap().len(), 1);
        assert!(store.remove(collection, ODD).await.unwrap());
        assert_eq!(store.count(collection).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn users_are_found_and_changed() {
    let (store, _database) = fresh().await;
    let registration = |uid: &str, name: &str| {
        let doc = json!({"_id": uid, "username": name, "role": [ODD], "nickname": ODD, "status": 0});
        Registration { session: None, ..samples::registration(doc, uid) }
    };
    assert_eq!(store.register(&registration(ODD, ODD)).await.unwrap(), Registered::Done);
    assert_eq!(store.register(&registration("other", ODD)).await.unwrap(), Registered::AccountExists);
    assert_eq!(store.register(&registration(NEAR, NEAR)).await.unwrap(), Registered::Done);

    let query = IdentityQuery { kind: IdentityKind::Username, values: vec![ODD.into()], app: APP.into() };
    let found = store.candidates(&query, None).await.unwrap();
    assert_eq!(found.users.iter().map(|user| user.id()).collect::<Vec<_>>(), [ODD]);

    assert!(store.change_status(&StatusChange { uid: ODD.into(), status: 1, told: vec![] }).await.unwrap());
    let revision = store.user(ODD).await.unwrap().unwrap().revision;
    let change = PasswordChange {
        uid: ODD.into(),
        revision,
        password: ODD.into(),
        version: Some(2),
        valid_token_date: None,
        log: None,
        told: vec![],
    };
    store.change_password(&change).await.unwrap();
    let user = store.user(ODD).await.unwrap().unwrap();
    assert_eq!(
        Value::from(user.doc),
        json!({"_id": ODD, "username": ODD, "role": [ODD], "nickname": ODD, "status": 1, "password": ODD, "password_secret_version": 2})
    );
    let news = store.gate_news(None).await.unwrap();
    let heard = format!("{:?}", news.changes);
    assert!(heard.contains(&format!("uid: {ODD:?}")) && heard.contains(&format!("roles: [{ODD:?}]")), "{heard}");
}

#[tokio::test]
async fn sessions_begin_and_end() {
    let (store, _database) = fresh().await;
    store.put("uni-id-users", &object(json!({"_id": ODD}))).await.unwrap();
    let mut session = samples::session(ODD);
    session.app = ODD.into();
    session.ip = ODD.into();
    session.user_agent = ODD.into();
    session.device_id = Some(ODD.into());
    let mut row = samples::log_row(ODD, ODD);
    row.ua = ODD.into();
    row.ip = ODD.into();
    let sign_in = SignIn {
        uid: ODD.into(),
        revision: 1,
        session: session.clone(),
        lock: Some(samples::LOCK),
        rehash: Some((ODD.into(), None)),
        previous: None,
        log: row.clone(),
    };
    assert_eq!(store.sign_in(&sign_in).await.unwrap(), SignedIn::Done);
    assert!(store.session_view(ODD, ODD).await.unwrap().unwrap().listed);
    assert!(!store.session_view(ODD, NEAR).await.unwrap().unwrap().listed);
    assert_eq!(store.export("uni-id-log", None, 9).await.unwrap(), [row.to_document()]);

    store.put("uni-id-device", &object(json!({"_id": "d", "user_id": ODD, "device_id": ODD, "token_expired": 5}))).await.unwrap();
    let renewal = samples::renewal(ODD, 2, ODD, "new");
    assert_eq!(store.renew(&renewal).await.unwrap(), Renewed::Done);
    let mut logout = samples::logout(ODD, ODD);
    logout.device_id = Some(ODD.into());
    store.logout(&logout).await.unwrap();
    let device = store.export("uni-id-device", None, 9).await.unwrap().remove(0);
    assert_eq!(device["token_expired"], 0);

    let failure = samples::failure(ODD, ODD, NOW, "f");
    store.fail_login(&failure).await.unwrap();
    let user = store.export("uni-id-users", None, 9).await.unwrap().remove(0);
    assert_eq!(
        Value::from(user),
        json!({"_id": ODD, "password": ODD, "last_login_date": NOW, "last_login_ip": renewal.session.ip, "token": ["new"],
            "login_ip_limit": [{"ip": ODD, "error_times": 1, "last_error_time": NOW}]})
    );
}

#[tokio::test]
async fn codes_and_the_log_are_looked_at() {
    let (store, _database) = fresh().await;
    let mut code = samples::code("c", samples::mobile(ODD), ODD);
    code.scene = ODD.into();
    code.ip = ODD.into();
    code.device_id = Some(ODD.into());
    code.app = ODD.into();
    code.limits = [SendScope::Target, SendScope::Device, SendScope::Ip, SendScope::App]
        .map(|scope| SendLimit { scope, window_ms: 1000, count: 1 })
        .into();
    assert_eq!(store.issue_code(&code).await.unwrap(), Issued::Done);
    code.id = "d".into();
    assert!(matches!(store.issue_code(&code).await.unwrap(), Issued::TooMany { .. }));
    let mut guess = samples::code_guess(samples::mobile(ODD), ODD);
    guess.scene = ODD.into();
    assert_eq!(store.consume_code(&guess).await.unwrap(), GuessOutcome::Right);

    let mut captcha = samples::captcha("e", ODD);
    captcha.device_id = ODD.into();
    captcha.scene = ODD.into();
    store.issue_captcha(&captcha).await.unwrap();
    captcha.id = "f".into();
    assert!(store.refresh_captcha(&captcha).await.unwrap());
    let mut guess = samples::captcha_guess(ODD);
    guess.device_id = ODD.into();
    guess.scene = ODD.into();
    assert_eq!(store.consume_captcha(&guess).await.unwrap(), CaptchaOutcome::Right);

    for id in ["1", "2", "3"] {
        let mut row = samples::failed_row(id, ODD, NOW);
        row.subject = LogSubject::Identifier(IdentityKind::Username, ODD.into());
        row.ip = ODD.into();
        store.append_log(&row).await.unwrap();
    }
    let recent = |value: &str| RecentQuery {
        kind: LogType::Login,
        ip: ODD.into(),
        field: IdentityKind::Username,
        value: value.into(),
        since: NOW - 1,
    };
    assert!(store.failed_thrice(&recent(ODD)).await.unwrap());
    assert!(!store.failed_thrice(&recent(NEAR)).await.unwrap());
}

/// A text of this many bytes that does not compress.
fn noise(length: usize) -> String {
    let mut state = 0x2545_f491_u32;
    let mut text = String::with_capacity(length);
    for _ in 0..length {
        // A linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push(char::from(b' ' + u8::try_from(state >> 24).unwrap() % 95));
    }
    text
}

#[tokio::test]
async fn texts_too_long_for_an_index_are_found_too() {
    let (store, _database) = fresh().await;
    let (long, longer) = (noise(6000), noise(6001));
    for name in [&long, &longer] {
        let doc = json!({"_id": name.len().to_string(), "username": name, "dcloud_appid": [name], "wx_openid": {name: name}});
        assert_eq!(store.register(&samples::registration(doc, &name.len().to_string())).await.unwrap(), Registered::Done);
    }
    let again = samples::registration(json!({"_id": "x", "username": long, "dcloud_appid": [long]}), "x");
    assert_eq!(store.register(&again).await.unwrap(), Registered::AccountExists);
    let query = IdentityQuery { kind: IdentityKind::Username, values: vec![longer.clone()], app: longer.clone() };
    let found = store.candidates(&query, None).await.unwrap();
    assert_eq!(found.users.iter().map(|user| user.id()).collect::<Vec<_>>(), ["6001"]);

    let mut captcha = samples::captcha("e", "code");
    captcha.device_id = long.clone();
    store.issue_captcha(&captcha).await.unwrap();
    let mut guess = samples::captcha_guess("code");
    guess.device_id = longer.clone();
    assert_eq!(store.consume_captcha(&guess).await.unwrap(), CaptchaOutcome::Wrong);
    guess.device_id = long.clone();
    assert_eq!(store.consume_captcha(&guess).await.unwrap(), CaptchaOutcome::Right);
    assert_eq!(store.export("opendb-verify-codes", None, 9).await.unwrap()[0]["device_uuid"], long.as_str());

    let mut code = samples::code("c", samples::mobile(&long), "123456");
    code.device_id = Some(long.clone());
    code.limits = vec![SendLimit { scope: SendScope::Device, window_ms: 1000, count: 1 }];
    assert_eq!(store.issue_code(&code).await.unwrap(), Issued::Done);
    code.id = "d".into();
    assert!(matches!(store.issue_code(&code).await.unwrap(), Issued::TooMany { .. }));
    assert_eq!(store.consume_code(&samples::code_guess(samples::mobile(&long), "123456")).await.unwrap(), GuessOutcome::Right);

    store.put("uni-id-device", &object(json!({"_id": "d", "user_id": "6000", "device_id": long, "token_expired": 5}))).await.unwrap();
    let mut logout = samples::logout("6000", "t");
    logout.device_id = Some(long.clone());
    store.logout(&logout).await.unwrap();
    assert_eq!(store.export("uni-id-device", None, 9).await.unwrap()[0]["token_expired"], 0);

    for id in ["1", "2", "3"] {
        store.append_log(&samples::failed_row(id, &long, NOW)).await.unwrap();
    }
    let recent = |value: &str| RecentQuery {
        kind: LogType::Login,
        ip: samples::IP.into(),
        field: IdentityKind::Username,
        value: value.into(),
        since: NOW - 1,
    };
    assert!(store.failed_thrice(&recent(&long)).await.unwrap());
    assert!(!store.failed_thrice(&recent(&longer)).await.unwrap());
}
