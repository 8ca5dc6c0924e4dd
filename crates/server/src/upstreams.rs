//! The third parties that the program calls.

use std::sync::Arc;

use anyhow::Context;
use lingpai_domain::clock::Clock;
use lingpai_providers::{
    http::{Http, HttpOptions},
    weixin::Weixin,
};

use crate::config::Settings;

/// The third parties, each at the address of its setting.
pub struct Upstreams {
    /// WeChat.
    pub weixin: Weixin,
}

impl Upstreams {
    /// Prepares the ways there; nothing is connected yet.
    ///
    /// # Errors
    /// If the TLS library refuses, or an address is none.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let options = HttpOptions { timeout: settings.providers.timeout, ..HttpOptions::default() };
        let http = Http::new(options, clock).context("the HTTP client / HTTP 客户端")?;
        let providers = &settings.providers;
        Ok(Self { weixin: Weixin::new(http.upstream("weixin", &providers.weixin_base_url).context("providers.weixin.base_url")?) })
    }
}
