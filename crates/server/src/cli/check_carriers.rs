//! `lingpai check --upstreams`: SMS, mail, one-click sign-in, face verification and Redis. Each is asked for
//! something that it refuses when everything is right: a number that does not exist, a token that nobody
//! made. Nothing is sent and nothing is charged.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use lingpai_domain::{
    messaging::{SendError, Sms, SmsGateway},
    secret::Secret,
};
use lingpai_providers::http::{Http, HttpOptions, Request, UpstreamError};

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
        let hint = "检查 providers.email 的主机、端口、加密方式与密码;许多邮箱要在网页版的「设置 - POP3/IMAP/SMTP」中开启 SMTP 并使用授权码。 \
                    Check host, port, tls and password in [providers.email]; many mailboxes want SMTP enabled in their web settings, and an authorisation code as password.";
        let outcome = gateway.check().await.map_err(|error| (error.to_string(), hint));
        tell(format!("邮件 mail {}:{}", email.host, email.port), outcome);
    }
    if let Some(sms) = &settings.providers.sms {
        check_sms(sms, center, &mut tell).await?;
    }
    if let Some(univerify) = &upstreams.univerify {
        let key = match &settings.providers.univerify {
            Some(settings::Univerify::Function { secret: Some(secret), .. }) => secret.clone(),
            _ => univerify_key(center),
        };
        let outcome = match univerify.mobile(None, &key, MADE_UP, MADE_UP).await {
            Err(UpstreamError::Refused { code, .. }) if !is_about_access(&code) => Ok(()),
            Err(error) => {
                let hint = explain_code(&error.to_string());
                Err((error.to_string(), if hint.is_empty() { UNIVERIFY_HINT } else { hint }))
            }
            Ok(_) => Ok(()),
        };
        tell("一键登录 one-click sign-in".to_owned(), outcome);
    }
    if let Some(face) = &upstreams.face {
        use lingpai_domain::real_name::FaceError;
        let outcome = match face.check(MADE_UP, false).await {
            Err(FaceError::Refused(words)) if !is_about_access(&words) => Ok(()),
            Err(error) => {
                let words = error.to_string();
                let hint = explain_code(&words);
                Err((words, if hint.is_empty() { FACE_HINT } else { hint }))
            }
            Ok(_) => Ok(()),
        };
        tell("实人认证 face verification".to_owned(), outcome);
    }
    Ok(all_fine)
}

const UNIVERIFY_HINT: &str = "本机须能访问 providers.univerify.base_url,且签名密钥与取号云函数一致(uniCloud 控制台「云函数 - 详情 - URL 化」)。 \
     This machine must reach providers.univerify.base_url, and the key must be the cloud function's (uniCloud console, Cloud functions, Details, URL).";
const FACE_HINT: &str = "本机须能访问 [providers.frv] 的地址。 This machine must reach the address in [providers.frv].";

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
            let words = error.to_string();
            let hint = explain_code(&words);
            Err((words, hint))
        }
    }
}

/// Whether a refusal is about who asks, not about what was asked for.
fn is_about_access(words: &str) -> bool {
    let codes = [
        "AccessKey",
        "SignatureDoesNotMatch",
        "SignatureNonce",
        "Forbidden",
        "NoPermission",
        "AuthFailure",
        "UnauthorizedOperation",
        "ILLEGAL_ACCESS",
        "Arrears",
    ];
    codes.iter().any(|code| words.contains(code))
}

