//! Time, handed in.

/// Where a component reads the time. The program has one implementation that asks the operating
/// system; tests hand in one that they turn by hand.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch, UTC.
    fn now_ms(&self) -> i64;

    /// Whole seconds since the Unix epoch, as JWTs count them (RFC 7519, section 2).
    fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }
}
