//! Browsers of other origins.

use reqwest::{Method, header::HeaderMap};

use crate::kit::*;

both_engines!(development: any_origin_may_call);
both_engines!(one_origin: only_listed_origins_may_call);

const PATHS: [&str; 3] = ["/client", "/uni-id-co/login", "/http/uni-captcha-co/getImageCaptcha"];

async fn preflight(app: &TestApp, path: &str, origin: &str) -> anyhow::Result<(u16, HeaderMap)> {
    let request = app.http().request(Method::OPTIONS, app.url(path));
    let request = request.header("origin", origin).header("access-control-request-method", "POST");
    let response =
        request.header("access-control-request-headers", "content-type,x-client-info,x-client-token,x-serverless-sign").send().await?;
    Ok((response.status().as_u16(), response.headers().clone()))
}

async fn call(app: &TestApp, path: &str, origin: &str) -> anyhow::Result<HeaderMap> {
    Ok(app.http().post(app.url(path)).header("origin", origin).json(&json!({})).send().await?.headers().clone())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn any_origin_may_call(app: &TestApp) -> Outcome {
    for path in PATHS {
        let (status, headers) = preflight(app, path, "https://h5.example.com").await?;
        assert_eq!((status, text(&headers, "access-control-allow-origin")), (204, "*"), "{path}");
        assert!(text(&headers, "access-control-allow-methods").contains("POST"));
        let allowed = text(&headers, "access-control-allow-headers").to_ascii_lowercase();
        for header in ["content-type", "x-client-info", "x-client-token", "x-serverless-sign", "x-basement-token"] {
            assert!(allowed.contains(header), "{path}: {allowed}");
        }
        assert_eq!(headers.get("access-control-allow-credentials"), None);
        let headers = call(app, path, "https://h5.example.com").await?;
        assert_eq!(text(&headers, "access-control-allow-origin"), "*");
        assert!(text(&headers, "access-control-expose-headers").contains("request-id"));
    }
    Ok(())
}

fn one_origin(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("server.cors_origins", "https://h5.example.com")
}

async fn only_listed_origins_may_call(app: &TestApp) -> Outcome {
    for path in PATHS {
        let (_, headers) = preflight(app, path, "https://h5.example.com").await?;
        assert_eq!((text(&headers, "access-control-allow-origin"), text(&headers, "vary")), ("https://h5.example.com", "origin"));
        for stranger in ["https://evil.example.com", "https://h5.example.com.evil.com", "http://h5.example.com", "null"] {
            let (_, headers) = preflight(app, path, stranger).await?;
            assert_eq!(headers.get("access-control-allow-origin"), None, "{path} {stranger}");
            assert_eq!(call(app, path, stranger).await?.get("access-control-allow-origin"), None);
        }
    }
    Ok(())
}
