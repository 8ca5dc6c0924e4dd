//! Object storage that speaks S3: Amazon's, Aliyun's OSS, Tencent's COS, MinIO and others.
//!
//! Four calls are made: `PUT`, `GET`, `HEAD` and `DELETE` of one object, each with a signature that covers
//! the body. Nothing is listed and nothing is copied, so that a key for one prefix of one bucket is enough.

mod file_body;
mod patience;

use std::{sync::Arc, time::Duration};

use lingpai_domain::{clock::Clock, secret::Secret};
use reqwest::{Body, Method, Response, Url, header};
use tokio::fs::File;

use crate::{
    http::{Http, HttpOptionsError, Transfer, Upstream, UpstreamError, explanation, words},
    signing::{
        date::compact_utc,
        sigv4::{SigV4Request, Signer, UNSIGNED, encoded_path},
    },
};
use file_body::FileBody;
pub use patience::Patient;

/// Where the bucket is and who opens it.
#[derive(Clone, Debug)]
pub struct BucketOptions {
    /// The service: `https://s3.us-east-1.amazonaws.com`.
    pub endpoint: String,
    /// The region that signatures name.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// The access key's id.
    pub key_id: String,
    /// The access key.
    pub key: Secret,
    /// Whether the bucket is the first part of the path, or else of the host's name.
    pub path_style: bool,
    /// What every name begins with; empty, or with a slash at its end.
    pub prefix: String,
    /// Time until an answer begins, and between its parts.
    pub timeout: Duration,
}

/// A bucket.
pub struct Bucket {
    upstream: Upstream,
    signer: Signer,
    origin: String,
    host: String,
    /// What stands in front of names in paths.
    folder: String,
    timeout: Duration,
    clock: Arc<dyn Clock>,
}

/// What is to be kept.
pub struct NewObject<'a> {
    /// Its name, without the prefix.
    pub name: &'a str,
    /// Its bytes, from the beginning.
    pub file: File,
    /// How many.
    pub size: u64,
    /// Their SHA-256, lower-case hex.
    pub sha256: &'a str,
    /// Their media type.
    pub media_type: &'a str,
}

/// What was kept, being read.
pub struct Object {
    /// The media type that it was kept with.
    pub media_type: String,
    /// How many bytes follow.
    pub length: u64,
    /// `Content-Range`, if only a part follows.
    pub range: Option<String>,
    /// The bytes; none for [`Bucket::head`].
    pub body: Patient,
}

