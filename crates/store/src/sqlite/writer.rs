//! The one thread that writes, which lets the operations of concurrent callers share a commit.
//!
//! It takes one operation, begins a transaction, runs that operation and all that are waiting,
//! each inside a savepoint (so a failed one is undone alone), commits, and only then answers. An
//! fsync is thus paid once for the group, and nobody is answered before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use lingpai_domain::store::StoreError;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{checkpoint::Checkpointer, failure::Failure};

/// How many operations share a commit at most: bounds how long the first one waits.
const GROUP: usize = 256;
/// How many operations wait at most; further callers wait for a place.
const QUEUE: usize = 1024;

/// Operations for the writer. Dropping it lets the thread finish what is queued and stop.
pub struct Writer {
    queue: Option<mpsc::Sender<Box<dyn Operation>>>,
    thread: Option<JoinHandle<()>>,
    /// How long a caller waits for a place in the queue.
    patience: Duration,
}

impl Writer {
    /// Starts the thread, which counts its commits.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(connection: Connection, checkpointer: Checkpointer, patience: Duration, commits: Arc<AtomicU64>) -> std::io::Result<Self> {
        let (queue, operations) = mpsc::channel(QUEUE);
        let work = move || run(&connection, operations, checkpointer, &commits);
        let thread = std::thread::Builder::new().name("sqlite-writer".into()).spawn(work)?;
        Ok(Self { queue: Some(queue), thread: Some(thread), patience })
    }

    /// Runs an operation. When this returns `Ok`, what it wrote is on disk.
    ///
    /// An operation that returns an error is undone. One that comes to an outcome that must not
    /// write anything has to come to it before its first write.
    pub async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.queue(work, true).await
    }

    /// The same without waiting for the disk: what was written survives the end of the process, and not always that of
    /// the machine.
    pub async fn write_fleeting<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.queue(work, false).await
    }

    async fn queue<T, F>(&self, work: F, lasting: bool) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        let gone = || Failure::Writer("the writer has stopped").classify();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        let (reply, answer) = oneshot::channel();
        let operation = Pending { work: Some(work), outcome: None, reply, lasting };
        match queue.try_send(Box::new(operation)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(operation)) => {
                let place = tokio::time::timeout(self.patience, queue.reserve()).await;
                match place {
                    Ok(Ok(place)) => place.send(operation),
                    Ok(Err(_)) => return Err(gone()),
                    Err(_) => return Err(Failure::Writer("too many writes are waiting").classify()),
                }
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(gone()),
        }
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the SQLite writer's thread panicked");
        }
    }
}

/// An operation with its caller. In two steps, because the answer must wait for the commit.
trait Operation: Send {
    /// Runs it; the error is also kept as the outcome. `Err` asks for the savepoint to be undone.
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError>;
    /// Whether its caller waits until it is on disk.
    fn is_lasting(&self) -> bool;
    /// Answers the caller: with the outcome, or with why the commit failed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
    lasting: bool,
}

