//! `getAccountInfo`: which ways in the account has.

use lingpai_domain::{error::Code, validate::Params};

use super::super::*;

const fn flag(name: &'static str, zh: &'static str, en: &'static str) -> Output {
    Output { name, kind: "boolean", about: Summary { zh, en } }
}

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "account",
    name: "getAccountInfo",
    summary: Summary { zh: "获取账户简略信息", en: "Tells what is set and bound in the caller's account" },
    access: Access::User(Renewal::Automatic, handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[
        flag("isUsernameSet", "是否设有用户名", "whether there is a user name"),
        flag("isNicknameSet", "是否设有昵称", "whether there is a nickname"),
        flag("isPasswordSet", "是否设有密码", "whether there is a password"),
        flag("isMobileBound", "是否绑定手机号", "whether a mobile number is bound"),
        flag("isEmailBound", "是否绑定邮箱", "whether an e-mail address is bound"),
        flag("isWeixinBound", "是否绑定微信", "whether WeChat is bound"),
        flag("isQQBound", "是否绑定 QQ", "whether QQ is bound"),
        flag("isAlipayBound", "是否绑定支付宝", "whether Alipay is bound"),
        flag("isAppleBound", "是否绑定 Apple 账号", "whether an Apple account is bound"),
    ],
    errors: &[Code::AccountNotExists],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params, caller: &'a Caller) -> Reply<'a> {
    Box::pin(async move {
        let account = scope.context().store.account_overview(caller.uid()).await?.ok_or(Code::AccountNotExists)?;
        Ok(Answer::ok()
            .with("isUsernameSet", account.has_username)
            .with("isNicknameSet", account.has_nickname)
            .with("isPasswordSet", account.has_password)
            .with("isMobileBound", account.has_mobile)
            .with("isEmailBound", account.has_email)
            .with("isWeixinBound", account.has_weixin)
            .with("isQQBound", account.has_qq)
            .with("isAlipayBound", account.has_alipay)
            .with("isAppleBound", account.has_apple))
    })
}
