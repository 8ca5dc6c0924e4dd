//! Carriers of messages and face verification that are slow, down, or answer nonsense: told with the right code and
//! within their time limit, asked once, no code is left behind that nobody got, and nobody else waits.

mod mail;

use std::time::Duration;

use lingpai_testkit::{
    Engine,
    upstreams::{
        Fault, Upstreams,
        cloud_faces::SCENE_ID,
        clouds::{KEY, KEY_ID, SIGN_NAME},
        strict::{FACE_SECRET, SMS_FORM, SMS_FORM_PASSWORD, SMS_WEBHOOK},
    },
};

use crate::{
    kit::{
        people::*,
        simultaneous::{all_at_once, count},
        *,
    },
    upstreams_in_trouble::unrelated,
};

each_engine!(
    every_sms_service_in_every_trouble_is_told_alike,
    every_face_verification_in_every_trouble_is_told_alike,
    an_sms_service_that_hangs_is_nobody_else_s_concern,
);

const NOT_SENT: &str = "uni-id-send-failed";
/// Longer than any limit that is set here.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service for short messages.
struct SmsService {
    vendor: &'static str,
    template: &'static str,
    settings: Vec<(&'static str, String)>,
    /// Troubles that are none to it: it says no more than an HTTP status.
    taken: &'static [Fault],
}

fn sms_services(upstreams: &Upstreams) -> Vec<SmsService> {
    let key = [
        ("providers.sms.sign_name", SIGN_NAME.to_owned()),
        ("providers.sms.access_key_id", KEY_ID.to_owned()),
        ("providers.sms.access_key_secret", KEY.to_owned()),
        ("providers.sms.sdk_app_id", "1400000001".to_owned()),
    ];
    let cloud = |host: &str| key.iter().cloned().chain([("providers.sms.base_url", upstreams.base_url(host))]).collect();
    vec![
        SmsService { vendor: "aliyun", template: "SMS_1", settings: cloud("dysmsapi.aliyuncs.com"), taken: &[] },
        SmsService { vendor: "tencent", template: "20001", settings: cloud("sms.tencentcloudapi.com"), taken: &[] },
        SmsService {
            vendor: "webhook",
            template: "1",
            settings: vec![("providers.sms.webhook_url", upstreams.base_url(SMS_WEBHOOK))],
            taken: &[Fault::Empty, Fault::OtherJson],
        },
        SmsService {
            vendor: "form",
            template: "1",
            settings: vec![
                ("providers.sms.form_url", upstreams.base_url(SMS_FORM)),
                ("providers.sms.form_user", "AC1".to_owned()),
                ("providers.sms.form_password", SMS_FORM_PASSWORD.to_owned()),
                ("providers.sms.form_fields", "To=+86{mobile},Body={code}".to_owned()),
            ],
            taken: &[Fault::Empty, Fault::OtherJson, Fault::Refusal],
        },
    ]
}

fn with_sms(engine: Engine, service: &SmsService, timeout_ms: &str) -> TestAppBuilder {
    let template = json!({"service": {"sms": {"scene": {"login-by-sms": {"templateId": service.template}}}}});
    let builder = TestApp::builder().engine(engine).real_carriers().uni_id(template);
    let builder = builder.setting("providers.sms.vendor", service.vendor).setting("providers.sms.timeout_ms", timeout_ms);
    service.settings.iter().fold(builder, |builder, (path, value)| builder.setting(*path, value))
}

async fn every_sms_service_in_every_trouble_is_told_alike(engine: Engine) -> Outcome {
    let upstreams = Upstreams::start(None).await?;
    for service in sms_services(&upstreams) {
        let app = with_sms(engine, &service, "150").start().await?;
        for (number, fault) in Fault::ALL.into_iter().enumerate() {
            let (what, mobile) = (format!("{} {fault:?}", service.vendor), format!("1380000001{number}"));
            upstreams.misbehave(Some(fault));
            upstreams.take_requests();
            let reply = tokio::time::timeout(PATIENCE, send_sms(&app, &mobile, "login-by-sms")).await??;
            assert_eq!(upstreams.take_requests().len(), 1, "{what}: nothing is sent twice, and no redirect is followed");
            let kept = codes(&app, "login-by-sms").await?.iter().filter(|row| row["mobile"] == mobile.as_str()).count();
            let is_taken = service.taken.contains(&fault);
            let expected = if is_taken { json!(0) } else { json!(NOT_SENT) };
            assert_eq!((reply.code(), kept), (expected, usize::from(is_taken)), "{what}: {}", reply.body);
            assert!(!reply.body.to_string().contains("Wi-Fi") && !reply.body.to_string().contains("Throttling"), "{}", reply.body);
            // When it is well again everything works, after a while at the latest.
            upstreams.misbehave(None);
            app.clock.advance(60_000);
            done(send_sms(&app, &format!("1390000001{number}"), "login-by-sms").await?);
        }
        app.stop().await?;
    }
    Ok(())
}

fn face_services(upstreams: &Upstreams) -> [(&'static str, Vec<(&'static str, String)>); 3] {
    let cloud = |host: &str| {
        vec![
            ("providers.frv.base_url", upstreams.base_url(host)),
            ("providers.frv.scene_id", SCENE_ID.to_owned()),
            ("providers.frv.access_key_id", KEY_ID.to_owned()),
            ("providers.frv.access_key_secret", KEY.to_owned()),
        ]
    };
    let gateway = vec![("providers.frv.base_url", upstreams.base_url("frv.example")), ("providers.frv.secret", FACE_SECRET.to_owned())];
    [("gateway", gateway), ("aliyun", cloud("cloudauth.aliyuncs.com")), ("tencent", cloud("faceid.tencentcloudapi.com"))]
}

