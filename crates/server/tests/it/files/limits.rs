//! Sizes, quotas, kinds of files.

use super::*;
use crate::kit::people::*;

both_engines!(small: files_and_quotas_are_limited, kinds_are_limited_and_pictures_are_pictures, broken_forms_leave_nothing);
both_engines!(switched_off: without_storage_there_are_no_files);

fn small(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("storage.file_limit_mb", "2").setting("storage.user_quota_mb", "3").setting("storage.total_quota_mb", "5")
}

fn switched_off(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("storage.enabled", "false")
}

/// How many files lie in the data folder, those that are being received included.
fn files_on_disk(app: &TestApp) -> usize {
    fn count(folder: &std::path::Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| if entry.path().is_dir() { count(&entry.path()) } else { 1 }).sum()
    }
    count(&app.program().state().settings.data_dir.join("storage"))
}

async fn files_and_quotas_are_limited(app: &TestApp) -> Outcome {
    let ((_, alice), (_, bob)) = (someone(app, "alice").await?, someone(app, "bob").await?);
    let mebibytes = |count: f64| vec![7; (count * 1024.0 * 1024.0) as usize];
    failed(upload(app, &signed(app, "a", &alice).await?, &mebibytes(2.1)).await?, "FILE_TOO_LARGE");
    assert_eq!(files_on_disk(app), 0);
    let url = stored(app, "a", &mebibytes(2.0), &alice).await?;
    failed(upload(app, &signed(app, "b", &alice).await?, &mebibytes(1.5)).await?, "FILE_OVER_QUOTA");
    stored(app, "b", &mebibytes(1.0), &alice).await?;
    stored(app, "c", &mebibytes(1.9), &bob).await?;
    failed(upload(app, &signed(app, "d", &bob).await?, &mebibytes(0.5)).await?, "FILE_OVER_QUOTA");
    assert_eq!(files_on_disk(app), 3);
    // What is deleted makes room.
    resource(app, "delete", json!({"fileList": [url]}), &alice).await?;
    stored(app, "d", &mebibytes(0.5), &bob).await?;
    Ok(())
}

async fn kinds_are_limited_and_pictures_are_pictures(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for path in ["a.html", "a.svg", "a/b.js", "x.xml", "a.png.exe", "A.HTML"] {
        failed(resource(app, "generateProximalSign", json!({"cloudPath": path}), &token).await?, "FILE_KIND");
    }
    for bytes in [&b"<svg onload=alert(1)>"[..], b"<html>", b"GIF8", b""] {
        failed(upload(app, &signed(app, "a.png", &token).await?, bytes).await?, "FILE_CONTENT");
    }
    assert_eq!(files_on_disk(app), 0);
    Ok(())
}

async fn broken_forms_leave_nothing(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let data = signed(app, "a.png", &token).await?;
    let (kind, body) = form(&data, PNG);
    let send = async |kind: &str, body: Vec<u8>| {
        let response = app.http().post(app.url("/storage")).header("content-type", kind).body(body).send().await?;
        anyhow::Ok((response.status().as_u16(), response.json::<Value>().await?))
    };
    failed(send("application/json", b"{}".to_vec()).await?, "uni-id-invalid-param");
    failed(send(&kind, Vec::new()).await?, "uni-id-invalid-param");
    failed(send(&kind, body[..body.len() - 20].to_vec()).await?, "uni-id-invalid-param");
    let mut long = data.clone();
    long["formData"]["more"] = json!("x".repeat(100_000));
    let (kind, body) = form(&long, PNG);
    failed(send(&kind, body).await?, "uni-id-invalid-param");
    assert_eq!(files_on_disk(app), 0);
    // After all that the policy is still good.
    assert_eq!(upload(app, &data, PNG).await?.0, 200);
    Ok(())
}

async fn without_storage_there_are_no_files(app: &TestApp) -> Outcome {
    failed(resource(app, "generateProximalSign", json!({"cloudPath": "a.png"}), "").await?, "FILE_DISABLED");
    let data = json!({"url": app.url("/storage"), "formData": {"policy": "x", "signature": "y"}, "name": "file"});
    failed(upload(app, &data, PNG).await?, "FILE_DISABLED");
    Ok(())
}
