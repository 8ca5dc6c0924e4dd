//! Face verification by Alibaba Cloud ("InitFaceVerify", "DescribeFaceVerify" and "Error codes" of its documentation of
//! Cloudauth 2019-03-07) and Tencent Cloud ("GetFaceIdToken" and "GetFaceIdResult" of Faceid 2018-03-01).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::strict::{Asked, Faces, PHOTO};

/// The scene that exists at Alibaba Cloud.
pub const SCENE_ID: &str = "1000000006";

/// What Alibaba Cloud answers: its own code, with HTTP 200.
fn coded(code: &str) -> (u16, Value) {
    (200, json!({"Code": code, "Message": code, "RequestId": "r"}))
}

pub(super) fn aliyun_begins(asked: &Asked<'_>, faces: &Faces) -> (u16, Value) {
    let order = asked.param("OuterOrderNo");
    let is_order = order.len() == 32 && order.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match () {
        () if ["CertName", "CertNo", "MetaInfo"].iter().any(|name| asked.param(name).is_empty()) => coded("400"),
        () if !is_order || asked.param("ProductCode") != "ID_PRO" || asked.param("CertType") != "IDENTITY_CARD" => coded("401"),
        () if asked.param("MetaInfo") == "refuse" => coded("415"),
        () if asked.param("SceneId") != SCENE_ID => coded("404"),
        () => (200, json!({"Code": "200", "Message": "success", "RequestId": "r", "ResultObject": {"CertifyId": faces.begin()}})),
    }
}

pub(super) fn aliyun_tells(asked: &Asked<'_>, faces: &Faces) -> (u16, Value) {
    if asked.param("SceneId") != SCENE_ID {
        return coded("404");
    }
    let (passed, sub_code) = match faces.state(asked.param("CertifyId")).as_deref() {
        None => return coded("406"),
        Some("PROCESSING") => return coded("424"),
        Some("SUCCESS") => ("T", "200"),
        Some(_) => ("F", "204"),
    };
    let result = json!({"Passed": passed, "SubCode": sub_code, "IdentityInfo": null, "MaterialInfo": "{\"faceAttack\":\"F\"}"});
    (200, json!({"Code": "200", "Message": "success", "RequestId": "r", "ResultObject": result}))
}

fn refusal(code: &str) -> Value {
    json!({"Error": {"Code": code, "Message": "refused"}, "RequestId": "r"})
}

pub(super) fn tencent_begins(asked: &Asked<'_>, faces: &Faces) -> Value {
    let complete = ["IdCard", "Name", "Meta"].iter().all(|name| !asked.param(name).is_empty());
    if !complete || asked.param("CompareLib") != "BUSINESS" || asked.param("Meta") == "refuse" {
        return refusal("InvalidParameter");
    }
    json!({"FaceIdToken": faces.begin(), "RequestId": "r"})
}

pub(super) fn tencent_tells(asked: &Asked<'_>, faces: &Faces) -> Value {
    let wants_frame = asked.params.get("IsNeedBestFrame") == Some(&Value::Bool(true));
    let (result, description) = match faces.state(asked.param("FaceIdToken")).as_deref() {
        None => return refusal("InvalidParameterValue.BizTokenIllegal"),
        Some("EXPIRED") => return refusal("InvalidParameterValue.BizTokenExpired"),
        Some("PROCESSING") => ("-999", "The verification process wasn't finished."),
        Some("SUCCESS") => ("0", "成功"),
        Some(_) => ("2015", "人脸比对失败"),
    };
    json!({
        "Result": result, "Description": description, "Similarity": 97.7, "VideoBase64": null, "RequestId": "r",
        "BestFrameBase64": if wants_frame && result == "0" { Value::from(STANDARD.encode(PHOTO)) } else { Value::Null },
    })
}
