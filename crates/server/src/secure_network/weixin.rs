//! Calls of WeChat mini programs, in the official client's own envelope (`_uniCloudOptions` without `v`).

use lingpai_secure::{
    envelope::{SecretType, TimeWindow},
    refusal::Refusal,
    weixin::{ClientFacts as Facts, EncryptKey, KeyLookup, Payload, RegistryEntry, verify},
};
use serde_json::{Map, Value};

use super::{
    Refused, Trust, VerifiedClient,
    handshake::ClientFacts,
    weixin_keys::{WeixinKeys, WeixinUser},
};
use crate::config::center::secure_network::{Identity, Platform, SecureNetworkConfig, Version};

/// The longest code, openid or key version that is looked up, bytes.
const LONGEST_NAME: usize = 256;

/// What came out of the envelope.
pub struct OpenedWeixin {
    /// The arguments.
    pub args: Map<String, Value>,
    /// What was sealed.
    pub secret_type: SecretType,
    /// The proof; there is none if only the reply is to be sealed.
    pub verified: Option<VerifiedClient>,
    /// Seals the reply.
    pub key: EncryptKey,
}

/// Opens a call. `args` are the function's arguments without `_uniCloudOptions`, `clientInfo` and `uniIdToken`; `uid` is
/// whose token that was, for calls that name the user no other way.
///
/// # Errors
/// [`Refused`]
pub async fn open(
    keys: &dyn WeixinKeys,
    config: &SecureNetworkConfig,
    now_ms: i64,
    facts: &ClientFacts<'_>,
    options: &Map<String, Value>,
    uid: Option<&str>,
    mut args: Map<String, Value>,
) -> Result<OpenedWeixin, Refused> {
    let text = |name: &str| options.get(name).and_then(Value::as_str).filter(|text| !text.is_empty() && text.len() <= LONGEST_NAME);
    let secret_type = match options.get("secretType") {
        None | Some(Value::Null) => SecretType::None,
        Some(word) => serde_json::from_value(word.clone()).map_err(|_| Refusal::Malformed)?,
    };
    let content = args.remove("content");
    let sealed = match (&content, secret_type.seals_call()) {
        (Some(Value::String(content)), true) => Some(content.as_str()),
        (_, true) => return Err(Refusal::SignatureMissing.into()),
        (_, false) => options.get("verifyClientSign").and_then(Value::as_str),
    };
    if sealed.is_none() && !secret_type.seals_reply() {
        return Err(Refusal::SignatureMissing.into());
    }
    let user = match (text("mpWeixinCode"), text("mpWeixinOpenid")) {
        (Some(code), _) => WeixinUser::Code(code),
        (None, Some(openid)) => WeixinUser::OpenId(openid),
        (None, None) => WeixinUser::Account(uid.ok_or(Refusal::OpenIdMissing)?),
    };
    let version = match options.get("encryptKeyId") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let lookup = keys.find(facts.app_id, user, version.ok_or(Refusal::UnknownKey)?).await?;
    let window = TimeWindow { now_ms, tolerance_ms: i64::try_from(config.weixin_window.as_millis()).unwrap_or(i64::MAX) };
    let proven = match sealed {
        Some(sealed) => Some(verified(config, facts, sealed, &lookup, window)?),
        None => None,
    };
    let key = match lookup {
        KeyLookup::Found(key) => key,
        KeyLookup::AccountUnknown => return Err(Refusal::AccountMissing.into()),
        KeyLookup::OpenIdUnknown => return Err(Refusal::OpenIdMissing.into()),
        KeyLookup::NotFetched => return Err(Refusal::KeyNotFetched.into()),
        KeyLookup::VersionUnknown => return Err(Refusal::UnknownKey.into()),
    };
    let args = match (secret_type, &proven, content) {
        // What was sealed replaces everything outside; that it is no object is the one refusal of what cannot be opened.
        (SecretType::Request | SecretType::Both, Some((payload, _)), _) => {
            serde_json::from_str(&payload.data).map_err(|_| Refusal::CannotOpen)?
        }
        (SecretType::Response, _, Some(Value::Object(content))) => content,
        (SecretType::Response, _, _) => return Err(Refusal::Malformed.into()),
        _ => args,
    };
    Ok(OpenedWeixin { args, secret_type, verified: proven.map(|(_, client)| client), key })
}

/// Opens the sealed text and checks the client against the registry, its production entry first.
fn verified(
    config: &SecureNetworkConfig,
    facts: &ClientFacts<'_>,
    sealed: &str,
    lookup: &KeyLookup,
    window: TimeWindow,
) -> Result<(Payload, VerifiedClient), Refusal> {
    let app = config.app(facts.app_id);
    let entries = app.into_iter().flat_map(|app| app.entries(Platform::MpWeixin)).filter_map(|entry| match &entry.identity {
        Identity::MpWeixin { wx_app_id } => {
            Some((Some(RegistryEntry { wx_app_id, development: entry.version == Version::Development }), entry.version))
        }
        _ => None,
    });
    let mut entries: Vec<_> = entries.collect();
    if entries.is_empty() {
        entries.push((None, Version::Production));
    }
    let mut refusal = None;
    for (entry, version) in entries {
        let client = Facts { app_id: facts.app_id, device_id: facts.device_id, entry, window };
        match verify(Some(sealed), lookup, &client) {
            Ok(payload) => {
                let client = VerifiedClient::new(facts.app_id, Platform::MpWeixin, version, facts.device_id, Trust::Weixin);
                return Ok((payload, client));
            }
            // Another entry may be about another mini program, or admit simulators.
            Err(reason @ (Refusal::WxAppIdMismatch | Refusal::Simulator)) => refusal = refusal.or(Some(reason)),
            Err(reason) => return Err(reason),
        }
    }
    Err(refusal.unwrap_or(Refusal::AppIdMismatch))
}
