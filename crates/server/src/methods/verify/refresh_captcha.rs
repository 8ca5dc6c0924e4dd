//! `refreshCaptcha`: another picture in place of the last one.

use lingpai_domain::{
    error::Code,
    validate::{Params, Rule, required},
    verification::CAPTCHA_SCENES,
};

use super::{super::*, scene};
use crate::methods::captcha::{Drawing, OUTPUTS};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "verify",
    name: "refreshCaptcha",
    summary: Summary { zh: "刷新图形验证码", en: "Draws another captcha in place of the last one" },
    access: Access::Anyone(handle),
    bucket: Bucket::Captcha,
    fields: &[required("scene", Rule::Text)],
    outputs: OUTPUTS,
    errors: &[Code::CaptchaRefreshFail],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move { Drawing::new(scope, scene(&params, CAPTCHA_SCENES)?, None)?.refresh().await })
}
