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
    /// The application.
    App,
}

/// At most `count` codes of one kind of target (all scenes) within `window_ms` for one target,
/// device, address or application.
///
/// Codes of an application are many, and are counted by slices of the window: one may count for a slice longer than
/// the window, never shorter. It counts although it is withdrawn: its message may have been paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendLimit {
    /// What is counted by.
    pub scope: SendScope,
    /// The window's length in milliseconds.
    pub window_ms: i64,
    /// How many codes fit into the window.
    pub count: u32,
}

/// Into how many slices the window of a [`SendScope::App`] is cut: codes of one slice leave it together, with
/// the last of them.
const SLICES: i64 = 60;

impl SendLimit {
    /// The length of a slice of the window, milliseconds.
    pub const fn slice_ms(&self) -> i64 {
        if self.window_ms < SLICES { 1 } else { self.window_ms / SLICES }
    }
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
    /// The client's application, for the limits; not kept with the code.
    pub app: String,
    /// Milliseconds.
    pub created_date: i64,
    /// Milliseconds.
    pub expired_date: i64,
    /// Limits that must all hold.
    pub limits: Vec<SendLimit>,
}

impl NewCode {
    /// The limits of the application, which are looked at first, and the others.
    pub fn limits_by_application(&self) -> (Vec<&SendLimit>, Vec<&SendLimit>) {
        self.limits.iter().partition(|limit| limit.scope == SendScope::App)
    }
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
