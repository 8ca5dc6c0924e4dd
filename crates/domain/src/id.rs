//! Document ids (`_id`).

use std::sync::atomic::{AtomicU16, Ordering};

use crate::{clock::Clock, random::Random};

/// Makes document ids: 24 lower-case hex digits like the original's, of which 12 are the
/// millisecond, 4 a counter and 8 random.
///
/// Ids of one process sort in the order in which they were made, so that tables keyed by them are
/// appended to instead of being written all over.
#[derive(Debug, Default)]
pub struct Ids(AtomicU16);

impl Ids {
    /// A new id.
    pub fn next(&self, clock: &dyn Clock, random: &dyn Random) -> String {
        let count = self.0.fetch_add(1, Ordering::Relaxed);
        let mut noise = [0u8; 4];
        random.fill(&mut noise);
        let millis = clock.now_ms() & 0xffff_ffff_ffff;
        format!("{millis:012x}{count:04x}{:08x}", u32::from_be_bytes(noise))
    }
}
