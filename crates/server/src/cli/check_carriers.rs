//! `lingpai check --upstreams`: SMS, mail, one-click sign-in, face verification and Redis. Each is asked for
//! something that it refuses when everything is right: a number that does not exist, a token that nobody
//! made. Nothing is sent and nothing is charged.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lingpai_domain::{
    messaging::{SendError, Sms, SmsGateway},
    real_name::{FaceCheck, FaceError, FaceVerifier},
    secret::Secret,
};
use lingpai_providers::{
    http::{Http, HttpOptions, Request, UpstreamError},
    univerify::Univerify,
};

use super::check_hints;
use crate::{
    config::{Center, Settings, settings},
    mail_carrier::mail_gateway,
    runtime::{SystemClock, SystemRandom},
    sms_carrier::sms_gateway,
    upstreams::Upstreams,
};

/// A number that no network gives out: services refuse it before they send anything.
const NO_NUMBER: &str = "10000000000";
/// A token that nobody made.
const MADE_UP: &str = "lingpai-check";
/// A verification that nobody began, in the form that the clouds' have.
const NO_VERIFICATION: &str = "00000000000000000000000000000000";

/// What services call a number that is none.
const NO_SUCH_NUMBER: &[&str] = &[
    "isv.MOBILE_NUMBER_ILLEGAL",
    "MOBILE_NUMBER_ILLEGAL",
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.PhoneNumberIncorrect",
    "FailedOperation.PhoneNumberParseFail",
    "FailedOperation.PhoneNumberOnBlacklist",
    "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
];

