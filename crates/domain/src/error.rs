//! The flat error contract of the wire.

use std::{borrow::Cow, fmt, sync::Arc};

use serde_json::{Map, Value};

/// Whose doing an error is. Decides how loudly it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The caller can mend it: wrong input, wrong password, too many tries.
    User,
    /// A third party (SMS gateway, mail server, WeChat ...) failed or refused.
    Upstream,
    /// Our configuration is incomplete or wrong: the operator can mend it.
    Configuration,
    /// A defect or an outage of ours.
    Us,
}

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident = $wire:literal, $blame:ident; )+) => {
        /// Every error code that leaves the program, as `errCode` (seed 002, "Public response
        /// parameters"; `uni-id-*` and `uni-captcha-*` are the original's, the rest is named so).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[$doc])* $name, )+ }

        impl Code {
            /// All codes, in the order of this table.
            pub const ALL: &'static [Code] = &[ $( Code::$name, )+ ];

            /// The text that stands in `errCode`.
            pub const fn wire(self) -> &'static str {
                match self { $( Code::$name => $wire, )+ }
            }

            /// Who can mend it.
            pub const fn blame(self) -> Blame {
                match self { $( Code::$name => Blame::$blame, )+ }
            }
        }
    };
}

codes! {
    /// An account with this identifier exists already.
    AccountExists = "uni-id-account-exists", User;
    /// No account with this identifier.
    AccountNotExists = "uni-id-account-not-exists", User;
    /// The account exists, but not for this application.
    AccountNotExistsInCurrentApp = "uni-id-account-not-exists-in-current-app", User;
    /// More than one account answers to this identifier.
    AccountConflict = "uni-id-account-conflict", User;
    /// Status 1.
    AccountBanned = "uni-id-account-banned", User;
    /// Status 2.
    AccountAuditing = "uni-id-account-auditing", User;
    /// Status 3.
    AccountAuditFailed = "uni-id-account-audit-failed", User;
    /// Status 4.
    AccountClosed = "uni-id-account-closed", User;
    /// A captcha must be solved first.
    CaptchaRequired = "uni-id-captcha-required", User;
    /// Wrong password.
    PasswordError = "uni-id-password-error", User;
    /// Too many wrong passwords from this address.
    PasswordErrorExceedLimit = "uni-id-password-error-exceed-limit", User;
    /// Not a user name.
    InvalidUsername = "uni-id-invalid-username", User;
    /// Not a password.
    InvalidPassword = "uni-id-invalid-password", User;
    /// Too weak for strength `super`.
    InvalidPasswordSuper = "uni-id-invalid-password-super", User;
    /// Too weak for strength `strong`.
    InvalidPasswordStrong = "uni-id-invalid-password-strong", User;
    /// Too weak for strength `medium`.
    InvalidPasswordMedium = "uni-id-invalid-password-medium", User;
    /// Too weak for strength `weak`.
    InvalidPasswordWeak = "uni-id-invalid-password-weak", User;
    /// Not a mobile number.
    InvalidMobile = "uni-id-invalid-mobile", User;
    /// Not an e-mail address.
    InvalidEmail = "uni-id-invalid-email", User;
    /// Not a nickname.
    InvalidNickname = "uni-id-invalid-nickname", User;
    /// A parameter has the wrong type or value.
    InvalidParam = "uni-id-invalid-param", User;
    /// A required parameter is missing.
    ParamRequired = "uni-id-param-required", User;
    /// The third party did not name the account.
    GetThirdPartyAccountFailed = "uni-id-get-third-party-account-failed", Upstream;
    /// The third party did not give the user's details.
    GetThirdPartyUserInfoFailed = "uni-id-get-third-party-user-info-failed", Upstream;
    /// Wrong, used or expired SMS code.
    MobileVerifyCodeError = "uni-id-mobile-verify-code-error", User;
    /// Wrong, used or expired e-mail code.
    EmailVerifyCodeError = "uni-id-email-verify-code-error", User;
    /// There is an administrator already.
    AdminExists = "uni-id-admin-exists", User;
    /// The caller's role does not allow this.
    PermissionError = "uni-id-permission-error", User;
    /// A defect or an outage of ours.
    SystemError = "uni-id-system-error", Us;
    /// No free invitation code was found.
    SetInviteCodeFailed = "uni-id-set-invite-code-failed", Us;
    /// No such invitation code.
    InvalidInviteCode = "uni-id-invalid-invite-code", User;
    /// The inviter cannot be changed.
    ChangeInviterForbidden = "uni-id-change-inviter-forbidden", User;
    /// What is to be bound belongs to another account.
    BindConflict = "uni-id-bind-conflict", User;
    /// Unbinding failed.
    UnbindFailed = "uni-id-unbind-failed", User;
    /// Unbinding is not supported here.
    UnbindNotSupported = "uni-id-unbind-not-supported", User;
    /// It is the last way in.
    UnbindUniqueLogin = "uni-id-unbind-unique-login", User;
    /// Set a password first.
    UnbindPasswordNotExists = "uni-id-unbind-password-not-exists", User;
    /// Bind a mobile number first.
    UnbindMobileNotExists = "uni-id-unbind-mobile-not-exists", User;
    /// Not a POST of JSON.
    UnsupportedRequest = "uni-id-unsupported-request", User;
    /// A signature or source that is not allowed.
    IllegalRequest = "uni-id-illegal-request", User;
    /// A configuration field is missing.
    ConfigFieldRequired = "uni-id-config-field-required", Configuration;
    /// A configuration field has a wrong value.
    ConfigFieldInvalid = "uni-id-config-field-invalid", Configuration;
    /// Face verification failed.
    FrvFail = "uni-id-frv-fail", User;
    /// Face verification is not finished.
    FrvProcessing = "uni-id-frv-processing", User;
    /// Verified already.
    RealnameVerified = "uni-id-realname-verified", User;
    /// The identity card belongs to another account.
    IdcardExists = "uni-id-idcard-exists", User;
    /// Not an identity card number.
    InvalidIdcard = "uni-id-invalid-idcard", User;
    /// Not a name.
    InvalidRealname = "uni-id-invalid-realname", User;
    /// The third party answered something unknown.
    UnknownError = "uni-id-unknown-error", Upstream;
    /// Too many attempts today.
    RealnameVerifyUpperLimit = "uni-id-realname-verify-upper-limit", User;
    /// SMS is not configured (development mode: the code is 123456).
    InvalidSmsTemplateId = "uni-id-invalid-sms-template-id", Configuration;
    /// Mail is not configured (development mode: the code is 123456).
    InvalidMailTemplate = "uni-id-invalid-mail-template", Configuration;
    /// The token is past its time.
    TokenExpired = "uni-id-token-expired", User;
    /// The token is missing, forged or revoked.
    CheckTokenFailed = "uni-id-check-token-failed", User;
    /// Wrong captcha.
    CaptchaVerifyFail = "uni-captcha-verify-fail", User;
    /// The captcha is past its time.
    CaptchaVerifyOverdue = "uni-captcha-verify-overdue", User;
    /// There is no captcha to refresh.
    CaptchaRefreshFail = "uni-captcha-refresh-fail", User;
    /// No such function or method (the cloud's own name for it).
    MethodNotFound = "METHOD_NOT_FOUND", User;
    /// No such function (the cloud's own name for it).
    FunctionNotFound = "FUNCTION_NOT_FOUND", User;
    /// A function behind the gate could not be reached (ours).
    FunctionUnavailable = "FUNCTION_UNAVAILABLE", Upstream;
    /// A function behind the gate did not answer in time (ours).
    FunctionTimeout = "FUNCTION_TIMEOUT", Upstream;
    /// A function behind the gate answered with something that is no result (ours).
    FunctionFailed = "FUNCTION_FAILED", Upstream;
    /// The request's signature does not fit the space (client protocol).
    InvalidSignature = "InvalidSignature", User;
    /// Too many requests (ours: the original has no limits).
    TooManyRequests = "uni-id-too-many-requests", User;
    /// Too busy to test another password now (ours).
    ServerBusy = "uni-id-server-busy", Us;
    /// A message could not be delivered (ours).
    SendFailed = "uni-id-send-failed", Upstream;
    /// The set-up token is missing or wrong (ours: production mode's registerAdmin).
    SetupTokenRequired = "uni-id-setup-token-required", User;
    /// There is no such session (ours).
    SessionNotExists = "uni-id-session-not-exists", User;
    /// Signing in takes a second step, for which the answer has a ticket (ours).
    SecondStepRequired = "uni-id-second-step-required", User;
    /// Wrong or used code of the second step (ours).
    SecondStepError = "uni-id-second-step-error", User;
    /// Too many wrong codes of the second step (ours).
    SecondStepExceedLimit = "uni-id-second-step-exceed-limit", User;
    /// The ticket for the second step is wrong, used or expired (ours).
    SecondStepExpired = "uni-id-second-step-expired", User;
    /// There is a second step already (ours).
    SecondStepExists = "uni-id-second-step-exists", User;
    /// There is no second step (ours).
    SecondStepNotExists = "uni-id-second-step-not-exists", User;
    /// The ceremony with a passkey was not begun here, is over, or took too long (ours).
    PasskeyExpired = "uni-id-passkey-expired", User;
    /// What the browser or authenticator answered is not right (ours).
    PasskeyInvalid = "uni-id-passkey-invalid", User;
    /// The page or app is not one from which passkeys may be used (ours).
    PasskeyOriginNotAllowed = "uni-id-passkey-origin-not-allowed", User;
    /// The authenticator did not verify its user by PIN, finger or face (ours).
    PasskeyUserNotVerified = "uni-id-passkey-user-not-verified", User;
    /// The authenticator's key is of a kind that is not supported (ours).
    PasskeyNotSupported = "uni-id-passkey-not-supported", User;
    /// The passkey is registered already (ours).
    PasskeyExists = "uni-id-passkey-exists", User;
    /// There is no such passkey (any more) (ours).
    PasskeyNotExists = "uni-id-passkey-not-exists", User;
    /// The user has as many passkeys as a user may have (ours).
    PasskeyExceedLimit = "uni-id-passkey-exceed-limit", User;
    /// The passkey's counter did not grow: there may be a copy of it (ours).
    PasskeyCloned = "uni-id-passkey-cloned", User;
    /// A project's own script failed without an error of its own (ours).
    ScriptFailed = "uni-id-script-failed", Configuration;
}

