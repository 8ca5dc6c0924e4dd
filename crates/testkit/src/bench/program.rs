//! Programs that run as processes of their own: the one under test and the bare server.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use lingpai_server::telemetry::Stopwatch;
use tempfile::TempDir;

use super::{
    bare,
    configuration::{self, Hashing},
    process,
};

/// How long a program may take for its answer to a single request.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program. It is ended when this is dropped.
pub struct Program {
    child: Child,
    address: SocketAddr,
    /// Kept open: a program that cannot print would end.
    _stdout: BufReader<ChildStdout>,
    /// Configuration and log.
    folder: TempDir,
}

impl Program {
    /// Starts `lingpai serve` on a database, and says how many milliseconds passed until it answered.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(executable: &Path, database: &str, hashing: Hashing) -> Result<(Self, f64)> {
        let folder = tempfile::tempdir()?;
        let settings = configuration::write(folder.path(), database, hashing)?;
        let mut command = Command::new(executable);
        command.arg("serve").arg("--config").arg(settings).current_dir(folder.path());
        for (name, _) in std::env::vars_os() {
            // Settings from the environment would lie over those of the benchmark.
            if name.to_string_lossy().starts_with("LINGPAI_") {
                command.env_remove(name);
            }
        }
        let started = Stopwatch::start();
        let program = Self::spawn(command, folder)?;
        program.request("GET", "/readyz", b"")?;
        Ok((program, started.seconds() * 1000.0))
    }

    /// Starts the bare server: this very program, asked to be one.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_bare() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        Self::spawn(command, tempfile::tempdir()?)
    }

    fn spawn(mut command: Command, folder: TempDir) -> Result<Self> {
        let log = File::create(folder.path().join("log"))?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).spawn().context("starting a program")?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let address = address(&mut stdout);
        let address = address.with_context(|| {
            let _ = child.kill();
            format!("the program did not start: {}", tail(folder.path()))
        })?;
        Ok(Self { child, address, _stdout: stdout, folder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// See [`process::anonymous_memory_mb`].
    ///
    /// # Errors
    /// If the system does not tell.
    pub fn memory_mb(&self) -> Result<f64> {
        process::anonymous_memory_mb(self.pid())
    }

    /// What it logged last, for reports of failures.
    pub fn log(&self) -> String {
        tail(self.folder.path())
    }

    /// Of the bare server: what it answers from now on.
    ///
    /// # Errors
    /// If it does not accept it.
    pub fn set_answer(&self, body: &[u8]) -> Result<()> {
        self.request("PUT", bare::ANSWER_PATH, body).map(drop)
    }

    /// Makes one request on a connection of its own and answers the body.
    fn request(&self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        self.exchange(&[head.as_bytes(), body].concat())
    }

    fn exchange(&self, request: &[u8]) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n").context("no answer")?;
        let body = answer.split_off(end + 4);
        ensure!(answer.starts_with(b"HTTP/1.1 200 "), "{}{}", String::from_utf8_lossy(&answer), String::from_utf8_lossy(&body));
        Ok(body)
    }

    /// Asks it to end, and waits until it did.
    ///
    /// # Errors
    /// If it does not end well.
    pub fn stop(mut self) -> Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = self.child.wait()?;
        if !status.success() {
            bail!("the program ended with {status}: {}", self.log());
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Nothing is lost: what it acknowledged is on disk.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the address from what a program prints first.
fn address(stdout: &mut impl BufRead) -> Result<SocketAddr> {
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line)? == 0 {
            bail!("it ended without an address");
        }
        if let Some((_, rest)) = line.split_once("http://") {
            return Ok(rest.trim().trim_end_matches('/').parse()?);
        }
    }
}

fn tail(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

/// The program that was built beside this one.
///
/// # Errors
/// If there is none.
pub fn beside_this_one() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("lingpai");
    ensure!(path.exists(), "{} does not exist: build lingpai-server with the same profile first", path.display());
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_first_line_with_one() {
        let mut printed = "设置令牌\n令牌 Lingpai 0.1.0 · http://127.0.0.1:8700/\n".as_bytes();
        assert_eq!(address(&mut printed).unwrap(), SocketAddr::from(([127, 0, 0, 1], 8700)));
        assert!(address(&mut "nothing".as_bytes()).is_err());
    }
}
