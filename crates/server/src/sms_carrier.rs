//! From the settings to whoever carries short messages.

use std::sync::Arc;

use anyhow::Context;
use lingpai_domain::{clock::Clock, messaging::SmsGateway, random::Random};
use lingpai_providers::{
    http::{Http, HttpOptions},
    sms::{
        WebhookSmsGateway,
        aliyun::{self, AliyunSms},
        form::FormSms,
        tencent::{self, TencentApplication, TencentSms},
        vendor::Account,
    },
};

use crate::config::settings::{CloudSms, Sms, SmsCarrier};

/// Prepares the service; nothing is connected yet.
///
/// # Errors
/// If an address is none, or the TLS library refuses.
pub fn sms_gateway(sms: &Sms, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<Arc<dyn SmsGateway>> {
    let options = HttpOptions { timeout: sms.timeout, connect_timeout: sms.timeout, ..HttpOptions::default() };
    let http = Http::new(options, clock.clone()).context("the HTTP client / HTTP 客户端")?;
    Ok(match &sms.carrier {
        SmsCarrier::Webhook { url } => {
            Arc::new(WebhookSmsGateway::new(url.expose(), sms.timeout, clock).context("providers.sms.webhook_url")?)
        }
        SmsCarrier::Aliyun(cloud) => {
            let params = cloud.template_params.clone();
            let base_url = cloud.base_url.as_deref().unwrap_or(aliyun::BASE_URL);
            let gateway = AliyunSms::new(&http, base_url, account(cloud), cloud.sign_name.clone(), params, clock, random);
            Arc::new(gateway.context("providers.sms.base_url")?)
        }
        SmsCarrier::Tencent { cloud, sdk_app_id, region } => {
            let application =
                TencentApplication { sdk_app_id: sdk_app_id.clone(), sign_name: cloud.sign_name.clone(), region: region.clone() };
            let base_url = cloud.base_url.as_deref().unwrap_or(tencent::BASE_URL);
            let gateway = TencentSms::new(&http, base_url, account(cloud), application, cloud.template_params.clone(), clock);
            Arc::new(gateway.context("providers.sms.base_url")?)
        }
        SmsCarrier::Form { url, login, fields } => {
            let login = login.as_ref().map(|(user, password)| (user.as_str(), password));
            Arc::new(FormSms::new(&http, url.expose(), login, fields.clone()).context("providers.sms.form_url")?)
        }
    })
}

fn account(cloud: &CloudSms) -> Account {
    match &cloud.key {
        Some((id, secret)) => Account::Fixed { id: id.clone(), secret: secret.clone() },
        None => Account::OfApplication,
    }
}
