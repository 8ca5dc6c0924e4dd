//! Alibaba Cloud's short messages (Dysmsapi, `SendSms` of 2017-05-25).

use std::sync::Arc;

use async_trait::async_trait;
use lingpai_domain::{
    clock::Clock,
    messaging::{SendError, Sms, SmsGateway},
    random::Random,
    secret::Secret,
};
use serde_json::{Map, Value};

use super::vendor::{Account, refused, unreachable, value_of};
use crate::{
    http::{Body, Http, HttpOptionsError, Request, Upstream, UpstreamError},
    signing::{
        acs3::{self, Acs3Request},
        date::iso_utc,
    },
};

/// Where it is unless the settings say otherwise.
pub const BASE_URL: &str = "https://dysmsapi.aliyuncs.com";

/// Sends by Alibaba Cloud. The template's id is the console's `SMS_…` code.
pub struct AliyunSms {
    upstream: Upstream,
    host: String,
    account: Account,
    sign_name: String,
    params: Vec<String>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl AliyunSms {
    /// Prepares it. `params`: the names of the values that the templates have.
    ///
    /// # Errors
    /// If `base_url` is no web address.
    pub fn new(
        http: &Http,
        base_url: &str,
        account: Account,
        sign_name: String,
        params: Vec<String>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, HttpOptionsError> {
        let upstream = http.upstream("sms", base_url)?;
        Ok(Self { upstream, host: super::vendor::host(base_url), account, sign_name, params, clock, random })
    }
}

#[async_trait]
impl SmsGateway for AliyunSms {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        let (id, secret): (&str, &Secret) = self.account.of(sms)?;
        let values: Map<String, Value> = self.params.iter().map(|name| (name.clone(), value_of(sms, name).into())).collect();
        let values = Value::Object(values).to_string();
        let params = [
            ("PhoneNumbers", sms.mobile.as_str()),
            ("SignName", self.sign_name.as_str()),
            ("TemplateCode", sms.template_id.as_str()),
            ("TemplateParam", values.as_str()),
        ];
        let (date, nonce) = (iso_utc(self.clock.now_s()), (&*self.random as &dyn Random).hex(16));
        let request =
            Acs3Request { host: &self.host, action: "SendSms", version: "2017-05-25", params: &params, date: &date, nonce: &nonce };
        let signed = acs3::sign(&request, id, secret);
        let mut headers: Vec<(&str, &str)> = signed.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // A POST without a body has no length unless it is said, and some servers insist.
        headers.push(("content-length", "0"));
        let path = format!("/?{}", signed.query);
        let request = Request { path: &path, query: &[], headers: &headers, body: Body::Text("application/x-www-form-urlencoded", "") };
        let answer = self.upstream.call(request).await.map_err(unreachable)?;
        // Errors come with statuses of errors and the same fields.
        let fields = answer.json().map_err(unreachable)?;
        match fields.get("Code").and_then(Value::as_str) {
            Some("OK") if answer.status == 200 => Ok(()),
            Some(code) => Err(refused(sms, code, fields.get("Message").and_then(Value::as_str).unwrap_or_default())),
            None => Err(unreachable(UpstreamError::Incomplete("Code"))),
        }
    }
}
