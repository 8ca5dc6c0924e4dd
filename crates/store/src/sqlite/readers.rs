//! The connections that read.

use std::{
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::{connection, failure::Failure};

/// A pool of read-only connections, used in place: a keyed read takes microseconds, far less than
/// handing it to another thread.
pub struct Readers {
    connections: Vec<Mutex<Connection>>,
    /// Numbers handed to threads.
    next: AtomicUsize,
}

thread_local! {
    /// Where a thread begins to look for a free connection.
    static START: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}

impl Readers {
    /// Opens at least one connection.
    pub fn open(path: &Path, count: usize, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let connections = (0..count.max(1)).map(|_| connection::reader(path, busy_timeout).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0) })
    }

    /// Runs one read.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let start = START.get().unwrap_or_else(|| {
            let start = self.next.fetch_add(1, Ordering::Relaxed);
            START.set(Some(start));
            start
        });
        let (before, after) = self.connections.split_at(start % self.connections.len());
        match after.iter().chain(before).find_map(|connection| connection.try_lock()) {
            Some(connection) => work(&connection),
            None => match after.first() {
                Some(own) => work(&own.lock()),
                None => Err(Failure::Writer("there are no readers")),
            },
        }
    }

    /// Runs several statements on one state of the database.
    pub fn snapshot<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        self.read(|connection| {
            connection.prepare_cached("BEGIN")?.execute(())?;
            let _end = EndOfSnapshot(connection);
            work(connection)
        })
    }
}

/// Ends a read transaction, whatever way the work was left.
struct EndOfSnapshot<'c>(&'c Connection);

impl Drop for EndOfSnapshot<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.0.prepare_cached("COMMIT").and_then(|mut commit| commit.execute(())) {
            tracing::error!(%error, "a read transaction could not be ended");
        }
    }
}
