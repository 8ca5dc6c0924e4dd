//! `loginBySms`: by a code sent to the number; registers numbers that are new.

use serde_json::{Map, json};

use lingpai_domain::{
    account::IdentityKind,
    error::{Code, Error},
    log::{LogSubject, LogType},
    registration::Newcomer,
    session::PasswordProof,
    store::{CodeTarget, IdentityQuery},
    validate::{Params, Rule, optional, required},
};

use super::{super::*, ATTEMPTS, the_one};

const OUTPUTS: &[Output] = &[
    register::SESSION_OUTPUTS[0],
    register::SESSION_OUTPUTS[1],
    register::SESSION_OUTPUTS[2],
    register::SESSION_OUTPUTS[3],
    Output {
        name: "type",
        kind: "string",
        about: Summary { zh: "login 登录,register 新注册", en: "login, or register for a new account" },
    },
];

/// The registry's entry.
pub const METHOD: Method = Method {
    function: UNI_ID_CO,
    group: "login",
    name: "loginBySms",
    summary: Summary {
        zh: "短信验证码登录,手机号未注册时自动注册",
        en: "Signs in with a code sent by SMS; registers numbers that are new",
    },
    access: Access::Anyone(handle),
    bucket: Bucket::Login,
    fields: &[
        required("mobile", Rule::Mobile),
        required("code", Rule::Text),
        optional("captcha", Rule::Text),
        optional("inviteCode", Rule::Text),
    ],
    outputs: OUTPUTS,
    errors: &[
        Code::MobileVerifyCodeError,
        Code::CaptchaRequired,
        Code::CaptchaVerifyFail,
        Code::CaptchaVerifyOverdue,
        Code::AccountConflict,
        Code::AccountBanned,
        Code::AccountAuditing,
        Code::AccountAuditFailed,
        Code::AccountClosed,
        Code::InvalidInviteCode,
    ],
};

const SCENE: &str = "login-by-sms";

fn handle<'a>(scope: &'a Scope<'a>, params: Params) -> Reply<'a> {
    Box::pin(async move {
        let mobile = params.required_text("mobile")?;
        let context = scope.context();
        let tokens = scope.tokens()?;
        let query = IdentityQuery { kind: IdentityKind::Mobile, values: vec![mobile.to_owned()], app: scope.client.app_id.clone() };
        let recent = context.recent(LogType::Login, IdentityKind::Mobile, mobile);
        let mut found = context.store.candidates(&query, Some(&recent)).await?;
        context.verify_needed_captcha(found.failed_thrice, scope.codes(), SCENE, params.text("captcha")).await?;
        let subject = LogSubject::Identifier(IdentityKind::Mobile, mobile.to_owned());
        let wrong = context.log_row(LogType::Login, subject, false);
        let target = CodeTarget::Mobile(mobile.to_owned());
        context.verify_code(scope.codes(), target, SCENE, params.required_text("code")?, Some(wrong)).await?;

        for _ in 0..ATTEMPTS {
            let refused = match the_one(found) {
                Ok(user) => match user.status() {
                    Some(status) => status.code(),
                    None => match context.sign_in(&user, tokens, PasswordProof::default(), scope.present.as_ref()).await? {
                        Some(token) => {
                            return Ok(Answer::ok()
                                .with_token(token)
                                .with("uid", user.id())
                                .with("passwordConfirmed", user.truthy("password"))
                                .with("type", "login"));
                        }
                        None => {
                            found = context.store.candidates(&query, None).await?;
                            continue;
                        }
                    },
                },
                Err(Code::AccountConflict) => Code::AccountConflict,
                Err(_) => {
                    register::check_app(scope)?;
                    match context.register(newcomer(mobile, &params), &scope.registration(), tokens, scope.present.as_ref()).await {
                        Ok((uid, token)) => {
                            return Ok(Answer::ok()
                                .with("uid", uid)
                                .with_token(token)
                                .with("passwordConfirmed", false)
                                .with("type", "register"));
                        }
                        // Somebody with a second code was faster: it is an account now.
                        Err(error) if error.code == Code::AccountExists => {
                            found = context.store.candidates(&query, None).await?;
                            continue;
                        }
                        Err(error) => return Err(error),
                    }
                }
            };
            context.store.append_log(&context.log_row(LogType::Login, LogSubject::Nobody, false)).await?;
            return Err(refused.into());
        }
        Err(Error::new(Code::SystemError))
    })
}

fn newcomer(mobile: &str, params: &Params) -> Newcomer {
    Newcomer {
        fields: Map::from_iter([("mobile".to_owned(), json!(mobile)), ("mobile_confirmed".to_owned(), json!(1))]),
        invite_code: params.text("inviteCode").map(str::to_owned),
        // A taken number is no failure here.
        quiet: true,
        ..Newcomer::default()
    }
}
