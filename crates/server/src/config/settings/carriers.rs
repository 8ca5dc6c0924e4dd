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
    /// Alibaba Cloud.
    Aliyun {
        /// The service's address; `None`: the usual one.
        base_url: Option<String>,
        /// The scene.
        scene_id: String,
        /// The key's id and the key.
        key: (String, Secret),
    },
    /// Tencent Cloud.
    Tencent {
        /// The service's address; `None`: the usual one.
        base_url: Option<String>,
        /// The key's id and the key.
        key: (String, Secret),
    },
}

/// One-click sign-in.
#[derive(Clone, Debug)]
pub enum Univerify {
    /// A cloud function with a URL.
    Function {
        /// Its address.
        base_url: String,
        /// What requests are signed with; `None`: each application's `service.univerify.apiSecret`.
        secret: Option<Secret>,
    },
    /// Alibaba Cloud's number verification.
    Aliyun {
        /// The service's address; `None`: the usual one.
        base_url: Option<String>,
        /// The key's id and the key.
        key: (String, Secret),
    },
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
    let carrier = match vendor.as_str() {
        "" => SmsCarrier::Webhook { url: webhook_url? },
        "webhook" => {
            needed(reader, "providers.sms.webhook_url", webhook_url.is_none());
            SmsCarrier::Webhook { url: webhook_url? }
        }
        "aliyun" => {
            needed(reader, "providers.sms.sign_name", cloud.sign_name.is_empty());
            SmsCarrier::Aliyun(cloud)
        }
        "tencent" => {
            needed(reader, "providers.sms.sign_name", cloud.sign_name.is_empty());
            needed(reader, "providers.sms.sdk_app_id", sdk_app_id.is_empty());
            SmsCarrier::Tencent { cloud, sdk_app_id, region }
        }
        "form" => {
            needed(reader, "providers.sms.form_url", form_url.is_none());
            needed(reader, "providers.sms.form_fields", fields.is_empty());
            let login = (!form_user.is_empty()).then_some((form_user, form_password));
            SmsCarrier::Form { url: form_url?, login, fields }
        }
        other => return unknown(reader, VENDOR, other, "webhook、aliyun、tencent、form", "webhook, aliyun, tencent, form"),
    };
    Some(Sms { carrier, timeout })
}

/// Reads `[providers.frv]`; `None` when no service is named.
pub(super) fn frv(reader: &mut Reader<'_>) -> Option<Frv> {
    let timeout = reader.milliseconds("providers.frv.timeout_ms", GATEWAY_MS);
    let secret = reader.long_secret("providers.frv.secret", 16);
    let base_url = reader.url("providers.frv.base_url");
    let key = key(reader, "providers.frv.access_key_id", "providers.frv.access_key_secret");
    let scene_id = reader.text("providers.frv.scene_id");
    let vendor = match reader.text("providers.frv.vendor").as_str() {
        name @ ("" | "gateway") => {
            if name.is_empty() && base_url.is_none() {
                return None;
            }
            needed(reader, "providers.frv.base_url", base_url.is_none());
            needed(reader, "providers.frv.secret", secret.is_empty());
            FrvVendor::Gateway { base_url: base_url?, secret }
        }
        "aliyun" => {
            needed(reader, "providers.frv.scene_id", scene_id.is_empty());
            needed(reader, "providers.frv.access_key_id", key.is_none());
            FrvVendor::Aliyun { base_url, scene_id, key: key? }
        }
        "tencent" => {
            needed(reader, "providers.frv.access_key_id", key.is_none());
            FrvVendor::Tencent { base_url, key: key? }
        }
        other => return unknown(reader, "providers.frv.vendor", other, "gateway、aliyun、tencent", "gateway, aliyun, tencent"),
    };
    Some(Frv { vendor, timeout })
}

/// Reads `[providers.univerify]`; `None` when no service is named.
pub(super) fn univerify(reader: &mut Reader<'_>) -> Option<Univerify> {
    let secret = reader.secret("providers.univerify.secret");
    let base_url = reader.url("providers.univerify.base_url");
    let key = key(reader, "providers.univerify.access_key_id", "providers.univerify.access_key_secret");
    match reader.text("providers.univerify.vendor").as_str() {
        "" => Some(Univerify::Function { base_url: base_url?, secret: (!secret.is_empty()).then_some(secret) }),
        "function" => {
            needed(reader, "providers.univerify.base_url", base_url.is_none());
            Some(Univerify::Function { base_url: base_url?, secret: (!secret.is_empty()).then_some(secret) })
        }
        "aliyun" => {
            needed(reader, "providers.univerify.access_key_id", key.is_none());
            Some(Univerify::Aliyun { base_url, key: key? })
        }
        other => unknown(reader, "providers.univerify.vendor", other, "function、aliyun", "function, aliyun"),
    }
}

/// Notes that the chosen service needs a setting.
fn needed(reader: &mut Reader<'_>, path: &str, missing: bool) {
    if missing {
        let what = Words::new("所选的服务需要它", "is needed by the service that is chosen");
        reader.problem(path, what, Words::new("填写,或把 vendor 留空", "fill it in, or leave vendor empty"));
    }
}

/// Notes that there is no such service.
fn unknown<T>(reader: &mut Reader<'_>, path: &str, name: &str, zh: &str, en: &str) -> Option<T> {
    reader.problem(
        path,
        Words::new(format!("{name:?} 不是可选的服务"), format!("{name:?} is no service that can be chosen")),
        Words::new(format!("可选：{zh}，或留空"), format!("choose from {en}, or leave it empty")),
    );
    None
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
