//! The folder in which uploaded files lie, by their ids.

use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, UNIX_EPOCH},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::Frame;
use lingpai_domain::random::to_hex;
use sha2::{Digest, Sha256};
use tokio::{
    fs::{self, File},
    io::{AsyncRead, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, ReadBuf, Take},
};

use super::content::{self, Kind};

/// A file to which nothing was added for so long is received by nobody any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// `storage/` in the data folder.
pub struct Folder {
    root: PathBuf,
}

/// A file that is being received. It is gone unless it is kept.
pub struct Incoming {
    path: PathBuf,
    file: File,
    size: u64,
    digest: Option<Sha256>,
    kept: bool,
}

/// A file that is being read.
pub struct Stored {
    /// What it is, by its content.
    pub kind: Kind,
    /// How many bytes follow.
    pub length: u64,
    /// `Content-Range`, if only a part follows.
    pub range: Option<String>,
    /// The bytes.
    pub body: Body,
}

impl Folder {
    /// A folder, which is made when the first file comes.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a file lies. The id was checked to be one.
    pub fn path(&self, id: &str) -> PathBuf {
        // Two levels, so that no folder gets very long.
        self.root.join(id.get(..2).unwrap_or("__")).join(id)
    }

    /// Begins to receive a file. `attempt` names it until it is kept; `digest`: whether [`Incoming::reopen`] will
    /// be asked for.
    pub async fn receive(&self, attempt: &str, digest: bool) -> io::Result<Incoming> {
        let folder = self.root.join(".incoming");
        fs::create_dir_all(&folder).await?;
        let path = folder.join(attempt);
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&path).await?;
        Ok(Incoming { path, file, size: 0, digest: digest.then(Sha256::new), kept: false })
    }

    /// Opens a file, or a part of it; `head`: without its bytes. `None`: there is none.
    pub async fn open(&self, id: &str, range: Option<&str>, head: bool) -> io::Result<Option<Stored>> {
        let mut file = match File::open(self.path(id)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let size = file.metadata().await?.len();
        let mut beginning = [0; content::BEGINNING];
        let mut read = 0;
        while read < beginning.len() {
            match file.read(&mut beginning[read..]).await? {
                0 => break,
                count => read += count,
            }
        }
        let part = range.and_then(|range| part(range, size));
        let (start, length) = part.unwrap_or((0, size));
        file.seek(io::SeekFrom::Start(start)).await?;
        Ok(Some(Stored {
            kind: content::kind(&beginning[..read]),
            length,
            range: part.map(|_| format!("bytes {start}-{}/{size}", start + length - 1)),
            body: if head { Body::empty() } else { Body::new(FileBody(file.take(length))) },
        }))
    }

    /// Removes what nobody receives any more: nothing was added within [`ABANDONED`] before `now_ms`.
    pub fn clear_incoming(&self, now_ms: i64) -> io::Result<()> {
        let now = UNIX_EPOCH + Duration::from_millis(u64::try_from(now_ms).unwrap_or_default());
        let entries = match std::fs::read_dir(self.root.join(".incoming")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            // One that is gone by now was kept, or given up by whoever received it.
            let removed = match entry.metadata().and_then(|facts| facts.modified()) {
                Ok(modified) if now.duration_since(modified).is_ok_and(|idle| idle >= ABANDONED) => std::fs::remove_file(entry.path()),
                other => other.map(|_| ()),
            };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes a file's bytes.
    pub async fn remove(&self, id: &str) -> io::Result<()> {
        match fs::remove_file(self.path(id)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Incoming {
    /// Adds bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size += bytes.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
        self.file.write_all(bytes).await
    }

    /// The file from its beginning, its size and its SHA-256 in hex. It stays until this is dropped.
    pub async fn reopen(&self) -> io::Result<(File, u64, String)> {
        let digest = self.digest.clone().unwrap_or_default().finalize();
        Ok((File::open(&self.path).await?, self.size, to_hex(&digest)))
    }

    /// Makes sure that the bytes are on disk.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await
    }

    /// Puts the file where it belongs.
    pub async fn keep(mut self, place: &Path) -> io::Result<()> {
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).await?;
        }
        fs::rename(&self.path, place).await?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::warn!(%error, "an upload that was broken off could not be removed");
        }
    }
}

/// Start and length of a single range; anything else is answered with the whole file, which is allowed
/// (RFC 9110, section 14.2).
fn part(range: &str, size: u64) -> Option<(u64, u64)> {
    let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
    let (start, end) = match (start, end) {
        ("", suffix) => (size.checked_sub(suffix.parse::<u64>().ok()?.min(size))?, size.checked_sub(1)?),
        (start, "") => (start.parse().ok()?, size.checked_sub(1)?),
        (start, end) => (start.parse().ok()?, end.parse::<u64>().ok()?.min(size.checked_sub(1)?)),
    };
    (start <= end && start < size).then(|| (start, end - start + 1))
}

/// A file as a body, read as it is sent.
struct FileBody(Take<File>);

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut space = vec![0; 64 * 1024];
        let mut buffer = ReadBuf::new(&mut space);
        match AsyncRead::poll_read(Pin::new(&mut self.0), context, &mut buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
            Poll::Ready(Ok(())) => {
                let read = buffer.filled().len();
                space.truncate(read);
                Poll::Ready((read > 0).then(|| Ok(Frame::data(space.into()))))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_or_passed_over() {
        for (range, expected) in [
            ("bytes=0-4", Some((0, 5))),
            ("bytes=5-", Some((5, 5))),
            ("bytes=-3", Some((7, 3))),
            ("bytes=0-99", Some((0, 10))),
            ("bytes=-99", Some((0, 10))),
            ("bytes=10-", None),
            ("bytes=4-2", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("bytes=-", None),
        ] {
            assert_eq!(part(range, 10), expected, "{range}");
        }
        assert_eq!(part("bytes=0-0", 0), None);
    }

    /// Several nodes may share the folder: what another one is receiving stays.
    #[test]
    fn only_what_nobody_receives_any_more_is_cleared() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned());
        folder.clear_incoming(0).unwrap();
        let incoming = place.path().join(".incoming");
        std::fs::create_dir(&incoming).unwrap();
        let hour_ms: i64 = 3_600_000;
        for (name, at_ms) in [("abandoned", 0), ("arriving", 1), ("ahead", 9 * hour_ms)] {
            let file = std::fs::File::create(incoming.join(name)).unwrap();
            file.set_modified(UNIX_EPOCH + Duration::from_millis(at_ms.unsigned_abs())).unwrap();
        }
        folder.clear_incoming(hour_ms).unwrap();
        let mut left: Vec<_> = std::fs::read_dir(&incoming).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["ahead", "arriving"]);
    }
}
