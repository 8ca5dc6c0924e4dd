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

/// The processes of a PostgreSQL server on this machine, which the server itself names.
#[derive(Debug)]
pub struct Backends {
    pids: Vec<u32>,
}

impl Backends {
    /// Those of the server at a URL at this moment: all connections should be open. `None`: it runs on another machine.
    ///
    /// # Errors
    /// If the server cannot be asked.
    pub async fn of(url: &str) -> Result<Option<Self>> {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        // It ends with the client.
        tokio::spawn(connection);
        let rows = client.query("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()", &[]).await?;
        let pids: Vec<u32> = rows.iter().filter_map(|row| u32::try_from(row.get::<_, i32>(0)).ok()).collect();
        let is_here = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.starts_with("postgres"));
        Ok(pids.iter().all(is_here).then_some(Self { pids }))
    }

    /// See [`processor_ms`]; those that have ended do not count.
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn processor_ms(&self) -> Result<f64> {
        Ok(self.pids.iter().filter_map(|&pid| processor_ms(pid).ok()).sum())
    }
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
