//! The thread that counts the time of running scripts.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use super::{
    Pool,
    slot::{Slot, Tick},
};

/// How exactly time is counted.
pub(super) const TICK: Duration = Duration::from_millis(5);
/// After how many ticks without a script the watchdog sleeps.
const IDLE_TICKS: u32 = 200;

pub(super) struct Watchdog {
    slots: Mutex<Slots>,
    wake: Condvar,
    awake: AtomicBool,
    ticks: Arc<AtomicU64>,
}

#[derive(Default)]
struct Slots {
    list: Vec<Arc<Slot>>,
    stopped: bool,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Self { slots: Mutex::default(), wake: Condvar::new(), awake: AtomicBool::new(true), ticks: Arc::default() }
    }

    pub(super) fn new_slot(&self) -> Arc<Slot> {
        let slot = Arc::new(Slot::new(self.ticks.clone()));
        self.slots.lock().list.push(slot.clone());
        slot
    }

    /// A duration in ticks, at least one.
    pub(super) fn ticks_of(time: Duration) -> u64 {
        u64::try_from(time.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u64::MAX).max(1)
    }

    /// A task has begun: time must be counted.
    pub(super) fn task_began(&self) {
        if !self.awake.load(Ordering::SeqCst) {
            let _slots = self.slots.lock();
            self.awake.store(true, Ordering::SeqCst);
            self.wake.notify_one();
        }
    }

    pub(super) fn stop(&self) {
        let mut slots = self.slots.lock();
        slots.stopped = true;
        for slot in &slots.list {
            slot.expire();
        }
        self.wake.notify_one();
    }
}

/// Counts until the pool is stopped.
pub(super) fn watch(pool: &Arc<Pool>) {
    let watchdog = &pool.watchdog;
    let mut idle = 0;
    let mut slots = watchdog.slots.lock();
    // To the end of the last task: without the watchdog nothing would stop an endless one.
    while !slots.stopped || slots.list.iter().any(|slot| slot.is_running()) {
        if idle >= IDLE_TICKS {
            watchdog.awake.store(false, Ordering::SeqCst);
            // A task that began before it could see this is found here.
            if !slots.list.iter().any(|slot| slot.is_running()) && !slots.stopped {
                watchdog.wake.wait(&mut slots);
            }
            watchdog.awake.store(true, Ordering::SeqCst);
            idle = 0;
            continue;
        }
        let woken = watchdog.wake.wait_for(&mut slots, TICK);
        if !woken.timed_out() {
            continue;
        }
        watchdog.ticks.fetch_add(1, Ordering::Relaxed);
        idle += 1;
        let mut hanging = Vec::new();
        let stopped = slots.stopped;
        slots.list.retain(|slot| match slot.tick() {
            Tick::Idle => true,
            Tick::Running => {
                if stopped {
                    slot.expire();
                }
                idle = 0;
                true
            }
            Tick::Hangs(reply) => {
                hanging.push(reply);
                false
            }
        });
        if !hanging.is_empty() {
            parking_lot::MutexGuard::unlocked(&mut slots, || hanging.into_iter().for_each(|reply| super::worker::give_up(pool, reply)));
        }
    }
}
