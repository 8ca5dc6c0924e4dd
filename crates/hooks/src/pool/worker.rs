//! One thread: takes tasks and runs them in its own engines.

use std::{cell::Cell, sync::Arc};

use super::{Inventory, Loaded, Outcome, Pool, Reply, Slot, Task, Work, watchdog::Watchdog};
use crate::{
    builtin::Network,
    engine::{Call, Sandbox, Script, Surroundings},
    error::{HookError, Problem},
    folder::Version,
    texts::{Texts, parse_texts},
};

/// The started scripts of one version.
struct Engine {
    version: Arc<Version>,
    sandboxes: [Option<Sandbox>; Script::ALL.len()],
}

/// Runs tasks until the pool stops or the thread has been replaced.
pub(super) fn work(pool: &Arc<Pool>, slot: &Arc<Slot>) {
    let mut engine = None;
    while let Some(Task { work, reply }) = pool.queue.next() {
        if matches!(&reply, Reply::Call(sender) if sender.is_closed()) {
            // Nobody waits any more.
            continue;
        }
        slot.begin(Watchdog::ticks_of(pool.options.time_limit), reply);
        pool.watchdog.task_began();
        let outcome = match work {
            Work::Load => Finished::Load(load(pool, slot, &mut engine)),
            work => Finished::Call(run(pool, slot, &mut engine, &work)),
        };
        match slot.finish() {
            Some(reply) => answer(pool, reply, outcome),
            // Given up as hanging: another thread has taken this one's place.
            None => return pool.thread_came_back(),
        }
    }
}

enum Finished {
    Call(Outcome),
    Load(Result<(), Vec<Problem>>),
}

fn answer(pool: &Pool, reply: Reply, finished: Finished) {
    match (reply, finished) {
        (Reply::Call(sender), Finished::Call(outcome)) => {
            // The caller may have gone away; then nobody wants to know.
            let _gone = sender.send(outcome);
        }
        (Reply::Event(event), Finished::Call(outcome)) => {
            pool.queue.event_done();
            if let Err(error) = outcome {
                tracing::error!(target: "lingpai::hooks", %error, handler = event.function(), "a handler failed");
            }
        }
        (Reply::Load(done), Finished::Load(result)) => done(result),
        // A load is never submitted with another reply than its own.
        (Reply::Load(done), Finished::Call(_)) => done(Ok(())),
        (Reply::Call(sender), Finished::Load(_)) => drop(sender),
        (Reply::Event(_), Finished::Load(_)) => pool.queue.event_done(),
    }
}

/// Answers for a thread that hangs in a built-in function, and starts another one.
pub(super) fn give_up(pool: &Arc<Pool>, reply: Reply) {
    tracing::error!(target: "lingpai::hooks", "a script does not react to its time limit: its thread is given up");
    let outcome = match reply {
        Reply::Load(_) => {
            Finished::Load(Err(vec![Problem { file: ".".to_owned(), line: None, what: "a script hangs while it is loaded".to_owned() }]))
        }
        _ => Finished::Call(Err(HookError::TimedOut)),
    };
    answer(pool, reply, outcome);
    pool.thread_hangs();
}

fn run(pool: &Pool, slot: &Arc<Slot>, engine: &mut Option<Engine>, work: &Work) -> Outcome {
    let script = match work {
        Work::Call { script, .. } => *script,
        Work::Rule { .. } => Script::Validator,
        Work::Load => return Ok(None),
    };
    let loaded = pool.loaded().ok_or(HookError::Missing(script.file()))?;
    let sandbox = started(pool, slot, engine, &loaded, script)?;
    let Some(running) = sandbox else { return Err(HookError::Missing(script.file())) };
    let outcome = match work {
        Work::Call { function, argument, in_place, .. } => running.call(&Call { function, argument, in_place: *in_place }),
        Work::Rule { rule, values } => running.check(rule, values),
        Work::Load => Ok(None),
    };
    if matches!(outcome, Err(HookError::TimedOut | HookError::OutOfMemory)) {
        // Interrupted in the middle of anything: the next call gets a new runtime.
        *sandbox = None;
    }
    outcome
}

