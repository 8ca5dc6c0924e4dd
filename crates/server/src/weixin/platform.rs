//! Where WeChat is used from.

use lingpai_domain::{
    account::User,
    client::Client,
    error::{Code, Error, Result},
    secret::Secret,
};
use lingpai_providers::weixin::Application;
use serde_json::Value;

use crate::config::AppConfig;

/// Where WeChat is used from. Each has an application of its own at WeChat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeixinPlatform {
    /// A mini program.
    MiniProgram,
    /// A page inside of WeChat, of an official account.
    OfficialAccount,
    /// A page in another browser, where people scan a code with WeChat.
    Website,
    /// An app.
    App,
}

impl WeixinPlatform {
    /// All of them.
    pub const ALL: [WeixinPlatform; 4] = [Self::MiniProgram, Self::OfficialAccount, Self::Website, Self::App];

    /// The platform of a caller. A page is inside of WeChat if its browser says so.
    ///
    /// # Errors
    /// [`Code::InvalidParam`] on platforms that WeChat is not used from.
    pub fn of(client: &Client) -> Result<Self> {
        match client.platform.as_str() {
            "mp-weixin" => Ok(Self::MiniProgram),
            "app" => Ok(Self::App),
            "web" if client.user_agent.contains("MicroMessenger") => Ok(Self::OfficialAccount),
            "web" => Ok(Self::Website),
            _ => Err(Error::new(Code::InvalidParam).with("param", "clientInfo.uniPlatform")),
        }
    }

    /// Under which openids of a user are kept: `wx_openid.<key>`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::MiniProgram => "mp",
            Self::OfficialAccount => "h5",
            Self::Website => "web",
            Self::App => "app",
        }
    }

    /// A user's openid in an application on this platform.
    pub fn openid_of<'u>(self, user: &'u User, app_id: &str) -> Option<&'u str> {
        let openids = user.doc.get("wx_openid")?.as_object()?;
        let own = format!("{}_{app_id}", self.key());
        [own.as_str(), self.key()].into_iter().find_map(|name| openids.get(name)?.as_str())
    }

    /// The name in keys of `opendb-open-data` and in `uni-open-bridge`.
    pub const fn provider(self) -> &'static str {
        match self {
            Self::MiniProgram => "weixin-mp",
            Self::OfficialAccount => "weixin-h5",
            Self::Website => "weixin-web",
            Self::App => "weixin-app",
        }
    }

    /// The platform by its [`Self::provider`] name, or by the one of older versions (`mp-weixin`).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|platform| platform.provider() == name || name.strip_suffix("-weixin").is_some_and(|key| key == platform.key()))
    }

    /// `uniPlatform` of its callers.
    pub const fn uni_platform(self) -> &'static str {
        match self {
            Self::MiniProgram => "mp-weixin",
            Self::OfficialAccount | Self::Website => "web",
            Self::App => "app",
        }
    }

    /// The section of `oauth` in `uni-id/config.json`.
    pub const fn section(self) -> &'static str {
        match self {
            Self::MiniProgram | Self::App => "weixin",
            Self::OfficialAccount => "weixin-h5",
            Self::Website => "weixin-web",
        }
    }

    /// The application at WeChat, by the configuration of [`Self::uni_platform`].
    ///
    /// # Errors
    /// [`Code::ConfigFieldRequired`] names what is missing.
    pub fn application(self, config: &AppConfig) -> Result<Application> {
        let field = |name: &str| {
            let value = config.oauth.get(self.section()).and_then(|section| section.get(name)).and_then(Value::as_str);
            value.filter(|text| !text.is_empty()).ok_or_else(|| {
                let path = format!("{}.oauth.{}.{name}", self.uni_platform(), self.section());
                Error::new(Code::ConfigFieldRequired).with("field", path)
            })
        };
        Ok(Application { appid: field("appid")?.to_owned(), secret: Secret::new(field("appsecret")?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for platform in WeixinPlatform::ALL {
            assert_eq!(WeixinPlatform::named(platform.provider()), Some(platform));
        }
        assert_eq!(WeixinPlatform::named("mp-weixin"), Some(WeixinPlatform::MiniProgram));
        assert_eq!(WeixinPlatform::named("h5-weixin"), Some(WeixinPlatform::OfficialAccount));
        for other in ["", "weixin", "mp", "qq-mp", "x-weixin", "-weixin"] {
            assert_eq!(WeixinPlatform::named(other), None, "{other}");
        }
    }
}
