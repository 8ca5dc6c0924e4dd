//! `logout`: the token is void from now on, on every node within a second (deviation 1).

use lingpai_domain::validate::Params;

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "logout",
    name: "logout",
    summary: Summary { zh: "退出登录,token 随即失效", en: "Signs out; the token is void from then on" },
    access: Access::User(Renewal::Never, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[],
    errors: &[],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        scope.context().logout(caller.token()).await?;
        Ok(Answer::ok())
    })
}
