//! What the program takes from the operating system: its clock, its randomness (the only place
//! that asks for them), and the word to stop.

use std::{
    cell::RefCell,
    time::{SystemTime, UNIX_EPOCH},
};

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
        if bytes.len() > AT_ONCE / 4 {
            ask_system(bytes);
        } else {
            AHEAD.with_borrow_mut(|ahead| ahead.take(bytes));
        }
    }
}

/// Bytes that are asked for at once. A captcha takes some hundred numbers of four bytes; a system
/// call for each would cost more than the drawing.
const AT_ONCE: usize = 512;

thread_local! {
    static AHEAD: RefCell<Ahead> = const { RefCell::new(Ahead { bytes: [0; AT_ONCE], left: 0 }) };
}

/// Random bytes that nobody has had yet: the first `left` of `bytes`.
struct Ahead {
    bytes: [u8; AT_ONCE],
    left: usize,
}

impl Ahead {
    fn take(&mut self, wanted: &mut [u8]) {
        if self.left < wanted.len() {
            ask_system(&mut self.bytes);
            self.left = AT_ONCE;
        }
        let start = self.left - wanted.len();
        let taken = &mut self.bytes[start..self.left];
        wanted.copy_from_slice(taken);
        // Nothing that was handed out stays behind.
        taken.fill(0);
        self.left = start;
    }
}

fn ask_system(bytes: &mut [u8]) {
    // Without randomness nothing that we answer would be safe: there is no way to go on.
    #[allow(clippy::expect_used, reason = "a system without randomness cannot run this program")]
    SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
}

/// Waits until the program is told to stop.
pub async fn told(stop: &mut tokio::sync::watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn random_bytes_of_every_length_never_repeat() {
        let random: &dyn Random = &SystemRandom;
        let mut seen = HashSet::new();
        for round in 0..2_000 {
            // Below, at and above the length from which on the system is asked each time.
            let length = [8, 16, 31, 128, 129, 600][round % 6];
            assert!(seen.insert(random.hex(length)), "repeated in round {round}");
        }
        assert!(seen.iter().all(|text| text.bytes().any(|byte| byte != b'0')));
    }

    #[test]
    fn what_was_handed_out_does_not_stay_behind() {
        let mut ahead = Ahead { bytes: [0; AT_ONCE], left: 0 };
        let mut wanted = [0; 32];
        for _ in 0..AT_ONCE / 32 {
            ahead.take(&mut wanted);
            assert!(ahead.bytes[ahead.left..].iter().all(|&byte| byte == 0));
        }
        assert_eq!(ahead.left, 0);
    }
}