/// The place of a script in the engine, started if it was not.
fn started<'a>(
    pool: &Pool,
    slot: &Arc<Slot>,
    engine: &'a mut Option<Engine>,
    loaded: &Loaded,
    script: Script,
) -> Result<&'a mut Option<Sandbox>, HookError> {
    if engine.as_ref().is_some_and(|engine| engine.version.number != loaded.version.number) {
        *engine = None;
    }
    let engine = engine.get_or_insert_with(|| Engine { version: loaded.version.clone(), sandboxes: Default::default() });
    let place = engine.sandboxes.get_mut(script.index()).ok_or(HookError::Missing(script.file()))?;
    if place.is_none() {
        *place = Sandbox::start(script, surroundings(pool, slot, &loaded.version, script))?;
    }
    Ok(place)
}

fn surroundings(pool: &Pool, slot: &Arc<Slot>, version: &Arc<Version>, script: Script) -> Surroundings {
    Surroundings {
        file: script.file(),
        options: pool.options.clone(),
        random: pool.random.clone(),
        version: version.clone(),
        slot: slot.clone(),
        lines: Cell::new(0),
        left_behind: Cell::new(false),
        network: Network::new(),
    }
}

/// Starts every script of the folder's present state and makes that the running version, if all start.
fn load(pool: &Pool, slot: &Arc<Slot>, engine: &mut Option<Engine>) -> Result<(), Vec<Problem>> {
    let problem = |file: &str, what: String| Problem { file: file.to_owned(), line: None, what };
    let version = pool.next_version().map_err(|error| vec![problem(".", format!("the folder is not readable: {error}"))])?;
    let mut fresh = Engine { version: version.clone(), sandboxes: Default::default() };
    let mut inventory = Inventory::default();
    let mut problems = Vec::new();
    for (script, place) in Script::ALL.iter().copied().zip(&mut fresh.sandboxes) {
        slot.renew(Watchdog::ticks_of(pool.options.time_limit));
        let started = Sandbox::start(script, surroundings(pool, slot, &version, script)).and_then(|sandbox| {
            if let Some(sandbox) = &sandbox {
                if script == Script::Validator {
                    inventory.parameters = Arc::new(sandbox.parameters().clone());
                }
                if script == Script::Lang {
                    inventory.texts = Arc::new(texts(sandbox)?);
                } else if let Some(functions) = inventory.functions.get_mut(script.index()) {
                    functions.extend(sandbox.function_names().map(str::to_owned));
                }
            }
            Ok(sandbox)
        });
        match started {
            // The texts have been read; nothing of that script runs any more.
            Ok(sandbox) => *place = sandbox.filter(|_| script != Script::Lang),
            Err(error) => problems.push(problem_of(script, &error)),
        }
    }
    if !problems.is_empty() {
        for problem in &problems {
            tracing::error!(target: "lingpai::hooks", %problem, "a script does not load");
        }
        return Err(problems);
    }
    *engine = Some(fresh);
    pool.publish(Loaded { version, inventory });
    Ok(())
}

fn texts(sandbox: &Sandbox) -> Result<Texts, HookError> {
    let exported = sandbox.exports()?.ok_or_else(|| HookError::failed("must export an object of languages"))?;
    parse_texts(&exported).map_err(HookError::failed)
}

fn problem_of(script: Script, error: &HookError) -> Problem {
    let (what, place) = match error {
        HookError::Failed { what, place } => (what.clone(), place.as_deref()),
        error => (error.to_string(), None),
    };
    match place.and_then(|place| place.rsplit_once(':')) {
        Some((file, line)) => Problem { file: file.to_owned(), line: line.parse().ok(), what },
        None => Problem { file: script.file().to_owned(), line: None, what },
    }
}
