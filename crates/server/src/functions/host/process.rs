//! One run of Node: its standard streams.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use lingpai_domain::secret::Secret;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::{Host, node};

/// The longest line that is read, bytes; the rest of a longer one is passed over.
const LONGEST_LINE: u64 = 256 * 1024;
/// The longest line of its error stream that is logged, characters.
const LONGEST_WORDS: usize = 8192;
/// How often the process is looked after, should its output stay open beyond its end.
const LOOK: Duration = Duration::from_millis(500);

/// A function of the folder.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Entry {
    /// Its folder's name.
    pub name: String,
}

/// What the host says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Message {
    /// It can be called.
    Ready {
        /// The loopback port.
        port: u16,
        /// What it runs.
        functions: Vec<Entry>,
        /// What it left out.
        problems: Vec<String>,
    },
    /// Files of the folder changed.
    Changed {
        /// What it runs now.
        functions: Vec<Entry>,
        /// What it left out.
        problems: Vec<String>,
    },
    /// It cannot start.
    Failed {
        /// Why.
        text: String,
    },
    /// A function printed something.
    Output {
        /// `debug`, `info`, `warn`, `error`
        level: String,
        /// What.
        text: String,
        /// Which function.
        #[serde(default)]
        function: String,
        /// In which call.
        #[serde(default, rename = "requestId")]
        request_id: String,
    },
}

/// What there is to learn about a run.
pub enum Event {
    /// It said something; never [`Message::Output`].
    Said(Message),
    /// It is over.
    Ended(String),
}

/// A running Node. It is killed when this is dropped.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    messages: mpsc::Receiver<Message>,
}

impl Process {
    /// Starts it and hands over what it needs to know.
    pub fn start(host: &Host, key: &Secret, token: &Secret) -> io::Result<Self> {
        let mut command = node::command(&host.settings.node);
        command.arg(&host.script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (input, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, messages) = mpsc::channel(16);
        let mut process = Self { child, input, messages };
        let mut configuration = host.configuration.clone();
        if let Some(fields) = configuration.as_object_mut() {
            fields.insert("key".into(), key.expose().into());
            fields.insert("lingpaiToken".into(), token.expose().into());
        }
        process.tell(&configuration.to_string())?;
        thread::Builder::new().name("functions-host-out".into()).spawn(move || {
            for_each_line(stdout, |line| listen(&line, &sender));
        })?;
        thread::Builder::new().name("functions-host-err".into()).spawn(move || {
            for_each_line(stderr, |line| {
                let words: String = line.chars().take(LONGEST_WORDS).collect();
                tracing::warn!(output = ?words, "the host of cloud functions printed");
                true
            });
        })?;
        Ok(process)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next thing that happens.
    pub async fn next(&mut self) -> Event {
        loop {
            tokio::select! {
                said = self.messages.recv() => match said {
                    Some(message) => return Event::Said(message),
                    None => return Event::Ended(self.end()),
                },
                // A program that a function started may hold the stream open.
                () = tokio::time::sleep(LOOK) => if let Ok(Some(status)) = self.child.try_wait() {
                    return Event::Ended(words(Some(status)));
                },
            }
        }
    }

    /// Asks it to finish what is under way and to end, and waits for that as long as `patience`.
    pub async fn stop(mut self, patience: Duration) {
        if self.tell("stop").is_ok() {
            let _ = tokio::time::timeout(patience, async { while let Event::Said(_) = self.next().await {} }).await;
        }
        self.end();
    }

    fn tell(&mut self, line: &str) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(format!("{line}\n").as_bytes())?;
        input.flush()
    }

    /// Makes sure that it is over.
    fn end(&mut self) -> String {
        self.input = None;
        let status = match self.child.try_wait() {
            Ok(Some(status)) => Some(status),
            _ => {
                let _ = self.child.kill();
                self.child.wait().ok()
            }
        };
        words(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn words(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "unknown".to_owned(), |status| status.to_string())
}

/// Logs what functions print and passes on everything else. `false`: nobody listens any longer.
fn listen(line: &str, sender: &mpsc::Sender<Message>) -> bool {
    match serde_json::from_str(line) {
        Ok(Message::Output { level, text, function, request_id }) => {
            match level.as_str() {
                "debug" => tracing::debug!(%function, %request_id, output = ?text, "a function printed"),
                "warn" => tracing::warn!(%function, %request_id, output = ?text, "a function printed"),
                "error" => tracing::error!(%function, %request_id, output = ?text, "a function printed"),
                _ => tracing::info!(%function, %request_id, output = ?text, "a function printed"),
            }
            true
        }
        Ok(message) => sender.blocking_send(message).is_ok(),
        Err(_) => {
            let words: String = line.chars().take(LONGEST_WORDS).collect();
            tracing::info!(output = ?words, "the host of cloud functions printed");
            true
        }
    }
}

/// Reads lines until the stream ends, or until `take` does not want more. Memory is bounded.
fn for_each_line(stream: Option<impl Read>, mut take: impl FnMut(String) -> bool) {
    let Some(stream) = stream else { return };
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n') && reader.skip_until(b'\n').is_err() {
            return;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() && !take(text.to_owned()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_one_by_one_and_long_ones_are_cut() {
        let long = "x".repeat(600_000);
        let text = format!("one\n\n{long}\ntwo\nlast");
        let mut lines = Vec::new();
        for_each_line(Some(text.as_bytes()), |line| {
            lines.push(line.chars().take(4).collect::<String>());
            true
        });
        assert_eq!(lines, ["one", "xxxx", "two", "last"]);
    }

    #[test]
    fn messages_are_passed_on_and_printed_words_are_not() {
        let (sender, mut messages) = mpsc::channel(4);
        assert!(listen(r#"{"type":"output","level":"warn","text":"hello"}"#, &sender));
        assert!(listen("no message", &sender) && listen(r#"{"type":"unknown"}"#, &sender));
        assert!(listen(r#"{"type":"ready","port":1,"functions":[{"name":"f","type":"object"}],"problems":[]}"#, &sender));
        assert!(matches!(messages.try_recv(), Ok(Message::Ready { port: 1, functions, .. }) if functions == [Entry { name: "f".into() }]));
        assert!(messages.try_recv().is_err());
    }
}
