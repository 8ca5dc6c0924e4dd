//! Alibaba Cloud's face verification and number verification. Requests and answers have the form of its
//! documentation ("InitFaceVerify" and "DescribeFaceVerify", Cloudauth 2019-03-07; "GetMobile", Dypnsapi
//! 2017-05-25); the signature is computed again from what came over the wire.

use std::sync::Arc;

use lingpai_domain::{
    real_name::{FaceError, FaceState, FaceVerifier, IdentityCard, Person, RealName},
    secret::Secret,
};
use lingpai_providers::{
    aliyun::AliyunApi,
    face::aliyun::AliyunFace,
    http::{Http, HttpOptions},
    univerify::{ALIYUN_VERSION, Univerify},
};

use crate::{
    clock::{Sevens, StandingClock},
    cloud_signatures::{check_acs3, query, value},
    http_server::HttpServer,
};

fn http() -> Http {
    Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap()
}

async fn answering(status: &str, body: &str) -> (HttpServer, String) {
    let server = HttpServer::answering(status, "application/json", body).await;
    let base = server.url.split_once("/send").unwrap().0.to_owned();
    (server, base)
}

fn face(base: &str) -> AliyunFace {
    let (id, key) = ("key-id".to_owned(), Secret::new("key-secret"));
    AliyunFace::new(&http(), base, "1000000006".into(), id, key, Arc::new(StandingClock), Arc::new(Sevens)).unwrap()
}

#[tokio::test]
async fn a_face_verification_begins() {
    let (server, base) = answering("200 OK", r#"{"Code":"200","Message":"success","ResultObject":{"CertifyId":"c-1"}}"#).await;
    let (name, card) = (RealName::parse("张三").unwrap(), IdentityCard::parse("11010519491231002X").unwrap());
    let person = Person { name: &name, card: &card, meta_info: r#"{"a":"b c"}"#, wants_photo: true };
    assert_eq!(face(&base).begin(&person).await.unwrap(), "c-1");
    let request = &server.requests()[0];
    check_acs3(request, "InitFaceVerify", "2019-03-07");
    let pairs = query(request);
    let sent = |name: &str| value(&pairs, name).to_owned();
    assert_eq!((sent("SceneId"), sent("ProductCode"), sent("CertType")), ("1000000006".into(), "ID_PRO".into(), "IDENTITY_CARD".into()));
    assert_eq!((sent("CertName"), sent("CertNo")), ("张三".into(), "11010519491231002X".into()));
    assert_eq!((sent("MetaInfo"), sent("OuterOrderNo")), (r#"{"a":"b c"}"#.into(), "77".repeat(16)));
}

#[tokio::test]
async fn a_face_verification_ends() {
    for (body, state) in [
        (r#"{"Code":"200","ResultObject":{"Passed":"T","SubCode":"200"}}"#, FaceState::Passed),
        (r#"{"Code":"200","ResultObject":{"Passed":"F","SubCode":"204"}}"#, FaceState::Failed),
        (r#"{"Code":"200","ResultObject":{"Passed":"F"}}"#, FaceState::Processing),
        // "Error codes" of the documentation: not finished; no record of the verification yet.
        (r#"{"Code":"403","Message":"认证未完成"}"#, FaceState::Processing),
        (r#"{"Code":"424","Message":"身份认证记录不存在"}"#, FaceState::Processing),
    ] {
        let (server, base) = answering("200 OK", body).await;
        let check = face(&base).check("c-1", true).await.unwrap();
        assert_eq!((check.state, check.photo), (state, None));
        check_acs3(&server.requests()[0], "DescribeFaceVerify", "2019-03-07");
    }
}

#[tokio::test]
async fn refusals_hold_nothing_of_the_person() {
    let (_server, base) = answering("200 OK", r#"{"Code":"401","Message":"张三 11010519491231002X"}"#).await;
    let Err(FaceError::Refused(words)) = face(&base).check("c-1", false).await else { panic!("not refused") };
    assert!(words.contains("401") && !words.contains("张三") && !words.contains("1101"), "{words}");
    for body in ["", "{}", r#"{"Code":"200"}"#, r#"{"Code":200}"#] {
        let (_server, base) = answering("200 OK", body).await;
        assert!(matches!(face(&base).check("c-1", false).await, Err(FaceError::Unreachable(_))), "{body}");
    }
}

#[tokio::test]
async fn a_token_of_the_network_is_a_number() {
    let (server, base) = answering("200 OK", r#"{"Code":"OK","GetMobileResultDTO":{"Mobile":"13900001234"}}"#).await;
    let api = AliyunApi::new(&http(), "univerify", &base, ALIYUN_VERSION, Arc::new(StandingClock), Arc::new(Sevens)).unwrap();
    let univerify = Univerify::Aliyun { api, key_id: "key-id".into(), key: Secret::new("key-secret") };
    assert_eq!(univerify.mobile(None, &Secret::default(), "token+/=", "unused").await.unwrap(), "13900001234");
    let request = &server.requests()[0];
    check_acs3(request, "GetMobile", "2017-05-25");
    assert_eq!(value(&query(request), "AccessToken"), "token+/=");
}
