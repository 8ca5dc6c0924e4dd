//! `[providers.sms]`, `[providers.frv]` and `[providers.univerify]`: services of which the operator has one
//! of several kinds.

use std::time::Duration;

use lingpai_domain::secret::Secret;

use super::{read::GATEWAY_MS, reader::Reader};
use crate::config::report::Words;

/// Who carries short messages.
#[derive(Clone, Debug)]
pub struct Sms {
    /// Which service, and what it takes.
    pub carrier: SmsCarrier,
    /// Time to answer.
    pub timeout: Duration,
}

/// The services for short messages.
#[derive(Clone, Debug)]
pub enum SmsCarrier {
    /// A gateway of the operator's.
    Webhook {
        /// Where messages are posted to; gateways often put a key into it.
        url: Secret,
    },
    /// Alibaba Cloud.
    Aliyun(CloudSms),
    /// Tencent Cloud.
    Tencent {
        /// What both clouds take.
        cloud: CloudSms,
        /// `providers.sms.sdk_app_id`
        sdk_app_id: String,
        /// `providers.sms.region`
        region: String,
    },
    /// A form, as Twilio takes it.
    Form {
        /// Where it is posted to.
        url: Secret,
        /// User and password; `None`: no authorisation.
        login: Option<(String, Secret)>,
        /// Names and values with placeholders.
        fields: Vec<(String, String)>,
    },
}

/// What the clouds take for short messages.
#[derive(Clone, Debug)]
pub struct CloudSms {
    /// The service's address; `None`: the usual one.
    pub base_url: Option<String>,
    /// The key's id and the key; `None`: each application's own.
    pub key: Option<(String, Secret)>,
    /// The signature in front of messages.
    pub sign_name: String,
    /// Which values templates take, in their order.
    pub template_params: Vec<String>,
}

/// Who compares faces with identity cards.
#[derive(Clone, Debug)]
pub struct Frv {
    /// Which service, and what it takes.
    pub vendor: FrvVendor,
    /// Time to answer.
    pub timeout: Duration,
}

/// The services for face verification.
#[derive(Clone, Debug)]
pub enum FrvVendor {
    /// A gateway of the operator's.
    Gateway {
        /// Where it is.
        base_url: String,
        /// What requests are signed with.
        secret: Secret,
    },
}

/// One-click sign-in.
#[derive(Clone, Debug)]
pub struct Univerify {
    /// The cloud function's address.
    pub base_url: String,
    /// What requests are signed with; `None`: each application's `service.univerify.apiSecret`.
    pub secret: Option<Secret>,
}

/// Reads `[providers.sms]`; `None` when no service is named.
pub(super) fn sms(reader: &mut Reader<'_>) -> Option<Sms> {
    const VENDOR: &str = "providers.sms.vendor";
    let timeout = reader.milliseconds("providers.sms.timeout_ms", GATEWAY_MS);
    let webhook_url = reader.secret_url("providers.sms.webhook_url");
    let form_url = reader.secret_url("providers.sms.form_url");
    let (form_user, form_password) = (reader.text("providers.sms.form_user"), reader.secret("providers.sms.form_password"));
    let fields = reader.list("providers.sms.form_fields", |pair| {
        let pair = pair.split_once('=').filter(|(name, _)| !name.trim().is_empty());
        pair.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).ok_or_else(|| {
            (Words::new("不是 名称=值", "is no name=value"), Words::new("写成 To=+86{mobile} 这样", "write it as To=+86{mobile}"))
        })
    });
    let base_url = reader.url("providers.sms.base_url");
    let key = key(reader, "providers.sms.access_key_id", "providers.sms.access_key_secret");
    let sign_name = reader.text("providers.sms.sign_name");
    let template_params = reader.list("providers.sms.template_params", |name| Ok(name.to_owned()));
    let (sdk_app_id, region) = (reader.text("providers.sms.sdk_app_id"), reader.text("providers.sms.region"));
    let vendor = reader.text(VENDOR);
    let cloud = CloudSms { base_url, key, sign_name, template_params };
    let lacks = |reader: &mut Reader<'_>, path: &str, missing: bool| {
        if missing {
            let what = Words::new(format!("短信服务 {vendor} 需要它"), format!("the SMS service {vendor} needs it"));
            reader.problem(path, what, Words::new("填写,或把 vendor 留空", "fill it in, or leave vendor empty"));
        }
    };
    let carrier = match vendor.as_str() {
        "" => SmsCarrier::Webhook { url: webhook_url? },
        "webhook" => {
            lacks(reader, "providers.sms.webhook_url", webhook_url.is_none());
            SmsCarrier::Webhook { url: webhook_url? }
        }
        "aliyun" => {
            lacks(reader, "providers.sms.sign_name", cloud.sign_name.is_empty());
            SmsCarrier::Aliyun(cloud)
        }
        "tencent" => {
            lacks(reader, "providers.sms.sign_name", cloud.sign_name.is_empty());
            lacks(reader, "providers.sms.sdk_app_id", sdk_app_id.is_empty());
            SmsCarrier::Tencent { cloud, sdk_app_id, region }
        }
        "form" => {
            lacks(reader, "providers.sms.form_url", form_url.is_none());
            lacks(reader, "providers.sms.form_fields", fields.is_empty());
            let login = (!form_user.is_empty()).then_some((form_user, form_password));
            SmsCarrier::Form { url: form_url?, login, fields }
        }
        other => {
            reader.problem(
                VENDOR,
                Words::new(format!("{other:?} 不是短信服务"), format!("{other:?} is no SMS service")),
                Words::new("可选：webhook、aliyun、tencent、form，或留空", "choose from webhook, aliyun, tencent, form, or leave it empty"),
            );
            return None;
        }
    };
    Some(Sms { carrier, timeout })
}

/// Reads `[providers.frv]`; `None` when no service is named.
pub(super) fn frv(reader: &mut Reader<'_>) -> Option<Frv> {
    let timeout = reader.milliseconds("providers.frv.timeout_ms", GATEWAY_MS);
    let secret = reader.long_secret("providers.frv.secret", 16);
    let base_url = reader.url("providers.frv.base_url")?;
    if secret.is_empty() {
        reader.problem(
            "providers.frv.secret",
            Words::new("实人认证网关需要签名密钥", "the face verification gateway needs a key for signatures"),
            Words::new(
                "填 16 个字符以上的随机文本，网关用同一个值验证",
                "put a random text of 16 characters or more, which the gateway has too",
            ),
        );
    }
    Some(Frv { vendor: FrvVendor::Gateway { base_url, secret }, timeout })
}

/// Reads `[providers.univerify]`; `None` when no address is given.
pub(super) fn univerify(reader: &mut Reader<'_>) -> Option<Univerify> {
    let secret = reader.secret("providers.univerify.secret");
    let secret = (!secret.is_empty()).then_some(secret);
    reader.url("providers.univerify.base_url").map(|base_url| Univerify { base_url, secret })
}

/// A key's id and the key; both or neither.
fn key(reader: &mut Reader<'_>, id_path: &str, secret_path: &str) -> Option<(String, Secret)> {
    let (id, secret) = (reader.text(id_path), reader.secret(secret_path));
    if id.is_empty() != secret.is_empty() {
        reader.problem(
            if id.is_empty() { id_path } else { secret_path },
            Words::new("访问密钥的 ID 与密钥只填了一个", "only one of the access key's id and secret is given"),
            Words::new("两个都填，或都留空", "give both or neither"),
        );
    }
    (!id.is_empty() && !secret.is_empty()).then_some((id, secret))
}
