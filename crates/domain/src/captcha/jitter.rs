//! The randomness of the drawing: many small numbers that need to look irregular, not to be secret.
//!
//! The text of a captcha comes from [`Random`] directly. The several hundred numbers that bend and
//! shift its strokes come from a generator (SplitMix64) seeded once from there, because a system
//! call for each would cost more than the drawing.

use crate::random::Random;

/// A fast generator for one drawing.
pub(super) struct Jitter(u64);

impl Jitter {
    /// A generator seeded with eight bytes of `random`.
    pub fn new(random: &dyn Random) -> Self {
        let mut seed = [0u8; 8];
        random.fill(&mut seed);
        Self(u64::from_le_bytes(seed))
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 32) as u32
    }

    /// A number from `low` (included) to `high`.
    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        // 24 bits are what an f32 holds exactly.
        low + (high - low) * ((self.next() >> 8) as f32 / 16_777_216.0)
    }

    /// A number from `-limit` to `limit`.
    pub fn around(&mut self, limit: f32) -> f32 {
        self.between(-limit, limit)
    }

    /// A whole number below `bound`; 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.next()) * bound as u64) >> 32) as usize
    }

    /// Puts `items` in a random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_in_their_ranges_and_fill_them() {
        let mut jitter = Jitter(7);
        let mut seen = [false; 10];
        for _ in 0..1000 {
            let number = jitter.between(-2.0, 3.0);
            assert!((-2.0..3.0).contains(&number));
            seen[jitter.below(10)] = true;
        }
        assert_eq!(seen, [true; 10]);
        assert_eq!(jitter.below(0), 0);
    }

    #[test]
    fn shuffling_keeps_every_item() {
        let mut items: Vec<u32> = (0..50).collect();
        Jitter(3).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
