//! Captchas and codes.

pub mod create_captcha;
pub mod refresh_captcha;
pub mod send_email_code;
pub mod send_sms_code;

mod code;

use lingpai_domain::{
    error::{Code, Error, Result},
    validate::Params,
};

/// The scene of a call, if it is one of `scenes`.
fn scene<'a>(params: &'a Params, scenes: &[&str]) -> Result<&'a str> {
    let scene = params.required_text("scene")?;
    if scenes.contains(&scene) { Ok(scene) } else { Err(Error::new(Code::InvalidParam).with("param", "scene")) }
}
