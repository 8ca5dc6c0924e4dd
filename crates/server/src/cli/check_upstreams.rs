//! `lingpai check --upstreams`: asks each configured third party whether it accepts what is configured.

use std::{collections::BTreeSet, sync::Arc};

use lingpai_domain::random::Random;
use lingpai_providers::{http::UpstreamError, weixin::Application};

use crate::{
    config::{Center, Settings},
    files::{Files, KeeperError},
    open_bridge::explain,
    runtime::{SystemClock, SystemRandom},
    upstreams::Upstreams,
    weixin::WeixinPlatform,
};

/// WeChat's codes for a code that is none: application and secret are right.
const NO_SUCH_CODE: &[&str] = &["40029", "40163", "41008"];
/// What is sent as a code. WeChat never made it.
const MADE_UP_CODE: &str = "lingpai-check";

/// Prints a line for each application at a third party. Answers whether all are fine.
pub async fn run(settings: &Settings, center: &Center) -> anyhow::Result<bool> {
    let upstreams = Upstreams::new(settings, Arc::new(SystemClock), Arc::new(SystemRandom))?;
    let mut all_fine = true;
    let applications = weixin_applications(center);
    if applications.is_empty() {
        say!("没有配置微信应用。 No application at WeChat is configured.");
    }
    for (platform, application) in applications {
        let name = format!("{} {}", name(platform), application.appid);
        match try_weixin(&upstreams, platform, &application).await {
            Ok(()) => say!("[正常 fine] {name}"),
            Err(error) => {
                all_fine = false;
                say!("[问题 problem] {name}\n    {error}");
                say!("    {}", hint(platform, &error));
            }
        }
    }
    all_fine &= object_storage(settings).await?;
    let others = super::check_others::run(&upstreams, center).await;
    let carriers = super::check_carriers::run(&upstreams, settings, center).await?;
    Ok(all_fine && others && carriers)
}

/// What to do about it.
fn hint(platform: WeixinPlatform, error: &UpstreamError) -> &'static str {
    let is_of_open_platform = matches!(platform, WeixinPlatform::Website | WeixinPlatform::App);
    match explain(error) {
        _ if is_of_open_platform && error.is_refusal(&["40013", "40125", "41002", "41004"]) => {
            "AppID 或 AppSecret 不对,或已重置:微信开放平台「管理中心 - 网站应用/移动应用 - 查看」。 \
             AppID or AppSecret is wrong or was reset: see open.weixin.qq.com, Management centre, the application's details."
        }
        "" if matches!(error, UpstreamError::Refused { .. }) => {
            "见微信「全局返回码」文档,或在公众平台「开发管理 - 接口报警」查看。 See WeChat's list of return codes, or mp.weixin.qq.com, Development, Alarms."
        }
        "" => {
            "本机须能访问 providers.weixin.base_url(api.weixin.qq.com 的 443 端口)。 This machine must reach providers.weixin.base_url (port 443 of api.weixin.qq.com)."
        }
        hint => hint,
    }
}

/// Whether the object storage takes, hands out and removes an object, where there is any.
async fn object_storage(settings: &Settings) -> anyhow::Result<bool> {
    let Some(s3) = settings.storage.s3.as_ref().filter(|_| settings.storage.enabled) else { return Ok(true) };
    let files = Files::new(settings, Arc::new(SystemClock), &SystemRandom)?;
    let name = format!("对象存储 object storage {}/{}", s3.bucket, s3.prefix);
    let random: &dyn Random = &SystemRandom;
    match files.probe(&random.hex(16)).await {
        Ok(()) => {
            say!("[正常 fine] {name}");
            Ok(true)
        }
        Err((step, error)) => {
            say!("[问题 problem] {name}\n    {step}: {error}");
            let hint = storage_hint(&error);
            if !hint.is_empty() {
                say!("    {hint}");
            }
            Ok(false)
        }
    }
}

fn storage_hint(error: &KeeperError) -> &'static str {
    match error {
        KeeperError::Disk(_) => "检查 data.dir 的写权限。 Check that data.dir can be written.",
        KeeperError::Bucket(error)
            if error.is_refusal(&["SignatureDoesNotMatch", "InvalidAccessKeyId", "AuthorizationHeaderMalformed"]) =>
        {
            "检查 storage.s3 的 access_key、secret_key 与 region。 Check access_key, secret_key and region in [storage.s3]."
        }
        KeeperError::Bucket(error) if error.is_refusal(&["AccessDenied"]) => {
            "密钥没有这一步的权限:需要读、写、删除对象。 The key may not do this: it has to read, write and delete objects."
        }
        KeeperError::Bucket(error) if error.is_refusal(&["NoSuchBucket"]) => {
            "没有这个存储桶;也请检查 path_style。 There is no such bucket; check path_style as well."
        }
        KeeperError::Bucket(error) if error.is_refusal(&["RequestTimeTooSkewed"]) => "服务器的时钟不准。 The server's clock is wrong.",
        KeeperError::Bucket(_) => "本机须能访问 storage.s3.endpoint。 This machine must reach storage.s3.endpoint.",
    }
}

/// Each application once, whoever of the DCloud applications uses it.
fn weixin_applications(center: &Center) -> Vec<(WeixinPlatform, Application)> {
    let mut seen = BTreeSet::new();
    let mut applications = Vec::new();
    for app_id in center.app_ids() {
        for platform in WeixinPlatform::ALL {
            let Ok(config) = center.app(&app_id, platform.uni_platform()) else { continue };
            let Ok(application) = platform.application(&config) else { continue };
            if seen.insert((platform.provider(), application.appid.clone())) {
                applications.push((platform, application));
            }
        }
    }
    applications
}

async fn try_weixin(upstreams: &Upstreams, platform: WeixinPlatform, application: &Application) -> Result<(), UpstreamError> {
    match platform {
        WeixinPlatform::MiniProgram | WeixinPlatform::OfficialAccount => {
            upstreams.weixin.access_token(application, false).await.map(|_| ())
        }
        // These have no token of their own: a made-up code shows whether the rest is right.
        WeixinPlatform::Website | WeixinPlatform::App => match upstreams.weixin.user_token(application, MADE_UP_CODE).await {
            Err(error) if !error.is_refusal(NO_SUCH_CODE) => Err(error),
            _ => Ok(()),
        },
    }
}

const fn name(platform: WeixinPlatform) -> &'static str {
    match platform {
        WeixinPlatform::MiniProgram => "微信小程序 WeChat mini program",
        WeixinPlatform::OfficialAccount => "微信公众号 WeChat official account",
        WeixinPlatform::Website => "微信网站应用 WeChat website application",
        WeixinPlatform::App => "微信移动应用 WeChat mobile application",
    }
}
