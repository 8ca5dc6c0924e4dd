//! What tests hand to the ports.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lingpai_domain::{
    account::{IdentityKind, User},
    log::{LogRow, LogSubject, LogType},
    store::{
        CaptchaGuess, CodeGuess, CodeTarget, FailedLogin, LockRule, Logout, NewCaptcha, NewCode, NewSession, Registration, Renewal, SignIn,
    },
};
use serde_json::Value;

use super::database::{NOW, object};

pub const APP: &str = "__UNI__AAA";
pub const IP: &str = "1.1.1.1";
pub const HOUR: i64 = 3_600_000;

/// The lock of the tests: two wrong passwords, an hour.
pub const LOCK: LockRule = LockRule { limit: 2, retry_ms: HOUR };

/// A text's stand-in for SHA-256: the text itself, cut or filled up.
pub fn hash(token: &str) -> [u8; 32] {
    let mut hash = [b'.'; 32];
    for (place, byte) in hash.iter_mut().zip(token.bytes()) {
        *place = byte;
    }
    hash
}

/// A session begun at a time, that lasts two hours.
pub fn session_at(token: &str, now: i64) -> NewSession {
    NewSession {
        token: token.into(),
        hash: hash(token),
        issued_at: now / 1000,
        expires_at: now / 1000 + 7200,
        app: APP.into(),
        device_id: Some("dev-1".into()),
        ip: IP.into(),
        user_agent: "test".into(),
        now,
        max_tokens: 10,
    }
}

/// A session begun now.
pub fn session(token: &str) -> NewSession {
    session_at(token, NOW)
}

/// A JWT with these times, signed by nobody.
pub fn jwt(name: &str, iat: i64, exp: i64) -> String {
    format!("header.{}.{name}", BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"iat":{iat},"exp":{exp}}}"#)))
}

/// A row of the log about a user.
pub fn log_row(id: &str, uid: &str) -> LogRow {
    LogRow {
        id: id.into(),
        appid: APP.into(),
        device_id: None,
        ip: IP.into(),
        kind: LogType::Login,
        ua: "test".into(),
        create_date: NOW,
        subject: LogSubject::User(uid.into()),
        success: true,
        told: vec![],
    }
}

/// A row of the log about an identifier.
pub fn failed_row(id: &str, name: &str, create_date: i64) -> LogRow {
    let subject = LogSubject::Identifier(IdentityKind::Username, name.into());
    LogRow { subject, success: false, create_date, ..log_row(id, "") }
}

pub fn user(doc: Value) -> User {
    User::new(object(doc))
}

/// A registration that logs `reg-<token>`.
pub fn registration(doc: Value, token: &str) -> Registration {
    let user = user(doc);
    let log = log_row(&format!("reg-{token}"), user.id());
    Registration { user, admin_seat: false, session: Some(session(token)), previous: None, log: Some(log), on_conflict: None, audit: None }
}

/// A sign-in that logs `log-<token>`.
pub fn sign_in(uid: &str, revision: i64, token: &str) -> SignIn {
    SignIn {
        uid: uid.into(),
        revision,
        session: session(token),
        lock: None,
        rehash: None,
        previous: None,
        log: log_row(&format!("log-{token}"), uid),
    }
}

/// A logout that logs `out-<token>`.
pub fn logout(uid: &str, token: &str) -> Logout {
    Logout {
        uid: uid.into(),
        token: token.into(),
        hash: hash(token),
        expires: Some(NOW + 2 * HOUR),
        device_id: Some("dev-1".into()),
        log: LogRow { kind: LogType::Logout, ..log_row(&format!("out-{token}"), uid) },
    }
}

pub fn renewal(uid: &str, revision: i64, old: &str, new: &str) -> Renewal {
    Renewal { uid: uid.into(), revision, old_token: Some(old.into()), old_hash: hash(old), session: session(new) }
}

/// A wrong password that logs `id`.
pub fn failure(uid: &str, ip: &str, now: i64, id: &str) -> FailedLogin {
    FailedLogin { uid: uid.into(), ip: ip.into(), now, lock: LOCK, log: failed_row(id, "alice", now) }
}

pub fn mobile(number: &str) -> CodeTarget {
    CodeTarget::Mobile(number.into())
}

/// A code for `login-by-sms` that lasts three minutes.
pub fn code(id: &str, target: CodeTarget, code: &str) -> NewCode {
    NewCode {
        id: id.into(),
        target,
        scene: "login-by-sms".into(),
        code: code.into(),
        ip: IP.into(),
        device_id: Some("dev-1".into()),
        app: APP.into(),
        created_date: NOW,
        expired_date: NOW + 180_000,
        limits: Vec::new(),
    }
}

pub fn code_guess(target: CodeTarget, code: &str) -> CodeGuess {
    CodeGuess { target, scene: "login-by-sms".into(), code: code.into(), now: NOW, max_guesses: 5, on_wrong: None }
}

/// A captcha for `register` that lasts three minutes.
pub fn captcha(id: &str, code: &str) -> NewCaptcha {
    NewCaptcha {
        id: id.into(),
        device_id: "dev-1".into(),
        scene: "register".into(),
        code: code.into(),
        ip: IP.into(),
        created_date: NOW,
        expired_date: NOW + 180_000,
    }
}

pub fn captcha_guess(code: &str) -> CaptchaGuess {
    CaptchaGuess { device_id: "dev-1".into(), scene: "register".into(), code: code.into(), now: NOW, max_guesses: 5 }
}
