//! Reading users, and writing whole ones.

use std::collections::BTreeSet;

use lingpai_domain::{
    account::{AccountOverview, Identity, IdentityKind, User},
    store::{AnyIdentityQuery, Candidates, IdentityQuery, RecentQuery, SessionView},
};
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

use super::{
    failure::Failure,
    invitations::{self, ancestry},
    log, logins,
};
use crate::document::{
    self, LoginColumns, UserParts,
    invitation::{self, show_inviters},
    stands_apart, stored_user,
};

/// See [`lingpai_domain::store::Store::user`].
pub fn find(connection: &Connection, uid: &str) -> Result<Option<User>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT u.doc, u.revision, l.created_at, l.ip, ",
        ancestry!(),
        " FROM users u LEFT JOIN sessions l ON l.uid = u.id AND l.id = 0 WHERE u.id = ?1"
    ))?;
    statement.query_row([uid], |row| Ok(read(row))).optional()?.transpose()
}

/// See [`lingpai_domain::store::Store::account_overview`].
pub fn overview(connection: &Connection, uid: &str) -> Result<Option<AccountOverview>, Failure> {
    let mut statement = connection.prepare_cached("SELECT doc FROM users WHERE id = ?1")?;
    let overview = statement.query_row([uid], |row| {
        let doc = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        Ok(serde_json::from_str(doc).map_err(Failure::from))
    });
    overview.optional()?.transpose()
}

fn read(row: &Row<'_>) -> Result<User, Failure> {
    let doc = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    let login = LoginColumns { last_login_date: row.get(2)?, last_login_ip: row.get(3)? };
    let mut user = stored_user(doc, row.get(1)?, login)?;
    show_inviters(&mut user.doc, invitation::ancestry(row.get_ref(4)?.as_str_or_null().map_err(rusqlite::Error::from)?)?);
    Ok(user)
}

/// See [`lingpai_domain::store::Store::session_view`].
pub fn with_session(connection: &Connection, uid: &str, token: &str) -> Result<Option<SessionView>, Failure> {
    let mut statement = connection.prepare_cached(concat!(
        "SELECT u.doc, u.revision, l.created_at, l.ip, ",
        ancestry!(),
        ", EXISTS (SELECT 1 FROM sessions WHERE uid = ?1 AND id > 0 AND token = ?2)
         FROM users u LEFT JOIN sessions l ON l.uid = u.id AND l.id = 0 WHERE u.id = ?1"
    ))?;
    let view = statement.query_row((uid, token), |row| {
        let listed = row.get(5)?;
        Ok(read(row).map(|user| SessionView { user, listed }))
    });
    view.optional()?.transpose()
}

/// See [`lingpai_domain::store::Store::candidates`].
pub fn candidates(connection: &Connection, query: &IdentityQuery, recent: Option<&RecentQuery>) -> Result<Candidates, Failure> {
    let holders = Holders::few(connection, query)?.map_or_else(|| Holders::of_many(connection, query), Ok)?;
    let mut users = Vec::with_capacity(holders.uids.len());
    for uid in &holders.uids {
        users.extend(find(connection, uid)?);
    }
    let failed_thrice = recent.map(|recent| log::failed_thrice(connection, recent)).transpose()?.unwrap_or(false);
    Ok(Candidates { users, elsewhere: holders.elsewhere, failed_thrice })
}

/// Who has an identifier.
#[derive(Default)]
struct Holders {
    /// In the asking application or in all, at most two.
    uids: Vec<String>,
    /// Whether there are others, of other applications only.
    elsewhere: bool,
}

impl Holders {
    /// So many rows of a value are read at once: as a rule there is one.
    const FEW: i64 = 8;

    /// Reads all rows in one statement for each value. `None`: there are too many.
    fn few(connection: &Connection, query: &IdentityQuery) -> Result<Option<Self>, Failure> {
        let mut statement = connection.prepare_cached("SELECT uid, app FROM identities WHERE kind = ?1 AND value = ?2 LIMIT ?3")?;
        let mut here: Vec<String> = Vec::new();
        let mut others: Vec<String> = Vec::new();
        for value in &query.values {
            let mut rows = statement.query((query.kind.wire(), value, Self::FEW + 1))?;
            let mut count = 0;
            while let Some(row) = rows.next()? {
                count += 1;
                if count > Self::FEW {
                    return Ok(None);
                }
                let app = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
                // A user of no application answers to nobody.
                let answers = app != Identity::NO_APP && (app == query.app || app == Identity::ALL_APPS);
                let list = if answers { &mut here } else { &mut others };
                let uid: String = row.get(0)?;
                if !list.contains(&uid) {
                    list.push(uid);
                }
            }
        }
        here.truncate(2);
        let elsewhere = others.iter().any(|uid| !here.contains(uid));
        Ok(Some(Self { uids: here, elsewhere }))
    }

