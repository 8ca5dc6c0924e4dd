//! Where the bytes of files are: in a folder, or in a bucket of object storage.
//!
//! In either case a file is received into the data folder first and judged there, by its content: what is
//! refused never reaches the bucket, and what reaches it is complete, of a known length and digest.

use std::{io, sync::Arc};

use anyhow::Context;
use axum::body::Body;
use lingpai_domain::clock::Clock;
use lingpai_providers::{
    http::{Http, HttpOptions, UpstreamError},
    object_storage::{Bucket, BucketOptions, NewObject},
};

use super::{
    Folder, Incoming,
    content::{self, Kind},
    folder::Stored,
};
use crate::config::settings::S3;

/// Where the bytes are.
pub enum Keeper {
    /// In the data folder.
    Folder,
    /// In a bucket.
    Bucket {
        /// The bucket.
        bucket: Box<Bucket>,
        /// Whether clients are sent there.
        redirects: bool,
    },
}

/// Why the bytes could not be kept, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The disk's fault.
    #[error("the disk: {0}")]
    Disk(#[from] io::Error),
    /// The object storage's.
    #[error("the object storage: {0}")]
    Bucket(#[from] UpstreamError),
}

/// A file that is being served.
pub struct Served {
    /// What it is.
    pub kind: Kind,
    /// How many bytes follow.
    pub length: u64,
    /// `Content-Range`, if only a part follows.
    pub range: Option<String>,
    /// The bytes.
    pub body: Body,
}

/// A probe's name: no file's id is like it.
const PROBE: &str = ".lingpai-check";

impl Keeper {
    /// The keeper that the settings name.
    ///
    /// # Errors
    /// If the endpoint is no address, or the TLS library refuses.
    pub fn new(s3: Option<&S3>, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let Some(s3) = s3 else { return Ok(Self::Folder) };
        let options = HttpOptions { connect_timeout: s3.timeout, timeout: s3.timeout, ..HttpOptions::default() };
        let http = Http::for_streams(options, clock.clone()).context("the HTTP client / HTTP 客户端")?;
        let options = BucketOptions {
            endpoint: s3.endpoint.clone(),
            region: s3.region.clone(),
            bucket: s3.bucket.clone(),
            key_id: s3.access_key.clone(),
            key: s3.secret_key.clone(),
            path_style: s3.path_style,
            prefix: s3.prefix.clone(),
            timeout: s3.timeout,
        };
        let bucket = Bucket::new(&http, options, clock).context("storage.s3.endpoint")?;
        Ok(Self::Bucket { bucket: Box::new(bucket), redirects: s3.redirects })
    }

    /// Whether files are digested while they are received.
    pub fn wants_digest(&self) -> bool {
        matches!(self, Self::Bucket { .. })
    }

    /// Keeps what was received and judged.
    ///
    /// # Errors
    /// [`KeeperError`]; nothing is kept then, as far as one can know.
    pub async fn keep(&self, folder: &Folder, incoming: Incoming, id: &str, kind: Kind) -> Result<(), KeeperError> {
        match self {
            Self::Folder => Ok(incoming.keep(&folder.path(id)).await?),
            Self::Bucket { bucket, .. } => {
                let (file, size, sha256) = incoming.reopen().await?;
                let object = NewObject { name: &name(id), file, size, sha256: &sha256, media_type: kind.media_type };
                if let Err(error) = bucket.put(object).await {
                    // No answer does not mean that nothing was kept.
                    let _ = bucket.remove(&name(id)).await;
                    return Err(error.into());
                }
                Ok(())
            }
        }
    }

    /// Opens a file. `range`: the header's value; one that is not understood is passed over. `None`: there is none.
    ///
    /// # Errors
    /// [`KeeperError`]
    pub async fn open(&self, folder: &Folder, id: &str, range: Option<&str>, head: bool) -> Result<Option<Served>, KeeperError> {
        match self {
            Self::Folder => {
                let Some(Stored { kind, length, range, body }) = folder.open(id, range, head).await? else { return Ok(None) };
                Ok(Some(Served { kind, length, range, body }))
            }
            Self::Bucket { bucket, .. } => {
                let range = range.filter(|range| is_single_range(range));
                let name = name(id);
                let object = if head { bucket.head(&name, range).await? } else { bucket.get(&name, range).await? };
                Ok(object.map(|object| Served {
                    // Whoever can write into the bucket besides this program cannot have a page served.
                    kind: content::named(&object.media_type),
                    length: object.length,
                    range: object.range,
                    body: if head { Body::empty() } else { Body::new(object.body) },
                }))
            }
        }
    }

    /// Whether clients are sent to the bucket.
    pub fn redirects(&self) -> bool {
        matches!(self, Self::Bucket { redirects: true, .. })
    }

    /// An address of the bucket that is good for some seconds; `disposition`: the header's value.
    pub fn address(&self, id: &str, kind: Kind, disposition: &str, valid_for_s: u32) -> Option<String> {
        match self {
            Self::Bucket { bucket, .. } => Some(bucket.address(&name(id), kind.media_type, disposition, valid_for_s)),
            Self::Folder => None,
        }
    }

    /// Removes a file's bytes.
    ///
    /// # Errors
    /// [`KeeperError`]
    pub async fn remove(&self, folder: &Folder, id: &str) -> Result<(), KeeperError> {
        match self {
            Self::Folder => Ok(folder.remove(id).await?),
            Self::Bucket { bucket, .. } => Ok(bucket.remove(&name(id)).await?),
        }
    }

    /// Keeps, reads and removes a probe, to find out whether the key may do so.
    ///
    /// # Errors
    /// What failed first: `PUT`, `GET` or `DELETE`.
    pub async fn probe(&self, folder: &Folder, attempt: &str) -> Result<(), (&'static str, KeeperError)> {
        let Self::Bucket { bucket, .. } = self else { return Ok(()) };
        let prepared = async {
            let mut incoming = folder.receive(attempt, true).await?;
            incoming.write(attempt.as_bytes()).await?;
            incoming.finish().await?;
            incoming.reopen().await
        };
        let (file, size, sha256) = prepared.await.map_err(|error| ("PUT", error.into()))?;
        let object = NewObject { name: PROBE, file, size, sha256: &sha256, media_type: "text/plain" };
        bucket.put(object).await.map_err(|error| ("PUT", error.into()))?;
        let read = bucket.get(PROBE, None).await.map_err(|error| ("GET", error.into()))?;
        let read = read.ok_or(("GET", UpstreamError::Incomplete("what was just written").into()))?;
        drop(read);
        bucket.remove(PROBE).await.map_err(|error| ("DELETE", error.into()))
    }
}

/// An object's name: as files lie in the folder, so that one can be copied to the other.
fn name(id: &str) -> String {
    format!("{}/{id}", id.get(..2).unwrap_or("__"))
}

/// `bytes=0-9`, `bytes=5-`, `bytes=-3`
fn is_single_range(range: &str) -> bool {
    let is_number = |text: &str| text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    let ends = range.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
    ends.is_some_and(|(start, end)| is_number(start) && is_number(end) && !(start.is_empty() && end.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_single_ranges_are_passed_on() {
        for (range, expected) in [
            ("bytes=0-9", true),
            ("bytes=5-", true),
            ("bytes=-3", true),
            ("bytes=-", false),
            ("bytes=0-1,3-4", false),
            ("lines=0-1", false),
        ] {
            assert_eq!(is_single_range(range), expected, "{range}");
        }
    }
}
