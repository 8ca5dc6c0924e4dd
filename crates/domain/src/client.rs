//! Who calls, as far as the client says and the server sees.

use serde_json::{Map, Value};

/// Over which form a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The URL form, `POST /uni-id-co/<method>`.
    Http,
    /// The uniCloud client protocol, `POST /client`.
    Client,
    /// A cloud function that this program runs, by the URL form.
    Function,
}

impl Source {
    /// The word that scripts and functions see.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Http => "http",
            Source::Client => "client",
            Source::Function => "function",
        }
    }
}

/// Facts about the caller. What the client says of itself (application, device, platform) is a
/// claim and grants nothing; address, user agent and source are the server's own.
#[derive(Clone, Debug)]
pub struct Client {
    /// `appId`
    pub app_id: String,
    /// `uniPlatform`, normalised: `app`, `web`, `mp-weixin` ...
    pub platform: String,
    /// `deviceId`
    pub device_id: Option<String>,
    /// `osName`
    pub os_name: Option<String>,
    /// `appName`
    pub app_name: Option<String>,
    /// `appVersion`
    pub app_version: Option<String>,
    /// `appVersionCode`: a text or a number.
    pub app_version_code: Option<Value>,
    /// `channel`, else `scene`: a text or a number.
    pub channel: Option<Value>,
    /// The address as the server sees it.
    pub ip: String,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// How the call came.
    pub source: Source,
}

impl Client {
    /// `register_env` of a user who registers now.
    pub fn register_env(&self) -> Map<String, Value> {
        let text = |text: &Option<String>| Value::String(text.clone().unwrap_or_default());
        let channel = match &self.channel {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        Map::from_iter([
            ("appid".into(), self.app_id.clone().into()),
            ("uni_platform".into(), self.platform.clone().into()),
            ("os_name".into(), text(&self.os_name)),
            ("app_name".into(), text(&self.app_name)),
            ("app_version".into(), text(&self.app_version)),
            ("app_version_code".into(), self.app_version_code.clone().unwrap_or_else(|| "".into())),
            ("channel".into(), channel.into()),
            ("client_ip".into(), self.ip.clone().into()),
        ])
    }
}

/// The platform's name as configuration and tokens know it.
pub fn normalise_platform(platform: &str) -> &str {
    match platform {
        "app" | "app-plus" | "app-android" | "app-ios" => "app",
        "web" | "h5" => "web",
        other => other,
    }
}