impl Code {
    /// The number in `code` that the original adds to token and captcha errors.
    pub const fn number(self) -> Option<i64> {
        match self {
            Code::CheckTokenFailed => Some(30202),
            Code::TokenExpired => Some(30203),
            Code::CaptchaVerifyFail => Some(10104),
            Code::CaptchaVerifyOverdue => Some(10103),
            Code::CaptchaRefreshFail => Some(10003),
            _ => None,
        }
    }

    /// Whether the answer has the captcha function's shape `{code,msg,message,errMsg,errCode}`.
    pub const fn is_captcha(self) -> bool {
        matches!(self, Code::CaptchaVerifyFail | Code::CaptchaVerifyOverdue | Code::CaptchaRefreshFail)
    }
}

/// What went wrong, for the caller: a code and the values that its words mention.
#[derive(Clone)]
pub struct Error {
    /// The contract.
    pub code: Code,
    /// Values for the placeholders of the message, by name.
    pub args: Vec<(&'static str, Cow<'static, str>)>,
    /// The cause, for the log only; never shown to the caller.
    pub source: Option<Arc<dyn std::error::Error + Send + Sync>>,
    /// What a project's own script threw: it stands in place of code and words.
    pub thrown: Option<Arc<Thrown>>,
    /// Fields that the answer has besides.
    pub fields: Option<Arc<Map<String, Value>>>,
}

/// `{errCode, errMsg}` as a project's own script threw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Thrown {
    /// `errCode`: a text or a number.
    pub code: serde_json::Value,
    /// `errMsg`
    pub message: String,
}

/// A result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without arguments.
    pub fn new(code: Code) -> Self {
        Self { code, args: Vec::new(), source: None, thrown: None, fields: None }
    }

    /// Adds a value for the placeholder `{name}` of the message.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    /// Adds fields to the answer.
    #[must_use]
    pub fn with_fields(mut self, fields: Map<String, Value>) -> Self {
        self.fields = Some(Arc::new(fields));
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What a project's own script threw.
    pub fn thrown(code: serde_json::Value, message: String) -> Self {
        Self { thrown: Some(Arc::new(Thrown { code, message })), ..Self::new(Code::ScriptFailed) }
    }

    /// A defect or an outage of ours, with its cause for the log.
    pub fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::new(Code::SystemError).caused_by(source)
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl From<crate::store::StoreError> for Error {
    fn from(error: crate::store::StoreError) -> Self {
        Self::internal(error)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code.wire())?;
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.wire())
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wire_codes_are_unique() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.wire()), "{} stands twice", code.wire());
        }
    }
}
