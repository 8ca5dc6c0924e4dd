//! Tencent Cloud's face verification. Requests and answers have the form of its documentation ("GetFaceIdToken"
//! and "GetFaceIdResult", Faceid API 2018-03-01); the signature is computed again from what came over the wire.

use std::sync::Arc;

use lingpai_domain::{
    real_name::{FaceError, FaceState, FaceVerifier, IdentityCard, Person, RealName},
    secret::Secret,
};
use lingpai_providers::{
    face::tencent::TencentFace,
    http::{Http, HttpOptions},
};
use serde_json::{Value, json};

use crate::{clock::StandingClock, cloud_signatures::check_tc3, http_server::HttpServer};

async fn answering(body: &str) -> (HttpServer, TencentFace) {
    let server = HttpServer::answering("200 OK", "application/json", body).await;
    let http = Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap();
    let base = server.url.split_once("/send").unwrap().0;
    let face = TencentFace::new(&http, base, "key-id".into(), Secret::new("key-secret"), Arc::new(StandingClock)).unwrap();
    (server, face)
}

fn body(server: &HttpServer) -> Value {
    serde_json::from_str(&server.requests()[0].body).unwrap()
}

#[tokio::test]
async fn a_verification_begins() {
    let (server, face) = answering(
        r#"{"Response":{"FaceIdToken":"CE661F1A-0F1E-45BD-BE13-34C05CEA7681","RequestId":"f904f4cf-75db-4f8f-a5ec-dc4f942c7f7a"}}"#,
    )
    .await;
    let (name, card) = (RealName::parse("张三").unwrap(), IdentityCard::parse("11010519491231002X").unwrap());
    let person = Person { name: &name, card: &card, meta_info: "meta of the SDK", wants_photo: true };
    assert_eq!(face.begin(&person).await.unwrap(), "CE661F1A-0F1E-45BD-BE13-34C05CEA7681");
    check_tc3(&server.requests()[0], "faceid", "GetFaceIdToken", "2018-03-01");
    assert_eq!(server.requests()[0].header("x-tc-region"), None);
    let sent = json!({"CompareLib": "BUSINESS", "IdCard": "11010519491231002X", "Name": "张三", "Meta": "meta of the SDK"});
    assert_eq!(body(&server), sent);
}

#[tokio::test]
async fn a_verification_ends() {
    let passed = r#"{"Response":{"Result":"0","Description":"成功","IdCard":"11010519491231002X","Name":"张三","Similarity":97.7,
        "RequestId":"0f96cf39-a183-485c-ab29-8427ab81f9ae","Extra":"","VideoBase64":null,"BestFrameBase64":"/9j/4AEC","DeviceInfoTag":null}}"#;
    for (text, wants_photo, state, photo) in [
        (passed, true, FaceState::Passed, Some(vec![0xff, 0xd8, 0xff, 0xe0, 1, 2])),
        (passed, false, FaceState::Passed, None),
        (r#"{"Response":{"Result":"1004","Description":"人脸检测失败","BestFrameBase64":"/9j/4AEC"}}"#, true, FaceState::Failed, None),
        (r#"{"Response":{"Result":null,"RequestId":"r"}}"#, true, FaceState::Processing, None),
        (r#"{"Response":{"Result":"-999","Description":"The verification process wasn't finished."}}"#, true, FaceState::Processing, None),
        (
            r#"{"Response":{"Error":{"Code":"InvalidParameterValue.BizTokenExpired","Message":"BizToken expired."},"RequestId":"r"}}"#,
            true,
            FaceState::Failed,
            None,
        ),
    ] {
        let (server, face) = answering(text).await;
        let check = face.check("token-1", wants_photo).await.unwrap();
        assert_eq!((check.state, check.photo), (state, photo), "{text}");
        check_tc3(&server.requests()[0], "faceid", "GetFaceIdResult", "2018-03-01");
        assert_eq!(body(&server), json!({"FaceIdToken": "token-1", "IsNeedVideo": false, "IsNeedBestFrame": wants_photo}));
    }
}

#[tokio::test]
async fn refusals_hold_nothing_of_the_person() {
    let refusal = r#"{"Response":{"Error":{"Code":"FailedOperation.IdNameMisMatch","Message":"张三 11010519491231002X"},"RequestId":"r"}}"#;
    let (_server, face) = answering(refusal).await;
    let Err(FaceError::Refused(words)) = face.check("c-1", false).await else { panic!("not refused") };
    assert!(words.contains("IdNameMisMatch") && !words.contains("张三") && !words.contains("1101"), "{words}");
    for body in ["", "<html>", "{}", r#"{"Response":[]}"#, r#"{"Response":{"Error":{}}}"#] {
        let (_server, face) = answering(body).await;
        assert!(matches!(face.check("c-1", false).await, Err(FaceError::Unreachable(_))), "{body}");
    }
    let (_server, face) = answering(r#"{"Response":{}}"#).await;
    let (name, card) = (RealName::parse("张三").unwrap(), IdentityCard::parse("11010519491231002X").unwrap());
    let person = Person { name: &name, card: &card, meta_info: "{}", wants_photo: false };
    assert!(matches!(face.begin(&person).await, Err(FaceError::Unreachable(_))));
}
