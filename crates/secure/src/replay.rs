//! Remembers request ids for as long as their timestamps are acceptable, in bounded memory.

use std::collections::{BTreeMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};

use crate::refusal::Refusal;
use crate::transcript;

/// Whether a request is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Not seen within the window.
    New,
    /// Seen within the window.
    Seen,
    /// Its timestamp is outside the window.
    OutsideWindow,
    /// The memory is full. It is not new as far as anyone can tell.
    MemoryFull,
}

impl Freshness {
    /// `Ok` for [`Freshness::New`].
    pub fn into_result(self) -> Result<(), Refusal> {
        match self {
            Self::New => Ok(()),
            Self::Seen => Err(Refusal::Replayed),
            Self::OutsideWindow => Err(Refusal::ClockSkew),
            Self::MemoryFull => Err(Refusal::ReplayMemoryFull),
        }
    }
}

/// The first bytes of a hash that names a request.
pub type RequestId = [u8; 16];

/// Slices of the window: coarse enough to be few, fine enough that little is remembered for longer than needed.
const BUCKETS_PER_WINDOW: i64 = 8;

/// The memory of one node. Ids are kept as 16 bytes of SHA-256, in buckets of their timestamp that are dropped whole.
#[derive(Debug)]
pub struct ReplayWindow {
    window_ms: i64,
    bucket_ms: i64,
    capacity: usize,
    remembered: usize,
    /// Timestamps below this were forgotten and are refused, even if the clock is set back.
    horizon_ms: i64,
    buckets: BTreeMap<i64, HashSet<RequestId>>,
}

impl ReplayWindow {
    /// Accepts timestamps up to `window_ms` (at least 1) away from now and remembers at most `capacity` ids
    /// (about 30 bytes each).
    pub fn new(window_ms: i64, capacity: usize) -> Self {
        let window_ms = window_ms.max(1);
        let bucket_ms = (window_ms / BUCKETS_PER_WINDOW).max(1);
        Self { window_ms, bucket_ms, capacity, remembered: 0, horizon_ms: i64::MIN, buckets: BTreeMap::new() }
    }

    /// Whether the request is new; if so it is remembered. Only for authentic calls: otherwise anyone could use up ids.
    pub fn admit(&mut self, key_id: &str, request_id: &str, timestamp_ms: i64, now_ms: i64) -> Freshness {
        self.admit_id(fingerprint(key_id, request_id), timestamp_ms, now_ms)
    }

    /// The same for an id that is the beginning of a cryptographic hash: of memories that know each other's.
    pub fn admit_id(&mut self, id: RequestId, timestamp_ms: i64, now_ms: i64) -> Freshness {
        self.forget(now_ms);
        if timestamp_ms.abs_diff(now_ms) > self.window_ms.unsigned_abs() || timestamp_ms < self.horizon_ms {
            return Freshness::OutsideWindow;
        }
        if self.buckets.values().any(|bucket| bucket.contains(&id)) {
            return Freshness::Seen;
        }
        if self.remember(id, timestamp_ms) { Freshness::New } else { Freshness::MemoryFull }
    }

    /// Takes over an id that another memory has admitted. `false`: the memory is full.
    pub fn remember(&mut self, id: RequestId, timestamp_ms: i64) -> bool {
        if self.remembered >= self.capacity {
            return false;
        }
        let is_new = self.buckets.entry(timestamp_ms.div_euclid(self.bucket_ms)).or_default().insert(id);
        self.remembered += usize::from(is_new);
        true
    }

    /// Refuses timestamps below `horizon_ms` from now on: what was made before that may have been forgotten.
    pub fn refuse_before(&mut self, horizon_ms: i64) {
        self.horizon_ms = self.horizon_ms.max(horizon_ms);
    }

    /// Changes how far timestamps may be from now. What a narrower window has already forgotten stays refused.
    pub fn change_window(&mut self, window_ms: i64, now_ms: i64) {
        let window_ms = window_ms.max(1);
        if window_ms > self.window_ms {
            self.refuse_before(now_ms.saturating_sub(self.window_ms));
        }
        self.window_ms = window_ms;
    }

    /// How many ids are remembered.
    pub fn len(&self) -> usize {
        self.remembered
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.remembered == 0
    }

    fn forget(&mut self, now_ms: i64) {
        let oldest_acceptable = now_ms.saturating_sub(self.window_ms);
        while let Some(entry) = self.buckets.first_entry() {
            let end_ms = entry.key().saturating_add(1).saturating_mul(self.bucket_ms);
            if end_ms > oldest_acceptable {
                break;
            }
            self.horizon_ms = self.horizon_ms.max(end_ms);
            self.remembered -= entry.remove().len();
        }
    }
}

