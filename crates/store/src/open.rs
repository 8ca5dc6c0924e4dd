//! Opening a store by its URL.

use std::{sync::Arc, time::Duration};

use lingpai_domain::{
    clock::Clock,
    store::{Store, StoreError},
};

/// How to open a store.
#[derive(Clone)]
pub struct Options {
    /// Where the time comes from; only asked which logged-out tokens still matter.
    pub clock: Arc<dyn Clock>,
    /// SQLite: how many connections read.
    pub readers: usize,
    /// PostgreSQL: how many connections at most.
    pub connections: usize,
    /// How long an operation may wait for a lock, a free connection or the server.
    pub statement_timeout: Duration,
    /// Whether to bring an older schema up to date. Without, an older one is refused.
    pub migrate: bool,
}

impl Options {
    /// Four readers, sixteen connections, five seconds, with migrations.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, readers: 4, connections: 16, statement_timeout: Duration::from_secs(5), migrate: true }
    }
}

/// Why a store could not be opened.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is neither `sqlite:PATH` nor `postgres://...`. The URL itself may hold a password,
    /// so it is not shown.
    #[error("the database URL is not understood: {0}")]
    Url(String),
    /// A newer program made the database.
    #[error("the database has schema {found}, made by a newer version; this program knows schemas up to {known}")]
    Newer {
        /// The schema's number.
        found: i64,
        /// The greatest number this program knows.
        known: i64,
    },
    /// The schema is older than the program and [`Options::migrate`] is off.
    #[error("the database has schema {found}, this program needs {known}: run `lingpai migrate`")]
    NotMigrated {
        /// The schema's number; 0: an empty database.
        found: i64,
        /// The number this program needs.
        known: i64,
    },
    /// The storage itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store that a URL names: `sqlite:PATH` or `postgres://...` (`postgresql://...`).
///
/// # Errors
/// See [`OpenError`].
pub async fn open(url: &str, options: &Options) -> Result<Arc<dyn Store>, OpenError> {
    if let Some(path) = url.strip_prefix("sqlite:") {
        if path.is_empty() {
            return Err(OpenError::Url("a path must follow `sqlite:`".into()));
        }
        return Ok(Arc::new(crate::sqlite::SqliteStore::open(std::path::Path::new(path), options)?));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Arc::new(crate::postgres::PostgresStore::open(url, options).await?));
    }
    Err(OpenError::Url("it must begin with `sqlite:` or `postgres://`".into()))
}
