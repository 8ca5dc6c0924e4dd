//! What browsers get: nothing that they would run.

use super::*;
use crate::kit::people::*;

both_engines!(development: nothing_is_served_that_a_browser_runs, parts_of_files_are_served, what_is_not_there_is_not_there);

async fn nothing_is_served_that_a_browser_runs(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for (path, bytes, media_type, disposition) in [
        ("a.png", PNG, "image/png", "inline"),
        ("a.jpg", PNG, "image/png", "inline"),
        ("page", b"<html><script>alert(1)</script>", "application/octet-stream", "attachment"),
        ("a.txt", b"<svg onload=alert(1)>", "application/octet-stream", "attachment"),
        ("a.pdf", b"%PDF-1.7", "application/pdf", "attachment"),
    ] {
        let url = stored(app, path, bytes, &token).await?;
        // The name in the address is the visitor's, not the file's.
        for url in [url.clone(), format!("{}/evil.html", url.rsplit_once('/').map_or("", |(folder, _)| folder))] {
            let response = app.http().get(&url).send().await?;
            let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            assert_eq!((response.status().as_u16(), header("content-type")), (200, media_type.to_owned()), "{url}");
            assert!(header("content-disposition").starts_with(disposition), "{url}");
            assert_eq!(header("x-content-type-options"), "nosniff");
            assert!(header("content-security-policy").contains("sandbox"));
        }
    }
    Ok(())
}

async fn parts_of_files_are_served(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| n as u8).collect();
    let url = stored(app, "film.mp4", &bytes, &token).await?;
    for (range, expected) in [("bytes=0-9", &bytes[..10]), ("bytes=150000-", &bytes[150_000..]), ("bytes=-5", &bytes[199_995..])] {
        let response = app.http().get(&url).header("range", range).send().await?;
        assert_eq!(response.status().as_u16(), 206);
        assert!(response.headers()["content-range"].to_str()?.ends_with("/200000"));
        assert_eq!(&response.bytes().await?[..], expected);
    }
    let whole = app.http().get(&url).send().await?;
    assert_eq!((whole.status().as_u16(), whole.bytes().await?.len()), (200, bytes.len()));
    let head = app.http().head(&url).send().await?;
    assert_eq!((head.status().as_u16(), head.headers()["content-length"].to_str()?), (200, "200000"));
    Ok(())
}

async fn what_is_not_there_is_not_there(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let url = stored(app, "a.png", PNG, &token).await?;
    let id = url.split('/').rev().nth(1).unwrap_or_default().to_owned();
    for path in [
        "/storage/0123456789abcdef0123456789abcdef/a.png".to_owned(),
        format!("/storage/{}/a.png", id.to_uppercase().replace(char::is_numeric, "A")),
        "/storage/..%2F..%2Flingpai.toml/a".to_owned(),
        "/storage/%2e%2e/lingpai.toml".to_owned(),
        format!("/storage/{id}%00/a.png"),
        format!("/storage/..%2f{id}/a.png"),
        "/storage/.incoming/a".to_owned(),
    ] {
        assert_eq!(app.http().get(app.url(&path)).send().await?.status().as_u16(), 404, "{path}");
    }
    let preflight = app.http().request(reqwest::Method::OPTIONS, app.url("/storage")).header("origin", "https://h5.example.com");
    let preflight = preflight.header("access-control-request-method", "POST").send().await?;
    assert_eq!((preflight.status().as_u16(), preflight.headers()["access-control-allow-origin"].to_str()?), (204, "*"));
    for method in [reqwest::Method::GET, reqwest::Method::PUT] {
        assert!(app.http().request(method, app.url("/storage")).send().await?.status().as_u16() >= 400);
    }
    Ok(())
}
