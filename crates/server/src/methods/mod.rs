//! The methods, by group: folder = wire group, file = wire name in snake case.

pub mod account;
pub mod admin;
pub mod captcha;
pub mod dev;
pub mod examples;
pub mod external;
pub mod facial_recognition_verify;
pub mod fission;
pub mod login;
pub mod logout;
pub mod multi_end;
pub mod open_bridge;
pub mod passkey;
pub mod register;
pub mod registry;
pub mod relate;
pub mod second_step;
pub mod secure_network;
pub mod session;
pub mod utils;
pub mod verify;

use std::{future::Future, pin::Pin};

use lingpai_domain::{
    error::{Code, Result},
    validate::{Field, Params},
};

use crate::{
    answer::Answer,
    pipeline::{Bucket, Caller, ListedAddress, Partner, Scope},
};

/// What a method's function returns.
pub type Reply<'a> = Pin<Box<dyn Future<Output = Result<Answer>> + Send + 'a>>;

/// Whether a call with a token near its end brings a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Yes.
    Automatic,
    /// No: the session is about to end.
    Never,
}

/// Who may call, and the function that takes the proof of it.
pub enum Access {
    /// Anyone.
    Anyone(for<'a> fn(&'a Scope<'a>, Params) -> Reply<'a>),
    /// Anyone; the method is about the token itself, which it checks.
    Token(for<'a> fn(&'a Scope<'a>, Option<String>) -> Reply<'a>),
    /// A user.
    User(Renewal, for<'a> fn(&'a Scope<'a>, Params, &'a Caller) -> Reply<'a>),
    /// A user who has this role at this moment.
    Role(&'static str, Renewal, for<'a> fn(&'a Scope<'a>, Params, &'a Caller) -> Reply<'a>),
    /// A server that signs its requests, in the URL form only.
    Signed(for<'a> fn(&'a Scope<'a>, Params, &'a Partner) -> Reply<'a>),
    /// A server at one of the addresses that `uni-open-bridge/config.json` lists, in the URL form only.
    Listed(for<'a> fn(&'a Scope<'a>, Params, &'a ListedAddress) -> Reply<'a>),
}

impl Access {
    /// In words, for documentation.
    pub const fn name(&self) -> &'static str {
        match self {
            Access::Anyone(_) => "anyone",
            Access::Token(_) => "bearer of a token",
            Access::User(..) => "user",
            Access::Role(role, ..) => role,
            Access::Signed(_) => "signed server",
            Access::Listed(_) => "listed address",
        }
    }

    /// Whether a call without `uniIdToken` is refused.
    pub const fn needs_token(&self) -> bool {
        !matches!(self, Access::Anyone(_) | Access::Signed(_) | Access::Listed(_))
    }
}

/// What a method does, in one line each.
#[derive(Clone, Copy, Debug)]
pub struct Summary {
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
}

/// A field of a successful answer, for documentation.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Its name; dotted inside of objects.
    pub name: &'static str,
    /// `string`, `number`, `boolean`, `array`.
    pub kind: &'static str,
    /// What it is, in Chinese and English.
    pub about: Summary,
}

/// A method of a cloud object.
pub struct Method {
    /// The cloud object.
    pub function: &'static str,
    /// The group, which names the folder.
    pub group: &'static str,
    /// The name on the wire.
    pub name: &'static str,
    /// What it does.
    pub summary: Summary,
    /// Who may call. There is no default.
    pub access: Access,
    /// With which calls it is counted.
    pub bucket: Bucket,
    /// Its parameters.
    pub fields: &'static [Field],
    /// What it answers besides `errCode`.
    pub outputs: &'static [Output],
    /// Errors of its own, besides those of the checks.
    pub errors: &'static [Code],
}

/// The cloud object of accounts.
pub const UNI_ID_CO: &str = "uni-id-co";
/// The cloud object of third parties' credentials.
pub const UNI_OPEN_BRIDGE: &str = "uni-open-bridge";
/// The cloud object of captchas.
pub const UNI_CAPTCHA_CO: &str = "uni-captcha-co";
