//! Running one prepared statement on a connection of the pool: the one place that talks to the server.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio_postgres::{Row, types::ToSql};

use super::{
    PostgresStore,
    failure::Failure,
    gather::{Gather, Question},
    group::{self, Write},
    lanes::Lanes,
};

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Runs statements.
#[derive(Clone)]
pub struct Runner {
    /// Connections that serve one caller at a time.
    pub pool: Pool,
    /// How long the client waits for an answer before it gives the connection up.
    pub patience: Duration,
}

impl Runner {
    /// Runs a statement on a connection of the pool.
    pub async fn run(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let connection = self.pool.get().await?;
        let result = self.in_time(query(&connection, sql, params)).await;
        if result.as_ref().is_err_and(Failure::spoils_connection) {
            // Taken out of the pool and closed; the pool makes another when one is needed.
            drop(Object::take(connection));
        }
        result
    }

    async fn in_time(&self, answer: impl Future<Output = Result<Vec<Row>, Failure>>) -> Result<Vec<Row>, Failure> {
        tokio::time::timeout(self.patience, answer).await.unwrap_or(Err(Failure::Timeout("the server did not answer in time")))
    }
}

async fn query(connection: &ClientWrapper, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
    // The connection keeps prepared statements: only its first use of one costs a round trip more.
    let statement = connection.prepare_cached(sql).await?;
    Ok(connection.query(&statement, params).await?)
}

/// Runs short reads: see [`super::lanes`].
#[derive(Clone)]
pub struct Reader {
    /// For where there are no lanes.
    pub runner: Runner,
    /// Connections that are shared.
    pub lanes: Arc<Lanes>,
}

impl Reader {
    /// Runs a statement that only reads, by key and a few rows for each.
    pub async fn by_key(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let Some(place) = self.lanes.place(&self.runner.pool).await? else { return self.runner.run(sql, params).await };
        let result = self.runner.in_time(query(place.connection(), sql, params)).await;
        if result.as_ref().is_err_and(Failure::spoils_connection) {
            place.abandon().await;
        }
        result
    }
}

impl PostgresStore {
    /// Runs a statement that only reads, by key and at most a few rows: see [`super::lanes`].
    pub(super) async fn read_by_key(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.reader.by_key(sql, params).await
    }

    /// Asks together with others who ask at this moment: see [`super::gather`].
    pub(super) async fn ask<Q: Question>(&self, gather: &Gather<Q>, question: Q) -> Result<Vec<Row>, Failure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        gather.ask(question).await
    }

    /// Runs a write that may share its commit with others. It is committed when this returns `Ok`.
    pub(super) async fn write_in_group(&self, write: Write) -> Result<Vec<Row>, Failure> {
        let rows = self.group.write(write, self.runner.patience).await?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(rows)
    }

    /// Runs a write that shares its commit with no other.
    pub(super) async fn write_alone(&self, write: Write) -> Result<Vec<Row>, Failure> {
        let rows = group::run_alone(&self.runner, &write).await?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(rows)
    }

    /// Runs a statement that only reads and that was put together. There must be few such texts: each
    /// connection keeps them all.
    pub(super) async fn read_composed(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.runner.run(sql, params).await
    }

    /// Runs a statement that only reads.
    pub(super) async fn read(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.runner.run(sql, params).await
    }

    /// Runs a statement that writes. It is committed when this returns `Ok`.
    pub(super) async fn write(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Failure> {
        let rows = self.runner.run(sql, params).await?;
        self.writes.fetch_add(1, Ordering::Relaxed);
        Ok(rows)
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
