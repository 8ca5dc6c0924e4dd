//! `sendSmsCode`: a code by SMS.

use lingpai_domain::{
    error::{Code, Error, Result},
    messaging::Sms,
    store::CodeTarget,
    validate::{Params, Rule, required},
    verification::SMS_SCENES,
};

use super::{super::*, code::CodeToSend, scene};
use crate::config::center::SmsService;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "verify",
    name: "sendSmsCode",
    summary: Summary { zh: "发送短信验证码", en: "Sends a code by SMS" },
    access: Access::Anyone(handle),
    bucket: Bucket::Send,
    fields: &[required("mobile", Rule::Mobile), required("captcha", Rule::Text), required("scene", Rule::Text)],
    outputs: &[],
    errors: &[
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::InvalidSmsTemplateId,
        Code::ConfigFieldRequired,
        Code::TooManyRequests,
        Code::SendFailed,
    ],
};

/// For how long the fixed code of development mode is valid, seconds.
const FIXED_CODE_LIFETIME: i64 = 180;

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let what_for = scene(&params, SMS_SCENES)?;
        let mobile = params.required_text("mobile")?;
        let service = Service::find(scope, what_for)?;
        scope.context().verify_captcha(scope.codes(), "send-sms-code", params.required_text("captcha")?).await?;
        let target = CodeTarget::Mobile(mobile.to_owned());
        let Some(service) = service else {
            CodeToSend::fixed(scope, target, what_for, FIXED_CODE_LIFETIME).store().await?;
            return Err(Code::InvalidSmsTemplateId.into());
        };
        let code = CodeToSend::random(scope, target, what_for, service.lifetime);
        code.store().await?;
        let sms = service.message(scope, mobile, &code);
        code.note(&sms.data.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "));
        code.keep_if(scope.state.delivery.send_sms(&sms).await).await?;
        Ok(Answer::ok())
    })
}

/// The SMS service for one scene.
struct Service<'a> {
    config: &'a SmsService,
    name: &'a str,
    template_id: &'a str,
    lifetime: i64,
}

impl<'a> Service<'a> {
    /// `Ok(None)`: not configured, and this is development mode.
    fn find(scope: &'a Scope<'a>, what_for: &str) -> Result<Option<Self>> {
        let missing = |field: String| Err(Error::new(Code::ConfigFieldRequired).with("field", field));
        let found = scope.config.sms.as_ref().and_then(|sms| {
            // A template id in words is the placeholder of an unfinished configuration.
            let template_id = sms
                .template_id(what_for, &[scope.speech().tag(), scope.locale.tag()])
                .filter(|id| id.contains(|c: char| c.is_ascii_alphanumeric()))?;
            Some((sms, template_id))
        });
        match found {
            None if scope.state.is_development() => Ok(None),
            None => missing(format!("service.sms.scene.{what_for}.templateId")),
            Some((sms, template_id)) => match sms.name.as_deref() {
                None => missing("service.sms.name".to_owned()),
                Some(name) => Ok(Some(Self { config: sms, name, template_id, lifetime: sms.code_expires_in(what_for).into() })),
            },
        }
    }

    fn message(&self, scope: &Scope<'_>, mobile: &str, code: &CodeToSend<'_>) -> Sms {
        let original = if code.scene == "login-by-sms" { "login" } else { "verify-mobile" };
        let action = scope.speech().text_known_as(&format!("sms.action.{}", code.scene), original);
        let minutes = (self.lifetime + 30) / 60;
        Sms {
            mobile: mobile.to_owned(),
            key: self.config.key.clone(),
            secret: self.config.secret.clone(),
            template_id: self.template_id.to_owned(),
            data: vec![
                ("name".into(), self.name.to_owned()),
                ("code".into(), code.text.clone()),
                ("action".into(), action),
                ("expMinute".into(), minutes.to_string()),
            ],
        }
    }
}
