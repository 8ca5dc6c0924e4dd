//! Randomness, handed in.

/// A source of random bytes. In production the operating system's; in tests a seeded one.
pub trait Random: Send + Sync {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    /// A uniformly distributed number below `bound` (`bound` > 0), without modulo bias.
    pub fn below(&self, bound: u32) -> u32 {
        debug_assert!(bound > 0);
        // Rejection sampling: the largest multiple of `bound` that fits into 32 bits.
        let zone = u32::MAX - (u32::MAX - bound + 1) % bound;
        loop {
            let mut bytes = [0u8; 4];
            self.fill(&mut bytes);
            let value = u32::from_le_bytes(bytes);
            if value <= zone {
                return value % bound;
            }
        }
    }

    /// A number between `low` and `high`, both included.
    pub fn between(&self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// `count` characters drawn from `alphabet` (not empty).
    pub fn text(&self, alphabet: &[char], count: usize) -> String {
        (0..count).map(|_| alphabet[self.below(alphabet.len() as u32) as usize]).collect()
    }

    /// Six decimal digits, as SMS and e-mail codes have.
    pub fn six_digits(&self) -> String {
        format!("{:06}", self.below(1_000_000))
    }

    /// `bytes` random bytes as lower-case hex.
    pub fn hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0u8; bytes];
        self.fill(&mut buffer);
        to_hex(&buffer)
    }
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out the given words one after the other.
    struct Words(parking_lot::Mutex<Vec<u32>>);

    impl Random for Words {
        fn fill(&self, bytes: &mut [u8]) {
            let word = self.0.lock().remove(0);
            bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
        }
    }

    #[test]
    fn values_in_the_incomplete_last_range_are_drawn_again() {
        let random: &dyn Random = &Words(parking_lot::Mutex::new(vec![u32::MAX, 12]));
        assert_eq!(random.below(10), 2);
    }

    #[test]
    fn six_digits_keep_their_leading_zeros() {
        let random: &dyn Random = &Words(parking_lot::Mutex::new(vec![42]));
        assert_eq!(random.six_digits(), "000042");
    }
}
