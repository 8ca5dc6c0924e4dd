//! The one thread that writes, which lets the operations of concurrent callers share a commit.
//!
//! It takes one operation, begins a transaction, runs that operation and all that are waiting,
//! each inside a savepoint (so a failed one is undone alone), commits, and only then answers. An
//! fsync is thus paid once for the group, and nobody is answered before it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
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
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(connection: Connection, checkpointer: Checkpointer, patience: Duration) -> std::io::Result<Self> {
        let (queue, operations) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("sqlite-writer".into()).spawn(move || run(&connection, operations, checkpointer))?;
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
        let gone = || Failure::Writer("the writer has stopped").classify();
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        let (reply, answer) = oneshot::channel();
        let operation = Pending { work: Some(work), outcome: None, reply };
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
    /// Answers the caller: with the outcome, or with why the commit failed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

struct Pending<T, F> {
    work: Option<F>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
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

fn run(connection: &Connection, mut operations: mpsc::Receiver<Box<dyn Operation>>, mut checkpointer: Checkpointer) {
    let mut group = Vec::with_capacity(GROUP);
    while let Some(first) = operations.blocking_recv() {
        let commit = run_group(connection, first, &mut operations, &mut group);
        if !connection.is_autocommit() {
            // Else the next transaction could not begin: after a full disk the writer must work again.
            let _ = connection.execute_batch("ROLLBACK");
        }
        for operation in group.drain(..) {
            operation.answer(commit.clone());
        }
        checkpointer.after_commit(connection);
    }
    checkpointer.finish(connection);
}

/// Runs one transaction. All that ran or were to run are in `group` afterwards.
fn run_group(
    connection: &Connection,
    first: Box<dyn Operation>,
    waiting: &mut mpsc::Receiver<Box<dyn Operation>>,
    group: &mut Vec<Box<dyn Operation>>,
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
