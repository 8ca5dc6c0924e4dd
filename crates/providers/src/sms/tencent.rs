//! Tencent Cloud's short messages (`SendSms` of 2021-01-11).

use std::sync::Arc;

use async_trait::async_trait;
use lingpai_domain::{
    clock::Clock,
    messaging::{SendError, Sms, SmsGateway},
};
use serde_json::json;

use super::vendor::{Account, refused, unreachable, value_of};
use crate::{
    http::{Http, HttpOptionsError, UpstreamError},
    tencent::TencentApi,
};

/// Where it is unless the settings say otherwise.
pub const BASE_URL: &str = "https://sms.tencentcloudapi.com";

/// What the console shows for an application of Tencent Cloud's.
#[derive(Clone, Debug)]
pub struct TencentApplication {
    /// `SmsSdkAppId`
    pub sdk_app_id: String,
    /// The signature's words, as `令牌`.
    pub sign_name: String,
    /// The region, as `ap-guangzhou`.
    pub region: String,
}

/// Sends by Tencent Cloud. The template's id is the console's number.
pub struct TencentSms {
    api: TencentApi,
    account: Account,
    application: TencentApplication,
    params: Vec<String>,
}

impl TencentSms {
    /// Prepares it. `params`: which values the templates' `{1}`, `{2}` … are.
    ///
    /// # Errors
    /// If `base_url` is no web address.
    pub fn new(
        http: &Http,
        base_url: &str,
        account: Account,
        application: TencentApplication,
        params: Vec<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HttpOptionsError> {
        let api = TencentApi::new(http, "sms", base_url, ("sms", "2021-01-11"), Some(application.region.clone()), clock)?;
        Ok(Self { api, account, application, params })
    }
}

#[async_trait]
impl SmsGateway for TencentSms {
    async fn send(&self, sms: &Sms) -> Result<(), SendError> {
        let (id, key) = self.account.of(sms)?;
        let values: Vec<&str> = self.params.iter().map(|name| value_of(sms, name)).collect();
        let body = json!({
            "PhoneNumberSet": [format!("+86{}", sms.mobile)],
            "SmsSdkAppId": self.application.sdk_app_id,
            "SignName": self.application.sign_name,
            "TemplateId": sms.template_id,
            "TemplateParamSet": values,
        });
        let response = self.api.call("SendSms", &body, id, key).await.map_err(unreachable)?;
        // The request as a whole, or the one message in it.
        let said = response.get("Error").or_else(|| response.pointer("/SendStatusSet/0"));
        let said = said.ok_or_else(|| unreachable(UpstreamError::Incomplete("SendStatusSet")))?;
        match said["Code"].as_str() {
            Some("Ok") => Ok(()),
            Some(code) => Err(refused(sms, code, said["Message"].as_str().unwrap_or_default())),
            None => Err(unreachable(UpstreamError::Incomplete("Code"))),
        }
    }
}
