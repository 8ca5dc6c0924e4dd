//! Who invited whom.

use lingpai_domain::store::{InviteAcceptance, InviteAccepted, InviteeQuery, Invitees};
use rusqlite::{Connection, OptionalExtension};

use super::{failure::Failure, users};
use crate::document::{
    self, UserParts,
    invitation::{MAX_DEPTH, accepted_fields, names_inviter},
};

/// SQL: the [`document::invitation::Ancestry`] of the user `u` as JSON; NULL, at no cost, for users
/// whom nobody invited. 1000 is [`MAX_DEPTH`].
macro_rules! ancestry {
    () => {
        "CASE WHEN u.invited THEN (
           WITH RECURSIVE up (uid, depth, inviter) AS (
             SELECT uid, 1, inviter FROM invitations WHERE uid = u.id
             UNION ALL
             SELECT i.uid, depth + 1, i.inviter FROM up JOIN invitations i ON i.uid = up.inviter WHERE depth < 1000)
           SELECT json_array(
             json_group_array(inviter ORDER BY depth),
             json((SELECT tail FROM invitations WHERE uid = (SELECT uid FROM up ORDER BY depth DESC LIMIT 1))))
           FROM up) END"
    };
}
pub(super) use ancestry;

/// Makes a user's row that of the parts. Does not touch `users`.
pub fn write(connection: &Connection, parts: &UserParts) -> Result<(), Failure> {
    let Some(invitation) = &parts.invitation else {
        connection.prepare_cached("DELETE FROM invitations WHERE uid = ?1")?.execute([&parts.id])?;
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO invitations (uid, inviter, tail) VALUES (?1, ?2, ?3)
             ON CONFLICT (uid) DO UPDATE SET inviter = ?2, tail = ?3",
        )?
        .execute((&parts.id, &invitation.inviter, tail_text(&invitation.tail)?))?;
    Ok(())
}

/// Makes rows for those in an imported list who are no users (any more), so that the user is found
/// below everybody in the list.
pub fn link_missing(connection: &Connection, parts: &UserParts) -> Result<(), Failure> {
    let Some(invitation) = &parts.invitation else { return Ok(()) };
    let mut link = connection.prepare_cached(
        "INSERT INTO invitations (uid, inviter, tail) SELECT ?1, ?2, ?3
         WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = ?1) ON CONFLICT (uid) DO NOTHING",
    )?;
    let mut invited = &invitation.inviter;
    let mut rest = invitation.tail.as_slice();
    for _ in 0..MAX_DEPTH {
        let Some((inviter, tail)) = rest.split_first() else { break };
        link.execute((invited, inviter, tail_text(tail)?))?;
        (invited, rest) = (inviter, tail);
    }
    Ok(())
}

fn tail_text(tail: &[String]) -> Result<Option<String>, Failure> {
    Ok(if tail.is_empty() { None } else { Some(serde_json::to_string(tail)?) })
}

/// See [`lingpai_domain::store::Store::accept_invite`].
pub fn accept(connection: &Connection, acceptance: &InviteAcceptance) -> Result<InviteAccepted, Failure> {
    let mut select = connection.prepare_cached("SELECT invited, doc FROM users WHERE id = ?1")?;
    let mut user = |uid: &str| select.query_row([uid], |row| Ok((row.get::<_, bool>(0)?, row.get::<_, String>(1)?))).optional();
    let (Some((invited, doc)), Some(_)) = (user(&acceptance.uid)?, user(&acceptance.inviter)?) else { return Ok(InviteAccepted::Gone) };
    if invited || names_inviter(&document::from_text(&doc)?) {
        return Ok(InviteAccepted::HasInviter);
    }
    if acceptance.inviter == acceptance.uid || is_below(connection, &acceptance.inviter, &acceptance.uid)? {
        return Ok(InviteAccepted::Circle);
    }
    connection
        .prepare_cached("INSERT OR REPLACE INTO invitations (uid, inviter) VALUES (?1, ?2)")?
        .execute((&acceptance.uid, &acceptance.inviter))?;
    connection.prepare_cached("UPDATE users SET invited = 1 WHERE id = ?1")?.execute([&acceptance.uid])?;
    users::set_fields(connection, &acceptance.uid, None, &accepted_fields(acceptance.now))?;
    Ok(InviteAccepted::Done)
}

/// Whether `uid` is above `below`, or nobody can tell because the way up is too long.
fn is_below(connection: &Connection, below: &str, uid: &str) -> Result<bool, Failure> {
    let mut statement = connection.prepare_cached(
        "WITH RECURSIVE up (inviter, depth) AS (
           SELECT inviter, 1 FROM invitations WHERE uid = ?1
           UNION ALL
           SELECT i.inviter, depth + 1 FROM up JOIN invitations i ON i.uid = up.inviter WHERE depth < ?3 AND up.inviter <> ?2)
         SELECT EXISTS (SELECT 1 FROM up WHERE inviter = ?2 OR depth = ?3)",
    )?;
    Ok(statement.query_row((below, uid, MAX_DEPTH), |row| row.get(0))?)
}

/// See [`lingpai_domain::store::Store::invitees`].
pub fn below(connection: &Connection, query: &InviteeQuery) -> Result<Invitees, Failure> {
    if query.level == 0 || query.level > MAX_DEPTH {
        return Ok(Invitees { users: Vec::new(), total: query.count.then_some(0) });
    }
    let offset = i64::try_from(query.offset).unwrap_or(i64::MAX);
    let (list, count) = if query.level == 1 { (LIST_DIRECT, COUNT_DIRECT) } else { (LIST_BELOW, COUNT_BELOW) };
    let mut users = Vec::new();
    if query.limit > 0 {
        let mut statement = connection.prepare_cached(list)?;
        let mut rows = statement.query((&query.inviter, query.level, query.limit, offset))?;
        while let Some(row) = rows.next()? {
            users.extend(users::find(connection, row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
        }
    }
    let total = match query.count {
        true => {
            Some(connection.prepare_cached(count)?.query_row((&query.inviter, query.level), |row| row.get::<_, i64>(0))?.unsigned_abs())
        }
        false => None,
    };
    Ok(Invitees { users, total })
}

// The level is 1; it is named so that all four have the same parameters.
const LIST_DIRECT: &str = "
    SELECT i.uid FROM invitations i
    WHERE i.inviter = ?1 AND ?2 = 1 AND EXISTS (SELECT 1 FROM users WHERE id = i.uid) ORDER BY i.uid LIMIT ?3 OFFSET ?4";
const COUNT_DIRECT: &str = "
    SELECT COUNT(*) FROM invitations i WHERE i.inviter = ?1 AND ?2 = 1 AND EXISTS (SELECT 1 FROM users WHERE id = i.uid)";

/// Everybody has one inviter, so going down a circle means coming back to where it began.
macro_rules! below {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE below (uid, level) AS (
               SELECT uid, 1 FROM invitations WHERE inviter = ?1
               UNION ALL
               SELECT i.uid, level + 1 FROM below b JOIN invitations i ON i.inviter = b.uid
               WHERE level < ?2 AND b.uid <> ?1 AND i.uid <> ?1) ",
            $select
        )
    };
}
const LIST_BELOW: &str =
    below!("SELECT uid FROM below WHERE level = ?2 AND EXISTS (SELECT 1 FROM users WHERE id = uid) ORDER BY uid LIMIT ?3 OFFSET ?4");
const COUNT_BELOW: &str = below!("SELECT COUNT(*) FROM below WHERE level = ?2 AND EXISTS (SELECT 1 FROM users WHERE id = uid)");
