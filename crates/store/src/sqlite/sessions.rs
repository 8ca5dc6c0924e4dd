//! Registering, signing in and out.

use lingpai_domain::store::{
    FailedLogin, FailedOutcome, LockRule, Logout, NewSession, Registered, Registration, Renewal, Renewed, SignIn, SignedIn, SignedInLinked,
    UserUpdate, UserUpdated,
};
use rusqlite::{Connection, OptionalExtension, types::ValueRef};
use serde_json::{Map, Value};

use super::{along, collections, failure::Failure, gate, log, logins, session_list, updates, users};
use crate::document::UserParts;

/// See [`lingpai_domain::store::Store::register`].
pub fn register(connection: &Connection, registration: &Registration) -> Result<Registered, Failure> {
    if registration.admin_seat && users::admin_exists(connection)? {
        return Ok(Registered::AdminExists);
    }
    let mut parts = UserParts::new(&registration.user.doc)?;
    let mut taken = users::find(connection, &parts.id)?.is_some();
    for identity in &parts.identities {
        taken = taken || users::is_taken(connection, identity)?;
    }
    if taken {
        if let Some(row) = &registration.on_conflict {
            log::append(connection, row)?;
        }
        return Ok(Registered::AccountExists);
    }
    if let Some(session) = &registration.session {
        if is_revoked(connection, session, registration.previous.as_ref())? {
            return Ok(Registered::TokenRevoked);
        }
        parts.login.last_login_date = Some(session.now);
        parts.login.last_login_ip = Some(session.ip.clone());
    }
    if let Some(previous) = &registration.previous {
        end(connection, previous)?;
    }
    users::put(connection, &parts)?;
    if let Some(session) = &registration.session {
        begin(connection, &parts.id, None, session)?;
    }
    if let Some(row) = &registration.log {
        log::append(connection, row)?;
    }
    if let Some(row) = &registration.audit {
        along::audit(connection, row)?;
    }
    Ok(Registered::Done)
}

/// See [`lingpai_domain::store::Store::sign_in`].
pub fn sign_in(connection: &Connection, sign_in: &SignIn) -> Result<SignedIn, Failure> {
    let Some(user) = at_revision(connection, &sign_in.uid, sign_in.revision)? else { return Ok(SignedIn::Stale) };
    let session = &sign_in.session;
    if let Some(rule) = sign_in.lock
        && is_locked(connection, &sign_in.uid, &session.ip, session.now, rule)?
    {
        return Ok(SignedIn::Locked);
    }
    if is_revoked(connection, session, sign_in.previous.as_ref())? {
        return Ok(SignedIn::TokenRevoked);
    }
    if let Some(rule) = sign_in.lock {
        forget_attempts(connection, &sign_in.uid, Some(&session.ip), session.now, rule)?;
    }
    if let Some(previous) = &sign_in.previous {
        end(connection, previous)?;
    }
    if let Some((password, version)) = &sign_in.rehash {
        let mut fields = vec![("password", Value::from(password.as_str()))];
        fields.extend(version.map(|version| ("password_secret_version", Value::from(version))));
        users::set_fields(connection, &sign_in.uid, None, &fields)?;
    }
    logins::stamp(connection, &sign_in.uid, session.now, &session.ip, sign_in.lock.is_some())?;
    begin(connection, &sign_in.uid, user.valid_token_date, session)?;
    log::append(connection, &sign_in.log)?;
    Ok(SignedIn::Done)
}

/// See [`lingpai_domain::store::Store::sign_in_linked`].
pub fn sign_in_linked(connection: &Connection, request: &SignIn, doc: &Map<String, Value>) -> Result<SignedInLinked, Failure> {
    if at_revision(connection, &request.uid, request.revision)?.is_none() {
        return Ok(SignedInLinked::Stale);
    }
    // Before anything is written: see the writer.
    if is_revoked(connection, &request.session, request.previous.as_ref())? {
        return Ok(SignedInLinked::TokenRevoked);
    }
    let update = UserUpdate {
        uid: request.uid.clone(),
        revision: request.revision,
        doc: doc.clone(),
        identity_card_digest: None,
        log: None,
        on_taken: None,
    };
    match updates::update(connection, &update)? {
        UserUpdated::Done => {}
        UserUpdated::Stale => return Ok(SignedInLinked::Stale),
        UserUpdated::Taken => return Ok(SignedInLinked::Taken),
    }
    let after = SignIn { revision: request.revision + 1, lock: None, rehash: None, ..request.clone() };
    match sign_in(connection, &after)? {
        SignedIn::Done => Ok(SignedInLinked::Done),
        _ => Err(Failure::Internal("a sign-in that was possible was not")),
    }
}

/// See [`lingpai_domain::store::Store::renew`].
pub fn renew(connection: &Connection, renewal: &Renewal) -> Result<Renewed, Failure> {
    let Some(user) = at_revision(connection, &renewal.uid, renewal.revision)? else { return Ok(Renewed::Stale) };
    if gate::is_revoked(connection, &renewal.old_hash)? {
        return Ok(Renewed::NotListed);
    }
    if let Some(token) = &renewal.old_token {
        let mut listed = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM sessions WHERE uid = ?1 AND id > 0 AND token = ?2)")?;
        if !listed.query_row((&renewal.uid, token), |row| row.get::<_, bool>(0))? {
            return Ok(Renewed::NotListed);
        }
    }
    if is_revoked(connection, &renewal.session, None)? {
        return Ok(Renewed::TokenRevoked);
    }
    logins::stamp(connection, &renewal.uid, renewal.session.now, &renewal.session.ip, false)?;
    // Looked for first: the old token may leave the list for the new one.
    let link = renewal.old_token.as_ref().map(|old| session_list::link_of(connection, &renewal.uid, old)).transpose()?.flatten();
    begin(connection, &renewal.uid, user.valid_token_date, &renewal.session)?;
    if let Some(link) = link {
        session_list::link(connection, &renewal.uid, &renewal.session.token, link)?;
    }
    Ok(Renewed::Done)
}

