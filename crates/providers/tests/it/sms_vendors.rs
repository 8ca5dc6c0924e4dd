//! The clouds' services for short messages. Requests and answers have the form of the clouds' documentation
//! ("SendSms" of Alibaba Cloud's Dysmsapi 2017-05-25 and of Tencent Cloud's SMS API 2021-01-11, Twilio's "Messages
//! resource"). What arrives is checked as the clouds check it: the signatures are computed again from what came over
//! the wire; the worked examples of the signatures themselves are in `src/signing`.

use std::sync::Arc;

use lingpai_domain::{
    messaging::{SendError, Sms, SmsGateway},
    secret::Secret,
};
use lingpai_providers::{
    http::{Http, HttpOptions},
    sms::{
        aliyun::AliyunSms,
        form::FormSms,
        tencent::{TencentApplication, TencentSms},
        vendor::Account,
    },
};
use serde_json::{Value, json};

use crate::{
    clock::{Sevens, StandingClock},
    cloud_signatures::{check_acs3, check_tc3, query, value},
    http_server::HttpServer,
};

fn sms() -> Sms {
    Sms {
        mobile: "13800000000".into(),
        key: "app-key".into(),
        secret: Secret::new("app-s3cret"),
        template_id: "SMS_1".into(),
        data: [("name", "令牌"), ("code", "482913"), ("expMinute", "3")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    }
}

fn http() -> Http {
    Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap()
}

/// The server's address without its path.
fn base(server: &HttpServer) -> &str {
    server.url.split_once("/send").unwrap().0
}

fn account() -> Account {
    Account::Fixed { id: "key-id".into(), secret: Secret::new("key-secret") }
}

fn aliyun(server: &HttpServer, account: Account) -> AliyunSms {
    let params = vec!["code".to_owned(), "expMinute".to_owned()];
    AliyunSms::new(&http(), base(server), account, "令牌 Lingpai".into(), params, Arc::new(StandingClock), Arc::new(Sevens)).unwrap()
}

fn tencent(server: &HttpServer) -> TencentSms {
    let application = TencentApplication { sdk_app_id: "1400000001".into(), sign_name: "令牌".into(), region: "ap-guangzhou".into() };
    let params = vec!["code".to_owned(), "expMinute".to_owned()];
    TencentSms::new(&http(), base(server), account(), application, params, Arc::new(StandingClock)).unwrap()
}

#[tokio::test]
async fn alibaba_clouds_signature_covers_what_arrives() {
    let server = HttpServer::answering(
        "200 OK",
        "application/json",
        r#"{"Code":"OK","Message":"OK","BizId":"900619746936498440^0","RequestId":"F655A8D5-B967-440B-8683-DAD6FF8DE990"}"#,
    )
    .await;
    aliyun(&server, account()).send(&sms()).await.unwrap();

    let requests = server.requests();
    let request = &requests[0];
    assert!(request.head.starts_with("POST /?") && request.body.is_empty(), "{}", request.head);
    check_acs3(request, "SendSms", "2017-05-25");

    let pairs = query(request);
    assert_eq!(value(&pairs, "PhoneNumbers"), "13800000000");
    assert_eq!(value(&pairs, "SignName"), "令牌 Lingpai");
    assert_eq!(value(&pairs, "TemplateCode"), "SMS_1");
    let values: Value = serde_json::from_str(value(&pairs, "TemplateParam")).unwrap();
    assert_eq!(values, json!({"code": "482913", "expMinute": "3"}));
}

#[tokio::test]
async fn applications_may_have_an_account_of_their_own() {
    let server = HttpServer::answering("200 OK", "application/json", r#"{"Code":"OK"}"#).await;
    aliyun(&server, Account::OfApplication).send(&sms()).await.unwrap();
    assert!(server.requests()[0].header("authorization").unwrap().contains("Credential=app-key,"));
    let without = Sms { key: String::new(), ..sms() };
    assert!(matches!(aliyun(&server, Account::OfApplication).send(&without).await, Err(SendError::NotConfigured)));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn tencent_clouds_signature_covers_what_arrives() {
    let body = r#"{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"+8613800000000","Fee":1,
        "SessionContext":"","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6-cf91-4f3e-a81f-9198114a2279"}}"#;
    let server = HttpServer::answering("200 OK", "application/json", body).await;
    tencent(&server).send(&sms()).await.unwrap();

    let requests = server.requests();
    let request = &requests[0];
    check_tc3(request, "sms", "SendSms", "2021-01-11");
    assert_eq!(request.header("x-tc-region"), Some("ap-guangzhou"));
    assert_eq!(
        serde_json::from_str::<Value>(&request.body).unwrap(),
        json!({
            "PhoneNumberSet": ["+8613800000000"], "SmsSdkAppId": "1400000001", "SignName": "令牌", "TemplateId": "SMS_1",
            "TemplateParamSet": ["482913", "3"],
        })
    );
}

#[tokio::test]
async fn a_form_is_filled_in() {
    let taken = r#"{"sid":"SM1","status":"queued","to":"+8613800000000","error_code":null,"error_message":null}"#;
    let server = HttpServer::answering("201 Created", "application/json", taken).await;
    let password = Secret::new("t0ken");
    let fields = [("To", "+86{mobile}"), ("From", "+15550001111"), ("Body", "{name}: {code}")];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    FormSms::new(&http(), &server.url, Some(("AC1", &password)), fields).unwrap().send(&sms()).await.unwrap();
    let requests = server.requests();
    let request = &requests[0];
    assert!(request.head.starts_with("POST /send?from=lingpai "));
    // printf AC1:t0ken | base64
    assert_eq!(request.header("authorization"), Some("Basic QUMxOnQwa2Vu"));
    assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.body, "To=%2B8613800000000&From=%2B15550001111&Body=%E4%BB%A4%E7%89%8C%3A+482913");
}