/// The slowest that an upload may be, bytes a second.
const SLOWEST: u64 = 128 * 1024;
/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Bucket {
    /// Prepares the way there; nothing is connected yet. `http` is one for streams.
    ///
    /// # Errors
    /// If the endpoint is no web address.
    pub fn new(http: &Http, options: BucketOptions, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        const NAME: &str = "object_storage";
        let wrong = || HttpOptionsError::BaseUrl(NAME);
        let url = Url::parse(&options.endpoint).map_err(|_| wrong())?;
        let host = url.host_str().ok_or_else(wrong)?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let base = url.path().trim_end_matches('/');
        let (host, folder) = match options.path_style {
            true => (format!("{host}{port}"), format!("{base}/{}/{}", options.bucket, options.prefix)),
            false => (format!("{}.{host}{port}", options.bucket), format!("{base}/{}", options.prefix)),
        };
        let origin = format!("{}://{host}", url.scheme());
        Ok(Self {
            upstream: http.upstream(NAME, &origin)?,
            signer: Signer { key_id: options.key_id, key: options.key, region: options.region },
            origin,
            host,
            folder,
            timeout: options.timeout,
            clock,
        })
    }

    /// Keeps an object, in place of one of the same name.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn put(&self, object: NewObject<'_>) -> Result<(), UpstreamError> {
        let NewObject { name, file, size, sha256, media_type } = object;
        let body = Body::wrap(FileBody::new(file, size));
        let size_text = size.to_string();
        let headers = [("content-length", size_text.as_str()), ("content-type", media_type)];
        let time_limit = self.timeout + Duration::from_secs(size / SLOWEST);
        let response = self.call(Method::PUT, name, &headers, sha256, Some(body), time_limit).await?;
        if response.status().is_success() { Ok(()) } else { Err(refusal(response).await) }
    }

    /// Reads an object, or a part of it. `range`: the header's value. `None`: there is no such object.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn get(&self, name: &str, range: Option<&str>) -> Result<Option<Object>, UpstreamError> {
        self.read(Method::GET, name, range).await
    }

    /// What [`Bucket::get`] would answer, without the bytes.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn head(&self, name: &str, range: Option<&str>) -> Result<Option<Object>, UpstreamError> {
        self.read(Method::HEAD, name, range).await
    }

    async fn read(&self, method: Method, name: &str, range: Option<&str>) -> Result<Option<Object>, UpstreamError> {
        let headers: Vec<_> = range.iter().map(|range| ("range", *range)).collect();
        let response = self.call(method.clone(), name, &headers, EMPTY, None, self.timeout).await?;
        match response.status().as_u16() {
            200 | 206 => {}
            404 => return Ok(None),
            // Nothing of the object is in the range: the whole is allowed as an answer (RFC 9110, section 14.2).
            416 if range.is_some() => return Box::pin(self.read(method, name, None)).await,
            _ => return Err(refusal(response).await),
        }
        let text = |name: header::HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let length = text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok()).ok_or(UpstreamError::Incomplete("content-length"))?;
        let range = text(header::CONTENT_RANGE).filter(|_| response.status().as_u16() == 206);
        let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
        Ok(Some(Object { media_type, length, range, body: Patient::new(response.into(), self.timeout) }))
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// [`UpstreamError`]
    pub async fn remove(&self, name: &str) -> Result<(), UpstreamError> {
        let response = self.call(Method::DELETE, name, &[], EMPTY, None, self.timeout).await?;
        if response.status().is_success() || response.status().as_u16() == 404 { Ok(()) } else { Err(refusal(response).await) }
    }

    /// An address at which anyone may read an object for some seconds, with these headers in the answer.
    pub fn address(&self, name: &str, media_type: &str, disposition: &str, valid_for_s: u32) -> String {
        let path = format!("{}{name}", self.folder);
        let query = [("response-content-disposition", disposition), ("response-content-type", media_type)];
        let headers = [("host", self.host.as_str())];
        let seconds = self.clock.now_ms().div_euclid(1000);
        let request = SigV4Request { method: "GET", path: &path, query: &query, headers: &headers, payload: UNSIGNED, seconds };
        format!("{}{}?{}", self.origin, encoded_path(&path), self.signer.presigned_query(&request, valid_for_s))
    }

    async fn call(
        &self,
        method: Method,
        name: &str,
        headers: &[(&str, &str)],
        payload: &str,
        body: Option<Body>,
        time_limit: Duration,
    ) -> Result<Response, UpstreamError> {
        let path = format!("{}{name}", self.folder);
        let seconds = self.clock.now_ms().div_euclid(1000);
        let date = compact_utc(seconds);
        let mut signed = vec![("x-amz-content-sha256", payload), ("x-amz-date", date.as_str())];
        signed.extend_from_slice(headers);
        let mut all = signed.clone();
        all.push(("host", &self.host));
        let request = SigV4Request { method: method.as_str(), path: &path, query: &[], headers: &all, payload, seconds };
        let authorization = self.signer.authorization(&request);
        signed.push(("authorization", &authorization));
        self.upstream.transfer(Transfer { method, path: &encoded_path(&path), headers: &signed, body, time_limit }).await
    }
}

/// The service's own code and words: `<Error><Code>NoSuchBucket</Code><Message>...`.
async fn refusal(response: Response) -> UpstreamError {
    let status = response.status().as_u16();
    let text = explanation(response).await;
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once(&format!("</{name}>")).map(|(inner, _)| inner.to_owned())
    };
    match element("Code") {
        Some(code) => UpstreamError::Refused { code: words(&code), words: words(&element("Message").unwrap_or_default()) },
        None => UpstreamError::Status(status, words(&text)),
    }
}
