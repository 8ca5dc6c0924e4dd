//! `createCaptcha`: a picture with characters.

use lingpai_domain::{
    validate::{Params, Rule, required},
    verification::CAPTCHA_SCENES,
};

use super::{super::*, scene};
use crate::methods::captcha::{Drawing, OUTPUTS};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "verify",
    name: "createCaptcha",
    summary: Summary { zh: "创建图形验证码", en: "Draws a captcha" },
    access: Access::Anyone(handle),
    bucket: Bucket::Captcha,
    fields: &[required("scene", Rule::Text)],
    outputs: OUTPUTS,
    errors: &[],
};

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move { Drawing::new(scope, scene(&params, CAPTCHA_SCENES)?, None)?.issue().await })
}
