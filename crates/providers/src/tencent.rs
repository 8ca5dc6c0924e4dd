//! Calls of Tencent Cloud's APIs, version 3.

use std::sync::Arc;

use lingpai_domain::{clock::Clock, secret::Secret};
use serde_json::Value;

use crate::{
    http::{Body, Http, HttpOptionsError, Request, Upstream, UpstreamError},
    signing::tc3::{self, Tc3Request},
};

/// One of the APIs.
pub struct TencentApi {
    upstream: Upstream,
    host: String,
    service: &'static str,
    version: &'static str,
    region: Option<String>,
    clock: Arc<dyn Clock>,
}

impl TencentApi {
    /// An API by its base address, name and version (`sms`, `2021-01-11`). `upstream` stands in logs;
    /// `region` is left out where the API has none.
    ///
    /// # Errors
    /// If the address is no web address.
    pub fn new(
        http: &Http,
        upstream: &'static str,
        base_url: &str,
        (service, version): (&'static str, &'static str),
        region: Option<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpOptionsError> {
        Ok(Self { upstream: http.upstream(upstream, base_url)?, host: crate::aliyun::host(base_url), service, version, region, clock })
    }

    /// Makes a signed call. Answers `Response`; errors of the API stand in it, as `Error`.
    ///
    /// # Errors
    /// [`UpstreamError`] if there is no whole answer.
    pub async fn call(&self, action: &str, params: &Value, key_id: &str, key: &Secret) -> Result<Value, UpstreamError> {
        let (body, seconds) = (params.to_string(), self.clock.now_s());
        let signed = Tc3Request { host: &self.host, service: self.service, action, body: body.as_bytes(), seconds };
        let (authorization, timestamp) = (tc3::authorization(&signed, key_id, key), seconds.to_string());
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("x-tc-action", action),
            ("x-tc-version", self.version),
            ("x-tc-timestamp", timestamp.as_str()),
        ];
        headers.extend(self.region.as_deref().map(|region| ("x-tc-region", region)));
        let request = Request { path: "/", query: &[], headers: &headers, body: Body::Text(tc3::CONTENT_TYPE, &body) };
        let mut answer = self.upstream.json(request).await?;
        let response = answer.get_mut("Response").map(Value::take);
        response.filter(Value::is_object).ok_or(UpstreamError::Incomplete("Response"))
    }
}