/// What went wrong, and what to do about it; empty if that is not known.
type Problem = (String, &'static str);

/// Prints a line for each. Answers whether all are fine.
pub async fn run(upstreams: &Upstreams, settings: &Settings, center: &Center) -> anyhow::Result<bool> {
    let mut all_fine = true;
    let mut tell = |name: String, outcome: Result<(), Problem>| match outcome {
        Ok(()) => say!("[正常 fine] {name}"),
        Err((what, hint)) => {
            all_fine = false;
            say!("[问题 problem] {name}\n    {what}");
            if !hint.is_empty() {
                say!("    {hint}");
            }
        }
    };
    if let Some(redis) = &settings.redis {
        let outcome = match redis.open(Arc::new(SystemClock)) {
            Ok(redis) => redis.check().await,
            Err(error) => Err(error),
        };
        let hint = "本机须能访问 redis.url;用户名、密码与库号须正确。 This machine must reach redis.url; check user, password and number.";
        tell("Redis".to_owned(), outcome.map_err(|error| (error.to_string(), hint)));
    }
    if let Some(email) = &settings.providers.email {
        let gateway = mail_gateway(email, Arc::new(SystemClock), Arc::new(SystemRandom))?;
        let outcome = gateway.check().await.map_err(|(step, error)| (error.to_string(), check_hints::mail(step, &email.host)));
        tell(format!("邮件 mail {}:{}", email.host, email.port), outcome);
    }
    if let Some(sms) = &settings.providers.sms {
        check_sms(sms, center, &mut tell).await?;
    }
    if let (Some(univerify), Some(service)) = (&upstreams.univerify, &settings.providers.univerify) {
        tell("一键登录 one-click sign-in".to_owned(), try_univerify(univerify, service, center).await);
    }
    if let (Some(face), Some(frv)) = (&upstreams.face, &settings.providers.frv) {
        tell("实人认证 face verification".to_owned(), try_face(&**face, &frv.vendor).await);
    }
    Ok(all_fine)
}

/// Asks for the number behind a token that nobody made.
async fn try_univerify(univerify: &Univerify, service: &settings::Univerify, center: &Center) -> Result<(), Problem> {
    const FUNCTION: &str = "本机须能访问 providers.univerify.base_url,且签名密钥与取号云函数一致:uniCloud 控制台「云函数 - 详情 - 云函数 URL 化」,一键登录在 uniCloud 控制台「一键登录」开通并添加应用(账号须先在 DCloud 开发者中心实名认证)。 \
         This machine must reach providers.univerify.base_url, and the key must be the cloud function's: see uniCloud console, Cloud functions, Details, URL; \
         one-click sign-in is enabled, and applications are added, in uniCloud console, One-click sign-in.";
    const ALIYUN: &str = "本机须能访问 dypnsapi.aliyuncs.com,并在阿里云号码认证服务控制台「号码认证服务 - 号码认证方案管理」为应用添加方案。 \
         This machine must reach dypnsapi.aliyuncs.com; schemes for applications are added in Phone Number Verification console, Schemes.";
    let (key, usual) = match service {
        settings::Univerify::Function { secret: Some(secret), .. } => (secret.clone(), FUNCTION),
        settings::Univerify::Function { secret: None, .. } => (univerify_key(center), FUNCTION),
        settings::Univerify::Aliyun { .. } => (Secret::default(), ALIYUN),
    };
    match univerify.mobile(None, &key, MADE_UP, MADE_UP).await {
        Err(UpstreamError::Refused { code, .. }) if !check_hints::is_about_access(&code) => Ok(()),
        Err(error) => Err(explained(error.to_string(), usual)),
        Ok(_) => Ok(()),
    }
}

/// Asks how a verification went that nobody began.
async fn try_face(face: &dyn FaceVerifier, vendor: &settings::FrvVendor) -> Result<(), Problem> {
    const GATEWAY: &str = "本机须能访问 providers.frv.base_url,且 providers.frv.secret 与网关的一致;网关若是云函数,见 uniCloud 控制台「云函数 - 详情 - 云函数 URL 化」,实人认证在「实人认证」页开通。 \
         This machine must reach providers.frv.base_url, and providers.frv.secret must be the gateway's; if that is a cloud function see uniCloud console, \
         Cloud functions, Details, URL, and enable the service on its page, Face verification.";
    const ALIYUN: &str = "本机须能访问 cloudauth.aliyuncs.com;服务与场景见阿里云实人认证控制台「金融级实人认证 - 接入场景设置」。 \
         This machine must reach cloudauth.aliyuncs.com; the service and its scenes are in ID Verification console, Scenes.";
    const SCENE: &str = "providers.frv.scene_id 是数字:阿里云实人认证控制台「金融级实人认证 - 接入场景设置」的场景 ID。 \
         providers.frv.scene_id is a number: the scene's id in ID Verification console, Scenes.";
    const TENCENT: &str = "本机须能访问 faceid.tencentcloudapi.com;服务见腾讯云人脸核身控制台「自助接入」。 \
         This machine must reach faceid.tencentcloudapi.com; the service is in Face ID console, Self-service access.";
    let asked = face.check(NO_VERIFICATION, false).await;
    match vendor {
        settings::FrvVendor::Aliyun { scene_id, .. } if !scene_id.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err((format!("scene_id {scene_id:?}"), SCENE))
        }
        settings::FrvVendor::Aliyun { .. } => match asked {
            Err(FaceError::Refused(words)) => {
                let code = words.strip_prefix("refused with ").and_then(|words| words.split(':').next()).unwrap_or_default();
                let hint = check_hints::aliyun_face(code);
                match (hint, check_hints::is_about_access(&words)) {
                    ("", false) => Ok(()),
                    ("", true) => Err(explained(words, ALIYUN)),
                    (hint, _) => Err((words, hint)),
                }
            }
            other => other.map(drop).map_err(|error| (error.to_string(), ALIYUN)),
        },
        settings::FrvVendor::Tencent { .. } => judged(asked, TENCENT),
        settings::FrvVendor::Gateway { .. } => judged(asked, GATEWAY),
    }
}

/// A refusal that is not about who asks shows that the rest is right.
fn judged(asked: Result<FaceCheck, FaceError>, usual: &'static str) -> Result<(), Problem> {
    match asked {
        Err(FaceError::Refused(words)) if !check_hints::is_about_access(&words) => Ok(()),
        Err(error) => Err(explained(error.to_string(), usual)),
        Ok(_) => Ok(()),
    }
}

