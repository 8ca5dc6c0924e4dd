//! `uni-captcha-co.getImageCaptcha`: what the captcha component calls.

use serde_json::Value;

use lingpai_domain::{
    captcha::Format,
    error::{Code, Error},
    validate::{Params, Rule, required},
};

use super::{super::*, Drawing, OUTPUTS};

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_CAPTCHA_CO,
    group: "captcha",
    name: "getImageCaptcha",
    summary: Summary {
        zh: "获取图形验证码;isUniAppX 为 true 时返回 BMP(uni-app x 在鸿蒙上不能显示 SVG),refresh 为 true 时上一个作废",
        en: "Draws a captcha; with isUniAppX as a BMP, since uni-app x cannot show SVG everywhere; with refresh in place of the last one",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Captcha,
    fields: &[required("scene", Rule::Text)],
    outputs: OUTPUTS,
    errors: &[Code::CaptchaRefreshFail],
};

/// Projects use captchas for scenes of their own too; the name is stored, so it is bounded.
const LONGEST_SCENE: usize = 64;

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let scene = params.required_text("scene")?;
        if scene.len() > LONGEST_SCENE {
            return Err(Error::new(Code::InvalidParam).with("param", "scene"));
        }
        let format = (params.raw("isUniAppX") == Some(&Value::Bool(true))).then_some(Format::Bmp);
        let drawing = Drawing::new(scope, scene, format)?;
        if params.raw("refresh") == Some(&Value::Bool(true)) { drawing.refresh().await } else { drawing.issue().await }
    })
}
