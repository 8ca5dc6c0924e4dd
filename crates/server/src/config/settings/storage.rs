//! `[storage]`: files that clients upload.

use std::time::Duration;

use lingpai_domain::secret::Secret;

use super::{
    read::{GATEWAY_MS, one_of},
    reader::Reader,
};
use crate::config::report::Words;

/// `[storage]`
#[derive(Clone, Debug)]
pub struct Storage {
    /// Whether files are taken and served.
    pub enabled: bool,
    /// Where clients reach this server, without a slash at the end; `None`: as they reached it.
    pub public_url: Option<String>,
    /// Largest file, bytes.
    pub file_limit_bytes: u64,
    /// What one user's files may take together, bytes.
    pub user_quota_bytes: u64,
    /// What all files may take together, bytes.
    pub total_quota_bytes: u64,
    /// Whether callers who are not logged in may upload.
    pub anonymous_uploads: bool,
    /// Whether newcomers' pictures are fetched from third parties and kept here.
    pub avatars: bool,
    /// Whether such pictures may come from addresses that are not public.
    pub avatars_from_private_addresses: bool,
    /// `[storage.s3]`; `None`: files lie in the data folder.
    pub s3: Option<S3>,
}

/// `[storage.s3]`: a bucket of object storage.
#[derive(Clone, Debug)]
pub struct S3 {
    /// The service's address.
    pub endpoint: String,
    /// The region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The access key's id.
    pub access_key: String,
    /// The access key.
    pub secret_key: Secret,
    /// Whether the bucket stands in the path and not in the host's name.
    pub path_style: bool,
    /// What names begin with; empty, or with a slash at its end.
    pub prefix: String,
    /// Whether clients are sent to the bucket, or else get files through this server.
    pub redirects: bool,
    /// Time until an answer begins, and between its parts.
    pub timeout: Duration,
}

pub fn read(reader: &mut Reader<'_>) -> Storage {
    const MEBIBYTE: u64 = 1024 * 1024;
    let in_bucket = one_of(reader, "storage.backend", &[("local", false), ("s3", true)]);
    let s3 = s3(reader, in_bucket);
    Storage {
        enabled: reader.boolean("storage.enabled"),
        public_url: reader.url("storage.public_url"),
        file_limit_bytes: u64::from(reader.number("storage.file_limit_mb", 1..=4096)) * MEBIBYTE,
        user_quota_bytes: u64::from(reader.number("storage.user_quota_mb", 1..=1_048_576)) * MEBIBYTE,
        total_quota_bytes: u64::from(reader.number("storage.total_quota_mb", 1..=1_073_741_824)) * MEBIBYTE,
        anonymous_uploads: reader.boolean("storage.anonymous_uploads"),
        avatars: reader.boolean("storage.avatars"),
        avatars_from_private_addresses: reader.boolean("storage.avatars_from_private_addresses"),
        s3: in_bucket.then_some(s3),
    }
}

fn s3(reader: &mut Reader<'_>, is_needed: bool) -> S3 {
    let s3 = S3 {
        endpoint: reader.url("storage.s3.endpoint").unwrap_or_default(),
        region: reader.text("storage.s3.region"),
        bucket: reader.parsed("storage.s3.bucket", String::new(), bucket),
        access_key: reader.text("storage.s3.access_key"),
        secret_key: reader.secret("storage.s3.secret_key"),
        path_style: reader.boolean("storage.s3.path_style"),
        prefix: reader.parsed("storage.s3.prefix", String::new(), prefix),
        redirects: one_of(reader, "storage.s3.serve", &[("proxy", false), ("redirect", true)]),
        timeout: reader.milliseconds("storage.s3.timeout_ms", GATEWAY_MS),
    };
    let given = [
        ("storage.s3.endpoint", s3.endpoint.is_empty()),
        ("storage.s3.region", s3.region.is_empty()),
        ("storage.s3.bucket", s3.bucket.is_empty()),
        ("storage.s3.access_key", s3.access_key.is_empty()),
        ("storage.s3.secret_key", s3.secret_key.is_empty()),
    ];
    for (path, _) in given.into_iter().filter(|(_, is_missing)| is_needed && *is_missing) {
        reader.problem(
            path,
            Words::new("storage.backend 为 \"s3\" 时必填", "is needed where storage.backend is \"s3\""),
            Words::new("填写这一项", "fill it in"),
        );
    }
    s3
}

fn bucket(text: &str) -> Result<String, (Words, Words)> {
    let is_right = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    if text.is_empty() || ((3..=63).contains(&text.len()) && text.bytes().all(is_right) && !text.contains("..")) {
        return Ok(text.to_owned());
    }
    Err((
        Words::new(format!("{text:?} 不是存储桶的名称"), format!("{text:?} is not the name of a bucket")),
        Words::new("3 - 63 个小写字母、数字、连字符或点", "write 3 to 63 small letters, digits, hyphens and dots"),
    ))
}

/// With a slash at its end.
fn prefix(text: &str) -> Result<String, (Words, Words)> {
    let text = text.trim_matches('/');
    let is_right = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    if text.is_empty() {
        return Ok(String::new());
    }
    if text.len() <= 256 && text.bytes().all(is_right) && text.split('/').all(is_part) {
        return Ok(format!("{text}/"));
    }
    Err((
        Words::new(format!("{text:?} 不能作为前缀"), format!("{text:?} cannot be a prefix")),
        Words::new("写成 files 或 lingpai/files", "write files or lingpai/files"),
    ))
}