/// The words with what to do about them; `usual` if their code is none that is known.
fn explained(words: String, usual: &'static str) -> Problem {
    let hint = check_hints::cloud(&words);
    (words, if hint.is_empty() { usual } else { hint })
}

/// The first application's key for one-click sign-in.
fn univerify_key(center: &Center) -> Secret {
    let configs = center.app_ids().into_iter().filter_map(|id| center.app(&id, "app").ok());
    let mut keys = configs.filter_map(|config| config.service.get("univerify")?.get("apiSecret")?.as_str().map(Secret::new));
    keys.next().unwrap_or_default()
}

async fn check_sms(sms: &settings::Sms, center: &Center, tell: &mut impl FnMut(String, Result<(), Problem>)) -> anyhow::Result<()> {
    let name = match &sms.carrier {
        settings::SmsCarrier::Aliyun(_) => "阿里云短信 Alibaba Cloud SMS",
        settings::SmsCarrier::Tencent { .. } => "腾讯云短信 Tencent Cloud SMS",
        settings::SmsCarrier::Webhook { url } => {
            tell("短信网关 SMS gateway".to_owned(), is_there(url, sms.timeout).await);
            return Ok(());
        }
        settings::SmsCarrier::Form { url, .. } => {
            tell("短信表单接口 SMS form".to_owned(), is_there(url, sms.timeout).await);
            return Ok(());
        }
    };
    let gateway = sms_gateway(sms, Arc::new(SystemClock), Arc::new(SystemRandom))?;
    let templates = templates(center);
    if templates.is_empty() {
        let hint = "在 uni-id/config.json 的 service.sms 中填写 templateId。 Put templateId into service.sms of uni-id/config.json.";
        tell(name.to_owned(), Err(("没有配置短信模板 no SMS template is configured".to_owned(), hint)));
    }
    for (template, (key, secret)) in templates {
        tell(format!("{name} {template}"), try_template(&*gateway, &template, key, secret).await);
    }
    Ok(())
}

/// Whether somebody answers at an address. More only a real message would show: whatever such a service gets
/// by POST it may send.
async fn is_there(url: &Secret, timeout: Duration) -> Result<(), Problem> {
    const HINT: &str = "本机须能访问 providers.sms 中的地址。 This machine must reach the address in [providers.sms].";
    let options = HttpOptions { timeout, connect_timeout: timeout, ..HttpOptions::default() };
    let told = |error: &dyn std::fmt::Display| (error.to_string(), HINT);
    let http = Http::new(options, Arc::new(SystemClock)).map_err(|error| told(&error))?;
    let upstream = http.upstream("sms", url.expose()).map_err(|error| told(&error))?;
    upstream.call(Request::get("", &[])).await.map(drop).map_err(|error| told(&error))
}

/// Every template once, with an application's key for it.
fn templates(center: &Center) -> BTreeMap<String, (String, Secret)> {
    let mut found = BTreeMap::new();
    for app_id in center.app_ids() {
        let Ok(config) = center.app(&app_id, "web") else { continue };
        let Some(sms) = &config.sms else { continue };
        for template in sms.all_templates() {
            found.entry(template.to_owned()).or_insert_with(|| (sms.key.clone(), sms.secret.clone()));
        }
    }
    found
}

async fn try_template(gateway: &dyn SmsGateway, template: &str, key: String, secret: Secret) -> Result<(), Problem> {
    let data = [("name", "Lingpai"), ("code", "000000"), ("action", "check"), ("expMinute", "3")];
    let data = data.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let sms = Sms { mobile: NO_NUMBER.to_owned(), key, secret, template_id: template.to_owned(), data };
    match gateway.send(&sms).await {
        Ok(()) => Ok(()),
        Err(SendError::Refused(words)) if NO_SUCH_NUMBER.iter().any(|code| words.starts_with(code)) => Ok(()),
        Err(error) => {
            const USUAL: &str = "本机须能访问云厂商;拒绝的原因见短信控制台的发送记录(阿里云「发送记录查询」)。 \
                 This machine must reach the cloud; see SMS console, Sending records, for why it refused.";
            Err(explained(error.to_string(), USUAL))
        }
    }
}