fn fingerprint(key_id: &str, request_id: &str) -> RequestId {
    let hash = digest(&SHA256, &transcript::encode("request", &[key_id.as_bytes(), request_id.as_bytes()]));
    let mut id = [0; 16];
    for (to, from) in id.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_new_once() {
        let mut window = ReplayWindow::new(60_000, 100);
        assert_eq!(window.admit("k", "request-1", 1_000_000, 1_000_000), Freshness::New);
        assert_eq!(window.admit("k", "request-1", 1_000_000, 1_059_999), Freshness::Seen);
        assert_eq!(window.admit("other", "request-1", 1_000_000, 1_000_000), Freshness::New);
        // The same id with another timestamp is the same id.
        assert_eq!(window.admit("k", "request-1", 1_030_000, 1_030_000), Freshness::Seen);
    }

    #[test]
    fn timestamps_outside_the_window_are_refused_in_both_directions() {
        let mut window = ReplayWindow::new(60_000, 100);
        assert_eq!(window.admit("k", "a", 1_000_000, 1_060_001), Freshness::OutsideWindow);
        assert_eq!(window.admit("k", "b", 1_060_001, 1_000_000), Freshness::OutsideWindow);
        assert_eq!(window.admit("k", "c", 1_060_000, 1_000_000), Freshness::New);
        assert_eq!(window.admit("k", "d", i64::MIN, 1_000_000), Freshness::OutsideWindow);
        assert_eq!(window.admit("k", "e", i64::MAX, 1_000_000), Freshness::OutsideWindow);
    }

    #[test]
    fn at_every_moment_an_id_is_remembered_or_too_old() {
        for step in 0..=130 {
            let mut window = ReplayWindow::new(60_000, 100);
            assert_eq!(window.admit("k", "a", 1_060_000, 1_000_000), Freshness::New);
            assert_ne!(window.admit("k", "a", 1_060_000, 1_000_000 + step * 1_000), Freshness::New, "after {step} s");
        }
    }

    #[test]
    fn old_ids_are_forgotten_and_stay_refused_when_the_clock_is_set_back() {
        let mut window = ReplayWindow::new(60_000, 100);
        assert_eq!(window.admit("k", "a", 1_000_000, 1_000_000), Freshness::New);
        assert_eq!(window.admit("k", "b", 1_200_000, 1_200_000), Freshness::New);
        assert_eq!(window.len(), 1);
        assert_eq!(window.admit("k", "a", 1_000_000, 1_000_000), Freshness::OutsideWindow);
    }

    #[test]
    fn what_others_admitted_and_what_may_be_forgotten_is_refused() {
        let mut window = ReplayWindow::new(60_000, 100);
        assert!(window.remember([1; 16], 1_000_000));
        assert_eq!(window.admit_id([1; 16], 1_000_000, 1_000_000), Freshness::Seen);
        assert_eq!(window.len(), 1);
        window.refuse_before(1_010_000);
        window.refuse_before(5);
        assert_eq!(window.admit_id([2; 16], 1_009_999, 1_010_000), Freshness::OutsideWindow);
        assert_eq!(window.admit_id([2; 16], 1_010_000, 1_010_000), Freshness::New);
    }

    #[test]
    fn a_wider_window_does_not_bring_back_what_a_narrower_one_forgot() {
        let mut window = ReplayWindow::new(60_000, 100);
        assert_eq!(window.admit_id([1; 16], 1_000_000, 1_000_000), Freshness::New);
        assert_eq!(window.admit_id([2; 16], 1_120_000, 1_120_000), Freshness::New);
        window.change_window(600_000, 1_120_000);
        assert_eq!(window.admit_id([1; 16], 1_000_000, 1_120_000), Freshness::OutsideWindow);
        assert_eq!(window.admit_id([3; 16], 1_060_000, 1_120_000), Freshness::New);
        window.change_window(30_000, 1_120_000);
        assert_eq!(window.admit_id([4; 16], 1_080_000, 1_120_000), Freshness::OutsideWindow);
        assert_eq!(window.admit_id([2; 16], 1_120_000, 1_120_000), Freshness::Seen);
    }

    #[test]
    fn a_full_memory_refuses_and_recovers() {
        let mut window = ReplayWindow::new(60_000, 2);
        assert_eq!(window.admit("k", "a", 1_000_000, 1_000_000), Freshness::New);
        assert_eq!(window.admit("k", "b", 1_000_000, 1_000_000), Freshness::New);
        assert_eq!(window.admit("k", "c", 1_000_000, 1_000_000), Freshness::MemoryFull);
        assert_eq!(window.admit("k", "a", 1_000_000, 1_000_000), Freshness::Seen);
        assert_eq!(window.admit("k", "c", 1_200_000, 1_200_000), Freshness::New);
    }
}
