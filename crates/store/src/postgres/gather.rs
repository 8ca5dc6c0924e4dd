//! Reads by key that share a statement.
//!
//! While one statement is under way, further questions of its kind gather and are asked together with
//! the next one: what a statement costs on both sides beside its rows is so paid once for many. A
//! question is only asked in a statement that is sent after it came, so it sees all that was committed
//! before.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio_postgres::{Row, types::ToSql};

use super::{
    failure::Failure,
    statements::{Reader, column},
};

/// How many questions share a statement at most.
const MOST: usize = 64;
/// How many statements of a kind are under way at once: one for every two cores. On two cores, which the database often
/// shares, a second one only makes both smaller (by a fifth of the database's time for a row); on more, one alone would
/// be the bottleneck.
fn at_once() -> usize {
    static AT_ONCE: OnceLock<usize> = OnceLock::new();
    *AT_ONCE.get_or_init(|| std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)))
}

/// Values of a statement, one array for each parameter.
pub type Columns<'q> = Vec<Box<dyn ToSql + Sync + Send + 'q>>;

/// What is asked.
pub trait Question: Send + Sync + 'static {
    /// Answers rows whose first column is the place of a question among those asked, beginning at 1.
    const SQL: &'static str;

    /// The parameters: arrays with an element for each question.
    fn columns<'q>(questions: &[&'q Self]) -> Columns<'q>;
}

/// Rows that answer one question; the first column is of no use.
pub type Answer = Result<Vec<Row>, Failure>;

struct Waiting<Q> {
    question: Q,
    reply: oneshot::Sender<Answer>,
}

/// Where questions of one kind gather.
pub struct Gather<Q> {
    shared: Arc<Shared<Q>>,
}

struct Shared<Q> {
    reader: Reader,
    /// As many as there are callers, whose number the server bounds.
    waiting: Mutex<Gathered<Q>>,
}

struct Gathered<Q> {
    questions: Vec<Waiting<Q>>,
    /// Tasks that take from them.
    at_work: usize,
}

impl<Q: Question> Gather<Q> {
    /// Reads with this.
    pub fn new(reader: &Reader) -> Self {
        let waiting = Mutex::new(Gathered { questions: Vec::new(), at_work: 0 });
        Self { shared: Arc::new(Shared { reader: reader.clone(), waiting }) }
    }

    /// The answer to a question.
    pub async fn ask(&self, question: Q) -> Answer {
        let (reply, answer) = oneshot::channel();
        let has_help = {
            let mut waiting = self.shared.waiting.lock();
            waiting.questions.push(Waiting { question, reply });
            let has_help = waiting.at_work >= at_once();
            waiting.at_work += usize::from(!has_help);
            has_help
        };
        if !has_help {
            // A task of its own, so that the others' answers come even if this caller goes away.
            tokio::spawn(work(AtWork { shared: Arc::clone(&self.shared), is_counted: true }));
        }
        answer.await.unwrap_or_else(|_| Err(Failure::Connection("the read was given up".into())))
    }
}

/// A task that answers.
struct AtWork<Q: Question> {
    shared: Arc<Shared<Q>>,
    is_counted: bool,
}

impl<Q: Question> AtWork<Q> {
    /// The next questions; `None`: there are none, and this task is counted no more.
    fn take(&mut self) -> Option<Vec<Waiting<Q>>> {
        let mut waiting = self.shared.waiting.lock();
        let count = waiting.questions.len().min(MOST);
        if count == 0 {
            waiting.at_work -= 1;
            self.is_counted = false;
            return None;
        }
        Some(waiting.questions.drain(..count).collect())
    }
}

impl<Q: Question> Drop for AtWork<Q> {
    fn drop(&mut self) {
        if self.is_counted {
            self.shared.waiting.lock().at_work -= 1;
        }
    }
}

/// Answers until no question is left.
async fn work<Q: Question>(mut at_work: AtWork<Q>) {
    loop {
        // Whoever is about to ask is let do so first.
        tokio::task::yield_now().await;
        let Some(group) = at_work.take() else { return };
        answer(&at_work.shared.reader, group).await;
    }
}

async fn answer<Q: Question>(reader: &Reader, group: Vec<Waiting<Q>>) {
    let questions: Vec<_> = group.iter().map(|waiting| &waiting.question).collect();
    match together(reader, &questions).await {
        Ok(answers) => {
            for (waiting, rows) in group.into_iter().zip(answers) {
                // The caller may have gone away.
                let _ = waiting.reply.send(Ok(rows));
            }
        }
        // One row that the server cannot read is the trouble of those who want it.
        Err(failure) if group.len() > 1 && failure.is_refusal() && !failure.ends_connection() => {
            for waiting in group {
                let rows = together(reader, &[&waiting.question]).await.map(|mut answers| answers.pop().unwrap_or_default());
                let _ = waiting.reply.send(rows);
            }
        }
        Err(failure) => {
            for waiting in group {
                let _ = waiting.reply.send(Err(failure.repeated()));
            }
        }
    }
}

/// Asks in one statement. Rows for each question.
async fn together<Q: Question>(reader: &Reader, questions: &[&Q]) -> Result<Vec<Vec<Row>>, Failure> {
    let columns = Q::columns(questions);
    let params: Vec<_> = columns.iter().map(|column| column.as_ref() as &(dyn ToSql + Sync)).collect();
    let rows = reader.by_key(Q::SQL, &params).await?;
    let mut answers: Vec<Vec<Row>> = questions.iter().map(|_| Vec::new()).collect();
    for row in rows {
        let place: i64 = column(&row, 0)?;
        let answer = usize::try_from(place - 1).ok().and_then(|place| answers.get_mut(place));
        answer.ok_or(Failure::Internal("the server answered a question that was not asked"))?.push(row);
    }
    Ok(answers)
}
