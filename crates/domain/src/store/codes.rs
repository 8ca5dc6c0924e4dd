//! Codes sent by SMS and mail, and captchas (`opendb-verify-codes`).

use crate::log::LogRow;

/// Where a code is sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CodeTarget {
    /// A mobile number (`mobile`).
    Mobile(String),
    /// A mail address in lower case (`email`).
    Email(String),
}

impl CodeTarget {
    /// The document's field.
    pub const fn field(&self) -> &'static str {
        match self {
            CodeTarget::Mobile(_) => "mobile",
            CodeTarget::Email(_) => "email",
        }
    }

    /// The number or address.
    pub fn value(&self) -> &str {
        match self {
            CodeTarget::Mobile(value) | CodeTarget::Email(value) => value,
        }
    }
}

/// What a sending limit counts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendScope {
    /// The number or address.
    Target,
    /// The client's device id.
    Device,
    /// The client's address.
    Ip,
}

/// At most `count` codes of one kind of target (all scenes) within `window_ms` for one target,
/// device or address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimit {
    /// What is counted by.
    pub scope: SendScope,
    /// The window's length in milliseconds.
    pub window_ms: i64,
    /// How many codes fit into the window.
    pub count: u32,
}

/// A code to be stored.
#[derive(Clone, Debug)]
pub struct NewCode {
    /// `_id`
    pub id: String,
    /// Where it goes.
    pub target: CodeTarget,
    /// What it is for.
    pub scene: String,
    /// The code, or its digest in production.
    pub code: String,
    /// The client's address.
    pub ip: String,
    /// The client's device, for the limits; not shown in the document.
    pub device_id: Option<String>,
    /// Milliseconds.
    pub created_date: i64,
    /// Milliseconds.
    pub expired_date: i64,
    /// Limits that must all hold.
    pub limits: Vec<SendLimit>,
}

/// What became of a code to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issued {
    /// Stored; earlier live codes of the same target and scene are void (`state` 2).
    Done,
    /// A limit forbids it. Nothing was stored.
    TooMany {
        /// The limit that forbade it.
        scope: SendScope,
        /// Milliseconds until one fits again.
        retry_after_ms: i64,
    },
}

/// A try of a code.
#[derive(Clone, Debug)]
pub struct CodeGuess {
    /// Where it was sent to.
    pub target: CodeTarget,
    /// What it is for.
    pub scene: String,
    /// What was typed, or its digest in production.
    pub code: String,
    /// Now, in milliseconds. A code is live while `expired_date` is after now.
    pub now: i64,
    /// With this many wrong guesses a code becomes void (`state` 2).
    pub max_guesses: u32,
    /// Logged, in the same commit, when the guess is wrong.
    pub on_wrong: Option<LogRow>,
}

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessOutcome {
    /// It was right and is used up now (`state` 1).
    Right,
    /// It was not. The live codes of the target and scene have one guess less.
    Wrong,
}

/// A captcha to be stored.
#[derive(Clone, Debug)]
pub struct NewCaptcha {
    /// `_id`
    pub id: String,
    /// `device_uuid`
    pub device_id: String,
    /// What it is for.
    pub scene: String,
    /// The text, or its digest in production.
    pub code: String,
    /// The client's address.
    pub ip: String,
    /// Milliseconds.
    pub created_date: i64,
    /// Milliseconds.
    pub expired_date: i64,
}

/// A try of a captcha.
#[derive(Clone, Debug)]
pub struct CaptchaGuess {
    /// `device_uuid`
    pub device_id: String,
    /// What it is for.
    pub scene: String,
    /// What was typed; in production the digest of its lower-case form.
    pub code: String,
    /// Now, in milliseconds. A captcha is live until `expired_date`, that moment included.
    pub now: i64,
    /// With this many wrong guesses a captcha becomes void (`state` 2).
    pub max_guesses: u32,
}

/// What became of a captcha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptchaOutcome {
    /// It was right (upper and lower case alike) and is used up now (`state` 1).
    Right,
    /// It was not. The live captchas of the device and scene have one guess less.
    Wrong,
    /// It was right but is past its time.
    Overdue,
}
