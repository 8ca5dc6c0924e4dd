//! `uni-captcha-co`, and what all methods that draw captchas share.

pub mod get_image_captcha;
pub mod verify_image_captcha;

use lingpai_domain::{
    captcha::{Captcha, Format},
    error::{Code, Result},
    store::NewCaptcha,
};

use super::{Output, Summary};
use crate::{answer::Answer, delivery::DevelopmentMessage, pipeline::Scope};

/// What captchas answer.
pub const OUTPUTS: &[Output] =
    &[Output { name: "captchaBase64", kind: "string", about: Summary { zh: "图片的 data URI", en: "the picture as a data URI" } }];

/// For how long a captcha that replaces another one is valid, seconds: the original forgets the
/// configured time there, and the recordings say so.
const REFRESHED_LIFETIME: i64 = 180;

/// A captcha that was drawn for someone.
pub struct Drawing<'a> {
    scope: &'a Scope<'a>,
    device_id: &'a str,
    scene: &'a str,
    captcha: Captcha,
    lifetime: i64,
}

impl<'a> Drawing<'a> {
    /// Draws one. `format` overrides the configured one.
    pub fn new(scope: &'a Scope<'a>, scene: &'a str, format: Option<Format>) -> Result<Self> {
        let device_id = scope
            .client
            .device_id
            .as_deref()
            .ok_or_else(|| lingpai_domain::error::Error::new(Code::ParamRequired).with("param", "clientInfo.deviceId"))?;
        let options = scope.state.center.captcha().for_scene(scene);
        let captcha = Captcha::draw(options, format, &*scope.state.base.random);
        Ok(Self { scope, device_id, scene, captcha, lifetime: i64::from(options.expires_seconds()) })
    }

    /// Stores it and answers the picture.
    pub async fn issue(self) -> Result<Answer> {
        self.scope.context().store.issue_captcha(&self.row(self.lifetime)).await?;
        Ok(self.answer())
    }

    /// Stores it in place of the device's last one and answers the picture.
    pub async fn refresh(self) -> Result<Answer> {
        if !self.scope.context().store.refresh_captcha(&self.row(REFRESHED_LIFETIME)).await? {
            return Err(Code::CaptchaRefreshFail.into());
        }
        Ok(self.answer())
    }

    fn row(&self, lifetime: i64) -> NewCaptcha {
        let now = self.scope.state.base.clock.now_ms();
        NewCaptcha {
            id: self.scope.context().id(),
            device_id: self.device_id.to_owned(),
            scene: self.scene.to_owned(),
            code: self.scope.codes().stored_captcha(self.device_id, self.scene, &self.captcha.text),
            ip: self.scope.client.ip.clone(),
            created_date: now,
            expired_date: now + lifetime * 1000,
        }
    }

    fn answer(self) -> Answer {
        self.scope.state.delivery.note(DevelopmentMessage {
            kind: "captcha",
            to: "",
            device_id: self.device_id,
            scene: self.scene,
            code: &self.captcha.text,
            text: "",
        });
        let ok = &*self.scope.speech().text("captcha.ok");
        Answer::ok()
            .with("code", 0)
            .with("msg", ok)
            .with("message", ok)
            .with("errMsg", ok)
            .with("captchaBase64", self.captcha.data_uri(true))
    }
}
