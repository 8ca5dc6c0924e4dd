//! WeChat: what is sent, and what its documentation says comes back (developers.weixin.qq.com, the page of
//! each interface is named).

use std::sync::Arc;

use lingpai_domain::secret::Secret;
use lingpai_providers::{
    http::{Http, HttpOptions, UpstreamError},
    weixin::{Application, STALE_TOKEN, Weixin},
};

use crate::{clock::StandingClock, http_server::HttpServer};

async fn answering(body: &str) -> (HttpServer, Weixin) {
    let server = HttpServer::answering("200 OK", "text/plain", body).await;
    let base = server.url.split("/send").next().unwrap();
    let http = Http::new(HttpOptions::default(), Arc::new(StandingClock)).unwrap();
    let weixin = Weixin::new(http.upstream("weixin", base).unwrap());
    (server, weixin)
}

fn application() -> Application {
    Application { appid: "wx520c15f417810387".into(), secret: Secret::new("APPSECRET") }
}

fn line(server: &HttpServer) -> String {
    server.requests()[0].head.lines().next().unwrap_or_default().to_owned()
}

/// "小程序登录凭证校验 code2Session"
#[tokio::test]
async fn code2session() {
    let (server, weixin) = answering(r#"{"openid":"xxxxxx","session_key":"xxxxx","unionid":"xxxxx","errcode":0,"errmsg":"xxxxx"}"#).await;
    let session = weixin.mini_program_session(&application(), "JSCODE").await.unwrap();
    assert_eq!((session.openid.as_str(), session.unionid.as_deref(), session.session_key.expose()), ("xxxxxx", Some("xxxxx"), "xxxxx"));
    assert_eq!(
        line(&server),
        "GET /sns/jscode2session?grant_type=authorization_code&appid=wx520c15f417810387&secret=APPSECRET&js_code=JSCODE HTTP/1.1"
    );
}

/// "网页授权 第二步:通过 code 换取网页授权 access_token", with its documented refusal.
#[tokio::test]
async fn oauth2_access_token() {
    let body = r#"{"access_token":"ACCESS_TOKEN","expires_in":7200,"refresh_token":"REFRESH_TOKEN","openid":"OPENID","scope":"SCOPE","is_snapshotuser":1,"unionid":"UNIONID"}"#;
    let (server, weixin) = answering(body).await;
    let token = weixin.user_token(&application(), "CODE").await.unwrap();
    assert_eq!((token.access_token.expose(), token.refresh_token.expose(), token.expires_in), ("ACCESS_TOKEN", "REFRESH_TOKEN", 7200));
    assert_eq!((token.openid.as_str(), token.unionid.as_deref()), ("OPENID", Some("UNIONID")));
    assert!(line(&server).starts_with("GET /sns/oauth2/access_token?grant_type=authorization_code&appid="));
    let (_, weixin) = answering(r#"{"errcode":40029,"errmsg":"invalid code"}"#).await;
    let refused = weixin.user_token(&application(), "CODE").await.unwrap_err();
    assert_eq!(refused, UpstreamError::Refused { code: "40029".into(), words: "invalid code".into() });
}

/// "网页授权 第四步:拉取用户信息"
#[tokio::test]
async fn userinfo() {
    let body = r#"{"openid":"OPENID","nickname":"NICKNAME","sex":1,"province":"PROVINCE","city":"CITY","country":"COUNTRY",
        "headimgurl":"https://thirdwx.qlogo.cn/mmopen/g3MonUZtNHkdmzicIlibx6iaFqAc56vxLSUfpb6n5WKSYVY0ChQKkiaJSgQ1dZuTOgvLLrhJbERQQ4eMsv84eavHiaiceqxibJxCfHe/46",
        "privilege":["PRIVILEGE1","PRIVILEGE2"],"unionid":"o6_bmasdasdsad6_2sgVt7hMZOPfL"}"#;
    let (_server, weixin) = answering(body).await;
    let profile = weixin.profile(&application(), &Secret::new("ACCESS_TOKEN"), "OPENID").await.unwrap();
    assert_eq!(profile.nickname.as_deref(), Some("NICKNAME"));
    assert!(profile.avatar.is_some_and(|avatar| avatar.starts_with("https://thirdwx.qlogo.cn/") && avatar.ends_with("/46")));
}

/// "获取稳定版接口调用凭据 getStableAccessToken", both modes.
#[tokio::test]
async fn stable_token() {
    let (server, weixin) = answering(r#"{"access_token":"ACCESS_TOKEN","expires_in":345}"#).await;
    let token = weixin.access_token(&application(), false).await.unwrap();
    assert_eq!((token.token.expose(), token.expires_in), ("ACCESS_TOKEN", 345));
    weixin.access_token(&application(), true).await.unwrap();
    let bodies: Vec<serde_json::Value> = server.requests().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
    let plain = serde_json::json!({"grant_type": "client_credential", "appid": "wx520c15f417810387", "secret": "APPSECRET"});
    assert_eq!(bodies[0], plain);
    assert_eq!((&bodies[1]["force_refresh"], line(&server).as_str()), (&true.into(), "POST /cgi-bin/stable_token HTTP/1.1"));
}

/// "手机号快速验证 getPhoneNumber", and a token that is stale.
#[tokio::test]
async fn phone_number() {
    let body = r#"{"errcode":0,"errmsg":"ok","phone_info":{"phoneNumber":"+8613800000000","purePhoneNumber":"13800000000","countryCode":86,
        "watermark":{"timestamp":1637744274,"appid":"xxxx"}}}"#;
    let (server, weixin) = answering(body).await;
    assert_eq!(
        weixin.phone_number(&Secret::new("AT"), "e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144").await.unwrap(),
        "13800000000"
    );
    assert_eq!(line(&server), "POST /wxa/business/getuserphonenumber?access_token=AT HTTP/1.1");
    assert_eq!(server.requests()[0].body, r#"{"code":"e31968a7f94cc5ee25fafc2aef2773f0bb8c3937b22520eb8ee345274d00c144"}"#);
    let (_, weixin) = answering(r#"{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest"}"#).await;
    assert!(weixin.phone_number(&Secret::new("AT"), "c").await.unwrap_err().is_refusal(STALE_TOKEN));
}

/// "获取用户 encryptKey getUserEncryptKey"
#[tokio::test]
async fn user_encrypt_key() {
    let body = r#"{"errcode":0,"errmsg":"ok","key_info_list":[
        {"encrypt_key":"VI6BpyrK9XH4i4AIGe86tg==","version":10,"expire_in":3597,"iv":"6003f73ec441c386","create_time":1616572301},
        {"encrypt_key":"aoUGAHltcliiL9f23oTKHA==","version":9,"expire_in":0,"iv":"7996656384218dbb","create_time":1616504886}]}"#;
    let (server, weixin) = answering(body).await;
    let keys = weixin.encrypt_keys(&Secret::new("AT"), "OPENID", &Secret::new("o0q0otL8aEzpcZL/FT9WsQ==")).await.unwrap();
    let told: Vec<_> = keys.iter().map(|key| (key.version, key.key.expose(), key.iv.as_str(), key.expires_in)).collect();
    assert_eq!(told, [(10, "VI6BpyrK9XH4i4AIGe86tg==", "6003f73ec441c386", 3597), (9, "aoUGAHltcliiL9f23oTKHA==", "7996656384218dbb", 0)]);
    assert_eq!(
        line(&server),
        "POST /wxa/business/getuserencryptkey?access_token=AT&openid=OPENID&signature=46e043c5525c2d817c44be603d30837a808a1d930d038f6fdc3e62a201fed128&sig_method=hmac_sha256 HTTP/1.1"
    );
}

/// "获得 jsapi_ticket"
#[tokio::test]
async fn ticket() {
    let (server, weixin) = answering(r#"{"errcode":0,"errmsg":"ok","ticket":"bxLdikRXVbTPdHSM05e5u5sUoXNKd8-41ZO3MhKoyN5OfkWITDGgnr2fwJ0m9E8NYzWKVZvdVtaUgWvsdshFKA","expires_in":7200}"#).await;
    let ticket = weixin.ticket(&Secret::new("AT")).await.unwrap();
    assert!(ticket.token.expose().starts_with("bxLdikRXVbTPdHSM05e5u5s"));
    assert_eq!(line(&server), "GET /cgi-bin/ticket/getticket?access_token=AT&type=jsapi HTTP/1.1");
}

#[tokio::test]
async fn what_is_no_answer_of_wechat_is_an_error() {
    for body in ["", "<html>", "[]", "null", "{}", r#"{"openid":"","session_key":"k"}"#, r#"{"openid":1,"session_key":"k"}"#] {
        let (_server, weixin) = answering(body).await;
        assert!(weixin.mini_program_session(&application(), "c").await.is_err(), "{body}");
    }
}
