//! `sendEmailCode`: a code by e-mail.

use lingpai_domain::{
    error::Code,
    messaging::Mail,
    store::CodeTarget,
    validate::{Params, Rule, required},
    verification::EMAIL_SCENES,
};

use super::{
    super::*,
    code::{CodeToSend, not_configured},
    scene,
};
use crate::words::Locale;

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "verify",
    name: "sendEmailCode",
    summary: Summary { zh: "发送邮箱验证码", en: "Sends a code by e-mail" },
    access: Access::Anyone(handle),
    bucket: Bucket::Send,
    fields: &[required("email", Rule::Email), required("captcha", Rule::Text), required("scene", Rule::Text)],
    outputs: &[],
    errors: &[
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::InvalidMailTemplate,
        Code::ConfigFieldRequired,
        Code::TooManyRequests,
        Code::SendFailed,
    ],
};

/// For how long a code is valid, seconds.
const LIFETIME: i64 = 180;

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let what_for = scene(&params, EMAIL_SCENES)?;
        let email = params.required_text("email")?.to_lowercase();
        let configured = scope.state.delivery.mail.is_some();
        if !configured && !scope.state.is_development() {
            return Err(not_configured("providers.email"));
        }
        scope.context().verify_captcha(scope.codes(), "send-email-code", params.required_text("captcha")?).await?;
        let target = CodeTarget::Email(email.clone());
        if !configured {
            CodeToSend::fixed(scope, target, what_for, LIFETIME).store().await?;
            return Err(Code::InvalidMailTemplate.into());
        }
        let code = CodeToSend::random(scope, target, what_for, LIFETIME);
        code.store().await?;
        let mail = compose(scope, email, &code);
        code.note(&mail.text);
        code.keep_if(scope.state.delivery.send_mail(&mail).await).await?;
        Ok(Answer::ok())
    })
}

fn compose(scope: &Scope<'_>, to: String, code: &CodeToSend<'_>) -> Mail {
    let name = scope.client.app_name.as_deref().filter(|name| name.len() <= 64).unwrap_or("Lingpai");
    let minutes = (LIFETIME / 60).to_string();
    let text = |key: &str| scope.speech().fill(key, &[("code", &code.text), ("name", name), ("minutes", &minutes)]);
    let lines =
        [text("mail.greeting"), text(&format!("mail.action.{}", code.scene)), code.text.clone(), text("mail.expiry"), text("mail.unasked")];
    Mail { to, subject: text("mail.subject"), text: lines.join("\n\n"), html: html(scope.locale, &lines, &code.text) }
}

fn html(locale: Locale, lines: &[String], code: &str) -> String {
    let paragraphs: String = lines
        .iter()
        .map(|line| match line == code {
            true => format!("<p style=\"font-size:28px;letter-spacing:6px;font-weight:600;margin:16px 0\">{}</p>", escape(line)),
            false => format!("<p style=\"margin:12px 0\">{}</p>", escape(line)),
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"></head><body style=\"font-family:system-ui,sans-serif;\
         font-size:16px;line-height:1.6;color:#1f2328;max-width:32em;margin:0 auto;padding:24px\">{paragraphs}</body></html>",
        locale.tag()
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