#[tokio::test]
async fn refusals_are_told_without_number_and_code() {
    let cases = [
        ("200 OK", r#"{"Code":"isv.BUSINESS_LIMIT_CONTROL","Message":"13800000000 got 482913 too often"}"#, "BUSINESS_LIMIT"),
        ("400 Bad Request", r#"{"Code":"SignatureDoesNotMatch","Message":"no"}"#, "SignatureDoesNotMatch"),
        ("400 Bad Request", r#"{"Code":"OK"}"#, "OK"),
    ];
    for (status, body, named) in cases {
        let server = HttpServer::answering(status, "application/json", body).await;
        let Err(SendError::Refused(words)) = aliyun(&server, account()).send(&sms()).await else { panic!("{body}") };
        assert!(words.contains(named) && !words.contains("13800000000") && !words.contains("482913"), "{words}");
    }
    let cases = [
        r#"{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"482913"},"RequestId":"r"}}"#,
        r#"{"Response":{"SendStatusSet":[{"Code":"FailedOperation.TemplateUnapprovedOrNotExist","Message":"+8613800000000"}]}}"#,
    ];
    for body in cases {
        let server = HttpServer::answering("200 OK", "application/json", body).await;
        let Err(SendError::Refused(words)) = tencent(&server).send(&sms()).await else { panic!("{body}") };
        assert!(!words.contains("13800000000") && !words.contains("482913"), "{words}");
    }
    let server = HttpServer::answering("401 Unauthorized", "application/json", r#"{"message":"13800000000"}"#).await;
    let refused = FormSms::new(&http(), &server.url, None, vec![("To".into(), "{mobile}".into())]).unwrap().send(&sms()).await;
    assert!(matches!(refused, Err(SendError::Refused(words)) if words.starts_with("HTTP 401") && !words.contains("13800000000")));
    // A page with HTTP 200 comes from a proxy or a sign-in wall, not from the service.
    let server = HttpServer::answering("200 OK", "text/html", "<!DOCTYPE html><html><body>Sign in</body></html>").await;
    let refused = FormSms::new(&http(), &server.url, None, vec![("To".into(), "{mobile}".into())]).unwrap().send(&sms()).await;
    assert!(matches!(refused, Err(SendError::Refused(words)) if words.starts_with("HTTP 200")));
}

#[tokio::test]
async fn answers_that_are_none_are_no_success() {
    for body in ["", "<html>", "{}", "[]", r#"{"Response":{}}"#, r#"{"Response":{"SendStatusSet":[]}}"#, r#"{"Code":1}"#] {
        let server = HttpServer::answering("200 OK", "application/json", body).await;
        assert!(matches!(aliyun(&server, account()).send(&sms()).await, Err(SendError::Unreachable(_))), "{body}");
        assert!(matches!(tencent(&server).send(&sms()).await, Err(SendError::Unreachable(_))), "{body}");
    }
}
