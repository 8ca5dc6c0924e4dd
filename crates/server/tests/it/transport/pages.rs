//! The hosted pages, as far as they do not depend on whether they were built: what they are told,
//! and what is served beside them. The pages themselves are tested in a browser (`web/tests`).

use std::fs;

use lingpai_testkit::client_protocol::sign;

use crate::kit::{people::*, *};

both_engines!(development: the_pages_are_told_what_the_server_is, the_project_s_configuration_counts_at_once, files_beside_the_configuration_stay_there,
    agreements_are_written_as_files, the_pages_own_space_is_served, short_addresses_lead_to_the_pages);

async fn told(app: &TestApp) -> anyhow::Result<Value> {
    let response = app.http().get(app.url("/lingpai/pages.json")).send().await?;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-cache");
    Ok(response.json().await?)
}

async fn get(app: &TestApp, path: &str) -> anyhow::Result<reqwest::Response> {
    Ok(app.http().get(app.url(path)).send().await?)
}

fn write(app: &TestApp, name: &str, text: &str) -> anyhow::Result<()> {
    let folder = app.program().state().center.folder().join("lingpai-pages");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join(name), text)?)
}

async fn the_pages_are_told_what_the_server_is(app: &TestApp) -> Outcome {
    let before = told(app).await?;
    assert_eq!(before["development"], true);
    assert_eq!(before["hasAdmin"], false);
    assert!(before["supported"].as_array().is_some_and(|ways| ways.contains(&json!("username-password"))));
    assert!(
        ["spaceId", "clientSecret", "appId"].iter().all(|field| before["server"][*field].as_str().is_some_and(|text| !text.is_empty()))
    );
    done(app.call("registerAdmin", json!({"username": "boss", "password": PASSWORD})).await?);
    assert_eq!(told(app).await?["hasAdmin"], true);
    let page = get(app, "/").await?;
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-type"].to_str()?.starts_with("text/html"));
    Ok(())
}

async fn the_project_s_configuration_counts_at_once(app: &TestApp) -> Outcome {
    write(
        app,
        "config.json",
        r#"{"appId": "__UNI__MINE", /* ours */ "brand": {"name": "Acme", "logo": "logo.svg"}, "loginTypes": ["smsCode"]}"#,
    )?;
    let settings = told(app).await?;
    assert_eq!(settings["server"]["appId"], "__UNI__MINE");
    assert_eq!(settings["brand"], json!({"name": "Acme", "logo": "/lingpai/brand/logo.svg"}));
    assert_eq!(settings["loginTypes"], json!(["smsCode"]));
    // What is wrong is left out, and the pages still come.
    write(app, "config.json", r#"{"brand": "#)?;
    assert!(told(app).await?.get("brand").is_none());
    Ok(())
}

async fn agreements_are_written_as_files(app: &TestApp) -> Outcome {
    assert!(told(app).await?.get("agreements").is_none());
    assert_eq!(get(app, "/agreements/service").await?.status(), 404);
    write(app, "service.md", "# 服务协议\n\n<script>alert(1)</script>\n")?;
    write(app, "service.en.md", "# Terms\n")?;
    write(app, "privacy.html", "<html><body><h1>Privacy</h1><script>alert(1)</script></body></html>")?;
    assert_eq!(told(app).await?["agreements"], json!({"serviceUrl": "/agreements/service", "privacyUrl": "/agreements/privacy"}));
    let page = get(app, "/agreements/service").await?;
    assert!(page.headers()["content-type"].to_str()?.starts_with("text/html"));
    let policy = page.headers()["content-security-policy"].to_str()?.to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("script"));
    let html = page.text().await?;
    assert!(html.contains("<h1>服务协议</h1>") && !html.contains("<script>") && html.contains("&lt;script&gt;"));
    // Another language is offered, and comes by itself to whoever speaks it.
    assert!(html.contains("?lang=en"));
    assert!(get(app, "/agreements/service?lang=en").await?.text().await?.contains("<h1>Terms</h1>"));
    let english = app.http().get(app.url("/agreements/service")).header("accept-language", "en-GB").send().await?;
    assert!(english.text().await?.contains("<html lang=\"en\">"));
    // A project's own address counts more than a file.
    write(app, "config.json", r#"{"agreements": {"serviceUrl": "https://example.com/terms", "scope": ["login"]}}"#)?;
    let expected = json!({"serviceUrl": "https://example.com/terms", "privacyUrl": "/agreements/privacy", "scope": ["login"]});
    assert_eq!(told(app).await?["agreements"], expected);
    for path in ["/agreements/config", "/agreements/..%2fconfig", "/agreements/", "/agreements/service.md"] {
        assert_eq!(get(app, path).await?.status(), 404, "{path}");
    }
    Ok(())
}

async fn files_beside_the_configuration_stay_there(app: &TestApp) -> Outcome {
    write(app, "config.json", r#"{"brand": {"name": "Acme"}}"#)?;
    write(app, "logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")?;
    write(app, "custom.css", ".lp { color: red }")?;
    let logo = get(app, "/lingpai/brand/logo.svg").await?;
    assert_eq!((logo.status().as_u16(), logo.headers()["content-type"].to_str()?), (200, "image/svg+xml"));
    assert!(logo.headers()["content-security-policy"].to_str()?.contains("sandbox"));
    let css = get(app, "/lingpai/custom.css").await?;
    assert_eq!((css.status().as_u16(), css.text().await?.as_str()), (200, ".lp { color: red }"));
    write(app, "config.json", r##"{"brand": {"color": "#5b21b6"}}"##)?;
    let css = get(app, "/lingpai/custom.css").await?.text().await?;
    assert_eq!(css, ":root{--lp-accent:#5b21b6;--lp-on-accent:#fff}.lp { color: red }");
    for path in [
        "/lingpai/brand/config.json",
        "/lingpai/brand/custom.css",
        "/lingpai/brand/..%2funi-id%2fconfig.json",
        "/lingpai/brand/%2e%2e%2flogo.svg",
        "/lingpai/brand/missing.png",
        "/assets/..%2findex.html",
        "/assets/missing.js",
        "/assets/",
        "/static/..%2f..%2fpackage.json",
    ] {
        assert_eq!(get(app, path).await?.status(), 404, "{path}");
    }
    Ok(())
}

async fn the_pages_own_space_is_served(app: &TestApp) -> Outcome {
    let arguments = json!({"method": "getSupportedLoginType", "params": [], "clientInfo": {"uniPlatform": "web", "appId": "__UNI__TEST"}});
    let params = json!({"functionTarget": "uni-id-co", "functionArgs": arguments}).to_string();
    let body = json!({"method": "serverless.function.runtime.invoke", "params": params, "spaceId": "lingpai-pages", "timestamp": app.program().state().base.clock.now_ms()});
    let signature = body.as_object().map(|body| sign(body, "lingpai-pages")).unwrap_or_default();
    let response = app.http().post(app.url("/client")).header("x-serverless-sign", signature).json(&body).send().await?;
    let answer: Value = response.json().await?;
    assert_eq!(answer["data"]["errCode"], 0, "{answer}");
    Ok(())
}

async fn short_addresses_lead_to_the_pages(app: &TestApp) -> Outcome {
    for (short, page) in [("/sign-in", "login/login-withpwd"), ("/account", "userinfo/userinfo")] {
        let response = get(app, short).await?;
        let followed = response.url().path().to_owned();
        let location = response.headers().get("location").and_then(|value| value.to_str().ok()).unwrap_or(&followed);
        assert!(location.ends_with(page), "{short}: {location}");
    }
    Ok(())
}
