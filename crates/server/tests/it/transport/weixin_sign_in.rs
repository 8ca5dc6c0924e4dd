//! `/auth/weixin`: to WeChat and back, in one browser.

use lingpai_testkit::Engine;
use reqwest::{Response, Url, redirect::Policy};

use crate::kit::{
    weixin::{self, APP, World},
    *,
};

each_engine!(a_browser_goes_to_wechat_and_comes_back_with_its_code, only_the_browser_that_began_comes_back, only_listed_pages_are_gone_to);

const PAGE: &str = "https://app.example.com/index.html#/pages/login";

async fn start(engine: Engine) -> anyhow::Result<World> {
    let redirects = format!("[{:?}, \"https://app.example.com/other\"]", PAGE);
    let builder = TestApp::builder().engine(engine).setting("web_sign_in.public_url", "https://id.example.com/");
    weixin::start_with(builder.setting("web_sign_in.redirects", redirects)).await
}

/// A browser that goes nowhere by itself.
async fn get(world: &World, path: &str, headers: &[(&str, &str)]) -> anyhow::Result<Response> {
    let browser = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let request = headers.iter().fold(browser.get(world.app.url(path)), |request, (name, value)| request.header(*name, *value));
    Ok(request.send().await?)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn start_path(redirect: &str) -> String {
    let query =
        Url::parse_with_params("http://x/", [("appId", APP), ("redirect", redirect)]).map(|url| url.query().unwrap_or_default().to_owned());
    format!("/auth/weixin/start?{}", query.unwrap_or_default())
}

/// Begins and answers the cookie and where WeChat is.
async fn begin(world: &World, user_agent: &str) -> anyhow::Result<(String, Url)> {
    let response = get(world, &start_path(PAGE), &[("user-agent", user_agent)]).await?;
    assert_eq!(response.status(), 303);
    let cookie = header(&response, "set-cookie").to_owned();
    for part in ["__Host-lingpai-weixin=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(header(&response, "cache-control"), "no-store");
    Ok((cookie.split(';').next().unwrap_or_default().to_owned(), Url::parse(header(&response, "location"))?))
}

fn pair(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn a_browser_goes_to_wechat_and_comes_back_with_its_code(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    for (user_agent, path, scope, appid) in [
        ("Mozilla/5.0", "/connect/qrconnect", "snsapi_login", "wx-web-appid"),
        ("Mozilla/5.0 MicroMessenger/8.0", "/connect/oauth2/authorize", "snsapi_userinfo", "wx-h5-appid"),
    ] {
        let (cookie, wechat) = begin(&world, user_agent).await?;
        assert_eq!((wechat.host_str(), wechat.path(), wechat.fragment()), (Some("open.weixin.qq.com"), path, Some("wechat_redirect")));
        assert_eq!((pair(&wechat, "appid").as_str(), pair(&wechat, "scope").as_str()), (appid, scope));
        assert_eq!(pair(&wechat, "redirect_uri"), "https://id.example.com/auth/weixin/callback");
        let state = pair(&wechat, "state");
        assert!(state.len() <= 128 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "{state}");
        let back = get(&world, &format!("/auth/weixin/callback?code=wx-A&state={state}"), &[("cookie", &cookie)]).await?;
        assert_eq!((back.status().as_u16(), header(&back, "location")), (303, "https://app.example.com/index.html?code=wx-A#/pages/login"));
        assert!(header(&back, "set-cookie").contains("Max-Age=0"));
        assert_eq!(header(&back, "referrer-policy"), "no-referrer");
        // Not twice.
        let again = get(&world, &format!("/auth/weixin/callback?code=wx-B&state={state}"), &[("cookie", &cookie)]).await?;
        assert_eq!((again.status().as_u16(), header(&again, "location")), (400, ""));
    }
    // Who refuses comes back without a code.
    let (cookie, wechat) = begin(&world, "Mozilla/5.0").await?;
    let back = get(&world, &format!("/auth/weixin/callback?state={}", pair(&wechat, "state")), &[("cookie", &cookie)]).await?;
    assert_eq!(header(&back, "location"), PAGE);
    world.stop().await
}

async fn only_the_browser_that_began_comes_back(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    let (cookie, wechat) = begin(&world, "Mozilla/5.0").await?;
    let (others, others_wechat) = begin(&world, "Mozilla/5.0").await?;
    let (state, others_state) = (pair(&wechat, "state"), pair(&others_wechat, "state"));
    let two = format!("{others}; {cookie}");
    let forged = format!("__Host-lingpai-weixin={}", "e30");
    for (what, cookie, state) in [
        ("another browser", others.as_str(), state.as_str()),
        ("another state", cookie.as_str(), others_state.as_str()),
        ("no cookie", "", state.as_str()),
        ("no state", cookie.as_str(), ""),
        ("two cookies", two.as_str(), state.as_str()),
        ("a forged cookie", forged.as_str(), "beab987bef9c00dfc301b490ddb45321517e7d6a6bb3d31d259898b7d46393d8"),
    ] {
        let response = get(&world, &format!("/auth/weixin/callback?code=wx-A&state={state}"), &[("cookie", cookie)]).await?;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (400, ""), "{what}");
    }
    world.app.clock.advance(600_000);
    let late = get(&world, &format!("/auth/weixin/callback?code=wx-A&state={state}"), &[("cookie", &cookie)]).await?;
    assert_eq!(late.status(), 400);
    world.stop().await
}

async fn only_listed_pages_are_gone_to(engine: Engine) -> Outcome {
    let world = start(engine).await?;
    for redirect in [
        "https://evil.example/",
        "https://app.example.com/",
        "https://app.example.com/other/",
        "https://app.example.com/other?x=1",
        "https://app.example.com/other@evil.example",
        "//app.example.com/other",
        "javascript:alert(1)",
        "",
    ] {
        let response = get(&world, &start_path(redirect), &[]).await?;
        assert_eq!((response.status().as_u16(), header(&response, "location")), (400, ""), "{redirect}");
    }
    assert_eq!(get(&world, "/auth/weixin/start?redirect=https://app.example.com/other", &[]).await?.status(), 400);
    let off = weixin::start(engine).await?;
    for path in ["/auth/weixin/start", "/auth/weixin/callback"] {
        assert_eq!(get(&off, path, &[]).await?.status(), 404, "{path}");
    }
    off.stop().await?;
    world.stop().await
}