/// What to do about a refusal of a cloud, by the code in it; empty if it is none of the usual ones.
fn explain_code(words: &str) -> &'static str {
    const HINTS: &[(&[&str], &str)] = &[
        (
            &["InvalidAccessKeyId", "AuthFailure.SecretIdNotFound", "AuthFailure.InvalidSecretId"],
            "密钥 ID 不存在或已停用:阿里云 RAM 控制台「用户 - AccessKey」,腾讯云「访问管理 - 访问密钥」。 \
             The key's id does not exist or is disabled: see RAM, Users, AccessKey (Alibaba Cloud) or CAM, API keys (Tencent Cloud).",
        ),
        (
            &["SignatureDoesNotMatch", "IncompleteSignature", "AuthFailure.SignatureFailure", "ILLEGAL_ACCESS"],
            "密钥不对:重新复制 AccessKey Secret / SecretKey(一键登录为云函数的签名密钥)。 \
             The secret is wrong: copy AccessKey Secret or SecretKey again (for one-click sign-in the cloud function's key).",
        ),
        (&["InvalidTimeStamp", "AuthFailure.SignatureExpire", "SignatureNonceUsed"], "服务器的时钟不准。 The server's clock is wrong."),
        (
            &["Forbidden", "NoPermission", "AuthFailure.UnauthorizedOperation", "isv.RAM_PERMISSION_DENY"],
            "子用户没有权限:阿里云 RAM 控制台授予 dysms:SendSms、yundun-cloudauth 等,腾讯云 CAM 授予 QcloudSMSFullAccess、QcloudFaceIdFullAccess。 \
             The user lacks rights: grant dysms:SendSms or yundun-cloudauth in RAM, QcloudSMSFullAccess or QcloudFaceIdFullAccess in CAM.",
        ),
        (
            &["isv.SMS_SIGNATURE_ILLEGAL", "isv.SMS_SIGNATURE", "SignatureIncorrectOrUnapproved"],
            "短信签名不对或未通过审核:阿里云短信服务「国内消息 - 签名管理」,腾讯云短信「国内短信 - 签名管理」。 \
             The signature is wrong or not approved: see SMS console, Signatures.",
        ),
        (
            &[
                "isv.SMS_TEMPLATE_ILLEGAL",
                "isv.TEMPLATE_MISSING_PARAMETERS",
                "TemplateIncorrectOrUnapproved",
                "TemplateParameter",
                "TemplateParamSetNotMatchApprovedTemplate",
            ],
            "短信模板不存在、未通过审核,或 template_params 与模板变量不符:短信控制台「模板管理」。 \
             The template does not exist, is not approved, or template_params do not fit its variables: see SMS console, Templates.",
        ),
        (
            &["SmsSdkAppIdVerifyFail"],
            "SdkAppId 不对:腾讯云短信「应用管理 - 应用列表」。 The SdkAppId is wrong: see Tencent Cloud SMS, Applications.",
        ),
        (
            &["isv.AMOUNT_NOT_ENOUGH", "isv.OUT_OF_SERVICE", "InsufficientBalance", "Arrears"],
            "账户余额或套餐已用完:云厂商的「费用中心」。 The balance or the package is used up: see the cloud's billing console.",
        ),
        (
            &["Nonactivated", "isv.PRODUCT_UN_SUBSCRIPT", "isv.PRODUCT_UNSUBSCRIBE"],
            "服务尚未开通:在控制台开通短信、号码认证或人脸核身。 The service is not enabled: enable SMS, number verification or Face ID in the console.",
        ),
    ];
    HINTS.iter().find(|(codes, _)| codes.iter().any(|code| words.contains(code))).map_or("", |(_, hint)| hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_that_operators_meet_are_explained() {
        for code in [
            "InvalidAccessKeyId.NotFound",
            "SignatureDoesNotMatch",
            "isv.SMS_SIGNATURE_ILLEGAL",
            "isv.SMS_TEMPLATE_ILLEGAL",
            "FailedOperation.TemplateIncorrectOrUnapproved",
            "UnauthorizedOperation.SmsSdkAppIdVerifyFail",
            "AuthFailure.SecretIdNotFound",
            "FailedOperation.InsufficientBalanceInSmsPackage",
        ] {
            let words = explain_code(&format!("refused: {code}: no"));
            assert!(!words.is_ascii() && words.contains("console") || words.contains("see ") || words.contains("copy"), "{code}");
        }
        assert_eq!(explain_code("isv.SOMETHING"), "");
        assert!(is_about_access("refused with AuthFailure.SignatureFailure") && !is_about_access("refused with 401"));
    }
}
