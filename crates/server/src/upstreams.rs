//! The third parties that the program calls.

use std::sync::Arc;

use anyhow::Context;
use lingpai_domain::{clock::Clock, real_name::FaceVerifier};
use lingpai_providers::{
    alipay::Alipay,
    apple::Apple,
    face::FaceGateway,
    http::{Http, HttpOptions},
    qq::Qq,
    univerify::Univerify,
    weixin::Weixin,
};

use crate::config::{
    Settings,
    settings::{Frv, FrvVendor},
};

/// The largest answer of a face verification, bytes: a photograph in base64 and some words.
const LARGEST_PHOTO_ANSWER: usize = 2 * 1024 * 1024;

/// The third parties, each at the address of its setting.
pub struct Upstreams {
    /// WeChat.
    pub weixin: Weixin,
    /// QQ.
    pub qq: Qq,
    /// Alipay.
    pub alipay: Alipay,
    /// Apple.
    pub apple: Apple,
    /// One-click sign-in, if there is any.
    pub univerify: Option<Univerify>,
    /// Who compares faces with identity cards, if anybody does.
    pub face: Option<Arc<dyn FaceVerifier>>,
}

impl Upstreams {
    /// Prepares the ways there; nothing is connected yet.
    ///
    /// # Errors
    /// If the TLS library refuses, or an address is none.
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let http = client(HttpOptions { timeout: settings.providers.timeout, ..HttpOptions::default() }, &clock)?;
        let providers = &settings.providers;
        let univerify = providers.univerify.as_ref().map(|univerify| Univerify::new(&http, &univerify.base_url));
        Ok(Self {
            weixin: Weixin::new(http.upstream("weixin", &providers.weixin_base_url).context("providers.weixin.base_url")?),
            qq: Qq::new(&http, &providers.qq_base_url, &providers.qq_graph_url).context("providers.qq")?,
            alipay: Alipay::new(&http, &providers.alipay_gateway_url, clock.clone()).context("providers.alipay.gateway_url")?,
            apple: Apple::new(&http, &providers.apple_keys_url, clock.clone()).context("providers.apple.keys_url")?,
            univerify: univerify.transpose().context("providers.univerify.base_url")?,
            face: providers.frv.as_ref().map(|frv| face(frv, &clock)).transpose()?,
        })
    }
}

fn client(options: HttpOptions, clock: &Arc<dyn Clock>) -> anyhow::Result<Http> {
    Http::new(options, clock.clone()).context("the HTTP client / HTTP 客户端")
}

fn face(frv: &Frv, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn FaceVerifier>> {
    let options = HttpOptions { timeout: frv.timeout, max_answer_bytes: LARGEST_PHOTO_ANSWER, ..HttpOptions::default() };
    let http = client(options, clock)?;
    match &frv.vendor {
        FrvVendor::Gateway { base_url, secret } => {
            let gateway = FaceGateway::new(&http, base_url, secret.clone(), clock.clone());
            Ok(Arc::new(gateway.context("providers.frv.base_url")?))
        }
    }
}
