//! A clock that stands still until it is turned.

use std::sync::atomic::{AtomicI64, Ordering};

use lingpai_domain::clock::Clock;

/// A [`Clock`] that tests turn by hand.
#[derive(Debug)]
pub struct FrozenClock(AtomicI64);

impl FrozenClock {
    /// Where the recordings begin: 2025-10-09T08:53:20Z, in milliseconds.
    pub const RECORDED_START_MS: i64 = 1_760_000_000_000;

    /// A clock that shows `now_ms`, milliseconds since the Unix epoch.
    pub fn at(now_ms: i64) -> Self {
        Self(AtomicI64::new(now_ms))
    }

    /// Turns it to a moment, forwards or backwards. Milliseconds since the Unix epoch.
    pub fn set(&self, now_ms: i64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }

    /// Turns it forwards by `ms` milliseconds (backwards if negative).
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Default for FrozenClock {
    fn default() -> Self {
        Self::at(Self::RECORDED_START_MS)
    }
}

impl Clock for FrozenClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_moves_only_when_turned() {
        let clock = FrozenClock::at(5_000);
        assert_eq!(clock.now_ms(), 5_000);
        clock.advance(1_500);
        assert_eq!((clock.now_ms(), clock.now_s()), (6_500, 6));
        clock.set(1);
        assert_eq!(clock.now_ms(), 1);
    }
}
