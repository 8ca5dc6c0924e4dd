//! Points in time as upstreams write them.

use time::OffsetDateTime;

/// Seconds that China is ahead of UTC.
const CHINA_S: i64 = 8 * 3600;

/// `2023-10-26T10:22:32Z` of seconds since the Unix epoch.
pub fn iso_utc(seconds: i64) -> String {
    let at = moment(seconds);
    format!("{}T{}Z", day(at), clock(at))
}

/// `2023-10-26`, in UTC.
pub fn day_utc(seconds: i64) -> String {
    day(moment(seconds))
}

/// `20231026T102232Z`, as AWS writes it.
pub fn compact_utc(seconds: i64) -> String {
    iso_utc(seconds).replace(['-', ':'], "")
}

/// `20231026`, in UTC.
pub fn compact_day_utc(seconds: i64) -> String {
    day_utc(seconds).replace('-', "")
}

/// `2023-10-26 18:22:32`, in China.
pub fn china(seconds: i64) -> String {
    let at = moment(seconds.saturating_add(CHINA_S));
    format!("{} {}", day(at), clock(at))
}

/// Beyond the year 9999 there is no such form; the epoch stands for it, which no upstream accepts.
fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn day(at: OffsetDateTime) -> String {
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}

fn clock(at: OffsetDateTime) -> String {
    format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_upstreams_read_them() {
        assert_eq!(iso_utc(1_698_315_752), "2023-10-26T10:22:32Z");
        assert_eq!(day_utc(1_551_113_065), "2019-02-25");
        assert_eq!((compact_utc(1_698_315_752).as_str(), compact_day_utc(1_551_113_065).as_str()), ("20231026T102232Z", "20190225"));
        assert_eq!(china(1_760_000_000), "2025-10-09 16:53:20");
        assert_eq!(china(1_709_222_400), "2024-03-01 00:00:00");
        assert_eq!(iso_utc(i64::MAX), "1970-01-01T00:00:00Z");
    }
}
