//! The store in one SQLite file.
//!
//! One thread writes and lets concurrent callers share commits ([`writer`]); another does the bulk
//! of the checkpoints ([`checkpoint`]); reads happen in place on a few connections ([`readers`]).

mod along;
mod app_sends;
mod captchas;
mod checkpoint;
mod codes;
mod collections;
mod connection;
mod devices;
mod documents;
mod failure;
mod files;
mod gate;
mod guesses;
mod indexes;
mod invitations;
mod lifetime;
mod log;
mod logins;
mod nonces;
mod open_data;
mod operations;
mod passkeys;
mod passwords;
mod readers;
mod real_name;
mod schema;
mod second_steps;
mod session_list;
mod sessions;
mod sweep;
mod updates;
mod users;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use lingpai_domain::{
    clock::Clock,
    store::{NewSession, Result, StoreError},
};
use rusqlite::Connection;

use self::{
    checkpoint::{Bounds, Checkpointer},
    failure::Failure,
    lifetime::Longest,
    readers::Readers,
    writer::Writer,
};
use crate::{OpenError, Options};

/// The store in one SQLite file. Dropping it finishes what is queued, empties the log into the
/// file and stops the threads.
pub struct SqliteStore {
    // Before the writer, so that the writer's connection is the last one and can empty the log.
    readers: Arc<Readers>,
    writer: Writer,
    clock: Arc<dyn Clock>,
    longest: Longest,
    reads: AtomicU64,
    writes: AtomicU64,
}

impl SqliteStore {
    /// Opens a file, or makes it.
    ///
    /// # Errors
    /// If the file cannot be opened or written, or its schema is not one that this program knows.
    pub fn open(path: &Path, options: &Options) -> std::result::Result<Self, OpenError> {
        let storage = |error: rusqlite::Error| Failure::from(error).classify();
        let system = |error: std::io::Error| StoreError::Unavailable(Arc::new(error));
        let timeout = options.statement_timeout;
        let mut connection = connection::writer(path, timeout).map_err(storage)?;
        schema::prepare(&mut connection, options.migrate)?;
        let commits = Arc::default();
        let readers = Readers::open(path, options.readers, timeout, Arc::clone(&commits)).map_err(storage)?;
        let checkpoints = connection::writer(path, timeout).map_err(storage)?;
        let checkpointer = Checkpointer::start(checkpoints, Bounds::default(), timeout).map_err(system)?;
        Ok(Self {
            readers: Arc::new(readers),
            writer: Writer::start(connection, checkpointer, timeout, commits).map_err(system)?,
            clock: Arc::clone(&options.clock),
            longest: Longest::default(),
            reads: AtomicU64::new(0),
            writes: AtomicU64::new(0),
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> std::result::Result<T, Failure>) -> Result<T> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.readers.read(work).map_err(Failure::of_read)
    }

    fn snapshot<T>(&self, work: impl FnOnce(&Connection) -> std::result::Result<T, Failure>) -> Result<T> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.readers.snapshot(work).map_err(Failure::of_read)
    }

    /// A read that may take long, on a thread where that holds up nobody.
    async fn long_read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let readers = Arc::clone(&self.readers);
        let read = tokio::task::spawn_blocking(move || readers.snapshot(work));
        read.await.unwrap_or(Err(Failure::Panicked)).map_err(Failure::of_read)
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.writer.write(work).await
    }

    /// A write that begins a session, which may have a longer life than any before.
    async fn write_session<T: Send + 'static>(
        &self,
        session: Option<&NewSession>,
        work: impl FnOnce(&Connection) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        let life = session.and_then(|session| self.longest.exceeded_by(session.issued_at, session.expires_at));
        let outcome = self
            .write(move |connection| {
                lifetime::store(connection, life)?;
                work(connection)
            })
            .await?;
        self.longest.remember(life);
        Ok(outcome)
    }
}
