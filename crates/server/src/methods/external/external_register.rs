//! `externalRegister`: an account for a user of the other system.

use lingpai_domain::{
    error::Code,
    registration::{Newcomer, RegistrationPolicy},
    validate::{Params, Rule, optional, required},
};
use serde_json::json;

use super::{super::*, PROVIDER, avatar_file, check_lengths, profile};
use crate::methods::register::{SESSION_OUTPUTS, check_app};

const fn output(name: &'static str, kind: &'static str, zh: &'static str, en: &'static str) -> Output {
    Output { name, kind, about: Summary { zh, en } }
}

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "external",
    name: "externalRegister",
    summary: Summary {
        zh: "外部系统为自己的用户注册账号;只接受带签名的 URL 形式",
        en: "Registers a user of another system; signed, in the URL form only",
    },
    access: Access::Signed(handle),
    bucket: Bucket::General,
    fields: &[
        required("externalUid", Rule::Text),
        optional("nickname", Rule::Nickname),
        optional("gender", Rule::Number),
        optional("avatar", Rule::Text),
    ],
    outputs: &[
        SESSION_OUTPUTS[0],
        SESSION_OUTPUTS[1],
        SESSION_OUTPUTS[2],
        output("externalUid", "string", "外部系统的用户 id", "the user's id in the other system"),
        output("nickname", "string", "昵称", "the nickname"),
        output("avatar", "string", "头像", "the picture"),
        output("gender", "number", "性别:0 未知,1 男,2 女", "0 unknown, 1 male, 2 female"),
    ],
    errors: &[Code::IllegalRequest, Code::ConfigFieldRequired, Code::AccountExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _partner: &'a Partner) -> Reply<'a> {
    Box::pin(async move {
        check_app(scope)?;
        check_lengths(&params)?;
        let external_uid = params.required_text("externalUid")?;
        let profile = profile(&params);
        let mut fields = profile.clone();
        fields.insert("identities".into(), json!([{"provider": PROVIDER, "userInfo": profile, "uid": external_uid}]));
        if let Some(avatar) = params.text("avatar") {
            fields.insert("avatar_file".into(), avatar_file(avatar));
        }
        // Whoever comes from another system cannot know an invitation code.
        let policy = RegistrationPolicy { force_invite_code: false, ..scope.registration() };
        let newcomer = Newcomer { fields, ..Newcomer::default() };
        let (uid, token) = scope.context().register(newcomer, &policy, scope.tokens()?, None).await?;
        let answer = Answer::ok().with_token(token).with("externalUid", external_uid).with("uid", uid);
        Ok(profile.into_iter().fold(answer, |answer, (name, value)| answer.with(&name, value)))
    })
}
