//! A pool of threads for password hashes that take milliseconds.
//!
//! The threads run at a lower priority than those that answer, so that a wave of logins leaves
//! every other call's latency alone; the queue is bounded and sheds load with a clear answer.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use lingpai_domain::error::{Code, Error, Result};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::config::settings::Passwords;

/// How much the hashing threads stand back (nice value): as far as they can. At 10 already a thread
/// that wakes up to answer now and then waits until a hash is done, which takes 15 ms.
const STAND_BACK: i32 = 19;

type Job = Box<dyn FnOnce() + Send>;

/// The pool.
pub struct HashPool {
    queue: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    /// More may not wait, lest they wait longer than anyone would.
    most_waiting: usize,
}

/// About what one hash takes, to turn the longest wait into a number of waiting jobs.
const HASH_MS: u128 = 15;

impl HashPool {
    /// Starts the threads.
    pub fn start(settings: &Passwords) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = if settings.hash_threads == 0 { cores } else { settings.hash_threads };
        let by_time = (settings.hash_wait.as_millis() / HASH_MS) as usize * threads;
        let most_waiting = settings.hash_queue.min(by_time).max(threads);
        let (queue, jobs) = sync_channel::<Job>(most_waiting);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..threads {
            let jobs = jobs.clone();
            let spawned = thread::Builder::new().name(format!("hash-{number}")).spawn(move || {
                stand_back();
                loop {
                    let job = jobs.lock().recv();
                    match job {
                        Ok(job) => job(),
                        Err(_) => return,
                    }
                }
            });
            if let Err(error) = spawned {
                tracing::error!(%error, "a hashing thread could not be started");
            }
        }
        Self { queue, waiting: Arc::default(), most_waiting }
    }

    /// Runs a job on the pool, or answers at once that there are too many.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let waiting = self.waiting.clone();
        if waiting.fetch_add(1, Ordering::AcqRel) >= self.most_waiting {
            waiting.fetch_sub(1, Ordering::AcqRel);
            return Err(Code::ServerBusy.into());
        }
        let counted = Counted(waiting);
        let boxed: Job = Box::new(move || {
            // Whoever waited may be gone; then the work is not worth doing.
            let outcome = (!reply.is_closed()).then(job);
            // The place is free before the answer is there: who asks again finds it so.
            drop(counted);
            if let Some(outcome) = outcome {
                let _ = reply.send(outcome);
            }
        });
        match self.queue.try_send(boxed) {
            Ok(()) => answer.await.map_err(|_| Error::new(Code::SystemError)),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Code::ServerBusy.into()),
        }
    }
}

/// One waiting job; counts itself out however it ends.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(target_os = "linux")]
fn stand_back() {
    // On Linux a nice value belongs to a thread; thread id 0 is the calling one.
    if let Err(error) = rustix::process::setpriority_process(None, STAND_BACK) {
        tracing::debug!(%error, "hashing threads run at the common priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {
    let _ = STAND_BACK;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lingpai_domain::password::Argon2Cost;

    use super::*;

    fn settings(queue: usize) -> Passwords {
        Passwords { hash_threads: 1, hash_queue: queue, hash_wait: Duration::from_secs(3), argon2: Argon2Cost::default() }
    }

    #[tokio::test]
    async fn results_come_back() {
        assert_eq!(HashPool::start(&settings(4)).run(|| 6 * 7).await.unwrap(), 42);
    }

    #[tokio::test]
    async fn a_full_queue_answers_at_once() {
        let pool = Arc::new(HashPool::start(&settings(2)));
        let (release, held) = std::sync::mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let occupied: Vec<_> = (0..2)
            .map(|_| {
                let (pool, held) = (pool.clone(), held.clone());
                tokio::spawn(async move { pool.run(move || held.lock().recv().is_ok()).await })
            })
            .collect();
        while pool.waiting.load(Ordering::Acquire) < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| ()).await.unwrap_err().code, Code::ServerBusy);
        release.send(()).unwrap();
        release.send(()).unwrap();
        for job in occupied {
            assert!(job.await.unwrap().unwrap());
        }
        assert!(pool.run(|| true).await.unwrap());
    }
}
