//! The third parties that the program calls.

use std::sync::Arc;

use anyhow::Context;
use lingpai_domain::{clock::Clock, random::Random, real_name::FaceVerifier};
use lingpai_providers::{
    alipay::Alipay,
    aliyun::AliyunApi,
    apple::Apple,
    face::{
        FaceGateway,
        aliyun::{self, AliyunFace},
        tencent::{self, TencentFace},
    },
    http::{Http, HttpOptions},
    qq::Qq,
    univerify::{self, Univerify},
    weixin::Weixin,
};

use crate::config::{
    Settings,
    settings::{self, Frv, FrvVendor},
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
    pub fn new(settings: &Settings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<Self> {
        let http = client(HttpOptions { timeout: settings.providers.timeout, ..HttpOptions::default() }, &clock)?;
        let providers = &settings.providers;
        Ok(Self {
            weixin: Weixin::new(http.upstream("weixin", &providers.weixin_base_url).context("providers.weixin.base_url")?),
            qq: Qq::new(&http, &providers.qq_base_url, &providers.qq_graph_url).context("providers.qq")?,
            alipay: Alipay::new(&http, &providers.alipay_gateway_url, clock.clone()).context("providers.alipay.gateway_url")?,
            apple: Apple::new(&http, &providers.apple_keys_url, clock.clone()).context("providers.apple.keys_url")?,
            univerify: providers.univerify.as_ref().map(|service| one_click(service, &http, &clock, &random)).transpose()?,
            face: providers.frv.as_ref().map(|frv| face(frv, &clock, &random)).transpose()?,
        })
    }
}

fn client(options: HttpOptions, clock: &Arc<dyn Clock>) -> anyhow::Result<Http> {
    Http::new(options, clock.clone()).context("the HTTP client / HTTP 客户端")
}

fn one_click(service: &settings::Univerify, http: &Http, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> anyhow::Result<Univerify> {
    let prepared = match service {
        settings::Univerify::Function { base_url, .. } => Univerify::function(http, base_url),
        settings::Univerify::Aliyun { base_url, key: (id, key) } => {
            let base_url = base_url.as_deref().unwrap_or(univerify::ALIYUN_BASE_URL);
            let api = AliyunApi::new(http, "univerify", base_url, univerify::ALIYUN_VERSION, clock.clone(), random.clone());
            api.map(|api| Univerify::Aliyun { api, key_id: id.clone(), key: key.clone() })
        }
    };
    prepared.context("providers.univerify.base_url")
}

fn face(frv: &Frv, clock: &Arc<dyn Clock>, random: &Arc<dyn Random>) -> anyhow::Result<Arc<dyn FaceVerifier>> {
    let options = HttpOptions { timeout: frv.timeout, max_answer_bytes: LARGEST_PHOTO_ANSWER, ..HttpOptions::default() };
    let http = client(options, clock)?;
    match &frv.vendor {
        FrvVendor::Gateway { base_url, secret } => {
            let gateway = FaceGateway::new(&http, base_url, secret.clone(), clock.clone());
            Ok(Arc::new(gateway.context("providers.frv.base_url")?))
        }
        FrvVendor::Aliyun { base_url, scene_id, key: (id, key) } => {
            let base_url = base_url.as_deref().unwrap_or(aliyun::BASE_URL);
            let service = AliyunFace::new(&http, base_url, scene_id.clone(), id.clone(), key.clone(), clock.clone(), random.clone());
            Ok(Arc::new(service.context("providers.frv.base_url")?))
        }
        FrvVendor::Tencent { base_url, key: (id, key) } => {
            let base_url = base_url.as_deref().unwrap_or(tencent::BASE_URL);
            let service = TencentFace::new(&http, base_url, id.clone(), key.clone(), clock.clone());
            Ok(Arc::new(service.context("providers.frv.base_url")?))
        }
    }
}