async fn every_face_verification_in_every_trouble_is_told_alike(engine: Engine) -> Outcome {
    let upstreams = Upstreams::start(None).await?;
    let person = json!({"realName": "张三", "idCard": "11010519491231002X", "metaInfo": "{}"});
    for (vendor, settings) in face_services(&upstreams) {
        let fields = json!({"sensitiveInfoEncryptSecret": "0123456789abcdef0123456789abcdef", "realNameCertifyLimit": 100});
        let builder = TestApp::builder().engine(engine).uni_id(fields);
        let builder = builder.setting("providers.frv.vendor", vendor).setting("providers.frv.timeout_ms", "150");
        let app = settings.iter().fold(builder, |builder, (path, value)| builder.setting(*path, value)).start().await?;
        let (alice, token) = someone(&app, "alice").await?;
        let begun = app.call_as(&token, "getFrvCertifyId", person.clone()).await?;
        let certify_id = begun.body["certifyId"].as_str().unwrap_or_default().to_owned();
        assert!(!certify_id.is_empty(), "{vendor}: {}", begun.body);
        let ask = || json!({"certifyId": certify_id});
        for fault in Fault::ALL {
            for (method, params) in [("getFrvCertifyId", person.clone()), ("getFrvAuthResult", ask())] {
                upstreams.misbehave(Some(fault));
                upstreams.take_requests();
                let reply = tokio::time::timeout(PATIENCE, app.call_as(&token, method, params)).await??;
                assert_eq!(reply.code(), "uni-id-unknown-error", "{vendor} {method} {fault:?}: {}", reply.body);
                assert_eq!(upstreams.take_requests().len(), 1, "{vendor} {method} {fault:?}");
                upstreams.misbehave(None);
                app.clock.advance(60_000);
                refused(&app.call_as(&token, "getFrvAuthResult", ask()).await?, "uni-id-frv-processing");
            }
        }
        // Troubles decided nothing: the verification goes on, and no attempt was lost.
        assert_eq!(app.documents("opendb-frv-logs").await?.len(), 1);
        assert_eq!(user(&app, &alice).await?.get("realname_auth"), None);
        upstreams.set_face_verification(&certify_id, "SUCCESS");
        done(app.call_as(&token, "getFrvAuthResult", ask()).await?);
        app.stop().await?;
    }
    Ok(())
}

async fn an_sms_service_that_hangs_is_nobody_else_s_concern(engine: Engine) -> Outcome {
    let upstreams = Upstreams::start(None).await?;
    for service in sms_services(&upstreams) {
        // Longer than this test may take: it ends when the service goes on.
        let app = with_sms(engine, &service, "60000").start().await?;
        let (_, token) = someone(&app, "alice").await?;
        let mut hanging = Vec::new();
        for number in 10..60 {
            let device = format!("sender-{number}");
            let captcha = captcha_of(&app, &device, "send-sms-code").await?;
            let params = json!({"mobile": format!("138000000{number}"), "scene": "login-by-sms", "captcha": captcha});
            hanging.push(Call::new("sendSmsCode").params(params).device(&device));
        }
        upstreams.misbehave(Some(Fault::Hang));
        let mut hanging = Box::pin(all_at_once(&app, hanging));
        let answered = tokio::select! {
            biased;
            answered = all_at_once(&app, unrelated(&token)) => answered?,
            hanging = &mut hanging => anyhow::bail!("{} hangs and was answered: {}", service.vendor, hanging?.len()),
        };
        assert_eq!(count(&answered, 0), 300, "{}", service.vendor);
        upstreams.misbehave(None);
        let hanging = hanging.await?;
        assert_eq!(count(&hanging, NOT_SENT) + count(&hanging, 0), 50);
        app.stop().await?;
    }
    Ok(())
}
