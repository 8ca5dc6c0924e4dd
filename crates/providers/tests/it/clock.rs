//! A clock that stands still and a generator without surprises.

use lingpai_domain::{clock::Clock, random::Random};

/// The time of every test, in milliseconds.
pub const NOW_MS: i64 = 1_760_000_000_999;

pub struct StandingClock;

impl Clock for StandingClock {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}

pub struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x77);
    }
}
