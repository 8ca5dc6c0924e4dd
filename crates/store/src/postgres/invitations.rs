//! Who invited whom.

use std::borrow::Cow;

use lingpai_domain::store::{InviteAcceptance, InviteAccepted, InviteeQuery, Invitees};
use postgres_types::Json;
use serde_json::{Map, Value};
use tokio_postgres::{Row, types::Json as JsonColumn};

use super::{
    PostgresStore,
    failure::Failure,
    sessions::outcome,
    statements::column,
    text::{original, storable, storable_list},
    users::user_at,
};
use crate::document::{
    UserParts,
    invitation::{Ancestry, MAX_DEPTH, accepted_fields},
};

/// `inviter_uid` for `lingpai_set_inviters`.
pub fn inviters(parts: &UserParts) -> Option<Vec<Cow<'_, str>>> {
    parts.invitation.as_ref().map(|invitation| storable_list(invitation.inviters()))
}

/// Reads what `lingpai_ancestry` answered.
///
/// # Errors
/// If the column is another one.
pub fn ancestry_at(row: &Row, place: usize) -> Result<Option<Ancestry>, Failure> {
    let texts = |list: Vec<String>| list.into_iter().map(original).collect::<Vec<_>>();
    let ancestry = column::<Option<JsonColumn<Ancestry>>>(row, place)?;
    Ok(ancestry.map(|JsonColumn((inviters, tail))| (texts(inviters), tail.map(texts))))
}

/// One row at least: the number, and beside it the users found, if any.
const DIRECT: &str = r#"
    SELECT
        CASE WHEN $4 THEN (SELECT count(*) FROM invitations AS i JOIN users AS x ON x.id = i.uid WHERE i.inviter = $1) END,
        u.doc::text, u.revision, l.last_login_date, l.last_login_ip, CASE WHEN u.invited THEN lingpai_ancestry(u.id) END
    FROM (SELECT) AS one
    LEFT JOIN (
        SELECT i.uid FROM invitations AS i WHERE i.inviter = $1 AND EXISTS (SELECT FROM users WHERE id = i.uid)
        ORDER BY i.uid COLLATE "C" LIMIT $2 OFFSET $3
    ) AS found ON true
    LEFT JOIN users AS u ON u.id = found.uid
    LEFT JOIN logins AS l ON l.uid = found.uid
    ORDER BY found.uid COLLATE "C""#;

/// The same some levels further down. Everybody has one inviter, so going down a circle means coming
/// back to where it began.
const BELOW: &str = r#"
    WITH RECURSIVE below (uid, level) AS (
        SELECT i.uid, 1 FROM invitations AS i WHERE i.inviter = $1
        UNION ALL
        SELECT i.uid, b.level + 1 FROM below AS b JOIN invitations AS i ON i.inviter = b.uid
        WHERE b.level < $5 AND b.uid <> $1 AND i.uid <> $1
    ), hits AS (
        SELECT b.uid FROM below AS b WHERE b.level = $5 AND EXISTS (SELECT FROM users WHERE id = b.uid)
    )
    SELECT
        CASE WHEN $4 THEN (SELECT count(*) FROM hits) END,
        u.doc::text, u.revision, l.last_login_date, l.last_login_ip, CASE WHEN u.invited THEN lingpai_ancestry(u.id) END
    FROM (SELECT) AS one
    LEFT JOIN (SELECT uid FROM hits ORDER BY uid COLLATE "C" LIMIT $2 OFFSET $3) AS found ON true
    LEFT JOIN users AS u ON u.id = found.uid
    LEFT JOIN logins AS l ON l.uid = found.uid
    ORDER BY found.uid COLLATE "C""#;

impl PostgresStore {
    pub(super) async fn invitation_list(&self, query: &InviteeQuery) -> Result<Invitees, Failure> {
        if query.level == 0 || query.level > MAX_DEPTH {
            return Ok(Invitees { users: Vec::new(), total: query.count.then_some(0) });
        }
        let inviter = storable(&query.inviter);
        let (limit, offset) = (i64::from(query.limit), i64::try_from(query.offset).unwrap_or(i64::MAX));
        let rows = match i32::try_from(query.level).unwrap_or(i32::MAX) {
            1 => self.read(DIRECT, &[&inviter, &limit, &offset, &query.count]).await?,
            level => self.read(BELOW, &[&inviter, &limit, &offset, &query.count, &level]).await?,
        };
        let mut invitees = Invitees::default();
        for row in &rows {
            invitees.total = column::<Option<i64>>(row, 0)?.map(i64::unsigned_abs);
            if column::<Option<&str>>(row, 1)?.is_some() {
                invitees.users.push(user_at(row, 1)?);
            }
        }
        Ok(invitees)
    }

    pub(super) async fn invitation_accept(&self, acceptance: &InviteAcceptance) -> Result<InviteAccepted, Failure> {
        let changes: Map<String, Value> =
            accepted_fields(acceptance.now).into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
        let rows = self
            .write(
                "SELECT lingpai_accept_invite($1, $2, $3)",
                &[&storable(&acceptance.uid), &storable(&acceptance.inviter), &Json(changes)],
            )
            .await?;
        outcome(rows)
    }
}
