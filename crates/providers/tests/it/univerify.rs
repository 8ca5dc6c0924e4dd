//! DCloud's one-click sign-in by a cloud function with a URL (doc.dcloud.net.cn, "uniCloud/univerify", "云函数
//! URL化"): the query, its signature, and the answer.

use std::sync::Arc;

use lingpai_domain::secret::Secret;
use lingpai_providers::{
    http::{Http, HttpOptions, UpstreamError},
    univerify::Univerify,
};

use crate::{
    clock::StandingClock,
    cloud_signatures::{hmac, query, value},
    http_server::HttpServer,
};

async fn answering(body: &str) -> (HttpServer, Univerify) {
    let server = HttpServer::answering("200 OK", "application/json", body).await;
    let http = Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap();
    let base = server.url.split('?').next().unwrap();
    let univerify = Univerify::function(&http, base).unwrap();
    (server, univerify)
}

#[tokio::test]
async fn the_query_is_signed_over_all_its_pairs() {
    let (server, univerify) = answering(r#"{"code":0,"message":"","phoneNumber":"13800000001"}"#).await;
    let key = Secret::new("your-secret-string");
    assert_eq!(univerify.mobile(Some("__UNI__1"), &key, "a+b=/&c", "openid").await.unwrap(), "13800000001");
    let pairs = query(&server.requests()[0]);
    let mut others: Vec<String> = pairs.iter().filter(|(name, _)| name != "sign").map(|(name, value)| format!("{name}={value}")).collect();
    others.sort();
    assert_eq!(others, ["access_token=a+b=/&c", "appid=__UNI__1", "openid=openid"]);
    assert_eq!(value(&pairs, "sign"), lingpai_domain::random::to_hex(&hmac(b"your-secret-string", &others.join("&"))));
}

#[tokio::test]
async fn refusals_are_told_by_their_code() {
    let (server, univerify) = answering(r#"{"code":"1001","message":"access_token invalid"}"#).await;
    let refused = univerify.mobile(None, &Secret::new("k"), "a", "o").await.unwrap_err();
    assert_eq!(refused, UpstreamError::Refused { code: "\"1001\"".into(), words: "access_token invalid".into() });
    assert_eq!(server.requests().len(), 1);
}
