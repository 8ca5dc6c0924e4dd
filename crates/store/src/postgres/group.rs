//! Writes that share a commit.
//!
//! What users do all the time (register, sign in, renew, leave, ask for captchas) waits in a queue; whoever takes from it takes all
//! that is waiting and runs it as one transaction, sent in one piece. The flush to disk, the round
//! trip and the wake-ups are so paid once for many. Nobody is answered before the commit.

use std::{collections::HashSet, future::Future, pin::Pin, sync::Arc, task::Poll};

use deadpool_postgres::Object;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Row, types::ToSql};

use super::{
    alike::{Alike, RenewalColumns, SignInColumns},
    failure::Failure,
    gather::Columns,
    statements::Runner,
};

/// How many writes share a commit at most: bounds how long the first one waits.
const GROUP: usize = 64;
/// How many writes wait at most; further callers wait for a place.
const QUEUE: usize = 1024;
/// How many groups are under way at once: while one is flushed to disk, the next one is run.
const WORKERS: usize = 2;

/// A value of a statement.
pub type Value = Box<dyn ToSql + Sync + Send>;

/// One write.
pub enum Write {
    /// In a statement of its own.
    Single(Single),
    /// A sign-in with nothing else to do.
    SignIn(Box<SignInColumns>),
    /// A renewal.
    Renewal(RenewalColumns),
}

/// A write in a statement of its own.
pub struct Single {
    /// The statement. It takes its locks by itself as well.
    pub sql: &'static str,
    /// Its parameters.
    pub params: Vec<Value>,
    /// What it locks.
    pub locks: Locks,
}

/// What writes lock, as `lingpai_lock_for` takes it.
#[derive(Debug, Default)]
pub struct Locks {
    /// Identifiers: kind, U+001F, value.
    pub identities: Vec<String>,
    /// Users.
    pub users: Vec<String>,
    /// What codes and captchas are for: see `lingpai_lock_codes`.
    pub codes: Vec<String>,
}

impl Locks {
    /// These users.
    pub fn users(users: Vec<String>) -> Self {
        Self { users, ..Self::default() }
    }

    /// What codes are for.
    pub fn codes(codes: Vec<String>) -> Self {
        Self { codes, ..Self::default() }
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
    let outcome = run_alone(&runner, &waiting.write).await;
    let _ = waiting.reply.send(outcome);
}

/// Runs a write in a transaction of its own.
pub async fn run_alone(runner: &Runner, write: &Write) -> Result<Vec<Row>, Failure> {
    let statement = Statement::plan([write]).pop().ok_or(Failure::Internal("a write without a statement"))?;
    runner.run(statement.sql, &statement.params()).await
}

/// A statement that runs some writes of a group.
struct Statement<'w> {
    sql: &'static str,
    params: Params<'w>,
    /// The places of the writes in the group; each gets the row in its place if there are several.
    writes: Vec<usize>,
}

enum Params<'w> {
    Single(&'w [Value]),
    Several(Columns<'w>),
}

impl<'w> Statement<'w> {
    /// As few statements as do it: writes of one kind share one, but for a user's second write.
    fn plan(writes: impl IntoIterator<Item = &'w Write>) -> Vec<Self> {
        let (mut statements, mut sign_ins, mut renewals) = (Vec::new(), Several::default(), Several::default());
        for (place, write) in writes.into_iter().enumerate() {
            match write {
                Write::Single(single) => {
                    statements.push(Self { sql: single.sql, params: Params::Single(&single.params), writes: vec![place] });
                }
                Write::SignIn(write) => sign_ins.add(place, write.as_ref(), &mut statements),
                Write::Renewal(write) => renewals.add(place, write, &mut statements),
            }
        }
        statements.extend(sign_ins.statement());
        statements.extend(renewals.statement());
        statements
    }

    fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        match &self.params {
            Params::Single(values) => values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect(),
            Params::Several(columns) => columns.iter().map(|column| column.as_ref() as &(dyn ToSql + Sync)).collect(),
        }
    }
}

/// Writes of one kind, of different users.
struct Several<'w, W> {
    places: Vec<usize>,
    writes: Vec<&'w W>,
    users: HashSet<&'w str>,
}

impl<W> Default for Several<'_, W> {
    fn default() -> Self {
        Self { places: Vec::new(), writes: Vec::new(), users: HashSet::new() }
    }
}

impl<'w, W: Alike> Several<'w, W> {
    fn add(&mut self, place: usize, write: &'w W, others: &mut Vec<Statement<'w>>) {
        if self.users.insert(write.uid()) {
            self.places.push(place);
            self.writes.push(write);
        } else {
            others.push(Statement { sql: W::SQL, params: Params::Several(W::columns(&[write])), writes: vec![place] });
        }
    }

    fn statement(self) -> Option<Statement<'w>> {
        (!self.writes.is_empty()).then(|| Statement { sql: W::SQL, params: Params::Several(W::columns(&self.writes)), writes: self.places })
    }
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
    let planned = Statement::plan(group.iter().map(|waiting| &waiting.write));
    let mut statements = Vec::with_capacity(planned.len());
    for statement in &planned {
        statements.push(connection.prepare_cached(statement.sql).await?);
    }
    let params: Vec<_> = planned.iter().map(Statement::params).collect();
    let mut outcomes = Outcomes((0..group.len()).map(|_| Vec::new()).collect());
    if let ([one], [statement], [params]) = (&planned[..], &statements[..], &params[..]) {
        // It is a transaction by itself.
        return match unless_refused(connection.query(statement, params).await)? {
            Some(rows) => outcomes.take(one, rows).map(|()| Some(outcomes.0)),
            None => Ok(None),
        };
    }
    let lock = connection.prepare_cached("SELECT lingpai_lock_for($1, $2, $3)").await?;
    let (mut identities, mut users, mut codes): (Vec<&str>, Vec<&str>, Vec<&str>) = Default::default();
    for waiting in group {
        match &waiting.write {
            Write::Single(Single { locks, .. }) => {
                identities.extend(locks.identities.iter().map(String::as_str));
                users.extend(locks.users.iter().map(String::as_str));
                codes.extend(locks.codes.iter().map(String::as_str));
            }
            Write::SignIn(write) => users.push(write.uid()),
            Write::Renewal(write) => users.push(write.uid()),
        }
    }
    let lock_params: [&(dyn ToSql + Sync); 3] = [&identities, &users, &codes];

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
    for (answer, statement) in answers.into_iter().zip(&planned) {
        match unless_refused(answer.finish().await)? {
            Some(rows) => outcomes.take(statement, rows)?,
            None => refused = true,
        }
    }
    // After a refusal this undoes what was not refused.
    commit.finish().await?;
    Ok((!refused).then_some(outcomes.0))
}

/// Rows for each write of a group.
struct Outcomes(Vec<Vec<Row>>);

impl Outcomes {
    fn take(&mut self, statement: &Statement<'_>, rows: Vec<Row>) -> Result<(), Failure> {
        const AMISS: Failure = Failure::Internal("the server answered for another number of writes");
        match (&statement.params, &statement.writes[..]) {
            (Params::Several(_), places) if rows.len() == places.len() => {
                for (&place, row) in places.iter().zip(rows) {
                    self.0.get_mut(place).ok_or(AMISS)?.push(row);
                }
                Ok(())
            }
            (Params::Single(_), &[place]) => {
                *self.0.get_mut(place).ok_or(AMISS)? = rows;
                Ok(())
            }
            _ => Err(AMISS),
        }
    }
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
