//! The development outbox: what would have been sent, in a file that tests and people read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// The file is moved aside before it grows past this, so that at most twice as much is kept.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// How much of the file's end is read at a time.
const BLOCK_BYTES: u64 = 64 * 1024;

/// What kind of message an entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxKind {
    /// A captcha's text.
    Captcha,
    /// A short message.
    Sms,
    /// A mail.
    Email,
}

/// One message, as a line of `outbox.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxEntry {
    /// When it was sent, in milliseconds since the Unix epoch.
    pub time: i64,
    /// What it is.
    pub kind: OutboxKind,
    /// The mobile number or the mail address; empty for a captcha.
    pub to: String,
    /// The device that asked for it.
    pub device_id: String,
    /// What it is for, such as `login-by-sms`.
    pub scene: String,
    /// The code, or a captcha's text.
    pub code: String,
    /// The message as a person would read it.
    pub text: String,
}

/// Appends to `outbox.jsonl` in a folder; older entries are in `outbox.jsonl.1`. For development
/// mode only: it holds codes in the clear.
pub struct Outbox {
    path: PathBuf,
    max_bytes: u64,
    file: Mutex<File>,
}

impl Outbox {
    /// Opens the outbox of a folder that exists. Earlier entries stay.
    ///
    /// # Errors
    /// The file cannot be created or written.
    pub fn open(folder: &Path) -> io::Result<Self> {
        Self::with_limit(folder, MAX_BYTES)
    }

    fn with_limit(folder: &Path, max_bytes: u64) -> io::Result<Self> {
        let path = folder.join("outbox.jsonl");
        let file = Mutex::new(open_for_append(&path)?);
        Ok(Self { path, max_bytes, file })
    }

    /// The file that is being written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds an entry. It is in the file when this returns.
    ///
    /// # Errors
    /// The file cannot be written or moved aside.
    pub fn append(&self, entry: &OutboxEntry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        let mut file = self.file.lock();
        let length = file.metadata()?.len();
        if length > 0 && length + line.len() as u64 > self.max_bytes {
            fs::rename(&self.path, self.older_path())?;
            *file = open_for_append(&self.path)?;
        }
        // One call, so that a reader never sees half a line of a short entry.
        file.write_all(&line)
    }

    /// The latest `count` entries, newest first. Lines that are no entries are passed over.
    ///
    /// # Errors
    /// The files cannot be read.
    pub fn recent(&self, count: usize) -> io::Result<Vec<OutboxEntry>> {
        // Held, so that nothing is moved aside between the two files.
        let _file = self.file.lock();
        let mut entries = latest(&self.path, count)?;
        if entries.len() < count {
            entries.extend(latest(&self.older_path(), count - entries.len())?);
        }
        Ok(entries)
    }

    /// All lines of the current file, oldest first (at most 16 MiB).
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn lines(&self) -> io::Result<String> {
        let _file = self.file.lock();
        fs::read_to_string(&self.path)
    }

    fn older_path(&self) -> PathBuf {
        self.path.with_extension("jsonl.1")
    }
}

/// Codes are nobody else's business, not even on a developer's machine.
fn open_for_append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The last `count` entries of a file, newest first; none when there is no such file.
fn latest(path: &Path, count: usize) -> io::Result<Vec<OutboxEntry>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut entries = Vec::new();
    // The beginning of a line whose rest stood in an earlier round.
    let mut rest = Vec::new();
    let mut position = file.seek(SeekFrom::End(0))?;
    while position > 0 && entries.len() < count {
        let start = position.saturating_sub(BLOCK_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        (&mut file).take(position - start).read_to_end(&mut block)?;
        block.append(&mut rest);
        let mut lines = block.rsplit(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            if lines.peek().is_none() && start > 0 {
                rest = line.to_vec();
            } else if entries.len() < count {
                entries.extend(serde_json::from_slice::<OutboxEntry>(line).ok());
            }
        }
        position = start;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: i64) -> OutboxEntry {
        OutboxEntry {
            time,
            kind: OutboxKind::Sms,
            to: "13800000000".into(),
            device_id: "d1".into(),
            scene: "login-by-sms".into(),
            code: "123456".into(),
            text: "您的验证码是 123456\n".into(),
        }
    }

    fn times(entries: &[OutboxEntry]) -> Vec<i64> {
        entries.iter().map(|entry| entry.time).collect()
    }

    #[test]
    fn a_line_has_the_documented_fields_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        outbox.append(&entry(1)).unwrap();
        assert_eq!(
            fs::read_to_string(outbox.path()).unwrap(),
            "{\"time\":1,\"kind\":\"sms\",\"to\":\"13800000000\",\"deviceId\":\"d1\",\"scene\":\"login-by-sms\",\
             \"code\":\"123456\",\"text\":\"您的验证码是 123456\\n\"}\n"
        );
        assert_eq!(outbox.lines().unwrap(), fs::read_to_string(outbox.path()).unwrap());
    }

    #[test]
    fn the_latest_come_first_across_blocks_restarts_and_foreign_lines() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        let long = OutboxEntry { text: "长".repeat(BLOCK_BYTES as usize), ..entry(2) };
        outbox.append(&entry(1)).unwrap();
        outbox.append(&long).unwrap();
        fs::OpenOptions::new().append(true).open(outbox.path()).unwrap().write_all(b"not an entry\n").unwrap();
        drop(outbox);

        let outbox = Outbox::open(folder.path()).unwrap();
        outbox.append(&entry(3)).unwrap();
        assert_eq!(times(&outbox.recent(10).unwrap()), [3, 2, 1]);
        assert_eq!(outbox.recent(2).unwrap(), [entry(3), long]);
        assert!(outbox.recent(0).unwrap().is_empty());
    }

    #[test]
    fn every_count_of_many_lines_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        for time in 0..2000 {
            outbox.append(&entry(time)).unwrap();
        }
        for count in [1, 399, 400, 401, 1999, 2000, 2001] {
            let expected: Vec<i64> = (0..2000).rev().take(count).collect();
            assert_eq!(times(&outbox.recent(count).unwrap()), expected);
        }
    }

    #[test]
    fn a_full_file_is_moved_aside_and_still_read() {
        let folder = tempfile::tempdir().unwrap();
        let line = serde_json::to_vec(&entry(1)).unwrap().len() as u64 + 1;
        let outbox = Outbox::with_limit(folder.path(), 2 * line).unwrap();
        for time in 1..=7 {
            outbox.append(&entry(time)).unwrap();
        }
        assert_eq!(times(&outbox.recent(10).unwrap()), [7, 6, 5]);
        assert_eq!(outbox.lines().unwrap().lines().count(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    #[cfg(unix)]
    fn others_may_not_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(folder.path()).unwrap();
        assert_eq!(fs::metadata(outbox.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
