//! `getSupportedLoginType`: which logins the configuration allows on the caller's platform.

use lingpai_domain::validate::Params;

use super::super::*;
use crate::{
    third_party::{AlipayApplication, AppleApplication, QqApplication},
    weixin::WeixinPlatform,
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "dev",
    name: "getSupportedLoginType",
    summary: Summary { zh: "获取当前平台支持的登录方式", en: "Lists the ways to sign in on the caller's platform" },
    access: Access::Anyone(handle),
    bucket: Bucket::General,
    fields: &[],
    outputs: &[Output {
        name: "supportedLoginType", kind: "array", about: Summary { zh: "登录方式列表", en: "the ways to sign in" }
    }],
    errors: &[],
};

fn handle<'a>(scope: &'a Scope<'a>, _params: Params) -> Reply<'a> {
    Box::pin(async move {
        let config = &scope.config;
        let mut types = vec!["username-password", "mobile-password", "email-password"];
        // In development mode the outbox takes what nobody carries.
        if config.sms.is_some() && (scope.state.delivery.sms.is_some() || scope.state.is_development()) {
            types.push("mobile-code");
        }
        // As recorded: the original names one-click sign-in whatever is configured.
        types.push("univerify");
        // A page may be inside of WeChat or outside: either will do.
        let weixin = |platform: &WeixinPlatform| platform.uni_platform() == scope.client.platform && platform.application(config).is_ok();
        if WeixinPlatform::ALL.iter().any(weixin) {
            types.push("weixin");
        }
        let others = [
            ("qq", QqApplication::of(scope).is_ok()),
            ("apple", AppleApplication::of(scope).is_ok()),
            ("alipay", AlipayApplication::of(scope).is_ok()),
        ];
        types.extend(others.into_iter().filter_map(|(name, is_configured)| is_configured.then_some(name)));
        // Mini programs have no such thing.
        if scope.state.passkeys.is_some() && matches!(scope.client.platform.as_str(), "web" | "app") {
            types.push("passkey");
        }
        Ok(Answer::ok().with("errMsg", "").with("supportedLoginType", types))
    })
}
