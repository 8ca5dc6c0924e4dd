//! Signing in with WeChat from a web page: to WeChat's own page and back with a code, which the page then
//! hands to loginByWeixin.
//!
//! `GET /auth/weixin/start?appId=…&redirect=…` puts a random value into a cookie and sends the browser to
//! WeChat with its digest as `state`; `GET /auth/weixin/callback` takes a code only from the browser that
//! started, once, within ten minutes, and only to a page that is listed word for word.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State as Extract,
    http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use lingpai_domain::{random::to_hex, secret};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use super::peer;
use crate::{config::settings::WebSignIn, pipeline::limits, state::State, weixin::WeixinPlatform};

/// How long a browser may stay at WeChat, milliseconds.
const PATIENCE_MS: i64 = 600_000;
/// The longest code that is carried, bytes.
const LONGEST_CODE: usize = 256;

/// What the cookie holds. Nobody but this browser has it; what it says is checked again.
#[derive(Serialize, Deserialize)]
struct Journey {
    /// Random, so that nobody can guess the state.
    nonce: String,
    /// The page to come back to.
    redirect: String,
    /// When it is over, milliseconds.
    until: i64,
}

/// Sends the browser to WeChat.
pub async fn start(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let Some(settings) = &state.settings.web_sign_in else { return refuse(StatusCode::NOT_FOUND, NOT_SET_UP) };
    if !is_within_limits(&state, &request) {
        return refuse(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN);
    }
    let (Some(app_id), Some(redirect)) = (query(&request, "appId"), query(&request, "redirect")) else {
        return refuse(StatusCode::BAD_REQUEST, INCOMPLETE);
    };
    if !settings.redirects.contains(&redirect) {
        return refuse(StatusCode::BAD_REQUEST, NOT_LISTED);
    }
    let is_inside = peer::user_agent(request.headers()).contains("MicroMessenger");
    let platform = if is_inside { WeixinPlatform::OfficialAccount } else { WeixinPlatform::Website };
    let config = state.center.app(&app_id, platform.uni_platform());
    let Some(application) = config.ok().and_then(|config| platform.application(&config).ok()) else {
        return refuse(StatusCode::BAD_REQUEST, NOT_CONFIGURED);
    };
    let journey = Journey { nonce: state.base.random.hex(16), redirect, until: state.base.clock.now_ms().saturating_add(PATIENCE_MS) };
    let Ok(cookie) = serde_json::to_vec(&journey).map(|journey| BASE64_URL_SAFE_NO_PAD.encode(journey)) else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, INCOMPLETE);
    };
    let (path, scope) = if is_inside { ("/connect/oauth2/authorize", "snsapi_userinfo") } else { ("/connect/qrconnect", "snsapi_login") };
    let Ok(mut target) = Url::parse(&format!("{}{path}", state.settings.providers.weixin_open_url)) else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, INCOMPLETE);
    };
    // WeChat insists on this order, and on the fragment.
    target
        .query_pairs_mut()
        .append_pair("appid", &application.appid)
        .append_pair("redirect_uri", &format!("{}/auth/weixin/callback", settings.public_url))
        .append_pair("response_type", "code")
        .append_pair("scope", scope)
        .append_pair("state", &state_of(&cookie));
    target.set_fragment(Some("wechat_redirect"));
    send_to(target.as_str(), &set_cookie(settings, &cookie, PATIENCE_MS / 1000))
}