/// See [`lingpai_domain::store::Store::logout`].
pub fn end(connection: &Connection, logout: &Logout) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id > 0 AND token = ?2")?.execute((&logout.uid, &logout.token))?;
    gate::revoke(connection, &logout.hash, logout.expires)?;
    if let Some(device) = &logout.device_id {
        collections::expire_device(connection, &logout.uid, device)?;
    }
    log::append(connection, &logout.log)
}

/// See [`lingpai_domain::store::Store::fail_login`].
pub fn fail(connection: &Connection, failure: &FailedLogin) -> Result<FailedOutcome, Failure> {
    log::append(connection, &failure.log)?;
    if is_locked(connection, &failure.uid, &failure.ip, failure.now, failure.lock)? {
        return Ok(FailedOutcome::Locked);
    }
    forget_attempts(connection, &failure.uid, None, failure.now, failure.lock)?;
    let mut known = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM users WHERE id = ?1)")?;
    if known.query_row([&failure.uid], |row| row.get::<_, bool>(0))? {
        logins::show_addresses(connection, &failure.uid)?;
        connection
            .prepare_cached(
                "INSERT INTO login_attempts (uid, ip, error_times, last_error_time) VALUES (?1, ?2, 1, ?3)
                 ON CONFLICT (uid, ip) DO UPDATE SET error_times = error_times + 1, last_error_time = ?3",
            )?
            .execute((&failure.uid, &failure.ip, failure.now))?;
    }
    Ok(FailedOutcome::Counted)
}

/// What a session's begin needs to know of its user.
struct Holder {
    valid_token_date: Option<i64>,
}

fn at_revision(connection: &Connection, uid: &str, revision: i64) -> Result<Option<Holder>, Failure> {
    // Most documents do not have the field, and looking for its name is cheaper than reading JSON.
    let mut statement = connection.prepare_cached(
        "SELECT CASE WHEN instr(doc, '\"valid_token_date\"') THEN doc ->> '$.valid_token_date' END
         FROM users WHERE id = ?1 AND revision = ?2",
    )?;
    let holder = statement.query_row((uid, revision), |row| {
        let valid_token_date = if let ValueRef::Integer(date) = row.get_ref(0)? { Some(date) } else { None };
        Ok(Holder { valid_token_date })
    });
    Ok(holder.optional()?)
}

/// Whether the session's token was logged out, or is about to be.
fn is_revoked(connection: &Connection, session: &NewSession, previous: Option<&Logout>) -> Result<bool, Failure> {
    Ok(previous.is_some_and(|previous| previous.hash == session.hash) || gate::is_revoked(connection, &session.hash)?)
}

/// See [`lingpai_domain::store::Store::is_locked_out`].
pub fn is_locked(connection: &Connection, uid: &str, ip: &str, now: i64, rule: LockRule) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM login_attempts WHERE uid = ?1 AND ip = ?2 AND error_times >= ?3 AND last_error_time > ?4)",
    )?;
    Ok(statement.query_row((uid, ip, rule.limit, now.saturating_sub(rule.retry_ms)), |row| row.get(0))?)
}

/// Drops an address's wrong passwords, and everyone's stale ones.
fn forget_attempts(connection: &Connection, uid: &str, ip: Option<&str>, now: i64, rule: LockRule) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM login_attempts WHERE uid = ?1 AND (ip = ?2 OR last_error_time <= ?3)")?.execute((
        uid,
        ip,
        now.saturating_sub(rule.retry_ms),
    ))?;
    Ok(())
}

/// Adds a token to the list: dead ones leave first, then the oldest, until it fits.
pub fn begin(connection: &Connection, uid: &str, valid_token_date: Option<i64>, session: &NewSession) -> Result<(), Failure> {
    let mut last = 0;
    let mut leaving = Vec::new();
    let mut staying = Vec::new();
    {
        let mut list = connection.prepare_cached("SELECT id, issued_at, expires_at FROM sessions WHERE uid = ?1 AND id > 0 ORDER BY id")?;
        let mut rows = list.query([uid])?;
        while let Some(row) = rows.next()? {
            let (id, issued_at, expires_at): (i64, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let is_expired = expires_at.is_some_and(|end| end.saturating_mul(1000) < session.now);
            let is_void = valid_token_date.is_some_and(|date| issued_at.saturating_mul(1000) < date);
            if is_expired || is_void {
                leaving.push(id)
            } else {
                staying.push(id)
            }
            last = id;
        }
    }
    if session.max_tokens > 0 {
        leaving.extend(staying.iter().take((staying.len() + 1).saturating_sub(session.max_tokens)));
    }
    let mut delete = connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id = ?2")?;
    for id in leaving {
        delete.execute((uid, id))?;
    }
    connection
        .prepare_cached(
            "INSERT INTO sessions (uid, id, issued_at, expires_at, created_at, app, device_id, ip, user_agent, token)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute((
            uid,
            last + 1,
            session.issued_at,
            session.expires_at,
            session.now,
            &session.app,
            &session.device_id,
            &session.ip,
            &session.user_agent,
            &session.token,
        ))?;
    Ok(())
}
