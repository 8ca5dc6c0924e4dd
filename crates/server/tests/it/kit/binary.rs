//! The binary itself, in a folder of its own.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread::JoinHandle,
};

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use super::{Reply, json};

/// A folder in which commands run.
pub struct Workplace {
    folder: TempDir,
}

impl Workplace {
    /// An empty one.
    pub fn new() -> Result<Self> {
        Ok(Self { folder: tempfile::tempdir()? })
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and the folders on the way to it.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::write(path, text)?)
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Result<String> {
        fs::read_to_string(self.path(name)).with_context(|| name.to_owned())
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LINGPAI_")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `lingpai` with arguments and environment variables to its end.
    pub fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Ended> {
        let mut command = self.command(Path::new(BINARY));
        Ended::of(command.args(arguments).envs(environment.iter().copied()).output()?)
    }

    /// Runs it with nobody at the other end of either stream: pipes whose readers are gone.
    pub fn run_unheard(&self, arguments: &[&str]) -> Result<i32> {
        let unheard = || std::io::pipe().map(|(_reader, writer)| writer);
        let mut command = self.command(Path::new(BINARY));
        let status = command.args(arguments).stdout(unheard()?).stderr(unheard()?).status()?;
        status.code().context("killed")
    }

    /// Runs it with a text on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Result<Ended> {
        let mut child = self.command(Path::new(BINARY)).args(arguments).stdin(Stdio::piped()).spawn()?;
        child.stdin.take().context("a standard input")?.write_all(input.as_bytes())?;
        Ended::of(child.wait_with_output()?)
    }

    /// Starts `lingpai serve` on a free port and waits until it says where.
    pub fn serve(&self, arguments: &[&str]) -> Result<Program> {
        let mut command = self.command(Path::new(BINARY));
        Program::started(command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments))
    }

    /// The same, with the signal ignored that a write beyond the limit of a file's size brings.
    pub fn serve_within_file_limits(&self, arguments: &[&str]) -> Result<Program> {
        let mut command = self.command(Path::new("sh"));
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", BINARY, "serve", "--listen", "127.0.0.1:0"]);
        Program::started(command.args(arguments))
    }
}

const BINARY: &str = env!("CARGO_BIN_EXE_lingpai");

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code.
    pub code: i32,
    /// What it printed, on both streams.
    pub said: String,
}

impl Ended {
    fn of(output: Output) -> Result<Self> {
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Ok(Self { code: output.status.code().with_context(|| format!("killed: {said}"))?, said })
    }

    /// Checks the exit code and that everything was said.
    #[track_caller]
    pub fn expect(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, code, "{}", self.said);
        for part in said {
            assert!(self.said.contains(part), "{part:?} is missing in: {}", self.said);
        }
    }
}

/// A running `lingpai serve`. It is killed when this is dropped.
pub struct Program {
    child: Child,
    address: SocketAddr,
    /// What it printed until it told its address.
    pub said: String,
    lines: Mutex<mpsc::Receiver<String>>,
    log: Option<JoinHandle<String>>,
    http: reqwest::Client,
}

impl Program {
    fn started(command: &mut Command) -> Result<Self> {
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().context("a standard error stream")?;
        let log = std::thread::spawn(move || BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<_>>().join("\n"));
        let stdout = child.stdout.take().context("a standard output")?;
        let (sender, lines) = mpsc::channel();
        // Reads on to the end, or the program would wait for somebody who does.
        std::thread::spawn(move || BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
        let mut said = String::new();
        let address = loop {
            let Ok(line) = lines.recv() else {
                let status = child.wait()?;
                bail!("lingpai ended ({status}): {said}{}", log.join().unwrap_or_default());
            };
            said.push_str(&line);
            said.push('\n');
            if line.contains("Lingpai ") {
                break address_in(&line).with_context(|| format!("no address in {line:?}"))?;
            }
        };
        Ok(Self { child, address, said, lines: Mutex::new(lines), log: Some(log), http: reqwest::Client::builder().no_proxy().build()? })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What it prints after its address, up to a line with `part`.
    pub fn says(&self, part: &str) -> Result<String> {
        let mut said = String::new();
        while !said.contains(part) {
            said.push_str(&self.lines.lock().recv().with_context(|| format!("it ended without {part:?}: {said}"))?);
            said.push('\n');
        }
        Ok(said)
    }

    /// Calls a method of `uni-id-co`.
    pub async fn call(&self, method: &str, params: Value) -> Result<Reply> {
        self.call_from("test-device", None, method, params).await
    }

    /// Calls a method as a user.
    pub async fn call_as(&self, token: &str, method: &str, params: Value) -> Result<Reply> {
        self.call_from("test-device", Some(token), method, params).await
    }

    /// Calls a method from a device.
    pub async fn call_from(&self, device: &str, token: Option<&str>, method: &str, params: Value) -> Result<Reply> {
        let info = json!({"uniPlatform": "web", "appId": "__UNI__TEST", "deviceId": device});
        let body = json!({"clientInfo": info, "uniIdToken": token, "params": params});
        let response = self.http.post(self.url(&format!("/uni-id-co/{method}"))).json(&body).send().await?;
        Ok(Reply { status: response.status().as_u16(), body: response.json().await? })
    }

    /// The status of a page.
    pub async fn status(&self, path: &str) -> Result<u16> {
        Ok(self.http.get(self.url(path)).send().await?.status().as_u16())
    }

    /// Its process.
    pub fn pid(&self) -> Result<Pid> {
        Pid::from_raw(i32::try_from(self.child.id())?).context("a process id")
    }

    /// Asks it to stop (SIGTERM).
    pub fn ask_to_stop(&self) -> Result<()> {
        Ok(kill_process(self.pid()?, Signal::TERM)?)
    }

    /// Asks it to stop and waits for its end.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.ask_to_stop()?;
        Ok(self.child.wait()?)
    }

    /// Asks it to stop; what it logged.
    pub fn stop_for_its_log(mut self) -> Result<String> {
        self.ask_to_stop()?;
        self.child.wait()?;
        let log = self.log.take().context("a log")?;
        log.join().map_err(|_| anyhow::anyhow!("the log could not be read"))
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Result<ExitStatus> {
        Ok(self.child.wait()?)
    }

    /// Kills it (SIGKILL): it cannot do anything about it.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    rest.split('/').next()?.parse().ok()
}
