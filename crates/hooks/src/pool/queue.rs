//! Tasks that wait for a thread: calls before events, both bounded.

use std::collections::VecDeque;

use parking_lot::{Condvar, Mutex};

use super::{Reply, Task};
use crate::error::HookError;

pub(super) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    limit: usize,
    /// How many events may run at once: one thread is left for the calls, where there is more than one.
    event_threads: usize,
}

#[derive(Default)]
struct State {
    calls: VecDeque<Task>,
    events: VecDeque<Task>,
    running_events: usize,
    stopped: bool,
}

impl Queue {
    pub(super) fn new(limit: usize, threads: usize) -> Self {
        Self { state: Mutex::default(), ready: Condvar::new(), limit, event_threads: threads.saturating_sub(1).max(1) }
    }

    pub(super) fn push(&self, task: Task) -> Result<(), HookError> {
        let mut state = self.state.lock();
        let tasks = if matches!(task.reply, Reply::Event(_)) { &mut state.events } else { &mut state.calls };
        if tasks.len() >= self.limit {
            return Err(HookError::Overloaded);
        }
        tasks.push_back(task);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for a task; `None` once the pool is stopped.
    pub(super) fn next(&self) -> Option<Task> {
        let mut state = self.state.lock();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(task) = state.calls.pop_front() {
                return Some(task);
            }
            if state.running_events < self.event_threads
                && let Some(task) = state.events.pop_front()
            {
                state.running_events += 1;
                return Some(task);
            }
            self.ready.wait(&mut state);
        }
    }

    /// An event has been handled (or its thread given up).
    pub(super) fn event_done(&self) {
        let mut state = self.state.lock();
        state.running_events = state.running_events.saturating_sub(1);
        let more = !state.events.is_empty();
        drop(state);
        if more {
            self.ready.notify_one();
        }
    }

    /// Drops the tasks that wait; their callers learn it.
    pub(super) fn clear(&self) {
        let mut state = self.state.lock();
        let dropped = (std::mem::take(&mut state.calls), std::mem::take(&mut state.events));
        drop(state);
        drop(dropped);
    }

    /// No more tasks; those that wait are dropped, and their callers learn it.
    pub(super) fn stop(&self) {
        self.state.lock().stopped = true;
        self.clear();
        self.ready.notify_all();
    }
}
