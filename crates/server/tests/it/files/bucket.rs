//! Files in object storage.

use std::sync::Arc;

use lingpai_testkit::{FrozenClock, upstreams::s3::StrictS3};

use super::*;
use crate::kit::people::*;

each_engine!(
    files_lie_in_the_bucket_and_are_served_safely,
    what_is_refused_never_reaches_the_bucket,
    clients_are_sent_to_an_address_that_ends,
    an_outage_is_told_and_leaves_nothing,
    the_bucket_is_left_alone_while_it_fails
);

struct World {
    app: TestApp,
    s3: StrictS3,
    clock: Arc<FrozenClock>,
}

async fn world(engine: Engine, settings: &[(&str, &str)]) -> anyhow::Result<World> {
    let clock = Arc::new(FrozenClock::default());
    let s3 = StrictS3::start(clock.clone()).await?;
    let mut builder = TestApp::builder().engine(engine).clock(clock.clone());
    for (path, value) in s3.settings() {
        builder = builder.setting(path, value);
    }
    for (path, value) in settings {
        builder = builder.setting(*path, *value);
    }
    Ok(World { app: builder.start().await?, s3, clock })
}

/// Nothing is left of what was received.
fn nothing_in_the_data_folder(app: &TestApp) {
    let incoming = app.program().state().settings.data_dir.join("storage/.incoming");
    let left = std::fs::read_dir(incoming).map_or(0, |entries| entries.count());
    assert_eq!(left, 0);
}

async fn files_lie_in_the_bucket_and_are_served_safely(engine: Engine) -> Outcome {
    let World { app, s3, .. } = world(engine, &[]).await?;
    let (_, alice) = someone(&app, "alice").await?;
    let url = stored(&app, "头像 1.png", PNG, &alice).await?;
    let id = url.split('/').rev().nth(1).unwrap_or_default().to_owned();
    let name = format!("some/files/{}/{id}", &id[..2]);
    assert_eq!((s3.names(), s3.take_refusals()), (vec![name.clone()], vec![]));
    nothing_in_the_data_folder(&app);
    let header = |response: &reqwest::Response, name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    let whole = app.http().get(&url).send().await?;
    assert_eq!((whole.status().as_u16(), header(&whole, "content-type")), (200, "image/png".to_owned()));
    assert!(header(&whole, "content-disposition").starts_with("inline"));
    assert_eq!(header(&whole, "x-content-type-options"), "nosniff");
    assert!(header(&whole, "content-security-policy").contains("sandbox"));
    assert_eq!(header(&whole, "content-length"), PNG.len().to_string());
    assert_eq!(&whole.bytes().await?[..], PNG);
    let part = app.http().get(&url).header("range", "bytes=1-3").send().await?;
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, format!("bytes 1-3/{}", PNG.len())));
    assert_eq!(&part.bytes().await?[..], b"PNG");
    for range in ["bytes=999-", "bytes=0-1,3-4", "lines=1-2"] {
        assert_eq!(app.http().get(&url).header("range", range).send().await?.status().as_u16(), 200, "{range}");
    }
    let head = app.http().head(&url).send().await?;
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, PNG.len().to_string()));
    // Somebody else who can write into the bucket cannot have a page served.
    s3.put(&name, b"<script>alert(1)</script>", "text/html");
    let page = app.http().get(&url).send().await?;
    assert_eq!(header(&page, "content-type"), "application/octet-stream");
    assert!(header(&page, "content-disposition").starts_with("attachment"));
    assert_eq!(app.http().get(app.url(&format!("/storage/{}/a.png", "0".repeat(32)))).send().await?.status().as_u16(), 404);
    // Deleted by its owner only, and then it is gone.
    let (_, bob) = someone(&app, "bob").await?;
    let (_, answer) = resource(&app, "delete", json!({"fileList": [url]}), &bob).await?;
    assert_eq!((answer["data"]["fileList"][0]["code"].as_str(), s3.names().len()), (Some("FILE_NOT_FOUND"), 1));
    let (_, answer) = resource(&app, "delete", json!({"fileList": [url]}), &alice).await?;
    assert_eq!((answer["data"]["fileList"][0]["code"].as_str(), s3.names().len()), (Some("SUCCESS"), 0));
    assert_eq!(app.http().get(&url).send().await?.status().as_u16(), 404);
    assert_eq!(s3.take_refusals(), Vec::<String>::new());
    app.stop().await
}

