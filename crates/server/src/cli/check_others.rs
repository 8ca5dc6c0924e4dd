//! `lingpai check --upstreams`, apart from WeChat: QQ's mini programs, Alipay and Apple, each asked about a
//! code that nobody made, whose refusal shows that everything else is right.

use std::collections::BTreeSet;

use lingpai_domain::secret::Secret;
use lingpai_providers::{
    alipay::AlipayApplication,
    apple::AppleError,
    http::UpstreamError,
    rsa_key::{RsaKey, RsaPublicKey},
};
use serde_json::Value;

use crate::{
    config::{AppConfig, Center},
    upstreams::Upstreams,
};

/// What is sent as a code.
const MADE_UP_CODE: &str = "lingpai-check";

/// QQ's codes for a code that is none, or was used: the documented one of code2Session, and those that the server has been seen to give.
const QQ_NO_SUCH_CODE: &[&str] = &["40029", "-101222008", "-101222009"];

/// QQ's codes for an AppID or AppSecret that is wrong, as its documentation of getAccessToken has them.
const QQ_WRONG_APPLICATION: &[&str] = &["40001", "40013", "40125"];

/// Alipay's.
const ALIPAY_NO_SUCH_CODE: &[&str] = &["isv.code-invalid", "isv.code-is-old"];

/// An application at a third party.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Application {
    Qq { appid: String, secret: String },
    Alipay { appid: String, key: String, alipay: Option<String> },
    Apple,
}

/// Prints a line for each application. Answers whether all are fine.
pub async fn run(upstreams: &Upstreams, center: &Center) -> bool {
    let mut all_fine = true;
    for application in applications(center) {
        let name = match &application {
            Application::Qq { appid, .. } => format!("QQ 小程序 QQ mini program {appid}"),
            Application::Alipay { appid, .. } => format!("支付宝 Alipay {appid}"),
            Application::Apple => "Apple 公钥 Apple's keys".to_owned(),
        };
        match attempt(upstreams, &application).await {
            Ok(()) => say!("[正常 fine] {name}"),
            Err((error, hint)) => {
                all_fine = false;
                say!("[问题 problem] {name}\n    {error}");
                if !hint.is_empty() {
                    say!("    {hint}");
                }
            }
        }
    }
    all_fine
}

async fn attempt(upstreams: &Upstreams, application: &Application) -> Result<(), (String, &'static str)> {
    let judged = |outcome: Result<(), UpstreamError>, no_such_code: &[&str]| match outcome {
        Err(error) if !error.is_refusal(no_such_code) => {
            let hint = explain(&error);
            Err((error.to_string(), hint))
        }
        _ => Ok(()),
    };
    match application {
        Application::Qq { appid, secret } => {
            let asked = upstreams.qq.session(appid, &Secret::new(secret), Some(MADE_UP_CODE)).await;
            judged(asked.map(drop), QQ_NO_SUCH_CODE)
        }
        Application::Alipay { appid, key, alipay } => match RsaKey::parse(&Secret::new(key)) {
            Ok(key) => {
                if let Some(Err(error)) = alipay.as_deref().map(RsaPublicKey::parse) {
                    let hint = "填写「接口加签方式」中的支付宝公钥。 Put Alipay's public key, as \"Signing\" shows it, into oauth.alipay.alipayPublicKey.";
                    return Err((error.to_string(), hint));
                }
                // A refusal is not signed, so that the public key itself cannot be tried.
                let application = AlipayApplication { appid: appid.clone(), key, alipay: None };
                judged(upstreams.alipay.account(&application, MADE_UP_CODE).await.map(drop), ALIPAY_NO_SUCH_CODE)
            }
            Err(error) => {
                let hint =
                    "填写「接口加签方式」中的应用私钥(RSA2)。 Put the application's private key (RSA2) into oauth.alipay.privateKey.";
                Err((error.to_string(), hint))
            }
        },
        Application::Apple => match upstreams.apple.identity(MADE_UP_CODE, &[], None).await {
            Err(AppleError::Keys(error)) => Err((error.to_string(), explain(&error))),
            _ => Ok(()),
        },
    }
}

/// What to do about a refusal.
fn explain(error: &UpstreamError) -> &'static str {
    let UpstreamError::Refused { code, .. } = error else {
        return "本机须能访问 providers 中的地址。 This machine must reach the address in [providers].";
    };
    match code.as_str() {
        "isv.invalid-signature" | "isv.missing-signature-key" => {
            "私钥与支付宝上的公钥不是一对:开放平台「开发设置 - 接口加签方式」上传应用公钥。 \
             The private key and the public key at Alipay are no pair: upload the public key at open.alipay.com, Development settings, Signing."
        }
        "isv.invalid-app-id" => {
            "AppID 不对:开放平台「控制台 - 小程序详情」。 The AppID is wrong: see open.alipay.com, the mini program's details."
        }
        "isv.invalid-timestamp" => "服务器的时钟不准。 The server's clock is wrong.",
        code if code.starts_with("-10122") || QQ_WRONG_APPLICATION.contains(&code) => {
            "AppID 或 AppSecret 不对:QQ 小程序管理平台(q.qq.com)「设置 - 开发设置」。 \
             AppID or AppSecret is wrong: see q.qq.com, Settings, Development settings."
        }
        _ => "",
    }
}

/// Each application once, whoever of the DCloud applications uses it.
fn applications(center: &Center) -> BTreeSet<Application> {
    let mut found = BTreeSet::new();
    for app_id in center.app_ids() {
        let config = |platform: &str| center.app(&app_id, platform).ok();
        let text = |config: &AppConfig, section: &str, field: &str| {
            let value = config.oauth.get(section).and_then(|section| section.get(field)).and_then(Value::as_str);
            value.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        if let Some(config) = config("mp-qq")
            && let (Some(appid), Some(secret)) = (text(&config, "qq", "appid"), text(&config, "qq", "appsecret"))
        {
            found.insert(Application::Qq { appid, secret });
        }
        if let Some(config) = config("mp-alipay")
            && let (Some(appid), Some(key)) = (text(&config, "alipay", "appid"), text(&config, "alipay", "privateKey"))
        {
            found.insert(Application::Alipay { appid, key, alipay: text(&config, "alipay", "alipayPublicKey") });
        }
        if config("app").is_some_and(|config| config.oauth.get("apple").and_then(|apple| apple.get("bundleId")).is_some()) {
            found.insert(Application::Apple);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qqs_documented_codes_are_understood() {
        let refusal = |code: &str| UpstreamError::Refused { code: code.to_owned(), words: String::new() };
        assert!(refusal("40029").is_refusal(QQ_NO_SUCH_CODE));
        for code in ["40001", "40013", "-101222006"] {
            assert!(!refusal(code).is_refusal(QQ_NO_SUCH_CODE) && explain(&refusal(code)).contains("AppSecret"), "{code}");
        }
    }
}
