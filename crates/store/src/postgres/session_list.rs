//! The list of a user's sessions.

use lingpai_domain::{
    store::{EndedToken, ListedToken, LockRule, OtherSessionsEnd, OtherSessionsEnded, SessionEnd, TokenUse},
    token,
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    failure::Failure,
    log::LogColumns,
    sessions::{SessionColumns, outcome},
    statements::{column, only},
    text::{original, storable, storable_list},
};

const LISTED: &str = "
    SELECT token, chain, issued_at, expires_at * 1000, coalesce(started_at, created_at), greatest(created_at, used_at),
        coalesce(used_ip, ip), app, device_id, user_agent
    FROM sessions WHERE uid = $1 ORDER BY id";

const NOTE_USES: &str = "
    UPDATE sessions AS s SET used_at = u.at, used_ip = u.ip
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS u(uid, token, at, ip)
    WHERE s.uid = u.uid AND s.token = u.token AND coalesce(s.used_at, 0) < u.at";

fn digest(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    bytes.try_into().map_err(|_| Failure::Internal("a digest of another length"))
}

fn listed_token(row: &Row) -> Result<ListedToken, Failure> {
    let text = |place| Ok::<_, Failure>(column::<Option<String>>(row, place)?.map(original));
    let hash = token::hash(&original(column(row, 0)?));
    Ok(ListedToken {
        hash,
        chain: column::<Option<&[u8]>>(row, 1)?.map(digest).transpose()?.unwrap_or(hash),
        issued_at: column(row, 2)?,
        expires: column(row, 3)?,
        started_at: column(row, 4)?,
        used_at: column(row, 5)?,
        used_ip: text(6)?,
        app: text(7)?,
        device_id: text(8)?,
        user_agent: text(9)?,
    })
}

impl PostgresStore {
    pub(super) async fn session_listed(&self, uid: &str) -> Result<Vec<ListedToken>, Failure> {
        self.read(LISTED, &[&storable(uid)]).await?.iter().map(listed_token).collect()
    }

    pub(super) async fn session_locked_out(&self, uid: &str, ip: &str, now: i64, lock: LockRule) -> Result<bool, Failure> {
        let rows = self
            .read(
                "SELECT EXISTS (
                    SELECT FROM login_attempts WHERE uid = $1 AND ip = $2 AND error_times >= $3 AND last_error_time > $4
                )",
                &[&storable(uid), &storable(ip), &lock.limit, &now.saturating_sub(lock.retry_ms)],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn session_note_uses(&self, uses: &[TokenUse]) -> Result<(), Failure> {
        if uses.is_empty() {
            return Ok(());
        }
        self.write(
            NOTE_USES,
            &[
                &storable_list(uses.iter().map(|used| used.uid.as_str())),
                &storable_list(uses.iter().map(|used| used.token.as_str())),
                &uses.iter().map(|used| used.at).collect::<Vec<_>>(),
                &storable_list(uses.iter().map(|used| used.ip.as_str())),
            ],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn session_end(&self, end: &SessionEnd) -> Result<Vec<EndedToken>, Failure> {
        let rows = self
            .write(
                "SELECT p_hashes, p_expires FROM lingpai_end_chain($1, $2, $3)",
                &[&storable(&end.uid), &end.chain.as_slice(), &LogColumns::from(&end.log)],
            )
            .await?;
        let row = only(rows)?;
        let hashes: Vec<&[u8]> = column(&row, 0)?;
        let expires: Vec<Option<i64>> = column(&row, 1)?;
        hashes.into_iter().zip(expires).map(|(hash, expires)| Ok((digest(hash)?, expires))).collect()
    }

    pub(super) async fn session_end_others(&self, end: &OtherSessionsEnd) -> Result<OtherSessionsEnded, Failure> {
        let session = SessionColumns::new(&end.session, &self.longest_life);
        let rows = self
            .write(
                "SELECT lingpai_end_other_sessions($1, $2, $3, $4, $5, $6, $7)",
                &[
                    &storable(&end.uid),
                    &end.revision,
                    &end.valid_token_date,
                    &end.chain.as_slice(),
                    &end.started_at,
                    &session,
                    &LogColumns::from(&end.log),
                ],
            )
            .await?;
        outcome(rows)
    }
}
