//! Alipay: what is sent and how it is signed, what its documentation says comes back (opendocs.alipay.com,
//! "alipay.system.oauth.token", "自行实现签名" and "自行实现验签"), and whose answers are believed.

use std::sync::Arc;

use lingpai_domain::secret::Secret;
use lingpai_providers::{
    alipay::{Alipay, AlipayApplication, NOT_ALIPAYS},
    http::{Http, HttpOptions, UpstreamError},
    rsa_key::{RsaKey, RsaPublicKey},
};

use crate::{clock::StandingClock, http_server::HttpServer};

/// One pair stands for the application's and for Alipay's.
const PRIVATE: &str = include_str!("../fixtures/rsa-pkcs8.pem");
const PUBLIC: &str = include_str!("../fixtures/rsa-public.pem");

const ANSWER: &str = r#"{"user_id":"2088102150477652","access_token":"20120823ac6ffaa4d2d84e7384bf983531473993","expires_in":"3600","refresh_token":"20120823ac6ffdsdf2d84e7384bf983531473993","re_expires_in":"3600"}"#;

async fn answering(body: &str) -> (HttpServer, Alipay) {
    let server = HttpServer::answering("200 OK", "text/html;charset=utf-8", body).await;
    let http = Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap();
    let alipay = Alipay::new(&http, &server.url, Arc::new(StandingClock)).unwrap();
    (server, alipay)
}

fn key() -> RsaKey {
    RsaKey::parse(&Secret::new(PRIVATE)).unwrap()
}

fn application(alipay: bool) -> AlipayApplication {
    AlipayApplication { appid: "2014072300007148".into(), key: key(), alipay: alipay.then(|| RsaPublicKey::parse(PUBLIC).unwrap()) }
}

fn signed(node: &str, over: &str) -> String {
    let sign = key().sign(over.as_bytes()).unwrap();
    format!(r#"{{"alipay_system_oauth_token_response":{node},"sign":"{sign}"}}"#)
}

#[tokio::test]
async fn requests_are_signed_over_what_is_sent() {
    let (server, alipay) =
        answering(&format!(r#"{{"alipay_system_oauth_token_response":{ANSWER},"sign":"ERITJKEIJKJHKKKKKKKHJEREEEEEEEEEEE"}}"#)).await;
    assert_eq!(alipay.account(&application(false), "4b203fe6c11548bcabd8da5bb087a83b").await.unwrap(), "2088102150477652");
    let request = &server.requests()[0];
    let form = reqwest::Url::parse(&format!("http://x/?{}", request.body)).unwrap();
    let mut pairs: Vec<(String, String)> = form.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    pairs.sort();
    let sign = pairs.iter().find(|(name, _)| name == "sign").map(|(_, value)| value.clone()).unwrap();
    let text: Vec<String> = pairs.iter().filter(|(name, _)| name != "sign").map(|(name, value)| format!("{name}={value}")).collect();
    assert!(RsaPublicKey::parse(PUBLIC).unwrap().signed(text.join("&").as_bytes(), &sign));
    assert_eq!(
        text.join("&"),
        "app_id=2014072300007148&charset=utf-8&code=4b203fe6c11548bcabd8da5bb087a83b&format=JSON&grant_type=authorization_code\
         &method=alipay.system.oauth.token&sign_type=RSA2&timestamp=2025-10-09 16:53:20&version=1.0"
    );
}

#[tokio::test]
async fn answers_must_be_alipays_once_its_key_is_known() {
    let escaped = ANSWER.replace("2088102150477652", r"2088\/1");
    for (body, id) in [
        (signed(ANSWER, ANSWER), "2088102150477652"),
        // Some of its systems sign before they escape slashes.
        (signed(&escaped, &escaped), "2088/1"),
        (signed(&escaped, &escaped.replace(r"\/", "/")), "2088/1"),
    ] {
        let (_server, alipay) = answering(&body).await;
        assert_eq!(alipay.account(&application(true), "c").await.unwrap(), id, "{body}");
    }
    let good = signed(ANSWER, ANSWER);
    for body in [
        good.replace("2088102150477652", "2088102150477653"),
        good.replace("\"expires_in\":\"3600\",", ""),
        good.replace(":{\"user_id\"", ": {\"user_id\"").replace("\"re_expires_in\":\"3600\"}", "\"re_expires_in\":\"3600\" }"),
        format!(r#"{{"alipay_system_oauth_token_response":{ANSWER},"sign":"ERITJKEIJKJHKKKKKKKHJEREEEEEEEEEEE"}}"#),
        format!(r#"{{"alipay_system_oauth_token_response":{ANSWER},"sign":""}}"#),
        format!(r#"{{"alipay_system_oauth_token_response":{ANSWER}}}"#),
        // The node that is read is the one that is signed.
        good.replace(r#","sign""#, r#","alipay_system_oauth_token_response":{"user_id":"2088evil"},"sign""#),
    ] {
        let (server, alipay) = answering(&body).await;
        let refused = alipay.account(&application(true), "c").await.unwrap_err();
        assert!(refused.is_refusal(&[NOT_ALIPAYS]), "{body}: {refused}");
        assert_eq!(server.requests().len(), 1, "the code is spent, and not sent again");
    }
}

#[tokio::test]
async fn refusals_need_no_signature() {
    let body = r#"{"error_response":{"code":"20000","msg":"Service Currently Unavailable","sub_code":"isp.unknow-error","sub_msg":"系统繁忙"},"sign":"ERITJKEIJKJHKKKKKKKHJEREEEEEEEEEEE"}"#;
    let (_server, alipay) = answering(body).await;
    let refused = alipay.account(&application(true), "c").await.unwrap_err();
    assert_eq!(refused, UpstreamError::Refused { code: "isp.unknow-error".into(), words: "系统繁忙".into() });
}
