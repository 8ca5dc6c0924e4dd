//! `getAppClientKey`: the handshake.

use lingpai_domain::validate::{Params, Rule, required};
use lingpai_secure::refusal::Refusal;
use serde_json::{Value, json};

use super::{super::*, UNI_SECURE_NETWORK};
use crate::secure_network::{Greeting, Refused, shake_hands};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_SECURE_NETWORK,
    group: "secure-network",
    name: "getAppClientKey",
    summary: Summary {
        zh: "安全网络握手:证明客户端,得到客户端密钥",
        en: "The handshake of the secure network: a client proves itself and gets its key",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("v", Rule::Count), required("keyId", Rule::Text), required("enc", Rule::Text), required("content", Rule::Text)],
    outputs: &[
        Output { name: "v", kind: "number", about: Summary { zh: "协议版本", en: "the protocol's version" } },
        Output { name: "nonce", kind: "string", about: Summary { zh: "12 字节,base64", en: "12 bytes, base64" } },
        Output { name: "content", kind: "string", about: Summary { zh: "加密的应答,base64", en: "the sealed answer, base64" } },
    ],
    errors: &[],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let text = |name| params.text(name).unwrap_or_default();
        let request = json!({"v": params.count("v"), "keyId": text("keyId"), "enc": text("enc"), "content": text("content")});
        match answer(scope, request).await {
            Ok(Value::Object(fields)) => Ok(fields.into_iter().fold(Answer::ok(), |answer, (name, value)| answer.with(&name, value))),
            Ok(_) => Ok(Refused::By(Refusal::Malformed).answer(scope.locale)),
            Err(refused) => {
                refused.note(scope, UNI_SECURE_NETWORK);
                Ok(refused.answer(scope.locale))
            }
        }
    })
}

async fn answer(scope: &Scope<'_>, request: Value) -> std::result::Result<Value, Refused> {
    let spaces = &scope.state.settings.spaces;
    // The URL form names no space; where there is one only, it is meant.
    let only = if let [space] = spaces.as_slice() { Some(space.id.as_str()) } else { None };
    let space_id = scope.secured.space_id.as_deref().or(only).ok_or(Refusal::UnknownSpaceKey)?;
    let greeting = Greeting { space_id, client_info: scope.client_info, secured: scope.secured };
    let answer = shake_hands(scope.state, greeting, request).await?;
    serde_json::to_value(answer).map_err(|_| Refused::By(Refusal::Malformed))
}