impl<T, F> Operation for Pending<T, F>
where
    T: Send,
    F: FnOnce(&Connection) -> Result<T, Failure> + Send,
{
    fn run(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        // A panic would take the writer away from everybody.
        let result = catch_unwind(AssertUnwindSafe(|| work(connection))).unwrap_or(Err(Failure::Panicked));
        let outcome = self.outcome.insert(result.map_err(Failure::classify));
        outcome.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn is_lasting(&self) -> bool {
        self.lasting
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match (self.outcome, commit) {
            // Its own error says more than the group's.
            (Some(Err(own)), _) => Err(own),
            (_, Err(error)) => Err(error),
            (Some(outcome), Ok(())) => outcome,
            (None, Ok(())) => Err(Failure::Writer("the operation was not run").classify()),
        };
        // The caller may have gone away: the operation happened all the same.
        let _ = self.reply.send(outcome);
    }
}

fn run(connection: &Connection, mut operations: mpsc::Receiver<Box<dyn Operation>>, mut checkpointer: Checkpointer, commits: &AtomicU64) {
    let mut group = Vec::with_capacity(GROUP);
    let mut left_over = None;
    let mut waits_for_disk = true;
    while let Some(first) = left_over.take().or_else(|| operations.blocking_recv()) {
        if first.is_lasting() != waits_for_disk {
            waits_for_disk = first.is_lasting();
            // In WAL mode "normal" leaves out the commit's fsync, which the next "full" commit makes up for.
            let level = if waits_for_disk { "full" } else { "normal" };
            if let Err(error) = connection.pragma_update(None, "synchronous", level) {
                // Unknown how the commit would be: nobody is told that it is on disk.
                waits_for_disk = !waits_for_disk;
                first.answer(Err(Failure::from(error).classify()));
                continue;
            }
        }
        let commit = run_group(connection, first, waits_for_disk, &mut operations, &mut group, &mut left_over);
        if !connection.is_autocommit() {
            // Else the next transaction could not begin: after a full disk the writer must work again.
            let _ = connection.execute_batch("ROLLBACK");
        }
        commits.fetch_add(1, Ordering::Relaxed);
        for operation in group.drain(..) {
            operation.answer(commit.clone());
        }
        if let Err(StoreError::ReadOnly(_)) = commit {
            checkpointer.after_refusal(connection);
        } else {
            checkpointer.after_commit(connection);
        }
    }
    checkpointer.finish(connection);
}

/// Runs one transaction. One that does not wait for the disk ends before an operation that must, which is then
/// `left_over`. All that ran or were to run are in `group` afterwards.
fn run_group(
    connection: &Connection,
    first: Box<dyn Operation>,
    waits_for_disk: bool,
    waiting: &mut mpsc::Receiver<Box<dyn Operation>>,
    group: &mut Vec<Box<dyn Operation>>,
    left_over: &mut Option<Box<dyn Operation>>,
) -> Result<(), StoreError> {
    let mut next = Some(first);
    if let Err(error) = statement(connection, "BEGIN IMMEDIATE") {
        group.extend(next);
        return Err(error);
    }
    while let Some(mut operation) = next {
        let ran = run_one(connection, operation.as_mut());
        group.push(operation);
        ran?;
        next = if group.len() < GROUP { waiting.try_recv().ok() } else { None };
        if !waits_for_disk && next.as_ref().is_some_and(|next| next.is_lasting()) {
            *left_over = next.take();
        }
    }
    statement(connection, "COMMIT")
}

/// Runs one operation in a savepoint. An error means that the whole transaction is lost.
fn run_one(connection: &Connection, operation: &mut dyn Operation) -> Result<(), StoreError> {
    statement(connection, "SAVEPOINT operation")?;
    if let Err(error) = operation.run(connection) {
        if connection.is_autocommit() {
            // Some errors (a full disk above all) make SQLite undo the whole transaction.
            return Err(error);
        }
        statement(connection, "ROLLBACK TO operation")?;
    }
    statement(connection, "RELEASE operation")
}

fn statement(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut s| s.execute(())).map_err(|error| Failure::from(error).classify())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sqlite::{checkpoint::Bounds, connection};

    const PATIENCE: Duration = Duration::from_secs(5);
    const BOUNDS: Bounds = Bounds { soft: 40, hard: 200, small: 10 };

    fn writer(path: &Path) -> Writer {
        let connection = connection::writer(path, PATIENCE).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t (x TEXT)").unwrap();
        let checkpointer = Checkpointer::start(connection::writer(path, PATIENCE).unwrap(), BOUNDS, PATIENCE).unwrap();
        Writer::start(connection, checkpointer, PATIENCE, Arc::default()).unwrap()
    }

    fn insert(text: &'static str) -> impl FnOnce(&Connection) -> Result<(), Failure> + Send + 'static {
        move |connection| Ok(connection.execute("INSERT INTO t VALUES (?1)", [text]).map(|_| ())?)
    }

    fn texts(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let mut statement = connection.prepare("SELECT x FROM t ORDER BY x").unwrap();
        statement.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    }

    /// Keeps the writer busy until told, so that what follows shares one commit.
    fn hold(writer: &Writer) -> (impl Future<Output = Result<(), StoreError>> + '_, std::sync::mpsc::Sender<()>) {
        let (go, held) = std::sync::mpsc::channel::<()>();
        let operation = writer.write(move |_| {
            // Ends when the sender is used or dropped.
            let _ = held.recv();
            Ok(())
        });
        (operation, go)
    }

    #[tokio::test]
    async fn in_a_group_a_failed_operation_is_undone_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        let (held, go) = hold(&writer);
        let failing = writer.write(|connection| -> Result<(), Failure> {
            connection.execute("INSERT INTO t VALUES ('undone')", ())?;
            connection.execute("INSERT INTO nothing VALUES (1)", ())?;
            Ok(())
        });
        let panicking = writer.write(|connection| -> Result<(), Failure> {
            connection.execute("INSERT INTO t VALUES ('undone too')", ())?;
            panic!("a defect");
        });
        let release = async move { go.send(()).unwrap() };
        let (_, before, failed, panicked, after, ()) =
            tokio::join!(held, writer.write(insert("before")), failing, panicking, writer.write(insert("after")), release);
        before.unwrap();
        after.unwrap();
        assert!(matches!(failed, Err(StoreError::Failed(_))));
        assert!(matches!(panicked, Err(StoreError::Failed(_))));
        assert_eq!(texts(&path), ["after", "before"]);
    }

    #[tokio::test]
    async fn when_the_disk_is_full_nobody_is_told_otherwise_and_later_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        let pages = |count: i64| {
            move |connection: &Connection| {
                Ok(connection.query_row(&format!("PRAGMA max_page_count = {count}"), (), |row| row.get::<_, i64>(0))?)
            }
        };
        writer.write(pages(1)).await.unwrap();
        let (held, go) = hold(&writer);
        let great = writer.write(|connection| Ok(connection.execute("INSERT INTO t VALUES (hex(zeroblob(100000)))", ()).map(|_| ())?));
        let release = async move { go.send(()).unwrap() };
        let (_, great, ()) = tokio::join!(held, great, release);
        assert!(matches!(great, Err(StoreError::ReadOnly(_))), "{great:?}");
        assert!(texts(&path).is_empty());
        writer.write(pages(1000)).await.unwrap();
        writer.write(insert("later")).await.unwrap();
        assert_eq!(texts(&path), ["later"]);
    }

    #[tokio::test]
    async fn when_writing_is_forbidden_that_is_said_and_later_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        let forbidden = writer.write(|connection| {
            connection.pragma_update(None, "query_only", true)?;
            let refused = insert("refused")(connection);
            connection.pragma_update(None, "query_only", false)?;
            refused
        });
        assert!(matches!(forbidden.await, Err(StoreError::ReadOnly(_))));
        writer.write(insert("later")).await.unwrap();
        assert_eq!(texts(&path), ["later"]);
    }

    #[tokio::test]
    async fn a_transaction_that_was_undone_altogether_fails_for_everybody_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        let (held, go) = hold(&writer);
        let undoing = writer.write(|connection| -> Result<(), Failure> {
            connection.execute_batch("ROLLBACK")?;
            Err(rusqlite::Error::InvalidQuery.into())
        });
        let release = async move { go.send(()).unwrap() };
        let (_, before, undone, after, ()) =
            tokio::join!(held, writer.write(insert("before")), undoing, writer.write(insert("after")), release);
        assert!(before.is_err());
        assert!(undone.is_err());
        // It was not part of that transaction.
        after.unwrap();
        assert_eq!(texts(&path), ["after"]);
    }

    #[tokio::test]
    async fn what_need_not_last_shares_a_commit_that_waits_for_the_disk_and_never_the_other_way_round() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        // 2 is full, 1 is normal.
        let level = |connection: &Connection| Ok(connection.query_row("PRAGMA synchronous", (), |row| row.get::<_, i64>(0))?);
        assert_eq!(writer.write_fleeting(level).await.unwrap(), 1);
        assert_eq!(writer.write(level).await.unwrap(), 2);
        let (held, go) = hold(&writer);
        let release = async move { go.send(()).unwrap() };
        let (_, fleeting, lasting, ()) = tokio::join!(held, writer.write_fleeting(level), writer.write(level), release);
        assert_eq!((fleeting.unwrap(), lasting.unwrap()), (2, 2));
        let (go, blocked) = std::sync::mpsc::channel::<()>();
        let held = writer.write_fleeting(move |_| {
            let _ = blocked.recv();
            Ok(())
        });
        let release = async move { go.send(()).unwrap() };
        let (_, lasting, fleeting, ()) = tokio::join!(held, writer.write(level), writer.write_fleeting(level), release);
        assert_eq!((lasting.unwrap(), fleeting.unwrap()), (2, 2));
        writer.write_fleeting(insert("kept")).await.unwrap();
        drop(writer);
        assert_eq!(texts(&path), ["kept"]);
    }

    #[tokio::test]
    async fn a_lock_by_somebody_else_is_unavailability() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        writer.write(|connection| Ok(connection.busy_timeout(Duration::ZERO)?)).await.unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(matches!(writer.write(insert("refused")).await, Err(StoreError::Unavailable(_))));
        other.execute_batch("ROLLBACK").unwrap();
        writer.write(insert("later")).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_queued_is_finished_when_the_writer_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        let (held, go) = hold(&writer);
        {
            // Polled once, so that they are in the queue, and then given up by their callers.
            let (mut held, mut queued) = (Box::pin(held), Box::pin(writer.write(insert("queued"))));
            let polled = std::future::poll_fn(|context| {
                assert!(held.as_mut().poll(context).is_pending() && queued.as_mut().poll(context).is_pending());
                std::task::Poll::Ready(())
            });
            polled.await;
        }
        go.send(()).unwrap();
        drop(writer);
        assert_eq!(texts(&path), ["queued"]);
        assert!(!folder.path().join("test.db-wal").exists());
    }

    #[tokio::test]
    async fn under_steady_writing_the_log_stays_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        for _ in 0..1500 {
            writer.write(insert("x")).await.unwrap();
        }
        let length = std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len();
        // The log is looked at once in 16 commits, of two frames each here.
        assert!(length < 300 * 4120, "{length}");
        assert_eq!(texts(&path).len(), 1500);
    }

    #[tokio::test]
    async fn a_reader_that_takes_its_time_holds_up_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let writer = writer(&path);
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        for _ in 0..100 {
            writer.write(insert("x")).await.unwrap();
        }
        let count = || reader.query_row("SELECT COUNT(*) FROM t", (), |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count(), 0);
        reader.execute_batch("COMMIT").unwrap();
        assert_eq!(count(), 100);
    }
}