async fn what_is_refused_never_reaches_the_bucket(engine: Engine) -> Outcome {
    let World { app, s3, .. } = world(engine, &[("storage.file_limit_mb", "1"), ("storage.user_quota_mb", "1")]).await?;
    let (_, token) = someone(&app, "alice").await?;
    failed(upload(&app, &signed(&app, "a.png", &token).await?, b"<svg onload=alert(1)>").await?, "FILE_CONTENT");
    failed(upload(&app, &signed(&app, "a", &token).await?, &vec![7; 1_200_000]).await?, "FILE_TOO_LARGE");
    stored(&app, "a", &vec![7; 700_000], &token).await?;
    failed(upload(&app, &signed(&app, "b", &token).await?, &vec![7; 700_000]).await?, "FILE_OVER_QUOTA");
    assert_eq!((s3.requests(), s3.names().len()), (1, 1));
    nothing_in_the_data_folder(&app);
    app.stop().await
}

async fn clients_are_sent_to_an_address_that_ends(engine: Engine) -> Outcome {
    let World { app, s3, clock } = world(engine, &[("storage.s3.serve", "redirect")]).await?;
    let (_, token) = someone(&app, "alice").await?;
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    for (path, bytes, media_type, disposition) in
        [("a b.png", PNG, "image/png", "inline"), ("notes.txt", &b"<script>"[..], "application/octet-stream", "attachment")]
    {
        let url = stored(&app, path, bytes, &token).await?;
        let sent = http.get(&url).send().await?;
        let location = sent.headers()["location"].to_str()?.to_owned();
        assert_eq!((sent.status().as_u16(), &sent.headers()["cache-control"]), (302, &"private, max-age=240".parse()?));
        let read = http.get(&location).send().await?;
        assert_eq!((read.status().as_u16(), &read.headers()["content-type"]), (200, &media_type.parse()?), "{:?}", s3.take_refusals());
        assert!(read.headers()["content-disposition"].to_str()?.starts_with(disposition));
        assert_eq!(&read.bytes().await?[..], bytes);
        // Neither another object nor another type can be had with it, nor anything after its end.
        let forged = [location.replace("octet-stream", "html").replace("image", "text"), location.replace("some/files", "others")];
        for address in &forged {
            assert_eq!(http.get(address).send().await?.status().as_u16(), 403, "{address}");
        }
        clock.advance(299_000);
        assert_eq!(http.get(&location).send().await?.status().as_u16(), 200);
        clock.advance(1_000);
        assert_eq!(http.get(&location).send().await?.status().as_u16(), 403);
        let (_, answer) = resource(&app, "delete", json!({"fileList": [url]}), &token).await?;
        assert_eq!(answer["data"]["fileList"][0]["code"], "SUCCESS");
        assert_eq!(http.get(&url).send().await?.status().as_u16(), 404);
    }
    app.stop().await
}

async fn an_outage_is_told_and_leaves_nothing(engine: Engine) -> Outcome {
    let World { app, s3, .. } = world(engine, &[]).await?;
    let (_, token) = someone(&app, "alice").await?;
    let data = signed(&app, "a.png", &token).await?;
    // The upload, and the attempt to remove what may have been kept.
    s3.fail(2);
    failed(upload(&app, &data, PNG).await?, "FILE_STORAGE");
    assert_eq!(s3.names().len(), 0);
    nothing_in_the_data_folder(&app);
    // Nothing was noted: the same policy is good, and the quota is not used up.
    assert_eq!(upload(&app, &data, PNG).await?.0, 200);
    let url = data["fileUrl"].as_str().unwrap_or_default();
    s3.fail(1);
    let outage = app.http().get(url).send().await?;
    assert_eq!((outage.status().as_u16(), outage.headers()["cache-control"].to_str()?), (502, "no-store"));
    // A file that could not be removed is still there, and can be removed later.
    s3.fail(1);
    failed(resource(&app, "delete", json!({"fileList": [url]}), &token).await?, "FILE_STORAGE");
    assert_eq!(app.http().get(url).send().await?.status().as_u16(), 200);
    let (_, answer) = resource(&app, "delete", json!({"fileList": [url]}), &token).await?;
    assert_eq!((answer["data"]["fileList"][0]["code"].as_str(), s3.names().len()), (Some("SUCCESS"), 0));
    app.stop().await
}

async fn the_bucket_is_left_alone_while_it_fails(engine: Engine) -> Outcome {
    let World { app, s3, clock } = world(engine, &[]).await?;
    let (_, token) = someone(&app, "alice").await?;
    let url = stored(&app, "a.png", PNG, &token).await?;
    s3.fail(100);
    let before = s3.requests();
    for _ in 0..8 {
        assert_eq!(app.http().get(&url).send().await?.status().as_u16(), 502);
    }
    assert_eq!(s3.requests() - before, 5, "after five failures nothing is asked");
    s3.fail(0);
    clock.advance(10_000);
    assert_eq!(app.http().get(&url).send().await?.status().as_u16(), 200);
    app.stop().await
}
