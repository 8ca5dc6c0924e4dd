//! The memory of sealed calls: none is admitted twice, on no node.
//!
//! Several nodes share the store's memory: every call costs a write, which the call waits for. A node that is the only one
//! decides from its own memory, and what it decided reaches the store a moment later, many at a time. The nodes agree on
//! who does what by one row (`roll`):
//!
//! - While a node decides alone no other one admits anything. A second node announces itself; the first one sees that
//!   within a second, stops, writes what the store does not know yet, and says so. From then on both ask the store.
//! - A node that has the place to itself reads what the store remembers before it decides alone.
//! - Deciding alone is a lease of four seconds. A node that dies with it leaves decisions behind that nobody knows (those
//!   of the last ten milliseconds): whoever comes after it refuses calls that are older than that, whose clients correct
//!   their clocks and call again.
//! - A machine may stand still (suspended, its virtual machine paused) while others hold its node for dead, and its clock
//!   with it. The lease is therefore measured by two clocks, and whenever a node has written what it decided it looks whether
//!   the row still names it. What is left is the batch of the moment in which a machine goes on whose clocks both stood still.

mod present;
mod roll;

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lingpai_domain::{
    error::{Error, Result},
    random::{Random, to_hex},
};
use lingpai_secure::{
    client_key::NONCE_LENGTH,
    replay::{Freshness, ReplayWindow},
};
use parking_lot::Mutex;
use tokio::{
    sync::{Notify, RwLock, watch},
    time::{Instant, MissedTickBehavior},
};

use self::{
    present::{Lease, Mode, Present, Verdict, Why},
    roll::{Observations, Roll},
};
use crate::{
    runtime::{SystemRandom, told},
    state::Base,
};

/// How long a node decides alone without another sign of life.
const ALONE_FOR: Duration = Duration::from_secs(4);
/// How long a node that asks the store is one of the nodes without another sign of life.
const PRESENT_FOR: Duration = Duration::from_secs(60);
/// How often a node looks at the row.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A node that decides alone gives that up when there was no sealed call for so long.
const IDLE_AFTER: Duration = Duration::from_secs(60);
/// How often a call that waits for its turn looks at the row, and how long it waits at most: a dead node's lease, and more.
const POLL_EVERY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(8);
/// What was decided alone is collected for so long before it is written.
const WRITE_AFTER: Duration = Duration::from_millis(10);
/// Ids in memory, about 40 bytes each, two for each call. Above, and with more than [`MOST_READ`] in the store, the store is asked.
const CAPACITY: usize = 1 << 20;
const MOST_READ: usize = 200_000;

/// A sealed call whose signature was checked.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// The client key.
    pub key_id: &'a str,
    /// The request's id.
    pub request_id: &'a str,
    /// What its content was sealed, or signed, with.
    pub nonce: &'a [u8; NONCE_LENGTH],
    /// When the client says it called, milliseconds.
    pub timestamp_ms: i64,
    /// How far that may be from now, milliseconds.
    pub tolerance_ms: i64,
}

impl Sealed<'_> {
    /// What is remembered: neither the request's id nor the nonce is good twice under one key.
    fn names(&self) -> [String; 2] {
        [
            format!("secure-network call {} {}", self.key_id, self.request_id),
            format!("secure-network nonce {} {}", self.key_id, to_hex(self.nonce)),
        ]
    }

    /// Remembered as long as its timestamp could be accepted.
    fn expires_ms(&self) -> i64 {
        self.timestamp_ms.saturating_add(self.tolerance_ms).saturating_add(1)
    }
}

/// The memory of this node.
pub struct Replays {
    node: String,
    present: Mutex<Present>,
    /// One at a time changes the row.
    changing: tokio::sync::Mutex<Observations>,
    /// Held while the store is asked: nobody begins to decide alone meanwhile.
    asking: RwLock<()>,
    /// One at a time writes what was decided.
    writing: tokio::sync::Mutex<()>,
    unwritten: Notify,
    /// Whether there was a call since the last look.
    used: AtomicBool,
}

/// Another node decides alone and does not make room.
#[derive(Debug, thiserror::Error)]
#[error("another node holds the memory of sealed calls")]
struct NoRoom;

impl Replays {
    /// A node that takes part with its first sealed call.
    pub fn new() -> Self {
        let random: &dyn Random = &SystemRandom;
        Self {
            // Never handed in: two nodes with the same name would believe each other's memory to be their own.
            node: random.hex(16),
            present: Mutex::new(Present {
                mode: Mode::Out,
                last_use: Instant::now(),
                horizon_ms: i64::MIN,
                tolerance_ms: 0,
                asks_until: None,
                unwritten: Vec::new(),
            }),
            changing: tokio::sync::Mutex::default(),
            asking: RwLock::new(()),
            writing: tokio::sync::Mutex::new(()),
            unwritten: Notify::new(),
            used: AtomicBool::new(false),
        }
    }

