//! `uni-captcha-co.verifyImageCaptcha`: for functions behind the gateway that demand captchas themselves.

use lingpai_domain::{
    error::Code,
    validate::{Params, Rule, required},
};

use super::super::*;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_CAPTCHA_CO,
    group: "captcha",
    name: "verifyImageCaptcha",
    summary: Summary {
        zh: "校验并用掉 clientInfo.deviceId 的图形验证码,供后端函数使用;只接受带签名的 URL 形式",
        en: "Checks and uses up the captcha of clientInfo.deviceId, for functions of a project; signed, in the URL form only",
    },
    access: Access::Signed(handle),
    bucket: Bucket::General,
    fields: &[required("scene", Rule::Text), required("captcha", Rule::Text)],
    outputs: &[],
    errors: &[Code::IllegalRequest, Code::ConfigFieldRequired, Code::CaptchaVerifyFail, Code::CaptchaVerifyOverdue],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params, _partner: &'a Partner) -> Reply<'a> {
    Box::pin(async move {
        let (name, text) = (params.required_text("scene")?, params.required_text("captcha")?);
        scope.context().verify_captcha(scope.codes(), name, text).await?;
        Ok(Answer::ok())
    })
}
