//! The list of a user's sessions.

use lingpai_domain::{
    store::{EndedToken, ListedToken, OtherSessionsEnd, OtherSessionsEnded, SessionEnd, TokenUse},
    token,
};
use rusqlite::{Connection, OptionalExtension};

use super::{collections, failure::Failure, gate, log, logins, sessions, users};

/// See [`lingpai_domain::store::Store::listed_tokens`].
pub fn listed(connection: &Connection, uid: &str) -> Result<Vec<ListedToken>, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT token, chain, issued_at, expires_at, COALESCE(started_at, created_at, 0),
           MAX(COALESCE(created_at, 0), COALESCE(used_at, 0)), COALESCE(used_ip, ip), app, device_id, user_agent
         FROM sessions WHERE uid = ?1 AND id > 0 ORDER BY id",
    )?;
    let listed = statement.query_map([uid], |row| {
        let text: String = row.get(0)?;
        let hash = token::hash(&text);
        Ok(ListedToken {
            hash,
            chain: row.get::<_, Option<[u8; 32]>>(1)?.unwrap_or(hash),
            issued_at: row.get(2)?,
            expires: row.get::<_, Option<i64>>(3)?.map(|end| end.saturating_mul(1000)),
            started_at: row.get(4)?,
            used_at: row.get(5)?,
            used_ip: row.get(6)?,
            app: row.get(7)?,
            device_id: row.get(8)?,
            user_agent: row.get(9)?,
        })
    })?;
    Ok(listed.collect::<Result<_, _>>()?)
}

/// See [`lingpai_domain::store::Store::note_uses`].
pub fn note_uses(connection: &Connection, uses: &[TokenUse]) -> Result<(), Failure> {
    let mut note = connection.prepare_cached(
        "UPDATE sessions SET used_at = ?3, used_ip = ?4 WHERE uid = ?1 AND id > 0 AND token = ?2 AND COALESCE(used_at, 0) < ?3",
    )?;
    for used in uses {
        note.execute((&used.uid, &used.token, used.at, &used.ip))?;
    }
    Ok(())
}

/// To which session a token belongs, and when that began.
pub type Link = ([u8; 32], Option<i64>);

/// The session of a token of the list.
pub fn link_of(connection: &Connection, uid: &str, token: &str) -> Result<Option<Link>, Failure> {
    let mut find = connection.prepare_cached(
        "SELECT COALESCE(chain, ?3), COALESCE(started_at, created_at) FROM sessions
         WHERE uid = ?1 AND id > 0 AND token = ?2 ORDER BY id DESC LIMIT 1",
    )?;
    let old = find.query_row((uid, token, token::hash(token)), |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(old.optional()?)
}

/// Lets a token go on with a session.
pub fn link(connection: &Connection, uid: &str, token: &str, link: Link) -> Result<(), Failure> {
    connection
        .prepare_cached("UPDATE sessions SET chain = ?3, started_at = ?4 WHERE uid = ?1 AND id > 0 AND token = ?2")?
        .execute((uid, token, link.0, link.1))?;
    Ok(())
}

/// See [`lingpai_domain::store::Store::end_session`].
pub fn end(connection: &Connection, end: &SessionEnd) -> Result<Vec<EndedToken>, Failure> {
    let mut tokens = connection.prepare_cached("SELECT id, token, chain, expires_at, device_id FROM sessions WHERE uid = ?1 AND id > 0")?;
    let mut rows = tokens.query([&end.uid])?;
    let mut ended = Vec::new();
    while let Some(row) = rows.next()? {
        let hash = token::hash(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?);
        if row.get::<_, Option<[u8; 32]>>(2)?.unwrap_or(hash) == end.chain {
            let expires = row.get::<_, Option<i64>>(3)?.map(|end| end.saturating_mul(1000));
            ended.push((row.get::<_, i64>(0)?, hash, expires, row.get::<_, Option<String>>(4)?));
        }
    }
    for (id, hash, expires, device) in &ended {
        connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id = ?2")?.execute((&end.uid, id))?;
        gate::revoke(connection, hash, *expires)?;
        if let Some(device) = device {
            collections::expire_device(connection, &end.uid, device)?;
        }
    }
    if !ended.is_empty() {
        log::append(connection, &end.log)?;
    }
    Ok(ended.into_iter().map(|(_, hash, expires, _)| (hash, expires)).collect())
}

/// See [`lingpai_domain::store::Store::end_other_sessions`].
pub fn end_others(connection: &Connection, end: &OtherSessionsEnd) -> Result<OtherSessionsEnded, Failure> {
    let mut later = connection.prepare_cached("SELECT max(issued_at) FROM sessions WHERE uid = ?1 AND id > 0")?;
    let newest: Option<i64> = later.query_row([&end.uid], |row| row.get(0))?;
    if newest.is_some_and(|issued_at| issued_at.saturating_mul(1000) >= end.valid_token_date) {
        return Ok(OtherSessionsEnded::Stale);
    }
    if gate::is_revoked(connection, &end.session.hash)? {
        return Ok(OtherSessionsEnded::TokenRevoked);
    }
    let date = [("valid_token_date", end.valid_token_date.into())];
    if !users::set_fields(connection, &end.uid, Some(end.revision), &date)? {
        return Ok(OtherSessionsEnded::Stale);
    }
    let mut devices =
        connection.prepare_cached("SELECT DISTINCT device_id FROM sessions WHERE uid = ?1 AND id > 0 AND device_id IS NOT ?2")?;
    let devices = devices.query_map((&end.uid, &end.session.device_id), |row| row.get(0))?.collect::<Result<Vec<Option<String>>, _>>()?;
    for device in devices.into_iter().flatten() {
        collections::expire_device(connection, &end.uid, &device)?;
    }
    connection.prepare_cached("DELETE FROM sessions WHERE uid = ?1 AND id > 0")?.execute([&end.uid])?;
    logins::stamp(connection, &end.uid, end.session.now, &end.session.ip, false)?;
    sessions::begin(connection, &end.uid, Some(end.valid_token_date), &end.session)?;
    connection.prepare_cached("UPDATE sessions SET chain = ?2, started_at = ?3 WHERE uid = ?1 AND id > 0")?.execute((
        &end.uid,
        end.chain,
        end.started_at,
    ))?;
    log::append(connection, &end.log)?;
    Ok(OtherSessionsEnded::Done)
}
