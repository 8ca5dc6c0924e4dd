//! `revokeOtherSessions`: signs out everywhere else.

use lingpai_domain::{error::Code, validate::Params};

use super::super::*;
use crate::methods::register::SESSION_OUTPUTS;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "session",
    name: "revokeOtherSessions",
    summary: Summary {
        zh: "让其他登录设备全部下线(令牌扩展):此前签发的 token 全部失效,当前设备得到新的 token",
        en: "Ends all other sessions (ours): tokens issued before are void, and the caller gets a new one",
    },
    access: Access::User(Renewal::Never, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[
        Output { name: "count", kind: "number", about: Summary { zh: "下线的设备数", en: "how many sessions were ended" } },
        SESSION_OUTPUTS[1],
        SESSION_OUTPUTS[2],
    ],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let (ended, token) = scope.context().end_other_sessions(caller.uid(), caller.token(), scope.tokens()?).await?;
        scope.tell_gate().await?;
        Ok(Answer::ok().with("count", ended as u64).with_token(token))
    })
}
