//! The applications whose credentials are held, by the names that uni-open-bridge gives their platforms.

use lingpai_domain::error::{Code, Error, Result};
use lingpai_providers::weixin::Application;
use serde_json::Value;

use super::CredentialKey;
use crate::{config::AppConfig, state::State, weixin::WeixinPlatform};

/// A platform of a third party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgePlatform {
    /// Of WeChat.
    Weixin(WeixinPlatform),
    /// QQ mini programs.
    QqMiniProgram,
    /// QQ in apps.
    QqApp,
}

impl BridgePlatform {
    /// By its name: `weixin-mp`, `qq-app` and so on, or the older `mp-weixin`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "qq-mp" | "mp-qq" => Some(Self::QqMiniProgram),
            "qq-app" | "app-qq" => Some(Self::QqApp),
            _ => WeixinPlatform::named(name).map(Self::Weixin),
        }
    }

    /// The name in keys.
    pub const fn provider(self) -> &'static str {
        match self {
            Self::Weixin(platform) => platform.provider(),
            Self::QqMiniProgram => "qq-mp",
            Self::QqApp => "qq-app",
        }
    }

    /// `uniPlatform` of its callers.
    pub const fn uni_platform(self) -> &'static str {
        match self {
            Self::Weixin(platform) => platform.uni_platform(),
            Self::QqMiniProgram => "mp-qq",
            Self::QqApp => "app",
        }
    }

    const fn section(self) -> &'static str {
        match self {
            Self::Weixin(platform) => platform.section(),
            Self::QqMiniProgram | Self::QqApp => "qq",
        }
    }
}

/// An application at a third party.
#[derive(Clone, Debug)]
pub struct Holder {
    /// Where.
    pub platform: BridgePlatform,
    appid: String,
    weixin: Option<(WeixinPlatform, Application)>,
}

impl Holder {
    /// The application that `uni-id/config.json` has for a DCloud AppID.
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] if there is none.
    pub fn of(state: &State, dcloud_appid: &str, platform: BridgePlatform) -> Result<Self> {
        let missing = |path: String| Error::new(Code::ConfigFieldRequired).with("field", path);
        let config = state.center.app(dcloud_appid, platform.uni_platform());
        let config = config.map_err(|problem| missing(format!("dcloudAppid {dcloud_appid}: {}", problem.what.en)))?;
        let appid = appid(&config, platform.section());
        let appid = appid.ok_or_else(|| missing(format!("{}.oauth.{}.appid", platform.uni_platform(), platform.section())))?;
        let weixin = match platform {
            BridgePlatform::Weixin(platform) => platform.application(&config).ok().map(|application| (platform, application)),
            _ => None,
        };
        Ok(Self { platform, appid, weixin })
    }

    /// The application's keys.
    pub fn keys(&self) -> CredentialKey<'_> {
        CredentialKey::new(self.platform.provider(), &self.appid)
    }

    /// The application if WeChat gives credentials for it by itself: mini programs and official accounts
    /// whose secret is configured.
    pub fn renewable(&self) -> Option<(WeixinPlatform, &Application)> {
        let (platform, application) = self.weixin.as_ref()?;
        matches!(platform, WeixinPlatform::MiniProgram | WeixinPlatform::OfficialAccount).then_some((*platform, application))
    }
}

fn appid(config: &AppConfig, section: &str) -> Option<String> {
    let appid = config.oauth.get(section)?.get("appid").and_then(Value::as_str);
    appid.filter(|appid| !appid.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_platforms_are_those_of_uni_open_bridge() {
        for name in ["weixin-mp", "weixin-h5", "weixin-web", "weixin-app", "qq-mp", "qq-app"] {
            assert_eq!(BridgePlatform::named(name).map(BridgePlatform::provider), Some(name));
        }
        assert_eq!(BridgePlatform::named("mp-qq"), Some(BridgePlatform::QqMiniProgram));
        assert_eq!(BridgePlatform::named("web"), None);
    }
}
