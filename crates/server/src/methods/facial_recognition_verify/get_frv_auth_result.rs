//! `getFrvAuthResult`: how a verification went; an account that passed is certified.

use lingpai_domain::{
    error::Code,
    real_name::{AuthStatus, masked_card, masked_name},
    validate::{Params, Rule, optional, required},
};

use super::{super::*, policy, verifier};

/// What answers show of a real name.
pub(crate) const OUTPUTS: [Output; 3] = [
    Output {
        name: "authStatus",
        kind: "number",
        about: Summary {
            zh: "0 未认证，1 等待认证，2 认证通过，3 认证失败", en: "0 not verified, 1 waiting, 2 verified, 3 failed"
        },
    },
    Output { name: "realName", kind: "string", about: Summary { zh: "姓名（脱敏）", en: "the name, masked" } },
    Output {
        name: "identity", kind: "string", about: Summary { zh: "身份证号码（脱敏）", en: "the identity card's number, masked" }
    },
];

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "facial_recognition_verify",
    name: "getFrvAuthResult",
    summary: Summary {
        zh: "获取实人认证结果，通过后账号即完成实名", en: "Tells how a verification went; passing certifies the account"
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("certifyId", Rule::Text), optional("needAlivePhoto", Rule::Text)],
    outputs: &OUTPUTS,
    errors: &[
        Code::FrvProcessing,
        Code::FrvFail,
        Code::RealnameVerified,
        Code::IdcardExists,
        Code::InvalidParam,
        Code::AccountNotExists,
        Code::ConfigFieldRequired,
        Code::UnknownError,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let policy = policy(scope)?;
        let certify_id = params.required_text("certifyId")?;
        let verified = scope.context().finish_verification(caller.uid(), certify_id, &policy, verifier(scope)?).await?;
        Ok(Answer::ok()
            .with("authStatus", AuthStatus::Certified.number())
            .with("realName", masked_name(&verified.name))
            .with("identity", masked_card(&verified.number)))
    })
}
