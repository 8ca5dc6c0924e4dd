//! `revokeSession`: signs out somewhere else.

use lingpai_domain::{
    error::Code,
    validate::{Params, Rule, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "session",
    name: "revokeSession",
    summary: Summary {
        zh: "让一个登录设备下线(令牌扩展),其 token 在一秒内于所有节点失效;也可以是当前设备",
        en: "Ends one session (ours): its tokens are refused within a second on every node; it may be the caller's own",
    },
    access: Access::User(Renewal::Never, handle),
    bucket: Bucket::General,
    fields: &[required("sessionId", Rule::Text)],
    outputs: &[],
    errors: &[Code::SessionNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        scope.context().end_session(caller.uid(), params.required_text("sessionId")?).await?;
        Ok(Answer::ok())
    })
}
