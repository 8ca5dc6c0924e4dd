//! Tencent Cloud's face verification (Faceid of 2018-03-01), for apps with its SDK.
//!
//! Of its products this one fits the port: the SDK's own description of the device goes in (`Meta`), a token
//! for the SDK comes out (`FaceIdToken`), and the token asks for the result. `DetectAuth`, its other one,
//! answers an address to send the browser to, which clients of `getFrvCertifyId` have no use for.

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
    http::{Http, HttpOptionsError, UpstreamError},
    tencent::TencentApi,
};

/// Where it is unless the settings say otherwise.
pub const BASE_URL: &str = "https://faceid.tencentcloudapi.com";

/// Asks Tencent Cloud.
pub struct TencentFace {
    api: TencentApi,
    key_id: String,
    key: Secret,
}

impl TencentFace {
    /// Prepares it. `http` must take answers as large as a photograph.
    ///
    /// # Errors
    /// If the address is no web address.
    pub fn new(http: &Http, base_url: &str, key_id: String, key: Secret, clock: Arc<dyn Clock>) -> Result<Self, HttpOptionsError> {
        Ok(Self { api: TencentApi::new(http, "frv", base_url, ("faceid", "2018-03-01"), None, clock)?, key_id, key })
    }

    async fn ask(&self, action: &str, params: &Value) -> Result<Value, UpstreamError> {
        let response = self.api.call(action, params, &self.key_id, &self.key).await?;
        match response.get("Error") {
            // The words may repeat name and number.
            Some(error) => match error.get("Code").and_then(Value::as_str) {
                Some(code) => Err(UpstreamError::Refused { code: code.to_owned(), words: String::new() }),
                None => Err(UpstreamError::Incomplete("Code")),
            },
            None => Ok(response),
        }
    }
}

#[async_trait]
impl FaceVerifier for TencentFace {
    async fn begin(&self, person: &Person<'_>) -> Result<String, FaceError> {
        let params = json!({
            // The library of the authorities: name and number are compared as well.
            "CompareLib": "BUSINESS",
            "IdCard": person.card.number(),
            "Name": person.name.text(),
            "Meta": person.meta_info,
        });
        let response = self.ask("GetFaceIdToken", &params).await.map_err(failed)?;
        let token = response.get("FaceIdToken").and_then(Value::as_str).filter(|token| !token.is_empty());
        token.map(str::to_owned).ok_or_else(|| failed(UpstreamError::Incomplete("FaceIdToken")))
    }

    async fn check(&self, certify_id: &str, wants_photo: bool) -> Result<FaceCheck, FaceError> {
        let params = json!({"FaceIdToken": certify_id, "IsNeedVideo": false, "IsNeedBestFrame": wants_photo});
        let response = match self.ask("GetFaceIdResult", &params).await {
            // Nobody finished it in time, and nobody can any more.
            Err(error) if error.is_refusal(EXPIRED) => return Ok(FaceCheck { state: FaceState::Failed, photo: None }),
            outcome => outcome.map_err(failed)?,
        };
        let state = state(&response);
        let frame = response.get("BestFrameBase64").and_then(Value::as_str).filter(|_| wants_photo && state == FaceState::Passed);
        Ok(FaceCheck { state, photo: frame.and_then(photo::read) })
    }
}

/// The refusal of a token that is too old.
const EXPIRED: &[&str] = &["InvalidParameterValue.BizTokenExpired"];
/// The result while the verification is not finished ("GetFaceIdResultIntl", Tencent Cloud's documentation; the
/// one of `GetFaceIdResult` does not say what comes instead of a result).
const UNFINISHED: &str = "-999";

/// `Result` is `0` if everything fitted, another number if something did not (a token is good for one
/// attempt only); until somebody has finished it is -999 or nothing.
fn state(response: &Value) -> FaceState {
    match response.get("Result") {
        None | Some(Value::Null) => FaceState::Processing,
        Some(Value::String(result)) => match result.as_str() {
            "" | UNFINISHED => FaceState::Processing,
            "0" => FaceState::Passed,
            code if code.parse::<i64>().is_ok() => FaceState::Failed,
            _ => FaceState::Unknown,
        },
        Some(_) => FaceState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_decides() {
        for (result, expected) in [
            (json!("0"), FaceState::Passed),
            (json!("1004"), FaceState::Failed),
            (json!("-1"), FaceState::Failed),
            (json!("-999"), FaceState::Processing),
            (json!(""), FaceState::Processing),
            (json!(null), FaceState::Processing),
            (json!(0), FaceState::Unknown),
            (json!("ok"), FaceState::Unknown),
        ] {
            assert_eq!(state(&json!({"Result": result})), expected, "{result}");
        }
        assert_eq!(state(&json!({})), FaceState::Processing);
    }
}
