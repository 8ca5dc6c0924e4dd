//! Object storage that speaks S3, in memory: as strict with signatures, dates and digests as Amazon's, by
//! its documentation ("Authenticating requests (AWS Signature Version 4)").

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::Result;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use lingpai_domain::{clock::Clock, random::to_hex};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

use super::percent_decoded;
use crate::replay::jwt::hmac_sha256;

/// The bucket that exists.
pub const BUCKET: &str = "lingpai-test";
/// The only key, which may do everything.
pub const KEY_ID: &str = "test-access-key";
/// Its secret.
pub const KEY: &str = "the secret of the test access key";
/// The region.
pub const REGION: &str = "cn-test-1";
/// How far clocks may be apart, seconds.
const SKEW_S: i64 = 15 * 60;
/// The longest life of a signed address, seconds.
const LONGEST_S: i64 = 7 * 24 * 3600;

/// A running service. It stops when this is dropped.
pub struct StrictS3 {
    address: SocketAddr,
    state: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    objects: Mutex<BTreeMap<String, (Bytes, String)>>,
    /// How many of the next requests fail.
    failing: AtomicU32,
    requests: AtomicU32,
    refusals: Mutex<Vec<String>>,
}

impl StrictS3 {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// If there is no free port.
    pub async fn start(clock: Arc<dyn Clock>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(Shared {
            clock,
            objects: Mutex::default(),
            failing: AtomicU32::new(0),
            requests: AtomicU32::new(0),
            refusals: Mutex::default(),
        });
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(64 * 1024 * 1024)).with_state(state.clone());
        let task = tokio::spawn(async move {
            // It ends by being aborted; there is nobody to tell about anything else.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, state, task })
    }

    /// The settings that point the program here: their paths and values.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("storage.backend", "s3".to_owned()),
            ("storage.s3.endpoint", format!("http://{}", self.address)),
            ("storage.s3.region", REGION.to_owned()),
            ("storage.s3.bucket", BUCKET.to_owned()),
            ("storage.s3.access_key", KEY_ID.to_owned()),
            ("storage.s3.secret_key", KEY.to_owned()),
            ("storage.s3.prefix", "some/files".to_owned()),
        ]
    }

    /// The names of what is kept, the prefix included.
    pub fn names(&self) -> Vec<String> {
        self.state.objects.lock().keys().cloned().collect()
    }

    /// Puts an object there behind the program's back.
    pub fn put(&self, name: &str, bytes: &'static [u8], media_type: &str) {
        self.state.objects.lock().insert(name.to_owned(), (Bytes::from_static(bytes), media_type.to_owned()));
    }

    /// The next requests fail as an overloaded service's do.
    pub fn fail(&self, requests: u32) {
        self.state.failing.store(requests, Ordering::SeqCst);
    }

    /// How many requests came.
    pub fn requests(&self) -> u32 {
        self.state.requests.load(Ordering::SeqCst)
    }

    /// Why requests were refused, since the last call.
    pub fn take_refusals(&self) -> Vec<String> {
        std::mem::take(&mut self.state.refusals.lock())
    }
}

impl Drop for StrictS3 {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    shared.requests.fetch_add(1, Ordering::SeqCst);
    let fails = shared.failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
    if fails {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.");
    }
    let now_s = shared.clock.now_ms().div_euclid(1000);
    let asked = Asked { method: &method, uri: &uri, headers: &headers, body: &body };
    if let Err((code, words)) = asked.check(now_s) {
        shared.refusals.lock().push(format!("{code}: {words}"));
        return refusal(StatusCode::FORBIDDEN, code, &words);
    }
    let path = percent_decoded(uri.path());
    let Some(name) = path.strip_prefix(&format!("/{BUCKET}/")).filter(|name| !name.is_empty()) else {
        return refusal(StatusCode::NOT_FOUND, "NoSuchBucket", "The specified bucket does not exist");
    };
    let mut objects = shared.objects.lock();
    match method {
        Method::PUT => {
            let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("binary/octet-stream");
            objects.insert(name.to_owned(), (body, kind.to_owned()));
            plain(StatusCode::OK, Bytes::new())
        }
        Method::DELETE => {
            objects.remove(name);
            plain(StatusCode::NO_CONTENT, Bytes::new())
        }
        Method::GET | Method::HEAD => match objects.get(name) {
            Some((bytes, kind)) => asked.read(bytes.clone(), kind),
            None => refusal(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
        },
        _ => refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "The specified method is not allowed."),
    }
}

