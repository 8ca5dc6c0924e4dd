//! Alibaba Cloud's face verification (Cloudauth of 2019-03-07, "financial grade"), whose client SDK is the
//! one in uni-app.

use std::sync::Arc;

use async_trait::async_trait;
use lingpai_domain::{
    clock::Clock,
    random::Random,
    real_name::{FaceCheck, FaceError, FaceState, FaceVerifier, Person},
    secret::Secret,
};
use serde_json::Value;

use super::failed;
use crate::{
    aliyun::AliyunApi,
    http::{Http, HttpOptionsError, UpstreamError},
};

/// Where it is unless the settings say otherwise.
pub const BASE_URL: &str = "https://cloudauth.aliyuncs.com";

/// Asks Alibaba Cloud.
pub struct AliyunFace {
    api: AliyunApi,
    scene_id: String,
    key_id: String,
    key: Secret,
    random: Arc<dyn Random>,
}

impl AliyunFace {
    /// Prepares it. `scene_id`: the scene that the console shows.
    ///
    /// # Errors
    /// If the address is no web address.
    pub fn new(
        http: &Http,
        base_url: &str,
        scene_id: String,
        key_id: String,
        key: Secret,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, HttpOptionsError> {
        let api = AliyunApi::new(http, "frv", base_url, "2019-03-07", clock, random.clone())?;
        Ok(Self { api, scene_id, key_id, key, random })
    }

    /// `ResultObject` of an answer; errors of the API have another `Code` than 200.
    async fn ask(&self, action: &str, params: &[(&str, &str)]) -> Result<Value, UpstreamError> {
        let mut answer = self.api.call(action, params, &self.key_id, &self.key).await?.json()?;
        match answer.get("Code").and_then(Value::as_str) {
            Some("200") => {}
            // The words may repeat name and number.
            Some(code) => return Err(UpstreamError::Refused { code: code.to_owned(), words: String::new() }),
            None => return Err(UpstreamError::Incomplete("Code")),
        }
        let result = answer.get_mut("ResultObject").map(Value::take);
        result.filter(Value::is_object).ok_or(UpstreamError::Incomplete("ResultObject"))
    }
}

#[async_trait]
impl FaceVerifier for AliyunFace {
    async fn begin(&self, person: &Person<'_>) -> Result<String, FaceError> {
        let order = (&*self.random as &dyn Random).hex(16);
        let params = [
            ("SceneId", self.scene_id.as_str()),
            ("OuterOrderNo", order.as_str()),
            ("ProductCode", "ID_PRO"),
            ("CertType", "IDENTITY_CARD"),
            ("CertName", person.name.text()),
            ("CertNo", person.card.number()),
            ("MetaInfo", person.meta_info),
        ];
        let result = self.ask("InitFaceVerify", &params).await.map_err(failed)?;
        let certify_id = result.get("CertifyId").and_then(Value::as_str).filter(|id| !id.is_empty());
        certify_id.map(str::to_owned).ok_or_else(|| failed(UpstreamError::Incomplete("CertifyId")))
    }

    /// The photograph stays in the OSS bucket that the console's scene names.
    async fn check(&self, certify_id: &str, _wants_photo: bool) -> Result<FaceCheck, FaceError> {
        let params = [("SceneId", self.scene_id.as_str()), ("CertifyId", certify_id)];
        match self.ask("DescribeFaceVerify", &params).await {
            Ok(result) => Ok(FaceCheck { state: state(&result), photo: None }),
            Err(error) if error.is_refusal(UNFINISHED) => Ok(FaceCheck { state: FaceState::Processing, photo: None }),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Codes of `DescribeFaceVerify` while nobody has tried, somebody does, or gave up on the way ("Error codes",
/// Alibaba Cloud's documentation of its financial-grade ID verification): 403, not finished; 424, no record yet.
const UNFINISHED: &[&str] = &["403", "424"];

/// `Passed` decides; a `SubCode` says why not, and without one nothing has been decided.
fn state(result: &Value) -> FaceState {
    let text = |name: &str| result.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("Passed"), text("SubCode")) {
        ("T", _) => FaceState::Passed,
        ("F" | "", "") => FaceState::Processing,
        ("F", _) => FaceState::Failed,
        _ => FaceState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passed_decides() {
        for (result, expected) in [
            (json!({"Passed": "T", "SubCode": "200"}), FaceState::Passed),
            (json!({"Passed": "F", "SubCode": "205"}), FaceState::Failed),
            (json!({"Passed": "F", "SubCode": null}), FaceState::Processing),
            (json!({}), FaceState::Processing),
            (json!({"Passed": "t"}), FaceState::Unknown),
        ] {
            assert_eq!(state(&result), expected, "{result}");
        }
    }
}
