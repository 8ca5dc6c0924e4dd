//! Signatures of external systems: who may create and change accounts without a password.
//!
//! Where `uni-cloud-s2s/config.json` exists its scheme counts ([`server_to_server`]), otherwise
//! the application's `requestAuthSecret`, in two versions:
//!
//! 1. the original's, over the timestamp and the scalar parameters;
//! 2. ours (header `uni-id-signature-version: 2`), over method, path and body.
//!
//! Deviation 5: a signature is used once, its timestamp is near in both directions, comparison
//! takes constant time, and lists and objects, which version 1 does not cover, are refused.

mod compute;
mod server_to_server;

use axum::http::HeaderMap;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use lingpai_domain::{
    error::{Code, Error, Result},
    random::to_hex,
    secret,
};

use super::Scope;
use crate::call::{Call, SignedRequest};

/// How far a timestamp may be from now.
const TOLERANCE_MS: u64 = 20_000;
/// Longest nonce, bytes (ours).
const LONGEST_NONCE: usize = 256;

/// Proof that a call comes from a server that knows the secret.
#[derive(Debug)]
pub struct Partner(());

/// Why a signature is refused. Callers are not told; the log is.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Refusal {
    #[error("the client protocol cannot carry a signature")]
    NotUrlForm,
    #[error("a header of the signature is missing or cannot be read")]
    Headers,
    #[error("the timestamp is too far from the server's time")]
    Timestamp,
    #[error("the signature does not fit")]
    Mismatch,
    #[error("the signature was used before")]
    Replay,
    #[error("lists and objects are not covered by version 1 of the signature (see compat.unsigned_arrays)")]
    Uncovered,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Error::new(Code::IllegalRequest).caused_by(refusal)
    }
}

/// Demands a signature and uses it up.
pub(super) async fn check(scope: &Scope<'_>, call: &Call, params: Option<&Map<String, Value>>) -> Result<Partner> {
    let request = call.signed.as_deref().ok_or(Refusal::NotUrlForm)?;
    if let Some(config) = scope.state.center.other("uni-cloud-s2s") {
        return server_to_server::check(scope, call, request, config).await;
    }
    let key = scope.config.request_auth_secret.as_ref();
    let key = key.ok_or_else(|| Error::new(Code::ConfigFieldRequired).with("field", "requestAuthSecret"))?;
    let empty = Map::new();
    let params = params.unwrap_or(&empty);
    let signed = Signed::read(&request.headers)?;
    signed.check_time(scope, TOLERANCE_MS)?;
    let expected = match header(&request.headers, "uni-id-signature-version") {
        None | Some("1") => {
            let covers = |value: &Value| !value.is_array() && !value.is_object();
            if !scope.state.settings.compat.unsigned_arrays && !params.values().all(covers) {
                return Err(Refusal::Uncovered.into());
            }
            compute::version_1(key.expose(), signed.nonce, signed.timestamp, params)
        }
        Some("2") => version_2(key.expose(), &signed, call, request),
        Some(_) => return Err(Refusal::Headers.into()),
    };
    signed.accept(scope, &expected, TOLERANCE_MS).await
}

/// The signature over method, path and body.
fn version_2(key: &str, signed: &Signed<'_>, call: &Call, request: &SignedRequest) -> String {
    let path = format!("/{}/{}", call.function, call.method);
    compute::version_2(key, signed.nonce, signed.timestamp, &path, &request.body)
}

/// The headers of versions 1 and 2.
struct Signed<'a> {
    nonce: &'a str,
    timestamp: &'a str,
    sent: i64,
    signature: &'a str,
}

impl<'a> Signed<'a> {
    fn read(headers: &'a HeaderMap) -> Result<Self> {
        let nonce = header(headers, "uni-id-nonce").filter(|nonce| nonce.len() <= LONGEST_NONCE).ok_or(Refusal::Headers)?;
        let (timestamp, sent) = time(headers, "uni-id-timestamp")?;
        let signature = header(headers, "uni-id-signature").ok_or(Refusal::Headers)?;
        Ok(Self { nonce, timestamp, sent, signature })
    }

    fn check_time(&self, scope: &Scope<'_>, tolerance_ms: u64) -> Result<()> {
        check_time(scope, self.sent, tolerance_ms)
    }

    /// Compares, and uses the nonce up. A nonce counts together with its timestamp: systems that
    /// always send the same one go on working, and a request that was overheard does not.
    async fn accept(&self, scope: &Scope<'_>, expected: &str, tolerance_ms: u64) -> Result<Partner> {
        if !fits(self.signature, expected) {
            return Err(Refusal::Mismatch.into());
        }
        use_once(scope, &[self.nonce, self.timestamp], self.sent, tolerance_ms).await
    }
}

/// A header that is there and not empty.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

/// A timestamp: as it was sent, and in milliseconds.
fn time<'a>(headers: &'a HeaderMap, name: &str) -> Result<(&'a str, i64)> {
    let text = header(headers, name).ok_or(Refusal::Headers)?;
    Ok((text, text.parse().map_err(|_| Refusal::Headers)?))
}

fn check_time(scope: &Scope<'_>, sent: i64, tolerance_ms: u64) -> Result<()> {
    if scope.state.base.clock.now_ms().abs_diff(sent) > tolerance_ms { Err(Refusal::Timestamp.into()) } else { Ok(()) }
}

/// Compares hexadecimal digits in constant time, whatever their case.
fn fits(given: &str, expected: &str) -> bool {
    secret::equal(given.to_ascii_lowercase().as_bytes(), expected.to_ascii_lowercase().as_bytes())
}

/// Remembers what makes a request unique until its timestamp is refused anyway.
async fn use_once(scope: &Scope<'_>, unique: &[&str], sent: i64, tolerance_ms: u64) -> Result<Partner> {
    let mut digest = Sha256::new();
    for part in [scope.client.app_id.as_str()].iter().chain(unique) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    let expires = sent.saturating_add(i64::try_from(tolerance_ms).unwrap_or(i64::MAX)).saturating_add(1);
    let now = scope.state.base.clock.now_ms();
    match scope.state.base.store.use_nonce(&to_hex(&digest.finalize()), expires, now).await? {
        true => Ok(Partner(())),
        false => Err(Refusal::Replay.into()),
    }
}
