//! Finding and reading users.

use lingpai_domain::{
    account::{AccountOverview, IdentityKind, User},
    store::{AnyIdentityQuery, Candidates, IdentityQuery, RecentQuery, SessionView, StatusChange},
};
use postgres_types::Json;
use serde_json::json;
use tokio_postgres::Row;

use super::{
    PostgresStore,
    along::deliveries,
    failure::Failure,
    invitations::ancestry_at,
    questions::{ById, Candidate, Overview, View},
    statements::{column, only},
    text::{lookup_key, original, storable},
};
use crate::document::{LoginColumns, invitation::show_inviters, stored_user};

/// Reads the columns `doc, revision, last_login_date, last_login_ip, ancestry` that begin at a place.
pub(super) fn user_at(row: &Row, place: usize) -> Result<User, Failure> {
    let doc: &str = column(row, place)?;
    let login =
        LoginColumns { last_login_date: column(row, place + 2)?, last_login_ip: column::<Option<String>>(row, place + 3)?.map(original) };
    let mut user = stored_user(doc, column(row, place + 1)?, login)?;
    show_inviters(&mut user.doc, ancestry_at(row, place + 4)?);
    Ok(user)
}

/// One row at least: the answer, and beside it the users found, if any.
const CANDIDATES_OF_ANY: &str = r#"
    WITH hits AS MATERIALIZED (SELECT uid, is_here FROM lingpai_holders_of_any($1, $2, $3))
    SELECT EXISTS (SELECT FROM hits WHERE NOT is_here),
        u.doc::text, u.revision, l.last_login_date, l.last_login_ip, CASE WHEN u.invited THEN lingpai_ancestry(u.id) END
    FROM (SELECT) AS one
    LEFT JOIN (SELECT uid FROM hits WHERE is_here ORDER BY uid COLLATE "C" LIMIT 2) AS found ON true
    LEFT JOIN users AS u ON u.id = found.uid
    LEFT JOIN logins AS l ON l.uid = found.uid"#;

const HOLDERS: &str = r#"
    SELECT u.doc::text, u.revision, l.last_login_date, l.last_login_ip, CASE WHEN u.invited THEN lingpai_ancestry(u.id) END
    FROM (
        SELECT DISTINCT uid COLLATE "C" AS uid FROM identities WHERE kind = $1 AND value = $2 ORDER BY 1 LIMIT $3
    ) AS found
    JOIN users AS u ON u.id = found.uid LEFT JOIN logins AS l ON l.uid = found.uid ORDER BY found.uid"#;

impl PostgresStore {
    pub(super) async fn user_candidates(&self, query: &IdentityQuery, recent: Option<&RecentQuery>) -> Result<Candidates, Failure> {
        let rows = self.ask(&self.questions.candidates, Candidate::new(query, recent)).await?;
        let mut candidates = Candidates::default();
        for row in &rows {
            candidates.elsewhere = column(row, 1)?;
            candidates.failed_thrice = column(row, 2)?;
            if column::<Option<&str>>(row, 3)?.is_some() {
                candidates.users.push(user_at(row, 3)?);
            }
        }
        Ok(candidates)
    }

    pub(super) async fn user_candidates_of_any(&self, query: &AnyIdentityQuery) -> Result<Candidates, Failure> {
        let kinds: Vec<_> = query.identities.iter().map(|(kind, _)| lookup_key(kind.wire())).collect();
        let values: Vec<_> = query.identities.iter().map(|(_, value)| lookup_key(value)).collect();
        let rows = self.read_by_key(CANDIDATES_OF_ANY, &[&kinds, &values, &lookup_key(&query.app)]).await?;
        let mut candidates = Candidates::default();
        for row in &rows {
            candidates.elsewhere = column(row, 0)?;
            if column::<Option<&str>>(row, 1)?.is_some() {
                candidates.users.push(user_at(row, 1)?);
            }
        }
        Ok(candidates)
    }

    pub(super) async fn user_by_id(&self, uid: &str) -> Result<Option<User>, Failure> {
        let rows = self.ask(&self.questions.users, ById::new(uid)).await?;
        rows.first().map(|row| user_at(row, 1)).transpose()
    }

    pub(super) async fn user_overview(&self, uid: &str) -> Result<Option<AccountOverview>, Failure> {
        let rows = self.ask(&self.questions.overviews, Overview::new(uid)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(serde_json::from_str(column(row, 1)?)?))
    }

    pub(super) async fn user_and_session(&self, uid: &str, token: &str) -> Result<Option<SessionView>, Failure> {
        let rows = self.ask(&self.questions.views, View::new(uid, token)).await?;
        let view = |row| Ok(SessionView { listed: column(row, 1)?, user: user_at(row, 2)? });
        rows.first().map(view).transpose()
    }

    pub(super) async fn user_holders(&self, kind: &IdentityKind, value: &str, limit: usize) -> Result<Vec<User>, Failure> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.read(HOLDERS, &[&lookup_key(kind.wire()), &lookup_key(value), &limit]).await?;
        rows.iter().map(|row| user_at(row, 0)).collect()
    }

    pub(super) async fn user_status(&self, change: &StatusChange) -> Result<bool, Failure> {
        let changes = Json(json!({"status": change.status}));
        let rows = if change.told.is_empty() {
            self.write("SELECT lingpai_change_status($1, $2)", &[&storable(&change.uid), &changes]).await?
        } else {
            self.write(
                "SELECT c, lingpai_then_tell(CASE WHEN c THEN 'done' END, $3) FROM lingpai_change_status($1, $2) AS c",
                &[&storable(&change.uid), &changes, &deliveries(&change.told)],
            )
            .await?
        };
        column(&only(rows)?, 0)
    }

    pub(super) async fn user_admin_exists(&self) -> Result<bool, Failure> {
        let rows = self.read("SELECT EXISTS (SELECT FROM user_roles WHERE role = 'admin')", &[]).await?;
        column(&only(rows)?, 0)
    }
}
