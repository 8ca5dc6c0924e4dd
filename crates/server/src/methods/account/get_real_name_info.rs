//! `getRealNameInfo`: one's own verified name and number, masked, or as they are stored.

use serde_json::{Map, Value};

use lingpai_domain::{
    error::Code,
    real_name::{masked_card, masked_name, opened},
    validate::{Params, Rule, optional},
};

use super::super::{
    facial_recognition_verify::{get_frv_auth_result::OUTPUTS, policy},
    *,
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "account",
    name: "getRealNameInfo",
    summary: Summary { zh: "获取账号的实名信息（脱敏）", en: "Tells the caller's verified name and number, masked" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[optional("decryptData", Rule::Boolean)],
    outputs: &[
        Output { name: "type", kind: "number", about: Summary { zh: "0 个人，1 企业", en: "0 a person, 1 a company" } },
        OUTPUTS[0],
        OUTPUTS[1],
        OUTPUTS[2],
    ],
    errors: &[Code::AccountNotExists, Code::ConfigFieldRequired, Code::ConfigFieldInvalid],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let user = scope.context().store.user(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        let none = Map::new();
        let certificate = user.doc.get("realname_auth").and_then(Value::as_object).unwrap_or(&none);
        let copy = |answer: Answer, name: &'static str, field: &str| match certificate.get(field) {
            Some(value) if !value.is_null() => answer.with(name, value.clone()),
            _ => answer,
        };
        let answer = copy(copy(Answer::ok(), "type", "type"), "authStatus", "auth_status");
        if !params.truthy("decryptData", true) {
            return Ok(copy(copy(answer, "realName", "real_name"), "identity", "identity"));
        }
        let is_empty = |field: &str| certificate.get(field).and_then(Value::as_str).is_none_or(str::is_empty);
        if is_empty("real_name") && is_empty("identity") {
            // Nothing to decrypt, so no key is needed.
            return Ok(answer.with("realName", "").with("identity", ""));
        }
        let verified = opened(certificate, policy(scope)?.cipher)?;
        Ok(answer.with("realName", masked_name(&verified.name)).with("identity", masked_card(&verified.number)))
    })
}
