//! Writes of one kind that are run as one statement: see [`super::group`].

use tokio_postgres::types::ToSql;

use super::{gather::Columns, log::LogColumns, sessions::SessionColumns};

/// The start of a session, with nothing else to do.
pub struct SignInColumns {
    pub uid: String,
    pub revision: i64,
    pub session: SessionColumns,
    pub lock_limit: Option<i64>,
    pub retry_ms: Option<i64>,
    pub log: LogColumns,
}

/// The renewal of a token.
pub struct RenewalColumns {
    pub uid: String,
    pub revision: i64,
    pub old_token: Option<String>,
    pub old_hash: Vec<u8>,
    pub session: SessionColumns,
}

/// Writes that may share a statement, each about one user, and no two about the same.
pub trait Alike {
    /// Answers a row for each, in their order.
    const SQL: &'static str;

    /// The user.
    fn uid(&self) -> &str;

    /// The parameters: arrays with an element for each.
    fn columns<'w>(writes: &[&'w Self]) -> Columns<'w>;
}

fn column<'w, W, T: ToSql + Sync + Send + 'w>(writes: &[&'w W], read: impl Fn(&'w W) -> T) -> Box<dyn ToSql + Sync + Send + 'w> {
    Box::new(writes.iter().map(|write| read(write)).collect::<Vec<T>>())
}

impl Alike for SignInColumns {
    const SQL: &'static str = "SELECT lingpai_sign_in_each($1, $2, $3, $4, $5, $6)";

    fn uid(&self) -> &str {
        &self.uid
    }

    fn columns<'w>(writes: &[&'w Self]) -> Columns<'w> {
        vec![
            column(writes, |write| write.uid.as_str()),
            column(writes, |write| write.revision),
            column(writes, |write| &write.session),
            column(writes, |write| write.lock_limit),
            column(writes, |write| write.retry_ms),
            column(writes, |write| &write.log),
        ]
    }
}

impl Alike for RenewalColumns {
    const SQL: &'static str = "SELECT lingpai_renew_each($1, $2, $3, $4, $5)";

    fn uid(&self) -> &str {
        &self.uid
    }

    fn columns<'w>(writes: &[&'w Self]) -> Columns<'w> {
        vec![
            column(writes, |write| write.uid.as_str()),
            column(writes, |write| write.revision),
            column(writes, |write| write.old_token.as_deref()),
            column(writes, |write| write.old_hash.as_slice()),
            column(writes, |write| &write.session),
        ]
    }
}
