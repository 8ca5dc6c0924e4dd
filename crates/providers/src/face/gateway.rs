//! A gateway of the operator's own: whatever face verification service there is stands behind it.
//! Its two calls have the names and fields of uniCloud's `getFacialRecognitionVerifyManager`, so that a
//! cloud function with a URL can be one.

use std::sync::Arc;

use async_trait::async_trait;
use lingpai_domain::{
    clock::Clock,
    real_name::{FaceCheck, FaceError, FaceState, FaceVerifier, Person},
    secret::Secret,
};
use serde_json::{Value, json};

use super::{failed, photo};
use crate::{
    http::{Body, Http, HttpOptionsError, Request, Upstream, UpstreamError},
    sms::{SIGNATURE_HEADER, TIMESTAMP_HEADER, signature},
};

/// Asks `providers.frv.base_url`.
///
/// `POST /getCertifyId {realName, idCard, metaInfo, needPicture}` is answered with `{certifyId}`;
/// `POST /getAuthResult {certifyId, needAlivePhoto}` with `{authState, base64Photo}`, where `authState`
/// is `PROCESSING`, `SUCCESS` or `FAIL`. Refusals have an `errCode`. Requests are signed as short
/// messages to a webhook are ([`crate::sms::signature`]), with `providers.frv.secret`.
pub struct FaceGateway {
    upstream: Upstream,
    secret: Secret,
    clock: Arc<dyn Clock>,
}

impl FaceGateway {
    /// Prepares it. `http` must take answers as large as a photograph.
    ///
    /// # Errors
    /// If the address is no web address.
    pub fn new(http: &Http, base_url: &str, secret: Secret, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        Ok(Self { upstream: http.upstream("frv", base_url)?, secret, clock })
    }

    async fn ask(&self, path: &str, question: &Value) -> Result<Value, UpstreamError> {
        let body = question.to_string();
        let timestamp = self.clock.now_s().to_string();
        let signature = signature(&self.secret, &timestamp, body.as_bytes());
        let headers = [(TIMESTAMP_HEADER, timestamp.as_str()), (SIGNATURE_HEADER, signature.as_str())];
        let request = Request { path, query: &[], headers: &headers, body: Body::Text("application/json", &body) };
        let answer = self.upstream.json(request).await?;
        match answer.get("errCode").filter(|code| !code.is_null() && **code != 0 && **code != "0" && **code != "") {
            // The words may repeat name and number.
            Some(code) => Err(UpstreamError::Refused { code: code.to_string(), words: String::new() }),
            None => Ok(answer),
        }
    }
}

#[async_trait]
impl FaceVerifier for FaceGateway {
    async fn begin(&self, person: &Person<'_>) -> Result<String, FaceError> {
        let question = json!({
            "realName": person.name.text(),
            "idCard": person.card.number(),
            "metaInfo": person.meta_info,
            "needPicture": person.wants_photo,
        });
        let answer = self.ask("/getCertifyId", &question).await.map_err(failed)?;
        let certify_id = answer.get("certifyId").and_then(Value::as_str).filter(|id| !id.is_empty());
        certify_id.map(str::to_owned).ok_or_else(|| failed(UpstreamError::Incomplete("certifyId")))
    }

    async fn check(&self, certify_id: &str, wants_photo: bool) -> Result<FaceCheck, FaceError> {
        let question = json!({"certifyId": certify_id, "needAlivePhoto": if wants_photo { "Y_O" } else { "N" }});
        let answer = self.ask("/getAuthResult", &question).await.map_err(failed)?;
        let state = match answer.get("authState").and_then(Value::as_str) {
            Some("PROCESSING") => FaceState::Processing,
            Some("SUCCESS") => FaceState::Passed,
            Some("FAIL") => FaceState::Failed,
            _ => FaceState::Unknown,
        };
        let photo = answer.get("base64Photo").and_then(Value::as_str).filter(|_| wants_photo && state == FaceState::Passed);
        Ok(FaceCheck { state, photo: photo.and_then(photo::read) })
    }
}
