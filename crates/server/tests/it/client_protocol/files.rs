//! Files: signature, upload, report, addresses, removal; and the same for `aliyun`, whose client puts `https://` in front of
//! what it is told, and says nothing of whoever is logged in.

use super::*;
use crate::files::PNG;

both_engines!(development: files_go_up_and_are_reported, without_a_login_there_are_no_uploads);
both_engines!(open_to_all: clients_of_aliyun_upload_without_a_login);

fn open_to_all(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("storage.anonymous_uploads", "true")
}

const SIGN: &str = "serverless.file.resource.generateProximalSign";
const REPORT: &str = "serverless.file.resource.report";

/// Posts a form as `uni.uploadFile` does: fields first, then the file, without any header of the protocol.
async fn post(app: &TestApp, url: &str, fields: &Map<String, Value>) -> anyhow::Result<(u16, Value)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut form: String = fields
        .iter()
        .map(|(name, value)| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n", text(value)))
        .collect();
    form += "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"blob\"\r\nContent-Type: image/png\r\n\r\n";
    let body = [form.as_bytes(), PNG, b"\r\n--edge--\r\n"].concat();
    let request = app.http().post(url).header("origin", ORIGIN).header("content-type", "multipart/form-data; boundary=edge");
    let response = request.body(body).send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

async fn files_go_up_and_are_reported(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    for kind in [Kind::Dcloud, Kind::Private] {
        let client = Client::new(app, kind);
        client.co("login", json!([{"username": "alice", "password": PASSWORD, "captcha": ""}])).await?;
        let signed = client.send(SIGN, &json!({"cloudPath": "avatars/头像 1.png"})).await?.data();
        let form = json!({"policy": "<text>", "signature": "<text>"});
        fits(&signed, &json!({"url": app.url("/storage"), "formData": form, "name": "file", "fileUrl": "<text>"}));
        let file = signed["fileUrl"].as_str().unwrap_or_default().to_owned();
        let fields = signed["formData"].as_object().cloned().unwrap_or_default();
        let (status, answer) = post(app, &app.url("/storage"), &fields).await?;
        assert_eq!((status, answer), (200, json!({"success": true, "data": {"size": PNG.len(), "mediaType": "image/png"}})));
        fits(&client.send(REPORT, &json!({"cloudPath": "avatars/头像 1.png"})).await?.data(), &json!({}));
        assert_eq!(app.http().get(&file).send().await?.bytes().await?, PNG);
        let list = json!({"fileList": [file, "cloud://space/x.png"]});
        let addresses = client.send("serverless.file.resource.getTempFileURL", &list).await?.data();
        let of_another_cloud = json!({"fileID": "cloud://space/x.png", "tempFileURL": ""});
        fits(&addresses, &json!({"fileList": [{"fileID": file, "tempFileURL": file}, of_another_cloud]}));
        let removed = client.send("serverless.file.resource.delete", &json!({"fileList": [file]})).await?.data();
        fits(&removed, &json!({"fileList": [{"fileID": file, "code": "SUCCESS", "status": 0}]}));
        assert_eq!(app.http().get(&file).send().await?.status().as_u16(), 404);
    }
    Ok(())
}

async fn without_a_login_there_are_no_uploads(app: &TestApp) -> Outcome {
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        let params = if kind == Kind::Aliyun { json!({"env": "public", "filename": "a.png"}) } else { json!({"cloudPath": "a.png"}) };
        client.send(SIGN, &params).await?.is_failure(400, "uni-id-check-token-failed");
    }
    // Whoever says nothing of itself without being authorised is asked to.
    let silent = Client::new(app, Kind::Aliyun);
    silent.send(SIGN, &json!({"cloudPath": "a.png"})).await?.is_failure(400, "uni-id-param-required");
    Ok(())
}

async fn clients_of_aliyun_upload_without_a_login(app: &TestApp) -> Outcome {
    let client = Client::new(app, Kind::Aliyun);
    client.authorise().await?;
    let host = app.address().to_string();
    for params in [json!({"env": "public", "filename": "a.png"}), json!({"env": "public", "filename": "a.png", "fileId": "/x/a.png"})] {
        let signed = client.send(SIGN, &params).await?.data();
        let id = signed["id"].as_str().unwrap_or_default().to_owned();
        fits(
            &signed,
            &json!({"id": "<id>", "host": format!("{host}/storage"), "cdnDomain": host, "ossPath": format!("storage/{id}/a.png"),
                "accessKeyId": "lingpai", "policy": "<text>", "signature": "<text>"}),
        );
        // As the SDK puts the form together.
        let fields = json!({"Cache-Control": "max-age=2592000", "Content-Disposition": "attachment", "OSSAccessKeyId": signed["accessKeyId"],
            "Signature": signed["signature"], "host": signed["host"], "id": id, "key": signed["ossPath"], "policy": signed["policy"],
            "success_action_status": 200});
        let fields = fields.as_object().cloned().unwrap_or_default();
        let mut forged = fields.clone();
        forged.insert("Signature".into(), "0".repeat(64).into());
        assert_eq!(post(app, &app.url("/storage"), &forged).await?.0, 403);
        assert_eq!(post(app, &app.url("/storage"), &fields).await?.0, 200);
        fits(&client.send(REPORT, &json!({"id": id})).await?.data(), &json!({}));
        let file = app.url(&format!("/storage/{id}/a.png"));
        assert_eq!(app.http().get(&file).send().await?.bytes().await?, PNG);
        let record = app.store.file(&id).await?.unwrap_or_else(|| panic!("{id} is not noted"));
        assert_eq!((record.owner, record.cloud_path.as_str()), (None, if params.get("fileId").is_some() { "/x/a.png" } else { "a.png" }));
        let info = client.send("serverless.file.resource.info", &json!({"id": format!("{file},cloud://space/x.png")})).await?.data();
        fits(&info, &json!([{"url": file}, {"url": ""}]));
        // It is nobody's: nobody but an administrator removes it.
        client.send("serverless.file.resource.delete", &json!({"fileList": [file]})).await?.is_failure(400, "uni-id-check-token-failed");
    }
    for params in [json!({}), json!({"filename": 5}), json!({"filename": ""}), json!({"filename": "a.html"})] {
        assert_eq!(client.send(SIGN, &params).await?.status, 400, "{params}");
    }
    Ok(())
}
