//! `uni-open-bridge`: credentials of third parties, for servers at listed addresses. The body is
//! `{dcloudAppid, platform, ...}` itself, as that function of uniCloud has it; the usual form
//! `{clientInfo, params}` is understood too.

mod credential;

pub mod get_access_token;
pub mod get_encrypt_key;
pub mod get_session_key;
pub mod get_ticket;
pub mod get_user_access_token;
pub mod remove_access_token;
pub mod remove_encrypt_key;
pub mod remove_session_key;
pub mod remove_ticket;
pub mod remove_user_access_token;
pub mod set_access_token;
pub mod set_encrypt_key;
pub mod set_session_key;
pub mod set_ticket;
pub mod set_user_access_token;

use bytes::Bytes;
use lingpai_domain::{
    error::Code,
    validate::{Field, Params, Rule, optional, required},
};
use serde_json::{Map, Value, json};

use super::{Access, Bucket, ListedAddress, Method, Output, Reply, Scope, Summary, UNI_OPEN_BRIDGE};
use crate::{open_bridge::BridgePlatform, transport::url_envelope::Envelope};

type Handle = for<'a> fn(&'a Scope<'a>, Params, &'a ListedAddress) -> Reply<'a>;

/// An entry of the registry.
const fn method(
    name: &'static str,
    summary: Summary,
    handle: Handle,
    fields: &'static [Field],
    outputs: &'static [Output],
    errors: &'static [Code],
) -> Method {
    let bucket = Bucket::General;
    Method {
        function: UNI_OPEN_BRIDGE,
        group: "open_bridge",
        name,
        summary,
        access: Access::Listed(handle),
        bucket,
        fields,
        outputs,
        errors,
    }
}

const APP: Field = required("dcloudAppid", Rule::Text);
const PLATFORM: Field = required("platform", Rule::Text);
const OPENID: Field = required("openid", Rule::Text);
const VERSION: Field = required("version", Rule::Count);
const VALUE: Field = required("value", Rule::Object);
const EXPIRES_IN: Field = optional("expiresIn", Rule::Number);

const OF_APP: &[Field] = &[APP, PLATFORM];
const OF_USER: &[Field] = &[APP, PLATFORM, OPENID];
const OF_VERSION: &[Field] = &[APP, PLATFORM, OPENID, VERSION];
const SET_OF_APP: &[Field] = &[APP, PLATFORM, VALUE, EXPIRES_IN];
const SET_OF_USER: &[Field] = &[APP, PLATFORM, OPENID, VALUE, EXPIRES_IN];
const SET_OF_VERSION: &[Field] = &[APP, PLATFORM, OPENID, VERSION, VALUE, EXPIRES_IN];

const ERRORS: &[Code] = &[Code::IllegalRequest, Code::ConfigFieldRequired];
const UPSTREAM_ERRORS: &[Code] = &[Code::IllegalRequest, Code::ConfigFieldRequired, Code::UnknownError];

const EXPIRED: Output = Output {
    name: "expired",
    kind: "number",
    about: Summary {
        zh: "到期时间(毫秒时间戳),null 表示没有期限", en: "when it ends, milliseconds since the epoch; null: it has no end"
    },
};

/// An output that is a credential.
const fn secret(name: &'static str) -> Output {
    Output { name, kind: "string", about: Summary { zh: "凭据,没有时为 null", en: "the credential, null if there is none" } }
}

/// What a call of this function means in the form of all others.
pub(crate) fn envelope(decoded: Envelope, body: &Bytes) -> Envelope {
    let is_usual = decoded.params.is_some() || decoded.client_info.was_sent();
    if is_usual {
        return decoded;
    }
    let Ok(Value::Object(params)) = serde_json::from_slice::<Value>(body) else { return decoded };
    let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
    let platform = BridgePlatform::named(text("platform")).map_or("unknown", BridgePlatform::uni_platform);
    // Without an application the parameters' own check says what is missing.
    let app_id = if text("dcloudAppid").trim().is_empty() { "unknown" } else { text("dcloudAppid") };
    let client_info = json!({"uniPlatform": platform, "appId": app_id}).into();
    Envelope { params: Some(Value::Object(params)), client_info, token: None }
}

/// The empty value: a credential that is not there.
fn nothing(fields: &[&str]) -> Map<String, Value> {
    fields.iter().map(|field| ((*field).to_owned(), Value::Null)).collect()
}
