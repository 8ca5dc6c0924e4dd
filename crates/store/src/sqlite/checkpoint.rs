//! Checkpoints: moving what the write-ahead log has gathered into the database file.
//!
//! They cost two fsyncs and the copying of pages, which would stand in the way of the next
//! commits. So a thread with a connection of its own does the bulk while the writer goes on
//! (`PASSIVE`), and the writer itself only copies the little that came in the meantime and starts
//! the log again from its beginning (`RESTART`). Without that last step a busy server's log would
//! grow for ever.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

/// How long the log may get, in frames (pages of 4 KiB).
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Calls for a checkpoint.
    pub soft: i64,
    /// The writer waits for a complete checkpoint.
    pub hard: i64,
    /// The writer may copy so many itself.
    pub small: i64,
}

impl Default for Bounds {
    /// 32 MiB, 256 MiB, 1.6 MiB.
    fn default() -> Self {
        Self { soft: 8_000, hard: 64_000, small: 400 }
    }
}

/// How often the thread is asked again while too much came in the meantime.
const ROUNDS: u32 = 4;
/// The log is looked at once in so many commits.
const EVERY: u32 = 16;
/// How long `RESTART` waits for readers. Keyed reads take microseconds; nobody waits for an export.
const READERS: Duration = Duration::from_millis(5);
/// How long it waits when the log has become too long. Callers wait as long.
const TOO_LONG: Duration = Duration::from_millis(100);

/// The writer's side of the checkpoints.
pub struct Checkpointer {
    requests: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    /// Set by the thread when it is done.
    done: Arc<AtomicBool>,
    /// Whether the thread was asked and its answer was not taken up yet.
    asked: bool,
    rounds: u32,
    commits: u32,
    bounds: Bounds,
    busy_timeout: Duration,
}

impl Checkpointer {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(connection: Connection, bounds: Bounds, busy_timeout: Duration) -> std::io::Result<Self> {
        let (requests, received) = mpsc::sync_channel::<()>(1);
        let done = Arc::new(AtomicBool::new(false));
        let report = Arc::clone(&done);
        let thread = std::thread::Builder::new().name("sqlite-checkpoint".into()).spawn(move || {
            while received.recv().is_ok() {
                checkpoint(&connection, Mode::Passive);
                report.store(true, Ordering::Release);
            }
        })?;
        Ok(Self { requests: Some(requests), thread: Some(thread), done, asked: false, rounds: 0, commits: 0, bounds, busy_timeout })
    }

    /// Looks at the log, after the callers of a commit were answered.
    pub fn after_commit(&mut self, connection: &Connection) {
        self.commits += 1;
        let done = self.asked && self.done.load(Ordering::Acquire);
        if !done && self.commits < EVERY {
            return;
        }
        self.commits = 0;
        let Some(log) = checkpoint(connection, Mode::Look) else { return };
        if done {
            self.asked = false;
            self.done.store(false, Ordering::Relaxed);
            if log.frames - log.copied > self.bounds.small && self.rounds < ROUNDS {
                self.ask();
            } else {
                self.restart(connection, READERS);
            }
        } else if log.frames >= self.bounds.hard {
            self.restart(connection, TOO_LONG);
        } else if !self.asked && log.frames >= self.bounds.soft {
            self.rounds = 0;
            self.ask();
        }
    }

    /// Tries to make room in the log, after a commit failed because the disk takes no more: where
    /// the database file need not grow, the log can begin again and writing goes on.
    pub fn after_refusal(&self, connection: &Connection) {
        self.restart(connection, READERS);
    }

    fn ask(&mut self) {
        self.rounds += 1;
        self.asked = self.requests.as_ref().is_some_and(|requests| requests.try_send(()).is_ok());
    }

    fn restart(&self, connection: &Connection, patience: Duration) {
        if connection.busy_timeout(patience).is_ok() {
            checkpoint(connection, Mode::Restart);
        }
        if let Err(error) = connection.busy_timeout(self.busy_timeout) {
            tracing::error!(%error, "the SQLite writer's timeout could not be set");
        }
    }

    /// Stops the thread and empties the log, when the store is closed.
    pub fn finish(mut self, connection: &Connection) {
        self.requests = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the SQLite checkpointer's thread panicked");
        }
        checkpoint(connection, Mode::Truncate);
    }
}

/// How far a checkpoint goes.
#[derive(Clone, Copy)]
enum Mode {
    /// Only tells how long the log is.
    Look,
    /// Copies what it can without waiting for anybody.
    Passive,
    /// Copies everything and lets the next commit begin at the log's start.
    Restart,
    /// The same, and gives the log's disk space back.
    Truncate,
}

/// The state of the log.
struct Log {
    frames: i64,
    copied: i64,
}

fn checkpoint(connection: &Connection, mode: Mode) -> Option<Log> {
    let sql = match mode {
        Mode::Look => "PRAGMA wal_checkpoint(NOOP)",
        Mode::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Mode::Restart => "PRAGMA wal_checkpoint(RESTART)",
        Mode::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let log = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_row((), |row| Ok(Log { frames: row.get(1)?, copied: row.get(2)? })));
    // Nothing is lost when a checkpoint fails (a full disk): the log keeps everything.
    log.inspect_err(|error| tracing::warn!(%error, "a SQLite checkpoint failed")).ok()
}
