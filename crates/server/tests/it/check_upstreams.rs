//! `lingpai check --upstreams`: what is wrong is told in words that name the page of the console to visit. See
//! `cli.rs` for WeChat, QQ, Alipay, Apple, object storage and short messages.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
};

use lingpai_testkit::upstreams::{
    Upstreams,
    cloud_faces::SCENE_ID,
    clouds::{KEY, KEY_ID},
    strict::FACE_SECRET,
};

use crate::kit::{
    binary::{Ended, Workplace},
    *,
};

/// Runs it with these settings.
fn check(place: &Workplace, settings: &[(&str, &str)]) -> anyhow::Result<Ended> {
    let variables: Vec<String> = settings.iter().map(|(path, _)| format!("LINGPAI_{}", path.replace('.', "_").to_uppercase())).collect();
    let environment: Vec<(&str, &str)> = variables.iter().zip(settings).map(|(name, (_, value))| (name.as_str(), *value)).collect();
    place.run(&["check", "--upstreams"], &environment)
}

/// The same with one setting different.
fn check_with(place: &Workplace, settings: &[(&str, &str)], change: (&str, &str)) -> anyhow::Result<Ended> {
    let changed: Vec<(&str, &str)> = settings.iter().map(|pair| if pair.0 == change.0 { (pair.0, change.1) } else { *pair }).collect();
    check(place, &changed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn face_verification_by_alibaba_cloud_is_tried() -> Outcome {
    let (place, upstreams) = (Workplace::new()?, Upstreams::start(None).await?);
    let base = upstreams.base_url("cloudauth.aliyuncs.com");
    let settings = [
        ("providers.frv.vendor", "aliyun"),
        ("providers.frv.base_url", base.as_str()),
        ("providers.frv.scene_id", SCENE_ID),
        ("providers.frv.access_key_id", KEY_ID),
        ("providers.frv.access_key_secret", KEY),
    ];
    check(&place, &settings)?.expect(0, &["[正常 fine] 实人认证"]);
    let page = ["[问题 problem] 实人认证", "接入场景设置", "ID Verification console, Scenes"];
    check_with(&place, &settings, ("providers.frv.scene_id", "1000000007"))?.expect(1, &page);
    check_with(&place, &settings, ("providers.frv.scene_id", "my-scene"))?.expect(1, &page);
    let ended = check_with(&place, &settings, ("providers.frv.access_key_secret", "wrong-secret"))?;
    ended.expect(1, &["SignatureDoesNotMatch", "「用户 - AccessKey」", "RAM, Users, AccessKey"]);
    assert!(!ended.said.contains("wrong-secret"), "{}", ended.said);
    check_with(&place, &settings, ("providers.frv.access_key_id", "nobody"))?.expect(1, &["RAM, Users, AccessKey"]);
    check_with(&place, &settings, ("providers.frv.base_url", "http://127.0.0.1:1"))?
        .expect(1, &["not reachable", "cloudauth.aliyuncs.com"]);
    // Nothing was begun, so that nothing costs.
    assert!(!upstreams.take_requests().iter().any(|asked| asked.to_string().contains("CertNo")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn face_verification_by_tencent_cloud_is_tried() -> Outcome {
    let (place, upstreams) = (Workplace::new()?, Upstreams::start(None).await?);
    let base = upstreams.base_url("faceid.tencentcloudapi.com");
    let settings = [
        ("providers.frv.vendor", "tencent"),
        ("providers.frv.base_url", base.as_str()),
        ("providers.frv.access_key_id", KEY_ID),
        ("providers.frv.access_key_secret", KEY),
    ];
    check(&place, &settings)?.expect(0, &["[正常 fine] 实人认证"]);
    let ended = check_with(&place, &settings, ("providers.frv.access_key_secret", "wrong-secret"))?;
    ended.expect(1, &["[问题 problem] 实人认证", "SignatureFailure", "「访问管理 - 访问密钥」", "CAM, API keys"]);
    assert!(!ended.said.contains("wrong-secret"), "{}", ended.said);
    check_with(&place, &settings, ("providers.frv.access_key_id", "nobody"))?.expect(1, &["SecretIdNotFound", "CAM, API keys"]);
    check_with(&place, &settings, ("providers.frv.base_url", "http://127.0.0.1:1"))?.expect(1, &["自助接入", "Face ID console"]);
    assert!(!upstreams.take_requests().iter().any(|asked| asked.to_string().contains("IdCard")));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gateways_for_faces_and_numbers_are_tried() -> Outcome {
    let (place, upstreams) = (Workplace::new()?, Upstreams::start(None).await?);
    let base = upstreams.base_url("frv.example");
    let settings = [("providers.frv.base_url", base.as_str()), ("providers.frv.secret", FACE_SECRET)];
    check(&place, &settings)?.expect(0, &["[正常 fine] 实人认证"]);
    let ended = check_with(&place, &settings, ("providers.frv.secret", "another secret of the gateway"))?;
    ended.expect(1, &["[问题 problem] 实人认证", "ILLEGAL_ACCESS", "云函数 URL 化", "uniCloud console"]);
    assert!(!ended.said.contains("another secret"), "{}", ended.said);

    let base = upstreams.base_url("univerify.example");
    let settings = [("providers.univerify.base_url", base.as_str()), ("providers.univerify.secret", "s")];
    check(&place, &settings)?.expect(0, &["[正常 fine] 一键登录"]);
    let page = ["[问题 problem] 一键登录", "云函数 URL 化", "开发者中心", "uniCloud console, Cloud functions, Details, URL"];
    check_with(&place, &settings, ("providers.univerify.secret", "another"))?.expect(1, &page);
    check_with(&place, &settings, ("providers.univerify.base_url", "http://127.0.0.1:1"))?.expect(1, &page);
    Ok(())
}

/// A mail server that answers `AUTH` and `MAIL` as it is told, and knows no other mail.
fn mail_server(auth: &'static str, mail: &'static str) -> anyhow::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Whoever hangs up is gone.
            let _gone = talk(stream, auth, mail);
        }
    });
    Ok(port)
}

fn talk(mut stream: TcpStream, auth: &str, mail: &str) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 ready\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-here\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => auth,
            "MAIL" => mail,
            "QUIT" => "221 bye",
            _ => "554 no mail is to be sent",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

#[test]
fn mail_is_tried_without_a_mail() -> Outcome {
    let place = Workplace::new()?;
    let check = |port: u16| {
        let port = port.to_string();
        let settings = [
            ("providers.email.host", "127.0.0.1"),
            ("providers.email.port", &port),
            ("providers.email.tls", "none"),
            ("providers.email.user", "no-reply@example.com"),
            ("providers.email.password", "hunter2"),
            ("providers.email.from", "no-reply@example.com"),
        ];
        check(&place, &settings)
    };
    check(mail_server("235 welcome", "250 ok")?)?.expect(0, &["[正常 fine] 邮件"]);
    let ended = check(mail_server("535 5.7.8 authentication failed", "250 ok")?)?;
    ended.expect(1, &["[问题 problem] 邮件", "535", "「设置 - POP3/IMAP/SMTP」", "authorisation code"]);
    assert!(!ended.said.contains("hunter2"), "{}", ended.said);
    let ended = check(mail_server("235 welcome", "553 mail from must be the authorised user")?)?;
    ended.expect(1, &["[问题 problem] 邮件", "553", "providers.email.from", "「发信域名」", "Sender addresses"]);
    check(1)?.expect(1, &["[问题 problem] 邮件", "465", "「安全组」", "Security groups"]);
    Ok(())
}
