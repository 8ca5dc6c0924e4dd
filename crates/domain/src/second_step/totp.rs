//! Time-based one-time passwords: RFC 6238 with HMAC-SHA-1, steps of 30 seconds and six digits,
//! which is what every authenticator app understands.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::secret::equal;

/// Length of a step, milliseconds.
pub const STEP_MS: i64 = 30_000;
/// Steps before and after the present one whose codes count, for clocks that differ.
const WINDOW: i64 = 1;
/// Digits of a code.
const DIGITS: u32 = 6;

/// The step of a time (milliseconds).
pub const fn step_at(now_ms: i64) -> i64 {
    now_ms.div_euclid(STEP_MS)
}

/// The code of a step.
pub fn code(secret: &[u8], step: i64) -> String {
    code_of(secret, step, DIGITS)
}

/// The step near `now_ms` whose code this is. Takes the same time whichever it is.
pub fn matching_step(secret: &[u8], typed: &str, now_ms: i64) -> Option<i64> {
    let now = step_at(now_ms);
    let mut found = None;
    for step in now - WINDOW..=now + WINDOW {
        if equal(code(secret, step).as_bytes(), typed.as_bytes()) {
            found = Some(step);
        }
    }
    found
}

fn code_of(secret: &[u8], step: i64, digits: u32) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let offset = usize::from(digest[19] & 15);
    let number = digest.iter().skip(offset).take(4).fold(0u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:0width$}", number % 10u32.pow(digits), width = digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, the rows for SHA-1.
    #[test]
    fn the_vectors_of_the_standard_hold() {
        for (seconds, expected) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code_of(SECRET, step_at(seconds * 1000), 8), expected, "{seconds}");
            assert_eq!(code(SECRET, step_at(seconds * 1000)), expected[2..], "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_one_step_earlier_and_later() {
        let now = 1_111_111_109_000;
        for (at, found) in [(now, 0), (now + STEP_MS, 0), (now - STEP_MS, 0)] {
            assert_eq!(matching_step(SECRET, "081804", at), Some(step_at(now) + found));
        }
        for (typed, at) in [("081804", now + 2 * STEP_MS), ("081804", now - 2 * STEP_MS), ("081805", now), ("", now), ("0818041", now)] {
            assert_eq!(matching_step(SECRET, typed, at), None, "{typed}");
        }
    }
}
