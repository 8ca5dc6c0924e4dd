//! How many calls one caller may make: the generic cell rate algorithm, in bounded memory.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
};

use parking_lot::Mutex;

/// So many calls within so long; bursts up to the whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many calls.
    pub count: u32,
    /// Within how many milliseconds.
    pub period_ms: i64,
}

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller([u8; 9]);

impl Caller {
    /// An address; of IPv6 its /64, which is what one customer gets.
    pub fn address(ip: IpAddr) -> Self {
        let mut bytes = [0u8; 9];
        match ip.to_canonical() {
            IpAddr::V4(ip) => bytes[1..5].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => {
                bytes[0] = 1;
                bytes[1..].copy_from_slice(&ip.octets()[..8]);
            }
        }
        Self(bytes)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    bucket: u16,
    caller: Caller,
}

const SHARDS: usize = 16;
/// Callers per shard and generation. When a generation is full the one before it is forgotten: of
/// a flood from more addresses than this the longest silent ones are, in constant time a call.
const CALLERS_PER_GENERATION: usize = 8192;

/// When each caller's next call is due, milliseconds.
#[derive(Debug, Default)]
struct Shard {
    current: HashMap<Key, i64>,
    previous: HashMap<Key, i64>,
}

impl Shard {
    fn arrival(&self, key: &Key) -> Option<i64> {
        self.current.get(key).or_else(|| self.previous.get(key)).copied()
    }

    fn set(&mut self, key: Key, arrival: i64) {
        if self.current.len() >= CALLERS_PER_GENERATION && !self.current.contains_key(&key) {
            self.previous = std::mem::take(&mut self.current);
        }
        self.current.insert(key, arrival);
    }
}

/// Counts calls. Of one node: with several each has its own count.
#[derive(Debug)]
pub struct Limiter {
    hasher: RandomState,
    shards: Vec<Mutex<Shard>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { hasher: RandomState::new(), shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Limiter {
    /// Counts a call. `Err` has the milliseconds until the next one is allowed.
    pub fn count(&self, bucket: u16, caller: Caller, rate: Rate, now_ms: i64) -> Result<(), i64> {
        let key = Key { bucket, caller };
        let shard = &self.shards[self.hasher.hash_one(key) as usize % SHARDS];
        let cost = rate.period_ms / i64::from(rate.count.max(1));
        let mut shard = shard.lock();
        let arrival = shard.arrival(&key).unwrap_or(now_ms).max(now_ms);
        let wait = arrival + cost - (now_ms + rate.period_ms);
        if wait > 0 {
            return Err(wait);
        }
        shard.set(key, arrival + cost);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { count: 3, period_ms: 3000 };

    fn ip(text: &str) -> Caller {
        Caller::address(text.parse().unwrap())
    }

    #[test]
    fn a_burst_is_allowed_and_then_one_per_interval() {
        let limiter = Limiter::default();
        for _ in 0..3 {
            assert_eq!(limiter.count(1, ip("1.1.1.1"), RATE, 0), Ok(()));
        }
        assert_eq!(limiter.count(1, ip("1.1.1.1"), RATE, 0), Err(1000));
        assert_eq!(limiter.count(1, ip("1.1.1.1"), RATE, 1000), Ok(()));
        assert_eq!(limiter.count(1, ip("1.1.1.1"), RATE, 1000), Err(1000));
    }

    #[test]
    fn callers_and_buckets_are_counted_apart() {
        let limiter = Limiter::default();
        let once = Rate { count: 1, period_ms: 1000 };
        assert_eq!(limiter.count(1, ip("1.1.1.1"), once, 0), Ok(()));
        assert_eq!(limiter.count(2, ip("1.1.1.1"), once, 0), Ok(()));
        assert_eq!(limiter.count(1, ip("1.1.1.2"), once, 0), Ok(()));
        assert_eq!(limiter.count(1, ip("::ffff:1.1.1.1"), once, 0), Err(1000));
    }

    #[test]
    fn one_customer_of_ipv6_is_one_caller() {
        let limiter = Limiter::default();
        let once = Rate { count: 1, period_ms: 1000 };
        assert_eq!(limiter.count(1, ip("2001:db8:1:2::1"), once, 0), Ok(()));
        assert_eq!(limiter.count(1, ip("2001:db8:1:2:ffff::9"), once, 0), Err(1000));
        assert_eq!(limiter.count(1, ip("2001:db8:1:3::1"), once, 0), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let limiter = Limiter::default();
        for n in 0..400_000u32 {
            assert_eq!(limiter.count(1, Caller::address(IpAddr::V4(n.into())), RATE, 0), Ok(()));
        }
        for shard in &limiter.shards {
            let shard = shard.lock();
            assert!(shard.current.len().max(shard.previous.len()) <= CALLERS_PER_GENERATION);
        }
    }
}
