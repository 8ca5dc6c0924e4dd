//! From the signature to the file.

use super::*;
use crate::kit::people::*;

both_engines!(development: an_avatar_is_uploaded_and_kept_with_its_user, a_policy_is_for_one_file_and_a_few_minutes, only_users_upload,
    files_are_deleted_by_their_owner_or_an_administrator, addresses_are_their_own_temporary_addresses);
both_engines!(production: another_node_takes_what_this_one_signed);

async fn an_avatar_is_uploaded_and_kept_with_its_user(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    // As the original page names it: without an ending.
    let path = format!("{uid}1760000000000");
    let data = signed(app, &path, &token).await?;
    assert_eq!(data["name"], "file");
    let url = data["fileUrl"].as_str().unwrap_or_default().to_owned();
    assert!(url.starts_with(&app.url("/storage/")) && url.ends_with(&path), "{url}");
    let (status, answer) = upload(app, &data, PNG).await?;
    assert_eq!((status, answer["data"]["size"].as_u64(), &answer["data"]["mediaType"]), (200, Some(PNG.len() as u64), &json!("image/png")));
    let (_, reported) = resource(app, "report", json!({"cloudPath": path}), &token).await?;
    assert_eq!(reported["success"], true);
    let file = app.http().get(&url).send().await?;
    assert_eq!((file.status().as_u16(), file.headers()["content-type"].to_str()?), (200, "image/png"));
    assert_eq!(&file.bytes().await?[..], PNG);
    let id = url.split('/').rev().nth(1).unwrap_or_default();
    let record = app.store.file(id).await?.unwrap_or_else(|| panic!("{id} is not noted"));
    assert_eq!((record.owner.as_deref(), record.cloud_path, record.size), (Some(uid.as_str()), path, PNG.len() as u64));
    Ok(())
}

async fn a_policy_is_for_one_file_and_a_few_minutes(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let data = signed(app, "a.png", &token).await?;
    assert_eq!(upload(app, &data, PNG).await?.0, 200);
    failed(upload(app, &data, PNG).await?, "FILE_POLICY");
    // Of several at once one wins.
    let data = signed(app, "b.png", &token).await?;
    let (one, two, three) = tokio::join!(upload(app, &data, PNG), upload(app, &data, PNG), upload(app, &data, PNG));
    let statuses = [one?.0, two?.0, three?.0];
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    let old = signed(app, "c.png", &token).await?;
    app.clock.advance(5 * 60 * 1000);
    failed(upload(app, &old, PNG).await?, "FILE_POLICY");
    let good = signed(app, "d.png", &token).await?;
    for change in ["policy", "signature"] {
        let mut forged = good.clone();
        forged["formData"][change] = old["formData"][change].clone();
        failed(upload(app, &forged, PNG).await?, "FILE_POLICY");
        forged["formData"].as_object_mut().map(|fields| fields.remove(change));
        failed(upload(app, &forged, PNG).await?, "FILE_POLICY");
    }
    assert_eq!(upload(app, &good, PNG).await?.0, 200);
    Ok(())
}

async fn only_users_upload(app: &TestApp) -> Outcome {
    for token in ["", "rubbish"] {
        failed(resource(app, "generateProximalSign", json!({"cloudPath": "a.png"}), token).await?, "uni-id-check-token-failed");
    }
    let (_, token) = someone(app, "alice").await?;
    for params in
        [json!({}), json!({"cloudPath": ""}), json!({"cloudPath": 5}), json!({"cloudPath": "a\nb"}), json!({"cloudPath": "x".repeat(600)})]
    {
        failed(resource(app, "generateProximalSign", params, &token).await?, "uni-id-invalid-param");
    }
    done(app.call_as(&token, "logout", json!({})).await?);
    failed(resource(app, "generateProximalSign", json!({"cloudPath": "a.png"}), &token).await?, "uni-id-check-token-failed");
    failed(resource(app, "somethingElse", json!({}), "").await?, "METHOD_NOT_FOUND");
    Ok(())
}

async fn files_are_deleted_by_their_owner_or_an_administrator(app: &TestApp) -> Outcome {
    let ((_, alice), (_, bob)) = (someone(app, "alice").await?, someone(app, "bob").await?);
    store_user(app, "boss", json!({"role": ["admin"]})).await?;
    let boss = log_in(app, "boss").await?;
    let (one, two) = (stored(app, "a.png", PNG, &alice).await?, stored(app, "b.png", PNG, &alice).await?);
    let delete = async |url: &str, token: &str| {
        let (_, answer) = resource(app, "delete", json!({"fileList": [url]}), token).await?;
        anyhow::Ok(answer["data"]["fileList"][0]["code"].clone())
    };
    failed(resource(app, "delete", json!({"fileList": [one]}), "").await?, "uni-id-check-token-failed");
    assert_eq!(delete(&one, &bob).await?, "FILE_NOT_FOUND");
    assert_eq!(delete("cloud://other/a.png", &alice).await?, "FILE_NOT_FOUND");
    assert_eq!(app.http().get(&one).send().await?.status().as_u16(), 200);
    assert_eq!(delete(&one, &alice).await?, "SUCCESS");
    assert_eq!(app.http().get(&one).send().await?.status().as_u16(), 404);
    assert_eq!(delete(&one, &alice).await?, "FILE_NOT_FOUND");
    assert_eq!(delete(&two, &boss).await?, "SUCCESS");
    Ok(())
}

async fn addresses_are_their_own_temporary_addresses(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let url = stored(app, "a.png", PNG, &token).await?;
    let (_, answer) = resource(app, "getTempFileURL", json!({"fileList": [url, "cloud://other/a.png"]}), "").await?;
    assert_eq!(
        answer,
        json!({"success": true, "data": {"fileList": [{"fileID": url, "tempFileURL": url}, {"fileID": "cloud://other/a.png", "tempFileURL": ""}]}})
    );
    failed(resource(app, "getTempFileURL", json!({"fileList": "x"}), "").await?, "uni-id-invalid-param");
    Ok(())
}

async fn another_node_takes_what_this_one_signed(app: &TestApp) -> Outcome {
    // Both have the master key of the test kit; the other has a database of its own.
    let (_, token) = someone(app, "alice").await?;
    let mut data = signed(app, "a.png", &token).await?;
    let engine = if app.database().url().starts_with("sqlite") { Engine::Sqlite } else { Engine::Postgres };
    let other = TestApp::builder().engine(engine).mode(Mode::Production).start().await?;
    data["url"] = json!(other.url("/storage"));
    assert_eq!(upload(&other, &data, PNG).await?.0, 200);
    other.stop().await
}
