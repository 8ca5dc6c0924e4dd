//! Calls of Alibaba Cloud's APIs of the RPC style.

use std::sync::Arc;

use lingpai_domain::{clock::Clock, random::Random, secret::Secret};

use crate::{
    http::{Answer, Body, Http, HttpOptionsError, Request, Upstream, UpstreamError},
    signing::{
        acs3::{self, Acs3Request},
        date::iso_utc,
    },
};

/// One of the APIs.
pub struct AliyunApi {
    upstream: Upstream,
    host: String,
    version: &'static str,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl AliyunApi {
    /// An API by its base address and version (`2017-05-25`). `name` stands in logs.
    ///
    /// # Errors
    /// If the address is no web address.
    pub fn new(
        http: &Http,
        name: &'static str,
        base_url: &str,
        version: &'static str,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, HttpOptionsError> {
        Ok(Self { upstream: http.upstream(name, base_url)?, host: host(base_url), version, clock, random })
    }

    /// Makes a signed call. Errors of the API come back as answers: they have the status of an error, and
    /// `Code` and `Message`.
    ///
    /// # Errors
    /// [`UpstreamError`] if there is no whole answer.
    pub async fn call(&self, action: &str, params: &[(&str, &str)], key_id: &str, key: &Secret) -> Result<Answer, UpstreamError> {
        let (date, nonce) = (iso_utc(self.clock.now_s()), (&*self.random as &dyn Random).hex(16));
        let request = Acs3Request { host: &self.host, action, version: self.version, params, date: &date, nonce: &nonce };
        let signed = acs3::sign(&request, key_id, key);
        let mut headers: Vec<(&str, &str)> = signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // A POST without a body has no length unless it is said, and some servers insist.
        headers.push(("content-length", "0"));
        let path = format!("/?{}", signed.query);
        let body = Body::Text("application/x-www-form-urlencoded", "");
        self.upstream.call(Request { path: &path, query: &[], headers: &headers, body }).await
    }
}

/// The host of a base address, as signatures cover it.
pub(crate) fn host(base_url: &str) -> String {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_cut_out_of_addresses() {
        for (url, name) in [
            ("https://a.example", "a.example"),
            ("http://127.0.0.1:80/x?y", "127.0.0.1:80"),
            ("https://b.example/", "b.example"),
            ("c", "c"),
        ] {
            assert_eq!(host(url), name);
        }
    }
}
