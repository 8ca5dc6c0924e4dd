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
    aliyun::AliyunApi,
    http::{Http, HttpOptionsError, UpstreamError},
};

/// Where it is unless the settings say otherwise.
pub const BASE_URL: &str = "https://dysmsapi.aliyuncs.com";

/// Sends by Alibaba Cloud. The template's id is the console's `SMS_…` code.
pub struct AliyunSms {
    api: AliyunApi,
    account: Account,
    sign_name: String,
    params: Vec<String>,
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
        let api = AliyunApi::new(http, "sms", base_url, "2017-05-25", clock, random)?;
        Ok(Self { api, account, sign_name, params })
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
        let answer = self.api.call("SendSms", &params, id, secret).await.map_err(unreachable)?;
        // Errors come with statuses of errors and the same fields.
        let fields = answer.json().map_err(unreachable)?;
        match fields.get("Code").and_then(Value::as_str) {
            Some("OK") if answer.status == 200 => Ok(()),
            Some(code) => Err(refused(sms, code, fields.get("Message").and_then(Value::as_str).unwrap_or_default())),
            None => Err(unreachable(UpstreamError::Incomplete("Code"))),
        }
    }
}
