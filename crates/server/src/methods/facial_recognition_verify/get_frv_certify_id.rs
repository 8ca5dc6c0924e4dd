//! `getFrvCertifyId`: begins a verification.

use lingpai_domain::{
    error::Code,
    real_name::{IdentityCard, Person, RealName},
    validate::{Params, Rule, required},
};

use super::{super::*, policy, verifier};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "facial_recognition_verify",
    name: "getFrvCertifyId",
    summary: Summary { zh: "开始一次实人认证，获取认证 ID", en: "Begins a verification by face and answers its id" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("realName", Rule::RealName), required("idCard", Rule::IdCard), required("metaInfo", Rule::Text)],
    outputs: &[Output {
        name: "certifyId",
        kind: "string",
        about: Summary { zh: "认证 ID，交给客户端的认证 SDK", en: "the verification's id, for the client's SDK" },
    }],
    errors: &[
        Code::RealnameVerified,
        Code::IdcardExists,
        Code::RealnameVerifyUpperLimit,
        Code::AccountNotExists,
        Code::ConfigFieldRequired,
        Code::UnknownError,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let policy = policy(scope)?;
        let verifier = verifier(scope)?;
        let name = RealName::parse(params.required_text("realName")?).ok_or(Code::InvalidRealname)?;
        let card = IdentityCard::parse(params.required_text("idCard")?).ok_or(Code::InvalidIdcard)?;
        let meta_info = params.required_text("metaInfo")?;
        let person = Person { name: &name, card: &card, meta_info, wants_photo: policy.keeps_photo };
        let certify_id = scope.context().begin_verification(caller.uid(), &person, &policy, verifier).await?;
        Ok(Answer::bare().with("certifyId", certify_id))
    })
}