    /// Looks for each answer by itself, however many rows there are.
    fn of_many(connection: &Connection, query: &IdentityQuery) -> Result<Self, Failure> {
        let kind = query.kind.wire();
        let mut holders = Self::default();
        let mut of_app = connection.prepare_cached("SELECT uid FROM identities WHERE kind = ?1 AND value = ?2 AND app = ?3")?;
        for value in &query.values {
            for app in [query.app.as_str(), Identity::ALL_APPS] {
                if app == Identity::NO_APP {
                    continue;
                }
                let mut rows = of_app.query((kind, value, app))?;
                while holders.uids.len() < 2
                    && let Some(row) = rows.next()?
                {
                    let uid: String = row.get(0)?;
                    if !holders.uids.contains(&uid) {
                        holders.uids.push(uid);
                    }
                }
            }
        }
        let mut of_others = connection.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM identities WHERE kind = ?1 AND value = ?2 AND uid IS NOT ?3 AND uid IS NOT ?4
               AND (app = '' OR app NOT IN (?5, '*')))",
        )?;
        for value in &query.values {
            let uids = (holders.uids.first(), holders.uids.get(1));
            holders.elsewhere |= of_others.query_row((kind, value, uids.0, uids.1, &query.app), |row| row.get::<_, bool>(0))?;
        }
        Ok(holders)
    }
}

/// See [`lingpai_domain::store::Store::candidates_of_any`].
pub fn candidates_of_any(connection: &Connection, query: &AnyIdentityQuery) -> Result<Candidates, Failure> {
    let mut holders = connection.prepare_cached("SELECT uid, app FROM identities WHERE kind = ?1 AND value = ?2")?;
    let mut here: BTreeSet<String> = BTreeSet::new();
    let mut elsewhere: BTreeSet<String> = BTreeSet::new();
    for (kind, value) in &query.identities {
        let mut rows = holders.query((kind.wire(), value))?;
        while let Some(row) = rows.next()? {
            let app = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            // A user of no application answers to nobody.
            let is_here = app == Identity::ALL_APPS || (app == query.app && app != Identity::NO_APP);
            let uids = if is_here { &mut here } else { &mut elsewhere };
            uids.insert(row.get(0)?);
        }
    }
    let elsewhere = elsewhere.iter().any(|uid| !here.contains(uid));
    let mut users = Vec::new();
    for uid in here.iter().take(2) {
        users.extend(find(connection, uid)?);
    }
    Ok(Candidates { users, elsewhere, failed_thrice: false })
}

