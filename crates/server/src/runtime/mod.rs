//! What the program takes from the operating system: its clock, its randomness (the only place
//! that asks for them), and the word to stop.

use std::time::{SystemTime, UNIX_EPOCH};

use lingpai_domain::{clock::Clock, random::Random};
use rand::{TryRng, rngs::SysRng};

/// The operating system's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that is handed in")]
    fn now_ms(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness nothing that we answer would be safe: there is no way to go on.
        #[allow(clippy::expect_used, reason = "a system without randomness cannot run this program")]
        SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
    }
}

/// Waits until the program is told to stop.
pub async fn told(stop: &mut tokio::sync::watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