fn plain(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

fn refusal(status: StatusCode, code: &str, words: &str) -> Response<Body> {
    let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{words}</Message></Error>");
    plain(status, body.into())
}

struct Asked<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

type Refused = (&'static str, String);

/// What a signature says of itself.
struct Claim {
    credential: String,
    signed: Vec<String>,
    signature: String,
    date: String,
    payload: String,
    /// Pairs of the query that are signed, encoded.
    query: Vec<String>,
}

impl Asked<'_> {
    fn header(&self, name: &str) -> String {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().trim().to_owned()
    }

    fn pairs(&self) -> Vec<String> {
        let complete = |pair: &str| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") };
        self.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(complete).collect()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.pairs();
        let found = pairs.iter().find_map(|pair| pair.split_once('=').filter(|(known, _)| *known == name));
        found.map(|(_, value)| percent_decoded(value))
    }

    /// Whether the request is what the owner of the key signed, in time.
    fn check(&self, now_s: i64) -> Result<(), Refused> {
        let claim = match self.parameter("X-Amz-Signature") {
            Some(signature) => self.claim_of_address(signature, now_s)?,
            None => self.claim_of_header(now_s)?,
        };
        let day = claim.date.get(..8).unwrap_or_default().to_owned();
        let scope = format!("{day}/{REGION}/s3/aws4_request");
        if claim.credential != format!("{KEY_ID}/{scope}") {
            return Err(("InvalidAccessKeyId", format!("{} is not {KEY_ID}/{scope}", claim.credential)));
        }
        let mut lines = String::new();
        for name in &claim.signed {
            lines.push_str(&format!("{name}:{}\n", self.header(name)));
        }
        let mut query = claim.query.clone();
        query.sort();
        let canonical =
            format!("{}\n{}\n{}\n{lines}\n{}\n{}", self.method, self.uri.path(), query.join("&"), claim.signed.join(";"), claim.payload);
        let digest = to_hex(&Sha256::digest(canonical.as_bytes()));
        let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{digest}", claim.date);
        let key = hmac_sha256(format!("AWS4{KEY}").as_bytes(), day.as_bytes());
        let key = hmac_sha256(&hmac_sha256(&hmac_sha256(&key, REGION.as_bytes()), b"s3"), b"aws4_request");
        if to_hex(&hmac_sha256(&key, to_sign.as_bytes())) != claim.signature {
            return Err(("SignatureDoesNotMatch", format!("of {canonical:?}")));
        }
        Ok(())
    }

    fn claim_of_header(&self, now_s: i64) -> Result<Claim, Refused> {
        let malformed = |what: &str| ("AuthorizationHeaderMalformed", what.to_owned());
        let authorization = self.header("authorization");
        let Some(rest) = authorization.strip_prefix("AWS4-HMAC-SHA256 ") else {
            return Err(("AccessDenied", "nothing is signed".to_owned()));
        };
        let part = |name: &str| {
            let value = rest.split(',').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
            value.map(str::to_owned).ok_or_else(|| malformed(name))
        };
        let signed: Vec<String> = part("SignedHeaders")?.split(';').map(str::to_owned).collect();
        let mut sorted = signed.clone();
        sorted.sort();
        let must_be_signed = |name: &str| matches!(name, "host" | "content-type" | "range") || name.starts_with("x-amz-");
        let unsigned = self.headers.keys().find(|name| must_be_signed(name.as_str()) && !signed.iter().any(|known| known == name.as_str()));
        if sorted != signed || unsigned.is_some() || !signed.iter().any(|name| name == "host") {
            return Err(malformed(&format!("SignedHeaders, {unsigned:?}")));
        }
        let (date, payload) = (self.header("x-amz-date"), self.header("x-amz-content-sha256"));
        let at = seconds(&date).ok_or_else(|| malformed("x-amz-date"))?;
        if (at - now_s).abs() > SKEW_S {
            return Err(("RequestTimeTooSkewed", format!("{date} at {now_s}")));
        }
        if payload != to_hex(&Sha256::digest(self.body)) {
            return Err(("XAmzContentSHA256Mismatch", payload));
        }
        if *self.method == Method::PUT && self.header("content-length") != self.body.len().to_string() {
            return Err(("MissingContentLength", self.header("content-length")));
        }
        Ok(Claim { credential: part("Credential")?, signed, signature: part("Signature")?, date, payload, query: self.pairs() })
    }

    fn claim_of_address(&self, signature: String, now_s: i64) -> Result<Claim, Refused> {
        let malformed = |what: &str| ("AuthorizationQueryParametersError", what.to_owned());
        let parameter = |name: &'static str| self.parameter(name).ok_or_else(|| malformed(name));
        if parameter("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256" || *self.method != Method::GET && *self.method != Method::HEAD {
            return Err(malformed("X-Amz-Algorithm"));
        }
        let (date, signed) = (parameter("X-Amz-Date")?, parameter("X-Amz-SignedHeaders")?);
        let at = seconds(&date).ok_or_else(|| malformed("X-Amz-Date"))?;
        let valid_for = parameter("X-Amz-Expires")?.parse::<i64>().ok().filter(|valid_for| (1..=LONGEST_S).contains(valid_for));
        let valid_for = valid_for.ok_or_else(|| malformed("X-Amz-Expires"))?;
        if now_s < at - SKEW_S || now_s >= at + valid_for {
            return Err(("AccessDenied", "Request has expired".to_owned()));
        }
        let query = self.pairs().into_iter().filter(|pair| !pair.starts_with("X-Amz-Signature=")).collect();
        let signed: Vec<String> = signed.split(';').map(str::to_owned).collect();
        Ok(Claim { credential: parameter("X-Amz-Credential")?, signed, signature, date, payload: "UNSIGNED-PAYLOAD".to_owned(), query })
    }

    /// An object, or the part of it that was asked for.
    fn read(&self, bytes: Bytes, kind: &str) -> Response<Body> {
        let size = bytes.len();
        let range = self.header("range");
        let ends = range.strip_prefix("bytes=").and_then(|ends| ends.split_once('-'));
        let part = match ends {
            None => None,
            Some(("", last)) => last.parse::<usize>().ok().map(|last| (size.saturating_sub(last), size)),
            Some((start, "")) => start.parse::<usize>().ok().map(|start| (start, size)),
            Some((start, end)) => start.parse::<usize>().ok().zip(end.parse::<usize>().ok()).map(|(start, end)| (start, size.min(end + 1))),
        };
        if part.is_some_and(|(start, _)| start >= size) {
            return refusal(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange", "The requested range is not satisfiable");
        }
        let (status, body) = match part {
            Some((start, end)) => (StatusCode::PARTIAL_CONTENT, bytes.slice(start..end)),
            None => (StatusCode::OK, bytes),
        };
        let length = body.len();
        let mut builder = Response::builder().status(status).header(header::CONTENT_LENGTH, length);
        builder = builder.header(header::CONTENT_TYPE, self.parameter("response-content-type").unwrap_or_else(|| kind.to_owned()));
        if let Some(disposition) = self.parameter("response-content-disposition") {
            builder = builder.header(header::CONTENT_DISPOSITION, disposition);
        }
        if let Some((start, end)) = part {
            builder = builder.header(header::CONTENT_RANGE, format!("bytes {start}-{}/{size}", end - 1));
        }
        let body = if *self.method == Method::HEAD { Body::empty() } else { Body::from(body) };
        builder.body(body).unwrap_or_default()
    }
}

/// `20130524T000000Z` as seconds since the Unix epoch.
fn seconds(date: &str) -> Option<i64> {
    let number = |from: usize, to: usize| date.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (hour, minute, second) = (number(9, 11)?, number(11, 13)?, number(13, 15)?);
    let is_right = date.len() == 16 && date.get(8..9) == Some("T") && date.ends_with('Z');
    // Days from the civil calendar, with the year beginning in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468;
    is_right.then_some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read() {
        assert_eq!(seconds("20130524T000000Z"), Some(1_369_353_600));
        assert_eq!(seconds("20251009T085320Z"), Some(1_760_000_000));
        assert_eq!((seconds("2013-05-24"), seconds("")), (None, None));
    }
}
