//! `refreshToken`: a new token for the bearer of one.

use lingpai_domain::error::{Code, Error};

use super::super::*;
use crate::pipeline::access;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "utils",
    name: "refreshToken",
    summary: Summary { zh: "刷新 token(uniIdToken 即参数)", en: "Makes a new token; its argument is uniIdToken" },
    access: Access::Token(handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[register::SESSION_OUTPUTS[1], register::SESSION_OUTPUTS[2]],
    errors: &[
        Code::CheckTokenFailed,
        Code::TokenExpired,
        Code::AccountNotExists,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
    ],
};

fn handle<'a>(scope: &'a Scope<'a>, token: Option<String>) -> Reply<'a> {
    Box::pin(async move {
        let token = token.ok_or_else(|| Error::new(Code::ParamRequired).with("param", "token"))?;
        let (present, _) = access::verify(scope, &token).await?;
        let renewed = scope.context().renew(&present, scope.tokens()?).await?;
        Ok(Answer::ok().with_token(renewed))
    })
}
