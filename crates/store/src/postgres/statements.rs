//! Running one prepared statement on a connection of the pool: the one place that talks to the server.

use std::sync::atomic::Ordering;

use deadpool_postgres::Object;
use tokio_postgres::{Row, types::ToSql};

use super::{PostgresStore, failure::Failure};

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

impl PostgresStore {
    /// Runs a statement that only reads.
    pub(super) async fn read(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.run(sql, params).await
    }

    /// Runs a statement that only reads and that was put together. There must be few such texts: each
    /// connection keeps them all.
    pub(super) async fn read_composed(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.run(sql, params).await
    }

    /// Runs a statement that writes. It is committed when this returns `Ok`.
    pub(super) async fn write(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let rows = self.run(sql, params).await?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(rows)
    }

    async fn run(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let connection = self.pool.get().await?;
        let answer = async {
            // The connection keeps prepared statements: only its first use of one costs a round trip more.
            let statement = connection.prepare_cached(sql).await?;
            connection.query(&statement, params).await
        };
        let result = match tokio::time::timeout(self.patience, answer).await {
            Ok(result) => result.map_err(Failure::from),
            Err(_) => Err(Failure::Timeout("the server did not answer in time")),
        };
        if result.as_ref().is_err_and(Failure::spoils_connection) {
            // Taken out of the pool and closed; the pool makes another when one is needed.
            drop(Object::take(connection));
        }
        result
    }
}

/// The only row of an answer.
///
/// # Errors
/// If there is none.
pub fn only(rows: Vec<Row>) -> Result<Row, Failure> {
    rows.into_iter().next().ok_or(Failure::Internal("the server answered with no row"))
}

/// Reads a column by its place.
///
/// # Errors
/// If the place or the type is not as the statement's text says.
pub fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, place: usize) -> Result<T, Failure> {
    Ok(row.try_get(place)?)
}
