//! Codes and captchas: scenes, digests, guesses.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    account::IdentityKind,
    context::Context,
    error::{Code, Result},
    log::{LogRow, LogType},
    random::to_hex,
    secret::Secret,
    store::{CaptchaGuess, CaptchaOutcome, CodeGuess, CodeTarget, GuessOutcome, RecentQuery},
};

/// What captchas are for (seed 002, "captcha scene").
pub const CAPTCHA_SCENES: &[&str] = &[
    "register",
    "login-by-pwd",
    "login-by-sms",
    "reset-pwd-by-sms",
    "reset-pwd-by-email",
    "send-sms-code",
    "send-email-code",
    "bind-mobile-by-sms",
    "set-pwd-by-sms",
    // Ours.
    "login-by-email",
    "bind-email",
];

/// What SMS codes are for.
/// `register-by-sms` is ours.
pub const SMS_SCENES: &[&str] = &["login-by-sms", "reset-pwd-by-sms", "bind-mobile-by-sms", "set-pwd-by-sms", "register-by-sms"];

/// What e-mail codes are for.
pub const EMAIL_SCENES: &[&str] = &["register", "login-by-email", "reset-pwd-by-email", "bind-email"];

/// For how long failed attempts make a captcha necessary, milliseconds.
const FAILURES_COUNT_FOR_MS: i64 = 2 * 60 * 60 * 1000;

/// How codes are kept, and how many guesses they stand.
#[derive(Clone, Debug)]
pub struct CodePolicy {
    /// The key of the digests under which codes and captchas are stored; `None` in development
    /// mode, which stores them as they are.
    pub key: Option<Secret>,
    /// Wrong guesses until a code is void.
    pub code_guesses: u32,
    /// Wrong guesses until a captcha is void.
    pub captcha_guesses: u32,
}

impl CodePolicy {
    /// The form in which a code is stored. `of` is what it belongs to, so that a digest is of no
    /// use elsewhere.
    pub fn stored(&self, of: &[&str], code: &str) -> String {
        let Some(key) = &self.key else { return code.to_owned() };
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).expect("HMAC takes keys of any length");
        for part in of.iter().chain([&code]) {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        to_hex(&mac.finalize().into_bytes())
    }

    /// The stored form of a code that is sent.
    pub fn stored_code(&self, target: &CodeTarget, scene: &str, code: &str) -> String {
        self.stored(&[target.field(), target.value(), scene], code)
    }

    /// The stored form of a captcha's text.
    pub fn stored_captcha(&self, device_id: &str, scene: &str, text: &str) -> String {
        match self.key {
            Some(_) => self.stored(&["captcha", device_id, scene], &text.to_lowercase()),
            None => text.to_owned(),
        }
    }
}

impl Context<'_> {
    /// The query whether the last three attempts with this identifier from this address failed.
    pub fn recent(&self, kind: LogType, field: IdentityKind, value: &str) -> RecentQuery {
        RecentQuery { kind, ip: self.client.ip.clone(), field, value: value.to_owned(), since: self.clock.now_ms() - FAILURES_COUNT_FOR_MS }
    }

    /// Uses up a captcha, or says what is wrong with it.
    pub async fn verify_captcha(&self, policy: &CodePolicy, scene: &str, text: &str) -> Result<()> {
        let device_id = self.device_id()?;
        let guess = CaptchaGuess {
            device_id: device_id.to_owned(),
            scene: scene.to_owned(),
            code: policy.stored_captcha(device_id, scene, text),
            now: self.clock.now_ms(),
            max_guesses: policy.captcha_guesses,
        };
        match self.store.consume_captcha(&guess).await? {
            CaptchaOutcome::Right => Ok(()),
            CaptchaOutcome::Wrong => Err(Code::CaptchaVerifyFail.into()),
            CaptchaOutcome::Overdue => Err(Code::CaptchaVerifyOverdue.into()),
        }
    }

    /// With three failures behind: demands a captcha and uses it up.
    pub async fn verify_needed_captcha(&self, needed: bool, policy: &CodePolicy, scene: &str, text: Option<&str>) -> Result<()> {
        match (needed, text) {
            (false, _) => Ok(()),
            (true, None) => Err(Code::CaptchaRequired.into()),
            (true, Some(text)) => self.verify_captcha(policy, scene, text).await,
        }
    }

    /// Uses up a code that was sent, or answers the error of its kind.
    pub async fn verify_code(
        &self,
        policy: &CodePolicy,
        target: CodeTarget,
        scene: &str,
        code: &str,
        on_wrong: Option<LogRow>,
    ) -> Result<()> {
        let error = match target {
            CodeTarget::Mobile(_) => Code::MobileVerifyCodeError,
            CodeTarget::Email(_) => Code::EmailVerifyCodeError,
        };
        let guess = CodeGuess {
            code: policy.stored_code(&target, scene, code),
            target,
            scene: scene.to_owned(),
            now: self.clock.now_ms(),
            max_guesses: policy.code_guesses,
            on_wrong,
        };
        match self.store.consume_code(&guess).await? {
            GuessOutcome::Right => Ok(()),
            GuessOutcome::Wrong => Err(error.into()),
        }
    }

    /// The caller's device, which captchas are bound to.
    pub fn device_id(&self) -> Result<&str> {
        self.client.device_id.as_deref().ok_or_else(|| crate::error::Error::new(Code::ParamRequired).with("param", "clientInfo.deviceId"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_depend_on_every_part() {
        let policy = CodePolicy { key: Some(Secret::new("k")), code_guesses: 5, captcha_guesses: 5 };
        let mobile = CodeTarget::Mobile("138".into());
        let digest = policy.stored_code(&mobile, "login-by-sms", "123456");
        assert_eq!(digest.len(), 64);
        assert_ne!(digest, policy.stored_code(&mobile, "reset-pwd-by-sms", "123456"));
        assert_ne!(digest, policy.stored_code(&CodeTarget::Email("138".into()), "login-by-sms", "123456"));
        assert_ne!(policy.stored(&["ab", "c"], "x"), policy.stored(&["a", "bc"], "x"));
        assert_eq!(policy.stored_captcha("d", "s", "AbC"), policy.stored_captcha("d", "s", "aBc"));
    }

    #[test]
    fn development_mode_keeps_codes_as_they_are() {
        let policy = CodePolicy { key: None, code_guesses: 5, captcha_guesses: 5 };
        assert_eq!(policy.stored_captcha("d", "s", "AbC"), "AbC");
    }
}
