//! The connections that read.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::{connection, failure::Failure};

/// A pool of read-only connections, used in place: a keyed read takes microseconds, far less than
/// handing it to another thread.
pub struct Readers {
    connections: Vec<Mutex<Reader>>,
    /// Numbers handed to threads.
    next: AtomicUsize,
    /// How many commits there were, counted by the writer.
    commits: Arc<AtomicU64>,
}

/// A connection, and how it reads the file.
///
/// Mapped into memory, a page costs no system call. But SQLite gives the whole mapping back
/// whenever somebody has committed since the last read, and every page touched afterwards is a
/// page fault: beside steady writing that costs more than plain reads do, on all cores (a login
/// a quarter more in all). So the mapping is only used while hardly anything is written.
struct Reader {
    connection: Connection,
    is_mapped: bool,
    /// The number of commits at the last read.
    commits: u64,
    /// Reads since the last decision, and those of them that came after a commit.
    reads: u32,
    stale: u32,
}

/// So many reads are looked at for a decision.
const LOOKED_AT: u32 = 1024;
/// With more stale reads than this among them the file is read plainly ...
const MANY_STALE: u32 = 4;
/// ... and with fewer than this it is mapped again.
const FEW_STALE: u32 = 2;

impl Reader {
    fn new(connection: Connection) -> rusqlite::Result<Self> {
        connection::map(&connection, true)?;
        Ok(Self { connection, is_mapped: true, commits: 0, reads: 0, stale: 0 })
    }

    /// Takes note of a read, and now and then decides how the file is read.
    fn prepare(&mut self, commits: u64) {
        self.reads += 1;
        self.stale += u32::from(commits != self.commits);
        self.commits = commits;
        if self.reads < LOOKED_AT {
            return;
        }
        let wanted = if self.is_mapped { self.stale <= MANY_STALE } else { self.stale < FEW_STALE };
        (self.reads, self.stale) = (0, 0);
        // Reading goes on either way if this fails.
        if wanted != self.is_mapped && connection::map(&self.connection, wanted).is_ok() {
            self.is_mapped = wanted;
        }
    }
}

thread_local! {
    /// Where a thread begins to look for a free connection.
    static START: std::cell::Cell<Option<usize>> = const { std::cell::Cell::new(None) };
}

impl Readers {
    /// Opens at least one connection. `commits` is counted up by the writer.
    pub fn open(path: &Path, count: usize, busy_timeout: Duration, commits: Arc<AtomicU64>) -> rusqlite::Result<Self> {
        let open = |_| connection::reader(path, busy_timeout).and_then(Reader::new).map(Mutex::new);
        let connections = (0..count.max(1)).map(open).collect::<Result<_, _>>()?;
        Ok(Self { connections, next: AtomicUsize::new(0), commits })
    }

    /// Runs one read.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Failure>) -> Result<T, Failure> {
        let start = START.get().unwrap_or_else(|| {
            let start = self.next.fetch_add(1, Ordering::Relaxed);
            START.set(Some(start));
            start
        });
        let (before, after) = self.connections.split_at(start % self.connections.len());
        let free = after.iter().chain(before).find_map(|reader| reader.try_lock());
        let reader = free.or_else(|| after.first().map(|own| own.lock()));
        let Some(mut reader) = reader else { return Err(Failure::Writer("there are no readers")) };
        reader.prepare(self.commits.load(Ordering::Relaxed));
        work(&reader.connection)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> (tempfile::TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        connection::writer(&path, Duration::ZERO).unwrap().execute_batch("CREATE TABLE t (x TEXT)").unwrap();
        let reader = Reader::new(connection::reader(&path, Duration::ZERO).unwrap()).unwrap();
        (folder, reader)
    }

    fn mapped_bytes(reader: &Reader) -> i64 {
        reader.connection.query_row("PRAGMA mmap_size", (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn beside_steady_writing_the_file_is_read_plainly_and_afterwards_it_is_mapped_again() {
        let (_folder, mut reader) = reader();
        let mut commits = 0;
        assert!(mapped_bytes(&reader) > 0);
        for _ in 0..LOOKED_AT {
            commits += 1;
            reader.prepare(commits);
        }
        assert_eq!(mapped_bytes(&reader), 0);
        for _ in 0..LOOKED_AT {
            reader.prepare(commits);
        }
        assert!(mapped_bytes(&reader) > 0);
    }

    #[test]
    fn a_commit_now_and_then_changes_nothing() {
        let (_folder, mut reader) = reader();
        for read in 0..10 * LOOKED_AT {
            reader.prepare(u64::from(read / 300));
            assert!(reader.is_mapped);
        }
    }
}
