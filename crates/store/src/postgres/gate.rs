//! News for the gates of all nodes.

use lingpai_domain::store::{GateChange, GateCursor, GateNews, Role};
use tokio_postgres::Row;

use super::{PostgresStore, failure::Failure, statements::column, text::original};
use crate::document;

/// Everything that still matters. The cursor is the oldest transaction that was still running: what
/// it and later ones write is not in this answer, or not for sure.
const EVERYTHING: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, g.seq, g.kind, g.key, g.hash, g.expires, g.valid_token_date,
        g.status, g.roles
    FROM (SELECT) AS one
    LEFT JOIN gate_changes AS g ON g.expires IS NULL OR g.expires > $1
    ORDER BY g.seq";

/// What came since. A cursor that is ahead of the server's own transactions comes from another
/// cluster - the database was restored - and proves nothing.
const SINCE: &str = "
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, g.seq, g.kind, g.key, g.hash, g.expires, g.valid_token_date,
        g.status, g.roles
    FROM (
        SELECT CASE WHEN $1 > pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN 0 ELSE $1 END AS xid
    ) AS start
    LEFT JOIN gate_changes AS g ON g.xid >= start.xid
    ORDER BY g.seq";

impl PostgresStore {
    pub(super) async fn gate_changes(&self, cursor: Option<GateCursor>) -> Result<GateNews, Failure> {
        let rows = match cursor {
            None => self.read(EVERYTHING, &[&self.clock.now_ms()]).await?,
            Some(GateCursor(xid)) => self.read(SINCE, &[&xid]).await?,
        };
        let mut news = GateNews::default();
        for row in &rows {
            news.cursor = GateCursor(column(row, 0)?);
            if let Some(sequence) = column::<Option<i64>>(row, 1)? {
                news.changes.push(change(row, sequence)?);
            }
        }
        Ok(news)
    }

    pub(super) async fn gate_roles(&self) -> Result<Vec<Role>, Failure> {
        let rows = self.read("SELECT doc::text FROM documents WHERE collection = 'uni-id-roles' ORDER BY seq", &[]).await?;
        let mut roles = Vec::with_capacity(rows.len());
        for row in &rows {
            roles.extend(document::role(&document::from_text(column(row, 0)?)?));
        }
        Ok(roles)
    }
}

fn change(row: &Row, sequence: i64) -> Result<GateChange, Failure> {
    Ok(match column::<&str>(row, 2)? {
        "token" => {
            let hash = column::<Option<&[u8]>>(row, 4)?.and_then(|hash| hash.try_into().ok());
            GateChange::Token { hash: hash.ok_or(Failure::Internal("a logged-out token has no hash"))?, expires: column(row, 5)? }
        }
        "user" => GateChange::User {
            uid: column::<Option<String>>(row, 3)?.map(original).unwrap_or_default(),
            sequence,
            valid_token_date: column(row, 6)?,
            status: column(row, 7)?,
            roles: column::<Option<Vec<String>>>(row, 8)?.unwrap_or_default().into_iter().map(original).collect(),
        },
        _ => GateChange::Roles,
    })
}
