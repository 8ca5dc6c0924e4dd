//! The results as a table.

use super::measurement::Row;

/// Prints the heading.
pub fn heading() {
    println!(
        "{:<34} {:<8} {:>5} {:>10} {:>9} {:>9} {:>9} {:>10} {:>6} {:>8} {:>8} {:>8} {:>7}",
        "name", "engine", "conns", "rate/s", "p50 ms", "p99 ms", "p99.9 ms", "bare/s", "ratio", "cpu us", "db us", "bare us", "RSS MB"
    );
}

/// Prints one line.
pub fn line(row: &Row) {
    println!(
        "{:<34} {:<8} {:>5} {:>10} {:>9} {:>9} {:>9} {:>10} {:>6} {:>8} {:>8} {:>8} {:>7}",
        row.name,
        row.engine,
        row.connections,
        round(row.rate),
        round(row.p50_ms),
        round(row.p99_ms),
        round(row.p999_ms),
        optional(row.bare_rate),
        optional(row.ratio_to_bare),
        optional(row.cpu_us),
        optional(row.database_cpu_us),
        optional(row.bare_cpu_us),
        optional(row.rss_mb),
    );
}

fn optional(value: Option<f64>) -> String {
    value.map(round).unwrap_or_default()
}

/// Three significant digits, at least the integer part.
pub fn round(value: f64) -> String {
    match value {
        0.0 => String::new(),
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v if v >= 1.0 => format!("{v:.2}"),
        v if v >= 0.01 => format!("{v:.3}"),
        v => format!("{v:.6}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits_that_matter() {
        for (value, text) in [(12345.6, "12346"), (99.94, "99.9"), (1.2345, "1.23"), (0.4567, "0.457"), (0.000_123, "0.000123")] {
            assert_eq!(round(value), text);
        }
    }
}
