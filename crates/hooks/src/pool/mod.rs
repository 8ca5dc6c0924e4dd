//! The threads that run scripts, and the version that they run.

mod queue;
mod slot;
mod watchdog;
mod worker;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use lingpai_domain::random::Random;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::sync::oneshot;

pub(crate) use self::slot::Slot;
use self::{queue::Queue, watchdog::Watchdog};
use crate::{
    engine::Script,
    error::{HookError, Problem},
    event::Event,
    folder::Version,
    options::Options,
    parameters::DescribedParameters,
    texts::Texts,
};

/// The stack of a thread: the engine's own limit is far below.
const THREAD_STACK: usize = 2 << 20;
/// How many threads may hang before no more are started in their place.
const MAX_HANGING: usize = 8;

/// What a script's call answers.
pub(crate) type Outcome = Result<Option<Value>, HookError>;

/// Who waits for a task.
pub(crate) enum Reply {
    /// The caller.
    Call(oneshot::Sender<Outcome>),
    /// Nobody: failures are logged.
    Event(Event),
    /// Whoever loads the folder.
    Load(Box<dyn FnOnce(Result<(), Vec<Problem>>) + Send>),
}

/// What a thread is to do.
pub(crate) enum Work {
    /// Call an exported function.
    Call { script: Script, function: &'static str, argument: Value, in_place: Option<&'static str> },
    /// Check values with a rule.
    Rule { rule: String, values: Vec<Value> },
    /// Read the folder anew.
    Load,
}

/// A task in the queue.
pub(crate) struct Task {
    pub(crate) work: Work,
    pub(crate) reply: Reply,
}

/// What the folder offers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inventory {
    /// The functions and rules, by script.
    pub(crate) functions: [BTreeSet<String>; Script::ALL.len()],
    /// The texts of `lang/index.js`.
    pub(crate) texts: Arc<Texts>,
    /// The parameters that `validator.js` describes.
    pub(crate) parameters: Arc<DescribedParameters>,
}

/// The version that runs.
pub(crate) struct Loaded {
    pub(crate) version: Arc<Version>,
    pub(crate) inventory: Inventory,
}

/// How many threads there are.
#[derive(Default)]
struct Crew {
    /// Those that take tasks.
    working: usize,
    /// Those whose engine hangs.
    hanging: usize,
}

/// What the threads share.
pub(crate) struct Pool {
    pub(crate) options: Arc<Options>,
    pub(crate) random: Arc<dyn Random>,
    root: PathBuf,
    queue: Queue,
    watchdog: Watchdog,
    /// `None` until the first load succeeded.
    loaded: RwLock<Option<Arc<Loaded>>>,
    /// The version that was tried last, whether it runs or not: its files are watched.
    attempted: Mutex<Option<Arc<Version>>>,
    versions: AtomicU64,
    crew: Mutex<Crew>,
}

impl Pool {
    /// Starts the threads.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(crate) fn start(root: PathBuf, options: Options, random: Arc<dyn Random>) -> std::io::Result<Arc<Self>> {
        let threads = options.threads.max(1);
        let pool = Arc::new(Self {
            queue: Queue::new(options.queue_limit, threads),
            options: Arc::new(options),
            random,
            root,
            watchdog: Watchdog::new(),
            loaded: RwLock::default(),
            attempted: Mutex::default(),
            versions: AtomicU64::new(0),
            crew: Mutex::default(),
        });
        let watched = pool.clone();
        thread::Builder::new().name("lingpai-hooks-time".to_owned()).spawn(move || watchdog::watch(&watched))?;
        if let Err(error) = pool.fill_crew(&mut pool.crew.lock()) {
            pool.stop();
            return Err(error);
        }
        Ok(pool)
    }

    /// Starts threads until there are as many as there should be, unless too many hang.
    fn fill_crew(self: &Arc<Self>, crew: &mut Crew) -> std::io::Result<()> {
        while crew.working < self.options.threads.max(1) && crew.hanging <= MAX_HANGING {
            let pool = self.clone();
            let slot = self.watchdog.new_slot();
            let worker = move || worker::work(&pool, &slot);
            thread::Builder::new().name("lingpai-hooks".to_owned()).stack_size(THREAD_STACK).spawn(worker)?;
            crew.working += 1;
        }
        Ok(())
    }

    /// A thread's engine hangs in a built-in function, where no limit reaches it: another takes its place.
    fn thread_hangs(self: &Arc<Self>) {
        let mut crew = self.crew.lock();
        crew.working = crew.working.saturating_sub(1);
        crew.hanging += 1;
        self.refill(&mut crew);
    }

    /// A thread that hung has come back, and ends.
    fn thread_came_back(self: &Arc<Self>) {
        let mut crew = self.crew.lock();
        crew.hanging = crew.hanging.saturating_sub(1);
        self.refill(&mut crew);
    }

    fn refill(self: &Arc<Self>, crew: &mut Crew) {
        if let Err(error) = self.fill_crew(crew) {
            tracing::error!(target: "lingpai::hooks", %error, "no thread to replace one whose script hangs");
        } else if crew.hanging > MAX_HANGING {
            tracing::error!(target: "lingpai::hooks", "too many scripts hang: no more threads are started until one comes back");
            if crew.working == 0 {
                self.queue.clear();
            }
        }
    }

    /// Puts a task into the queue.
    ///
    /// # Errors
    /// The queue is full, or all threads hang.
    pub(crate) fn submit(&self, task: Task) -> Result<(), HookError> {
        if self.crew.lock().working == 0 {
            return Err(HookError::Overloaded);
        }
        self.queue.push(task)
    }

    /// The version that runs.
    pub(crate) fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.read().clone()
    }

    /// Whether the files are no longer those of the last load.
    pub(crate) fn is_stale(&self) -> bool {
        let attempted = self.attempted.lock().clone();
        attempted.is_some_and(|version| version.has_changed())
    }

    /// A new version to load. It is what is watched from now on.
    fn next_version(&self) -> std::io::Result<Arc<Version>> {
        let number = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
        let version = Arc::new(Version::new(number, &self.root)?);
        *self.attempted.lock() = Some(version.clone());
        Ok(version)
    }

    /// Makes a loaded version the running one, unless a newer one runs already.
    fn publish(&self, loaded: Loaded) {
        let mut current = self.loaded.write();
        if current.as_ref().is_none_or(|current| current.version.number < loaded.version.number) {
            *current = Some(Arc::new(loaded));
        }
    }

    /// Ends the threads; running scripts are interrupted.
    pub(crate) fn stop(&self) {
        self.queue.stop();
        self.watchdog.stop();
    }
}
