//! The time of one thread's running task, counted in the watchdog's ticks.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;

use super::{Reply, watchdog::TICK};

/// One thread's clock. The watchdog counts it down, the engine's interrupt handler looks at it.
///
/// Real time, not the injected clock: with a clock turned by hand an endless script would never end.
pub(crate) struct Slot {
    expired: AtomicBool,
    running: Mutex<Option<Running>>,
    ticks: Arc<AtomicU64>,
}

struct Running {
    left: u64,
    /// What is left between expiry and giving the thread up.
    grace: u64,
    reply: Reply,
}

/// What a tick did to a slot.
pub(super) enum Tick {
    /// Nothing runs.
    Idle,
    /// The task goes on.
    Running,
    /// The task does not react to its expiry; its thread is given up and somebody waits for this reply.
    Hangs(Reply),
}

/// How many ticks an expired script has for noticing it.
const GRACE: u64 = 500 / TICK.as_millis() as u64;

impl Slot {
    pub(super) fn new(ticks: Arc<AtomicU64>) -> Self {
        Self { expired: AtomicBool::new(false), running: Mutex::default(), ticks }
    }

    /// Whether the running task has used up its time.
    pub(crate) fn is_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }

    /// Milliseconds of a coarse clock that runs while scripts do.
    pub(crate) fn now_ms(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed) * TICK.as_millis() as u64
    }

    pub(super) fn begin(&self, ticks: u64, reply: Reply) {
        let mut running = self.running.lock();
        self.expired.store(false, Ordering::Relaxed);
        *running = Some(Running { left: ticks, grace: GRACE, reply });
    }

    /// Gives the running task its full time again, for its next step.
    pub(super) fn renew(&self, ticks: u64) {
        if let Some(running) = self.running.lock().as_mut() {
            running.left = ticks;
            running.grace = GRACE;
            self.expired.store(false, Ordering::Relaxed);
        }
    }

    /// Ends the task; `None` where the thread was given up meanwhile.
    pub(super) fn finish(&self) -> Option<Reply> {
        self.running.lock().take().map(|running| running.reply)
    }

    pub(super) fn is_running(&self) -> bool {
        self.running.lock().is_some()
    }

    pub(super) fn tick(&self) -> Tick {
        let mut slot = self.running.lock();
        let Some(running) = slot.as_mut() else { return Tick::Idle };
        if running.left > 0 {
            running.left -= 1;
        } else {
            self.expired.store(true, Ordering::Relaxed);
            if running.grace == 0 {
                return slot.take().map_or(Tick::Idle, |running| Tick::Hangs(running.reply));
            }
            running.grace -= 1;
        }
        Tick::Running
    }

    /// Makes the running task end now.
    pub(super) fn expire(&self) {
        self.expired.store(true, Ordering::Relaxed);
    }
}
