//! Writes that share a commit.
//!
//! What users do all the time (sign in, renew, leave) waits in a queue; whoever takes from it takes all
//! that is waiting and runs it as one transaction, sent in one piece. The flush to disk, the round
//! trip and the wake-ups are so paid once for many. Nobody is answered before the commit.

use std::{future::Future, pin::Pin, sync::Arc, task::Poll};

use deadpool_postgres::Object;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Row, types::ToSql};

use super::{failure::Failure, statements::Runner};

/// How many writes share a commit at most: bounds how long the first one waits.
const GROUP: usize = 64;
/// How many writes wait at most; further callers wait for a place.
const QUEUE: usize = 1024;
/// How many groups are under way at once: while one is flushed to disk, the next one is run.
const WORKERS: usize = 2;

/// A value of a statement.
pub type Value = Box<dyn ToSql + Sync + Send>;

/// One write, in one statement.
pub struct Write {
    /// The statement. It takes the locks of the users it is about by itself as well.
    pub sql: &'static str,
    /// Its parameters.
    pub params: Vec<Value>,
    /// The users that it locks.
    pub users: Vec<String>,
}

impl Write {
    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect()
    }
}

struct Waiting {
    write: Write,
    reply: oneshot::Sender<Result<Vec<Row>, Failure>>,
}

/// The queue. Dropping it lets the workers finish what is in it.
pub struct Group {
    queue: mpsc::Sender<Waiting>,
}

impl Group {
    /// Starts the workers on the current runtime.
    pub fn start(runner: &Runner) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..WORKERS {
            tokio::spawn(work(runner.clone(), Arc::clone(&waiting)));
        }
        Self { queue }
    }

    /// Runs a write. It is committed when this returns `Ok`.
    pub async fn write(&self, write: Write, patience: std::time::Duration) -> Result<Vec<Row>, Failure> {
        let (reply, answer) = oneshot::channel();
        match self.queue.send_timeout(Waiting { write, reply }, patience).await {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(Failure::Connection("the write was given up".into()))),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => Err(Failure::Timeout("too many writes are waiting")),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Failure::Connection("the store is closed".into())),
        }
    }
}

async fn work(runner: Runner, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        let taken = waiting.lock().await.recv_many(&mut group, GROUP).await;
        if taken == 0 {
            return;
        }
        // A connection that is being opened or has to be waited for must not keep the writes from the
        // other worker, so the queue is free again here.
        run(&runner, &mut group).await;
    }
}

/// Runs and answers the writes of a group.
async fn run(runner: &Runner, group: &mut Vec<Waiting>) {
    let outcomes = if group.len() > 1 { together(runner, group).await } else { Ok(None) };
    match outcomes {
        Ok(Some(outcomes)) => {
            for (waiting, rows) in group.drain(..).zip(outcomes) {
                // The caller may have gone away: the write happened all the same.
                let _ = waiting.reply.send(Ok(rows));
            }
        }
        // Undone together because the server refused one: each by itself, and none waits for another.
        Ok(None) if group.len() > 1 => {
            for waiting in group.drain(..) {
                tokio::spawn(alone(runner.clone(), waiting));
            }
        }
        Ok(None) => {
            for waiting in group.drain(..) {
                alone(runner.clone(), waiting).await;
            }
        }
        Err(failure) => {
            for waiting in group.drain(..) {
                let _ = waiting.reply.send(Err(failure.repeated()));
            }
        }
    }
}

async fn alone(runner: Runner, waiting: Waiting) {
    let outcome = runner.run(waiting.write.sql, &waiting.write.params()).await;
    let _ = waiting.reply.send(outcome);
}

/// Runs a group as one transaction. `Ok(None)`: the server refused a write and undid them all.
///
/// # Errors
/// If the connection failed: nobody knows whether the group was committed.
async fn together(runner: &Runner, group: &[Waiting]) -> Result<Option<Vec<Vec<Row>>>, Failure> {
    let connection = runner.pool.get().await?;
    let result = match tokio::time::timeout(runner.patience, transaction(&connection, group)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Timeout("the server did not answer in time")),
    };
    if result.is_err() {
        // Not all answers were read, perhaps, and the transaction may be open.
        drop(Object::take(connection));
    }
    result
}

async fn transaction(connection: &Object, group: &[Waiting]) -> Result<Option<Vec<Vec<Row>>>, Failure> {
    let mut statements = Vec::with_capacity(group.len());
    for waiting in group {
        statements.push(connection.prepare_cached(waiting.write.sql).await?);
    }
    let lock = connection.prepare_cached("SELECT lingpai_lock_each($1)").await?;
    let users: Vec<&str> = group.iter().flat_map(|waiting| waiting.write.users.iter().map(String::as_str)).collect();
    let params: Vec<_> = group.iter().map(|waiting| waiting.write.params()).collect();
    let lock_params: [&(dyn ToSql + Sync); 1] = [&users];

    let mut begin = Started(Box::pin(connection.batch_execute("BEGIN")), None);
    let mut locked = Started(Box::pin(connection.query(&lock, &lock_params)), None);
    let mut answers: Vec<_> =
        statements.iter().zip(&params).map(|(statement, params)| Started(Box::pin(connection.query(statement, params)), None)).collect();
    let mut commit = Started(Box::pin(connection.batch_execute("COMMIT")), None);
    // A request is sent when it is first polled: all of them now and in this order, so that they
    // arrive together. Each answer is then waited for in the same order.
    std::future::poll_fn(|context| {
        begin.start(context);
        locked.start(context);
        answers.iter_mut().for_each(|answer| answer.start(context));
        commit.start(context);
        Poll::Ready(())
    })
    .await;
    begin.finish().await?;
    let mut refused = unless_refused(locked.finish().await)?.is_none();
    let mut outcomes = Vec::with_capacity(answers.len());
    for answer in answers {
        match unless_refused(answer.finish().await)? {
            Some(rows) => outcomes.push(rows),
            None => refused = true,
        }
    }
    // After a refusal this undoes what was not refused.
    commit.finish().await?;
    Ok((!refused).then_some(outcomes))
}

/// `None`: the server refused a statement, and the transaction with it.
///
/// # Errors
/// If the connection failed or is about to: nobody knows what became of the transaction.
fn unless_refused(answer: Result<Vec<Row>, tokio_postgres::Error>) -> Result<Option<Vec<Row>>, Failure> {
    match answer.map_err(Failure::from) {
        Ok(rows) => Ok(Some(rows)),
        Err(failure) if failure.is_refusal() && !failure.ends_connection() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A request that was polled once, with its answer if that was there at once.
struct Started<F: Future>(Pin<Box<F>>, Option<F::Output>);

impl<F: Future> Started<F> {
    fn start(&mut self, context: &mut std::task::Context<'_>) {
        if let Poll::Ready(output) = self.0.as_mut().poll(context) {
            self.1 = Some(output);
        }
    }

    async fn finish(self) -> F::Output {
        match self.1 {
            Some(output) => output,
            None => self.0.await,
        }
    }
}
