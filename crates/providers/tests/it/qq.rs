//! QQ: what is sent, and what its documentation says comes back (q.qq.com/wiki, "auth.code2Session";
//! wiki.connect.qq.com, "获取用户OpenID_OAuth2.0", "unionID介绍" and "get_user_info").

use std::sync::Arc;

use lingpai_domain::secret::Secret;
use lingpai_providers::{
    http::{Http, HttpOptions, UpstreamError},
    qq::Qq,
};

use crate::{clock::StandingClock, http_server::HttpServer};

async fn answering(body: &str) -> (HttpServer, Qq) {
    let server = HttpServer::answering("200 OK", "text/html; charset=utf-8", body).await;
    let base = server.url.split("/send").next().unwrap();
    let http = Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap();
    let qq = Qq::new(&http, base, base).unwrap();
    (server, qq)
}

fn line(server: &HttpServer) -> String {
    server.requests()[0].head.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn code2session() {
    let body = r#"{"openid":"OPENID","session_key":"SESSIONKEY","unionid":"UNIONID","errcode":0,"errmsg":""}"#;
    let (server, qq) = answering(body).await;
    let session = qq.session("1108000000", &Secret::new("SECRET"), Some("JSCODE")).await.unwrap();
    assert_eq!(
        (session.openid.as_str(), session.unionid.as_deref(), session.session_key.expose()),
        ("OPENID", Some("UNIONID"), "SESSIONKEY")
    );
    let line = line(&server);
    for pair in ["appid=1108000000", "secret=SECRET", "js_code=JSCODE", "grant_type=authorization_code"] {
        assert!(line.starts_with("GET /sns/jscode2session?") && line.contains(pair), "{line}");
    }
    let (_server, qq) = answering(r#"{"errcode":-101222008,"errmsg":"login code invalid"}"#).await;
    let refused = qq.session("1108000000", &Secret::new("SECRET"), Some("JSCODE")).await.err();
    assert_eq!(refused, Some(UpstreamError::Refused { code: "-101222008".into(), words: "login code invalid".into() }));
}

#[tokio::test]
async fn me() {
    let (server, qq) = answering(r#"{"client_id":"101000000","openid":"YOUR_OPENID","unionid":"YOUR_UNIONID"}"#).await;
    let account = qq.account("101000000", "TOKEN").await.unwrap();
    assert_eq!((account.openid.as_str(), account.unionid.as_deref()), ("YOUR_OPENID", Some("YOUR_UNIONID")));
    assert_eq!(line(&server), "GET /oauth2.0/me?unionid=1&fmt=json&access_token=TOKEN HTTP/1.1");
    // A token that another app got is no proof of who is there.
    let (_server, qq) = answering(r#"{"client_id":"101999999","openid":"YOUR_OPENID"}"#).await;
    assert!(qq.account("101000000", "TOKEN").await.unwrap_err().is_refusal(&["client_id"]));
    let (_server, qq) = answering(r#"{"error":100016,"error_description":"access token check failed"}"#).await;
    assert!(qq.account("101000000", "TOKEN").await.unwrap_err().is_refusal(&["100016"]));
}

#[tokio::test]
async fn get_user_info() {
    let body = r#"{"ret":0,"msg":"","nickname":"Peter","figureurl":"http://qzapp.qlogo.cn/qzapp/111111/942FEA70050EEAFBD4DCE2C1FC775E56/30",
        "figureurl_qq_1":"http://q.qlogo.cn/qqapp/100312990/DE1931D5330620DBD07FB4A5422917B6/40","gender":"男"}"#;
    let (server, qq) = answering(body).await;
    assert_eq!(qq.nickname("101000000", "OPENID", "TOKEN").await.unwrap().as_deref(), Some("Peter"));
    assert_eq!(line(&server), "GET /user/get_user_info?openid=OPENID&oauth_consumer_key=101000000&access_token=TOKEN HTTP/1.1");
    let (_server, qq) = answering(r#"{"ret":1002,"msg":"请先登录"}"#).await;
    let refused = qq.nickname("101000000", "OPENID", "TOKEN").await.unwrap_err();
    assert_eq!(refused, UpstreamError::Refused { code: "1002".into(), words: "请先登录".into() });
}
