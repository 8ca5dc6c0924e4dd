//! Programs whose WeChat is the test kit's, as strict as the real one.

use std::sync::Arc;

use anyhow::Result;
use lingpai_testkit::upstreams::{StrictWeixin, Upstreams};

use super::{Call, Engine, Mode, TestApp, TestAppBuilder, Value, json};

/// The DCloud AppID of the tests.
pub const APP: &str = "__UNI__TEST";
/// The AppIDs at WeChat.
pub const MINI_PROGRAM: &str = "wx-mp-appid";
/// That of the official account.
pub const OFFICIAL_ACCOUNT: &str = "wx-h5-appid";

/// A program and its WeChat.
pub struct World {
    /// The program.
    pub app: TestApp,
    /// What it asks.
    pub upstreams: Upstreams,
    /// WeChat.
    pub weixin: Arc<StrictWeixin>,
}

/// Starts them.
pub async fn start(engine: Engine) -> Result<World> {
    start_with(TestApp::builder().engine(engine)).await
}

/// Starts them in production mode.
pub async fn start_production(engine: Engine) -> Result<World> {
    start_with(TestApp::builder().engine(engine).mode(Mode::Production)).await
}

/// Starts a program as the builder says.
pub async fn start_with(builder: TestAppBuilder) -> Result<World> {
    let upstreams = Upstreams::start(None).await?;
    let builder = beside(&upstreams, builder);
    World::start(upstreams, builder).await
}

/// A program with applications at a WeChat.
pub fn beside(upstreams: &Upstreams, builder: TestAppBuilder) -> TestAppBuilder {
    upstreams.settings().into_iter().fold(configured(builder), |builder, (path, value)| builder.setting(path, value))
}

/// A program with applications at WeChat, wherever that is.
pub fn configured(builder: TestAppBuilder) -> TestAppBuilder {
    builder.uni_id(configuration())
}

fn configuration() -> Value {
    let application = |appid: &str| json!({"appid": appid, "appsecret": "s"});
    json!({
        "mp-weixin": {"oauth": {"weixin": application(MINI_PROGRAM)}},
        "web": {"oauth": {"weixin-h5": application(OFFICIAL_ACCOUNT), "weixin-web": application("wx-web-appid")}},
        "app": {"oauth": {"weixin": application("wx-app-appid")}},
    })
}

impl World {
    /// Starts a program that was put beside a WeChat.
    pub async fn start(upstreams: Upstreams, builder: TestAppBuilder) -> Result<World> {
        let weixin = upstreams.strict_weixin();
        Ok(World { app: builder.start().await?, upstreams, weixin })
    }

    /// Ends both.
    pub async fn stop(self) -> Result<()> {
        self.app.stop().await
    }

    /// What the program asked of these paths since the last look.
    pub fn asked(&self, path: &str) -> usize {
        self.upstreams.take_requests().iter().filter(|request| request["url"].as_str().is_some_and(|url| url.contains(path))).count()
    }

    /// The value of `opendb-open-data` with this key, in development mode.
    pub async fn open_data(&self, key: &str) -> Result<(Value, Value)> {
        let document = self.app.document("opendb-open-data", key).await?;
        let value = serde_json::from_str(document["value"].as_str().unwrap_or_default())?;
        Ok((value, document.get("expired").cloned().unwrap_or_default()))
    }
}

/// A call from a mini program.
pub fn mini_program(method: &str, params: Value) -> Call {
    Call::new(method).client_info("uniPlatform", "mp-weixin").params(params)
}

/// A call from an app.
pub fn from_phone(method: &str, params: Value) -> Call {
    Call::new(method).client_info("uniPlatform", "app").client_info("osName", "android").params(params)
}

/// A call from a page inside of WeChat.
pub fn official_account(method: &str, params: Value) -> Call {
    Call::new(method).header("user-agent", "Mozilla/5.0 MicroMessenger/8.0").params(params)
}
