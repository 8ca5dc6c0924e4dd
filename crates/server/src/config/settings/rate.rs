//! Rates as people write them: `30/1m`.

use std::time::Duration;

use crate::config::report::Words;

/// At most `count` in each `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At least 1.
    pub count: u32,
    /// At least a second, at most 366 days.
    pub period: Duration,
}

const LONGEST_PERIOD_S: u64 = 366 * 86_400;

impl Rate {
    /// Reads `count/period`; the period is a number and a unit (s, m, h, d), or the unit alone.
    pub fn parse(text: &str) -> Option<Self> {
        let (count, period) = text.split_once('/')?;
        let count = count.trim().parse().ok().filter(|count| *count > 0)?;
        let period = period.trim();
        let number = period.strip_suffix(['s', 'm', 'h', 'd'])?;
        let unit: u64 = match period.as_bytes().last()? {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            _ => 86_400,
        };
        let number: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
        let seconds = number.checked_mul(unit).filter(|seconds| (1..=LONGEST_PERIOD_S).contains(seconds))?;
        Some(Self { count, period: Duration::from_secs(seconds) })
    }

    /// Reads rates separated by commas; none if the text is empty.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, (Words, Words)> {
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        text.split(',')
            .map(|part| {
                Self::parse(part.trim()).ok_or_else(|| {
                    (
                        Words::new(format!("{part:?} 不是频率"), format!("{part:?} is not a rate")),
                        Words::new("写成 次数/周期，如 30/1m；留空表示不限", "write count/period, as 30/1m; empty for no limit"),
                    )
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_seconds_minutes_hours_and_days() {
        let seconds = |text| Rate::parse(text).map(|rate| (rate.count, rate.period.as_secs()));
        assert_eq!(seconds("30/1m"), Some((30, 60)));
        assert_eq!(seconds("5/h"), Some((5, 3600)));
        assert_eq!(seconds("1/90s"), Some((1, 90)));
        assert_eq!(seconds("10/2d"), Some((10, 172_800)));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "30", "0/1m", "-1/1m", "3/0s", "3/m1", "3/1y", "3/999999999d", "3/18446744073709551615d", "/1m"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn several_rates_are_separated_by_commas() {
        assert_eq!(Rate::parse_list("1/1m, 5/1h,10/1d").unwrap().len(), 3);
        assert_eq!(Rate::parse_list(" ").unwrap(), []);
        assert!(Rate::parse_list("1/1m,").is_err());
    }
}
