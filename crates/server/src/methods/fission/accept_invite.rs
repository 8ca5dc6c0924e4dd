//! `acceptInvite`: an inviter, named after the registration.

use lingpai_domain::{
    account::IdentityKind,
    error::Code,
    store::{IdentityQuery, InviteAcceptance, InviteAccepted},
    validate::{Params, Rule, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "fission",
    name: "acceptInvite",
    summary: Summary {
        zh: "注册后补填邀请码;邀请人不能是自己或自己(间接)邀请的人,定下后不能更改",
        en: "Names the inviter after the registration; not oneself, nobody whom one invited, and only once",
    },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::Login,
    fields: &[required("inviteCode", Rule::Text)],
    outputs: &[],
    errors: &[Code::InvalidInviteCode, Code::ChangeInviterForbidden, Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let code = params.required_text("inviteCode")?;
        let context = scope.context();
        let query = IdentityQuery { kind: IdentityKind::InviteCode, values: vec![code.to_owned()], app: scope.client.app_id.clone() };
        let mut inviters = context.store.candidates(&query, None).await?.users;
        if inviters.len() > 1 {
            return Err(Code::SystemError.into());
        }
        let inviter = inviters.pop().ok_or(Code::InvalidInviteCode)?;
        let acceptance =
            InviteAcceptance { uid: caller.uid().to_owned(), inviter: inviter.id().to_owned(), now: scope.state.base.clock.now_ms() };
        match context.store.accept_invite(&acceptance).await? {
            InviteAccepted::Done => Ok(Answer::ok().with("errMsg", "")),
            InviteAccepted::HasInviter => Err(Code::ChangeInviterForbidden.into()),
            InviteAccepted::Circle => Err(Code::InvalidInviteCode.into()),
            InviteAccepted::Gone => Err(Code::AccountNotExists.into()),
        }
    })
}