    /// Whether a call is new; then no node will say so again.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn admit(&self, base: &Base, call: Sealed<'_>) -> Result<Freshness> {
        self.used.store(true, Ordering::Relaxed);
        for _ in 0..8 {
            let verdict = self.present.lock().judge(&call, base.clock.now_ms());
            match verdict {
                Verdict::Decided(freshness) => {
                    if freshness == Freshness::New {
                        self.unwritten.notify_one();
                    }
                    return Ok(freshness);
                }
                Verdict::AskStore => {
                    let _asking = self.asking.read().await;
                    // Else this node has begun to decide alone.
                    let now_ms = base.clock.now_ms();
                    if self.present.lock().asks(Instant::now(), now_ms) {
                        let is_new = base.store.use_fleeting_nonces(&call.names(), call.expires_ms(), now_ms).await?;
                        return Ok(if is_new { Freshness::New } else { Freshness::Seen });
                    }
                }
                Verdict::WriteFirst => self.write(base).await?,
                Verdict::TakePart => self.take_part(base, Why::Call).await?,
                Verdict::StepBack => self.take_part(base, Why::Full).await?,
            }
        }
        Err(Error::internal(NoRoom))
    }

    /// Gives a sign of life, or another node its turn.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn look(&self, base: &Base) -> Result<()> {
        let used = self.used.swap(false, Ordering::Relaxed);
        let is_idle = {
            let mut present = self.present.lock();
            if used {
                present.last_use = Instant::now();
            }
            if !present.unwritten.is_empty() {
                self.unwritten.notify_one();
            }
            match present.mode {
                Mode::Out => return Ok(()),
                Mode::Alone { .. } => present.last_use.elapsed() >= IDLE_AFTER,
                Mode::Asks { .. } => false,
            }
        };
        if is_idle { self.leave(base).await } else { self.take_part(base, Why::Look).await }
    }

    /// Writes what was decided and takes this node out of the row. Calls that come after that take part again.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn leave(&self, base: &Base) -> Result<()> {
        let _changing = self.changing.lock().await;
        if matches!(self.present.lock().mode, Mode::Out) {
            return Ok(());
        }
        self.stop_deciding(base).await?;
        drop(self.asking.write().await);
        loop {
            let (roll, text) = Roll::read(base).await?;
            let mut next = roll.clone();
            next.nodes.remove(&self.node);
            next.alone = next.alone.filter(|alone| *alone != self.node);
            if next == roll || next.replace(base, text.as_deref()).await? {
                return Ok(());
            }
        }
    }

    /// Gives signs of life and writes what was decided alone until told to stop.
    pub async fn keep_up(&self, base: &Base, mut stop: watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                () = told(&mut stop) => return,
                _ = looks.tick() => self.look(base).await,
                () = self.unwritten.notified() => {
                    tokio::time::sleep(WRITE_AFTER).await;
                    self.write(base).await
                }
            };
            if let Err(error) = outcome {
                let cause = error.source.as_ref().map(ToString::to_string);
                tracing::warn!(cause, "the memory of sealed calls does not reach the database");
                // What is not written yet is tried again with the next look, and at the end.
            }
        }
    }

    /// Brings what was decided into the store, and looks whether this node may still decide.
    ///
    /// # Errors
    /// If the store fails; then it is kept for the next time.
    pub async fn write(&self, base: &Base) -> Result<()> {
        self.write_out(base).await?;
        self.make_sure(base).await
    }

    async fn write_out(&self, base: &Base) -> Result<()> {
        let _writing = self.writing.lock().await;
        let nonces = std::mem::take(&mut self.present.lock().unwritten);
        let mut batch = Batch { nonces, present: &self.present };
        if !batch.nonces.is_empty() {
            base.store.remember_nonces(&batch.nonces).await?;
            batch.nonces.clear();
        }
        Ok(())
    }

    /// If this node decides alone: whether the others let it.
    async fn make_sure(&self, base: &Base) -> Result<()> {
        if !matches!(self.present.lock().mode, Mode::Alone { .. }) {
            return Ok(());
        }
        // Nobody changes what this node is between reading the row and judging by it.
        let _changing = self.changing.lock().await;
        let (roll, _) = Roll::read(base).await?;
        let mut present = self.present.lock();
        if matches!(present.mode, Mode::Alone { .. }) && roll.alone.as_ref() != Some(&self.node) {
            tracing::warn!("this node stood still for so long that others took over the memory of sealed calls");
            present.mode = Mode::Out;
        }
        Ok(())
    }

    /// From here on this node decides nothing, and the store knows everything it has decided.
    async fn stop_deciding(&self, base: &Base) -> Result<()> {
        self.present.lock().mode = Mode::Out;
        self.write_out(base).await
    }

    /// Becomes, or stays, one of the nodes: alone if there is no other.
    async fn take_part(&self, base: &Base, why: Why) -> Result<()> {
        let mut seen = self.changing.lock().await;
        if !self.present.lock().needs(why, Instant::now(), base.clock.now_ms()) {
            return Ok(());
        }
        if why == Why::Full {
            self.stop_deciding(base).await?;
            self.present.lock().asks_until = Some(Instant::now() + PRESENT_FOR);
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (roll, text) = Roll::read(base).await?;
            // Before the row is written: the lease must not end later here than others think.
            let (now, now_ms) = (Instant::now(), base.clock.now_ms());
            let lease = |length| Lease { from: now, from_ms: now_ms, length };
            let mut next = roll.clone();
            for dead in seen.look(&roll, now).into_iter().filter(|dead| *dead != self.node) {
                next.bury(&dead, now_ms);
            }
            next.widen(self.present.lock().tolerance_ms, now_ms);
            if next.alone.as_ref().is_some_and(|alone| *alone != self.node) {
                // It sees this node, and makes room.
                if !next.nodes.contains_key(&self.node) {
                    next.beat(&self.node, PRESENT_FOR);
                    next.replace(base, text.as_deref()).await?;
                } else if now >= deadline {
                    return Err(Error::internal(NoRoom));
                } else {
                    tokio::time::sleep(POLL_EVERY).await;
                }
                continue;
            }
            let has_company = next.nodes.keys().any(|node| *node != self.node);
            // Whoever may decide next finds everything in the store; and what this node remembers is of no use if others
            // have decided since.
            if (has_company || next.alone.is_none()) && !self.present.lock().asks(now, now_ms) {
                self.stop_deciding(base).await?;
            }
            next.alone = if has_company { None } else { Some(self.node.clone()) };
            self.present.lock().refuse_before(next.horizon);
            if self.is_fresh(&roll, &next, now, now_ms) {
                return Ok(());
            }
            next.beat(&self.node, if has_company { PRESENT_FOR } else { ALONE_FOR });
            if !next.replace(base, text.as_deref()).await? {
                continue;
            }
            if has_company {
                self.present.lock().mode = Mode::Asks { lease: lease(PRESENT_FOR) };
                return Ok(());
            }
            return self.begin_alone(base, lease(ALONE_FOR)).await;
        }
    }

    /// Whether a sign of life can wait: this node only asks, nothing has changed, and most of its time is left.
    fn is_fresh(&self, roll: &Roll, next: &Roll, now: Instant, now_ms: i64) -> bool {
        let asks_still = |mode: &Mode| matches!(mode, Mode::Asks { lease } if lease.holds_for(PRESENT_FOR / 2, now, now_ms));
        roll == next && roll.alone.is_none() && asks_still(&self.present.lock().mode)
    }

    /// The row says that this node is the only one.
    async fn begin_alone(&self, base: &Base, granted: Lease) -> Result<()> {
        {
            let mut present = self.present.lock();
            if let Mode::Alone { lease, .. } = &mut present.mode {
                *lease = granted;
                return Ok(());
            }
            if present.asks_until.is_some_and(|until| granted.from < until) {
                present.mode = Mode::Asks { lease: granted };
                return Ok(());
            }
        }
        // Nobody asks the store any more, and all that was decided is in it.
        let _nobody_asks = self.asking.write().await;
        self.write_out(base).await?;
        let now_ms = base.clock.now_ms();
        let live = base.store.live_nonces(now_ms, MOST_READ + 1).await?;
        let mut present = self.present.lock();
        if live.len() > MOST_READ {
            present.asks_until = Some(granted.from + PRESENT_FOR);
            present.mode = Mode::Asks { lease: granted };
            return Ok(());
        }
        let mut window = Box::new(ReplayWindow::new(present.tolerance_ms, CAPACITY));
        window.refuse_before(present.horizon_ms);
        for (hash, expires_ms) in &live {
            if let Some(id) = hash.first_chunk() {
                window.remember(*id, expires_ms.saturating_sub(present.tolerance_ms).saturating_sub(1));
            }
        }
        present.mode = Mode::Alone { lease: granted, window };
        Ok(())
    }
}

/// What is being written. It is kept if that fails, or if the caller's request ends meanwhile.
struct Batch<'r> {
    nonces: Vec<(String, i64)>,
    present: &'r Mutex<Present>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.nonces.is_empty() {
            self.present.lock().unwritten.append(&mut self.nonces);
        }
    }
}

impl Default for Replays {
    fn default() -> Self {
        Self::new()
    }
}
