//! What the system tells of a process (`proc(5)`).

use std::fs;

use anyhow::{Context, Result};

/// Milliseconds in a tick of processor time: `USER_HZ` is 100 on Linux.
const TICK_MS: f64 = 10.0;

/// Memory of its own that a process has in use, in MB (10^6 bytes): pages that belong to no file.
/// Pages of the program's and the database's files, which the system can drop, do not count.
///
/// # Errors
/// If the system does not tell.
pub fn anonymous_memory_mb(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).context("no RssAnon")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib * 1024.0 / 1e6)
}

/// Processor time that all threads of a process have used, in milliseconds.
///
/// # Errors
/// If the system does not tell.
pub fn processor_ms(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The second field is a name in parentheses, in which anything may stand; times are the 14th and the 15th.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() * TICK_MS)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_used_some_time() {
        let pid = std::process::id();
        let page = vec![1u8; 8_000_000];
        assert!(anonymous_memory_mb(pid).unwrap() > 7.0);
        assert!(processor_ms(pid).unwrap() >= 0.0);
        assert_eq!(page[7], 1);
    }
}
