//! What a node is at this moment, and what it says of a call for itself.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use lingpai_secure::replay::{Freshness, ReplayWindow, RequestId};
use tokio::time::Instant;

use super::Sealed;

/// With so many not yet written, calls wait for the store.
const MOST_UNWRITTEN: usize = 4_096;

/// What a node is, and what it has decided and not yet written.
pub(super) struct Present {
    pub(super) mode: Mode,
    pub(super) last_use: Instant,
    pub(super) horizon_ms: i64,
    /// Of the last call.
    pub(super) tolerance_ms: i64,
    /// The store did not fit into memory, or memory became full: no trying again before this.
    pub(super) asks_until: Option<Instant>,
    pub(super) unwritten: Vec<(String, i64)>,
}

/// How a node decides.
pub(super) enum Mode {
    /// Not one of the nodes.
    Out,
    /// One of several: the store decides.
    Asks { lease: Lease },
    /// The only one.
    Alone { lease: Lease, window: Box<ReplayWindow> },
}

/// For how long a node is what it is without another sign of life. Two clocks must agree that it is not over: the monotonic
/// one stands still while a machine is suspended, and the other one can be set.
#[derive(Clone, Copy)]
pub(super) struct Lease {
    pub(super) from: Instant,
    pub(super) from_ms: i64,
    pub(super) length: Duration,
}

impl Lease {
    fn holds(&self, now: Instant, now_ms: i64) -> bool {
        self.holds_for(Duration::ZERO, now, now_ms)
    }

    /// Whether it holds for so long still.
    pub(super) fn holds_for(&self, more: Duration, now: Instant, now_ms: i64) -> bool {
        // A clock that was set back tells nothing either.
        let passed = now.saturating_duration_since(self.from).max(Duration::from_millis(now_ms.abs_diff(self.from_ms)));
        passed.saturating_add(more) < self.length
    }
}

/// What a node looks at the row for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// A call came, and this node decides nothing.
    Call,
    /// It is time for a sign of life.
    Look,
    /// Its memory is full: the store takes over.
    Full,
}

/// What is to be done about a call.
pub(super) enum Verdict {
    Decided(Freshness),
    AskStore,
    WriteFirst,
    TakePart,
    StepBack,
}

impl Present {
    pub(super) fn asks(&self, now: Instant, now_ms: i64) -> bool {
        matches!(&self.mode, Mode::Asks { lease } if lease.holds(now, now_ms))
    }

    /// Whether there is still something to do, now that it is this one's turn.
    pub(super) fn needs(&self, why: Why, now: Instant, now_ms: i64) -> bool {
        match (&self.mode, why) {
            (Mode::Asks { lease } | Mode::Alone { lease, .. }, Why::Call) => !lease.holds(now, now_ms),
            (Mode::Alone { .. }, Why::Full) => true,
            (_, Why::Full) | (Mode::Out, Why::Look) => false,
            (_, Why::Look) | (Mode::Out, Why::Call) => true,
        }
    }

    pub(super) fn refuse_before(&mut self, horizon_ms: i64) {
        self.horizon_ms = self.horizon_ms.max(horizon_ms);
        if let Mode::Alone { window, .. } = &mut self.mode {
            window.refuse_before(horizon_ms);
        }
    }

    /// A wider window must not bring back what was remembered for a narrower one only.
    fn take_tolerance(&mut self, tolerance_ms: i64, now_ms: i64) {
        if tolerance_ms == self.tolerance_ms {
            return;
        }
        if self.tolerance_ms > 0 && tolerance_ms > self.tolerance_ms {
            self.refuse_before(now_ms.saturating_sub(self.tolerance_ms));
        }
        self.tolerance_ms = tolerance_ms;
        if let Mode::Alone { window, .. } = &mut self.mode {
            window.change_window(tolerance_ms, now_ms);
        }
    }

    pub(super) fn judge(&mut self, call: &Sealed<'_>, now_ms: i64) -> Verdict {
        let now = Instant::now();
        self.take_tolerance(call.tolerance_ms, now_ms);
        if self.unwritten.len() >= MOST_UNWRITTEN {
            return Verdict::WriteFirst;
        }
        match &mut self.mode {
            Mode::Asks { lease } if lease.holds(now, now_ms) => {
                if call.timestamp_ms < self.horizon_ms {
                    Verdict::Decided(Freshness::OutsideWindow)
                } else {
                    Verdict::AskStore
                }
            }
            Mode::Alone { lease, window } if lease.holds(now, now_ms) => {
                let names = call.names();
                for name in &names {
                    match window.admit_id(id_of(name), call.timestamp_ms, now_ms) {
                        Freshness::New => {}
                        Freshness::MemoryFull => return Verdict::StepBack,
                        other => return Verdict::Decided(other),
                    }
                }
                self.unwritten.extend(names.map(|name| (name, call.expires_ms())));
                Verdict::Decided(Freshness::New)
            }
            Mode::Out | Mode::Asks { .. } | Mode::Alone { .. } => Verdict::TakePart,
        }
    }
}

/// As the store names a nonce, cut short.
fn id_of(nonce: &str) -> RequestId {
    let hash = digest(&SHA256, nonce.as_bytes());
    let mut id = RequestId::default();
    for (to, from) in id.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    id
}
