//! The scheme of `uni-cloud-s2s/config.json`: a connect code, or a signature of its own kind.

use serde_json::{Map, Value};

use lingpai_domain::{
    error::{Code, Error, Result},
    random::to_hex,
    secret,
};
use sha2::{Digest, Sha256};

use super::{Partner, Refusal, Signed, check_time, compute, fits, header, time, use_once, version_2};
use crate::{
    call::{Call, SignedRequest},
    pipeline::Scope,
};

/// `timeDiffTolerance` unless it is configured, seconds.
const USUAL_TOLERANCE_S: u64 = 60;
/// The greatest that is accepted, seconds (ours).
const GREATEST_TOLERANCE_S: u64 = 3600;

/// Demands what the configuration says.
pub(super) async fn check(scope: &Scope<'_>, call: &Call, request: &SignedRequest, config: &Value) -> Result<Partner> {
    match config.get("type").and_then(Value::as_str) {
        Some("connectCode") => connect_code(request, text(config, "connectCode")?),
        Some("sign") => signature(scope, call, request, config).await,
        _ => Err(wrong("uni-cloud-s2s.type")),
    }
}

fn wrong(field: &'static str) -> Error {
    Error::new(Code::ConfigFieldInvalid).with("field", field)
}

fn text<'a>(config: &'a Value, field: &'static str) -> Result<&'a str> {
    let text = config.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Error::new(Code::ConfigFieldRequired).with("field", format!("uni-cloud-s2s.{field}")))
}

/// `Unicloud-S2s-Authorization: CONNECTCODE <code>`
fn connect_code(request: &SignedRequest, expected: &str) -> Result<Partner> {
    let given = header(&request.headers, "unicloud-s2s-authorization").ok_or(Refusal::Headers)?;
    let (scheme, code) = given.split_once(' ').ok_or(Refusal::Headers)?;
    if scheme.eq_ignore_ascii_case("CONNECTCODE") && secret::equal(code.trim().as_bytes(), expected.as_bytes()) {
        Ok(Partner(()))
    } else {
        Err(Refusal::Mismatch.into())
    }
}

/// `Unicloud-S2s-Timestamp` and `Unicloud-S2s-Signature: <method> <hex>`, or version 2 with the same key.
async fn signature(scope: &Scope<'_>, call: &Call, request: &SignedRequest, config: &Value) -> Result<Partner> {
    let key = text(config, "signKey")?;
    let tolerance = config.get("timeDiffTolerance").and_then(Value::as_u64).unwrap_or(USUAL_TOLERANCE_S).min(GREATEST_TOLERANCE_S) * 1000;
    if header(&request.headers, "uni-id-signature-version") == Some("2") {
        let signed = Signed::read(&request.headers)?;
        signed.check_time(scope, tolerance)?;
        return signed.accept(scope, &version_2(key, &signed, call, request), tolerance).await;
    }
    let (timestamp, sent) = time(&request.headers, "unicloud-s2s-timestamp")?;
    check_time(scope, sent, tolerance)?;
    let given = header(&request.headers, "unicloud-s2s-signature").ok_or(Refusal::Headers)?;
    let (method, digits) = given.split_once(' ').ok_or(Refusal::Headers)?;
    let body: Map<String, Value> = serde_json::from_slice(&request.body).unwrap_or_default();
    let expected = compute::server_to_server(method, key, timestamp, &compute::sorted_scalars(&body)).ok_or(Refusal::Headers)?;
    if !fits(digits.trim(), &expected) {
        return Err(Refusal::Mismatch.into());
    }
    // This scheme covers no more of our body than uniIdToken; the body's digest at least keeps a
    // request from being repeated as it is.
    use_once(scope, &[timestamp, &expected, &to_hex(&Sha256::digest(&request.body))], sent, tolerance).await
}