/// Takes the browser back to its page, with the code if there is one.
pub async fn callback(Extract(state): Extract<Arc<State>>, request: Request<Body>) -> Response<Body> {
    let Some(settings) = &state.settings.web_sign_in else { return refuse(StatusCode::NOT_FOUND, NOT_SET_UP) };
    if !is_within_limits(&state, &request) {
        return refuse(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN);
    }
    let now = state.base.clock.now_ms();
    let Some((token, journey)) =
        journey(settings, &request).filter(|(_, journey)| now < journey.until && journey.until <= now + PATIENCE_MS)
    else {
        return refuse(StatusCode::BAD_REQUEST, NOT_THIS_BROWSER);
    };
    if !settings.redirects.contains(&journey.redirect) {
        return refuse(StatusCode::BAD_REQUEST, NOT_LISTED);
    }
    match state.base.store.use_nonce(&format!("auth/weixin\u{1f}{token}"), journey.until, now).await {
        Ok(true) => {}
        Ok(false) => return refuse(StatusCode::BAD_REQUEST, NOT_THIS_BROWSER),
        Err(error) => {
            tracing::error!(%error, "a sign-in with WeChat could not be finished");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, TOO_OFTEN);
        }
    }
    let Ok(mut page) = Url::parse(&journey.redirect) else { return refuse(StatusCode::BAD_REQUEST, NOT_LISTED) };
    // Without a code the person refused: the page shows itself again.
    if let Some(code) = query(&request, "code").filter(|code| code.len() <= LONGEST_CODE) {
        page.query_pairs_mut().append_pair("code", &code);
    }
    send_to(page.as_str(), &set_cookie(settings, "", 0))
}

/// The cookie's journey, if the request's `state` is its digest.
fn journey(settings: &WebSignIn, request: &Request<Body>) -> Option<(String, Journey)> {
    let cookie = cookie(request.headers(), cookie_name(settings))?;
    let expected = state_of(cookie);
    let given = query(request, "state")?;
    if !secret::equal(expected.as_bytes(), given.as_bytes()) {
        return None;
    }
    let journey = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cookie).ok()?).ok()?;
    Some((expected, journey))
}

/// `state`: WeChat takes up to 128 letters and digits.
fn state_of(cookie: &str) -> String {
    to_hex(&Sha256::digest(cookie))
}

/// With HTTPS a name that only this very host can set.
fn cookie_name(settings: &WebSignIn) -> &'static str {
    if settings.public_url.starts_with("https://") { "__Host-lingpai-weixin" } else { "lingpai-weixin" }
}

fn set_cookie(settings: &WebSignIn, value: &str, seconds: i64) -> String {
    let name = cookie_name(settings);
    let secure = if name.starts_with("__Host-") { "; Secure" } else { "" };
    // Lax: the browser comes back from WeChat by a plain link.
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(key, _)| *key == name).map(|(_, value)| value);
    // Two of them: somebody slipped one in.
    values.next().filter(|_| values.next().is_none())
}

fn query(request: &Request<Body>, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    pairs.into_iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.into_owned())
}

fn is_within_limits(state: &State, request: &Request<Body>) -> bool {
    let ip = peer::client_ip(&state.settings, request.extensions().get(), request.headers());
    limits::check_address(state, crate::pipeline::Bucket::General, ip).is_ok()
}

fn send_to(target: &str, cookie: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let (Ok(target), Ok(cookie)) = (HeaderValue::from_str(target), HeaderValue::from_str(cookie)) else {
        return refuse(StatusCode::BAD_REQUEST, INCOMPLETE);
    };
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, target);
    headers.insert(header::SET_COOKIE, cookie);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The code is in the address of the page: nobody else is told where one came from.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

type Bilingual = (&'static str, &'static str);

const NOT_SET_UP: Bilingual = ("未启用网页微信登录:设置 web_sign_in.public_url", "web sign-in is not set up: set web_sign_in.public_url");
const INCOMPLETE: Bilingual = ("需要 appId 与 redirect 两个参数", "the parameters appId and redirect are needed");
const NOT_LISTED: Bilingual =
    ("redirect 不在 web_sign_in.redirects 中(须逐字相同)", "redirect is not in web_sign_in.redirects, word for word");
const NOT_CONFIGURED: Bilingual = (
    "该应用没有配置微信:web.oauth.weixin-web(浏览器)或 web.oauth.weixin-h5(微信内)",
    "this application has no WeChat configured: web.oauth.weixin-web (browsers) or web.oauth.weixin-h5 (inside of WeChat)",
);
const NOT_THIS_BROWSER: Bilingual =
    ("登录已过期,或不是从这个浏览器开始的,请重新登录", "the sign-in has expired or did not begin in this browser: please begin again");
const TOO_OFTEN: Bilingual = ("服务器繁忙,请稍后再试", "please try again in a moment");

fn refuse(status: StatusCode, words: Bilingual) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{}\n{}\n", words.0, words.1)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
