//! Challenges: issued once, taken back once, in bounded memory.

use std::collections::{HashMap, VecDeque};

use crate::refusal::Refusal;

/// How long a challenge is good for, milliseconds.
pub const CHALLENGE_LIFETIME_MS: i64 = 60_000;

/// Proof that a challenge was issued here, is fresh, and cannot be used again.
#[derive(Debug, PartialEq, Eq)]
pub struct TakenChallenge(pub(super) [u8; 32]);

impl TakenChallenge {
    /// For memories that several nodes share: the caller vouches that it has just removed this fresh challenge from one.
    pub fn removed_from_shared_memory(challenge: [u8; 32]) -> Self {
        Self(challenge)
    }
}

/// The memory of one node. When it is full the oldest challenge goes: its client simply asks again.
#[derive(Debug)]
pub struct Challenges {
    capacity: usize,
    expiry_ms: HashMap<[u8; 32], i64>,
    /// In the order of issue; may still name challenges that were taken.
    order: VecDeque<[u8; 32]>,
}

impl Challenges {
    /// Remembers at most `capacity` challenges (at least one; about 100 bytes each).
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), expiry_ms: HashMap::new(), order: VecDeque::new() }
    }

    /// Remembers a challenge: 32 random bytes.
    pub fn issue(&mut self, challenge: [u8; 32], now_ms: i64) {
        while let Some(oldest) = self.order.front() {
            let gone = self.expiry_ms.get(oldest).is_none_or(|expiry| *expiry <= now_ms);
            if !gone && self.order.len() < self.capacity {
                break;
            }
            if let Some(oldest) = self.order.pop_front() {
                self.expiry_ms.remove(&oldest);
            }
        }
        if self.expiry_ms.insert(challenge, now_ms.saturating_add(CHALLENGE_LIFETIME_MS)).is_none() {
            self.order.push_back(challenge);
        }
    }

    /// Takes a challenge back; it is gone afterwards, whatever comes of the handshake.
    pub fn take(&mut self, challenge: &[u8; 32], now_ms: i64) -> Result<TakenChallenge, Refusal> {
        match self.expiry_ms.remove(challenge) {
            Some(expiry_ms) if now_ms < expiry_ms => Ok(TakenChallenge(*challenge)),
            _ => Err(Refusal::UnknownChallenge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_good_once() {
        let mut challenges = Challenges::new(10);
        challenges.issue([1; 32], 0);
        assert_eq!(challenges.take(&[1; 32], 59_999), Ok(TakenChallenge([1; 32])));
        assert_eq!(challenges.take(&[1; 32], 59_999), Err(Refusal::UnknownChallenge));
    }

    #[test]
    fn a_challenge_expires() {
        let mut challenges = Challenges::new(10);
        challenges.issue([1; 32], 0);
        assert_eq!(challenges.take(&[1; 32], 60_000), Err(Refusal::UnknownChallenge));
    }

    #[test]
    fn memory_is_bounded_and_the_newest_stay() {
        let mut challenges = Challenges::new(4);
        for number in 0..100 {
            challenges.issue([number; 32], 0);
            assert!(challenges.order.len() <= 4 && challenges.expiry_ms.len() <= 4);
        }
        assert_eq!(challenges.take(&[95; 32], 0), Err(Refusal::UnknownChallenge));
        assert!(challenges.take(&[96; 32], 0).is_ok());
        assert!(challenges.take(&[99; 32], 0).is_ok());
    }
}