/// See [`lingpai_domain::store::Store::holders`].
pub fn holders(connection: &Connection, kind: &IdentityKind, value: &str, limit: usize) -> Result<Vec<User>, Failure> {
    let mut statement =
        connection.prepare_cached("SELECT DISTINCT uid FROM identities WHERE kind = ?1 AND value = ?2 ORDER BY uid LIMIT ?3")?;
    let mut rows = statement.query((kind.wire(), value, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.extend(find(connection, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(users)
}

/// Whether somebody else's identity forbids this one.
pub fn is_taken(connection: &Connection, identity: &Identity) -> Result<bool, Failure> {
    if stands_apart(identity) {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM identities WHERE kind = ?1 AND value = ?2 AND app <> '' AND (?3 = '*' OR app IN (?3, '*')))",
    )?;
    Ok(statement.query_row((identity.kind.wire(), &identity.value, &identity.app), |row| row.get(0))?)
}

/// Whether a user with role `admin` exists.
pub fn admin_exists(connection: &Connection) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin')")?;
    Ok(statement.query_row((), |row| row.get(0))?)
}

/// Inserts or replaces a user with identities, roles, inviter, sessions and wrong passwords.
pub fn put(connection: &Connection, parts: &UserParts) -> Result<(), Failure> {
    connection
        .prepare_cached(
            "INSERT INTO users (id, invited, doc) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET revision = revision + 1, invited = ?2, doc = ?3",
        )?
        .execute((&parts.id, parts.invitation.is_some(), document::to_text(&parts.doc)?))?;
    write_identities(connection, parts)?;
    invitations::write(connection, parts)?;
    put_sessions(connection, parts)?;
    logins::put(connection, parts)?;
    connection.prepare_cached("DELETE FROM login_attempts WHERE uid = ?1")?.execute([&parts.id])?;
    let mut attempt = connection.prepare_cached(
        "INSERT INTO login_attempts (uid, ip, error_times, last_error_time) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (uid, ip) DO UPDATE SET error_times = MAX(error_times, ?3), last_error_time = MAX(last_error_time, ?4)",
    )?;
    for entry in &parts.attempts {
        attempt.execute((&parts.id, &entry.ip, entry.error_times, entry.last_error_time))?;
    }
    Ok(())
}

/// Replaces a user's identities and roles by those of the parts.
pub fn write_identities(connection: &Connection, parts: &UserParts) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM identities WHERE uid = ?1")?.execute([&parts.id])?;
    let mut regular = connection
        .prepare_cached("INSERT INTO identities (kind, value, app, holder_mark, uid) VALUES (?1, ?2, ?3, '', ?4) ON CONFLICT DO NOTHING")?;
    let mut apart = connection.prepare_cached("INSERT INTO identities (kind, value, app, holder_mark, uid) VALUES (?1, ?2, ?3, ?4, ?4)")?;
    for identity in &parts.identities {
        let row = (identity.kind.wire(), &identity.value, &identity.app, &parts.id);
        // An import may bring an identifier that somebody has already.
        if stands_apart(identity) || regular.execute(row)? == 0 {
            apart.execute(row)?;
        }
    }
    connection.prepare_cached("DELETE FROM user_roles WHERE uid = ?1")?.execute([&parts.id])?;
    let mut role = connection.prepare_cached("INSERT INTO user_roles (role, uid) VALUES (?1, ?2)")?;
    for name in &parts.roles {
        role.execute((name, &parts.id))?;
    }
    Ok(())
}

/// Makes the list of tokens the imported one. An unchanged list keeps what is known of its tokens.
fn put_sessions(connection: &Connection, parts: &UserParts) -> Result<(), Failure> {
    let listed = tokens(connection, &parts.id)?;
    if listed.iter().eq(parts.sessions.iter().map(|session| &session.token)) {
        return Ok(());
    }
    connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id > 0")?.execute([&parts.id])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO sessions (uid, id, issued_at, expires_at, created_at, token) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (id, session) in (1_i64..).zip(&parts.sessions) {
        let created_at = session.issued_at.saturating_mul(1000);
        insert.execute((&parts.id, id, session.issued_at, session.expires_at, created_at, &session.token))?;
    }
    Ok(())
}

/// A user's tokens, oldest first.
pub fn tokens(connection: &Connection, uid: &str) -> Result<Vec<String>, Failure> {
    let mut statement = connection.prepare_cached("SELECT token FROM sessions WHERE uid = ?1 AND id > 0 ORDER BY id")?;
    let tokens = statement.query_map([uid], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(tokens)
}

/// Removes a user with everything that is theirs. Their row of `invitations` stays, see the schema.
pub fn remove(connection: &Connection, uid: &str) -> Result<bool, Failure> {
    for sql in [
        "DELETE FROM identities WHERE uid = ?1",
        "DELETE FROM user_roles WHERE uid = ?1",
        "DELETE FROM identity_cards WHERE uid = ?1",
        "DELETE FROM sessions WHERE uid = ?1",
        "DELETE FROM login_attempts WHERE uid = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([uid])?;
    }
    Ok(connection.prepare_cached("DELETE FROM users WHERE id = ?1")?.execute([uid])? > 0)
}

/// Changes fields of a document that neither identities nor roles come from. `Ok(false)`: no such
/// user, or (with a revision) the user has changed.
pub fn set_fields(connection: &Connection, uid: &str, revision: Option<i64>, fields: &[(&str, Value)]) -> Result<bool, Failure> {
    let mut select = connection.prepare_cached("SELECT doc FROM users WHERE id = ?1 AND revision = COALESCE(?2, revision)")?;
    let Some(doc) = select.query_row((uid, revision), |row| row.get::<_, String>(0)).optional()? else { return Ok(false) };
    let mut doc: Map<String, Value> = document::from_text(&doc)?;
    for (field, value) in fields {
        doc.insert((*field).to_owned(), value.clone());
    }
    connection
        .prepare_cached("UPDATE users SET doc = ?2, revision = revision + 1 WHERE id = ?1")?
        .execute((uid, document::to_text(&doc)?))?;
    Ok(true)
}
