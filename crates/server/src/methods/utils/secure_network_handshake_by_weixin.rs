//! `secureNetworkHandshakeByWeixin`: what `uniCloud.initSecureNetworkByWeixin()` calls. Whom the code
//! stands for is kept, so that sealed calls can name the code.

use lingpai_domain::{
    error::{Code, Error},
    validate::{Params, Rule, optional, required},
};

use super::super::*;
use crate::{
    methods::login::{find_or_register, login_by_weixin},
    weixin::{self, WeixinPlatform},
};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "utils",
    name: "secureNetworkHandshakeByWeixin",
    summary: Summary {
        zh: "微信小程序安全网络握手;callLoginByWeixin 为 true 时同时登录,应答与 loginByWeixin 相同",
        en: "Handshake of the secure network in WeChat mini programs; with callLoginByWeixin it signs in too and answers as loginByWeixin",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[required("code", Rule::Text), optional("callLoginByWeixin", Rule::Boolean)],
    outputs: find_or_register::OUTPUTS,
    errors: find_or_register::THIRD_PARTY_ERRORS,
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let platform = WeixinPlatform::of(scope.client)?;
        if platform != WeixinPlatform::MiniProgram {
            return Err(Error::new(Code::InvalidParam).with("param", "clientInfo.uniPlatform"));
        }
        let code = params.required_text("code")?;
        // A blank text passes for absent, and yet the original takes it for true, as recorded.
        let also_signs_in = params.raw("callLoginByWeixin") == Some(&true.into()) || params.non_empty_text("callLoginByWeixin").is_some();
        if also_signs_in {
            return login_by_weixin::sign_in(scope, platform, code, None, true).await;
        }
        let visitor = weixin::visitor(scope, platform, platform.application(&scope.config)?, code).await?;
        visitor.keep_for_secure_network(scope, code).await?;
        visitor.keep_keys(scope).await?;
        Ok(Answer::ok())
    })
}
