//! Leaving an upstream alone that fails again and again: calls are refused at once instead of each
//! waiting for its time limit.

use std::time::Duration;

use parking_lot::Mutex;

use super::UpstreamError;

/// When an upstream is left alone.
#[derive(Clone, Copy, Debug)]
pub struct CircuitRule {
    /// After that many failures one after the other.
    pub failures: u32,
    /// For that long. Then one call is let through; if it fails, the time begins again.
    pub rest: Duration,
}

impl Default for CircuitRule {
    fn default() -> Self {
        Self { failures: 5, rest: Duration::from_secs(10) }
    }
}

/// The state of one upstream.
pub struct Circuit {
    rule: CircuitRule,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    failures: u32,
    /// Milliseconds; of meaning once there are enough failures.
    closed_until: i64,
}

impl Circuit {
    pub fn new(rule: CircuitRule) -> Self {
        Self { rule, state: Mutex::default() }
    }

    /// Lets a call through or not. `time_limit`: how long the one call may take that tries again;
    /// others are refused meanwhile, and another one tries if that one is never heard of.
    pub fn admit(&self, now: i64, time_limit: Duration) -> Result<(), UpstreamError> {
        let mut state = self.state.lock();
        if state.failures < self.rule.failures {
            return Ok(());
        }
        if now < state.closed_until {
            return Err(UpstreamError::LeftAlone);
        }
        state.closed_until = now.saturating_add(ms(time_limit));
        Ok(())
    }

    pub fn succeeded(&self) {
        self.state.lock().failures = 0;
    }

    pub fn failed(&self, now: i64) {
        let mut state = self.state.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= self.rule.failures {
            state.closed_until = now.saturating_add(ms(self.rule.rest));
        }
    }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(8);

    #[test]
    fn after_enough_failures_calls_are_refused_until_one_succeeds() {
        let circuit = Circuit::new(CircuitRule { failures: 3, rest: Duration::from_secs(10) });
        for _ in 0..3 {
            assert_eq!(circuit.admit(0, LIMIT), Ok(()));
            circuit.failed(0);
        }
        assert_eq!(circuit.admit(9_999, LIMIT), Err(UpstreamError::LeftAlone));
        // One tries again, alone.
        assert_eq!(circuit.admit(10_000, LIMIT), Ok(()));
        assert_eq!(circuit.admit(10_001, LIMIT), Err(UpstreamError::LeftAlone));
        circuit.failed(10_002);
        assert_eq!(circuit.admit(20_001, LIMIT), Err(UpstreamError::LeftAlone));
        assert_eq!(circuit.admit(20_002, LIMIT), Ok(()));
        // If it is never heard of, another one tries.
        assert_eq!(circuit.admit(28_001, LIMIT), Err(UpstreamError::LeftAlone));
        assert_eq!(circuit.admit(28_002, LIMIT), Ok(()));
        circuit.succeeded();
        assert_eq!(circuit.admit(28_003, LIMIT), Ok(()));
    }

    #[test]
    fn a_success_in_between_starts_the_count_again() {
        let circuit = Circuit::new(CircuitRule { failures: 2, rest: Duration::from_secs(10) });
        for now in 0..10 {
            assert_eq!(circuit.admit(now, LIMIT), Ok(()));
            circuit.failed(now);
            circuit.succeeded();
        }
    }
}
