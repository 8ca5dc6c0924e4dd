//! Signing in.

#[allow(clippy::module_inception, reason = "folder = wire group, file = wire name")]
pub mod login;
pub mod login_by_alipay;
pub mod login_by_apple;
pub mod login_by_email_code;
pub mod login_by_passkey;
pub mod login_by_q_q;
pub mod login_by_second_step;
pub mod login_by_sms;
pub mod login_by_univerify;
pub mod login_by_weixin;
pub mod login_by_weixin_mobile;

pub(in crate::methods) mod find_or_register;

mod by_code;

use lingpai_domain::{account::User, error::Code, session::NewToken, store::Candidates};

use crate::answer::Answer;

/// How often a login is decided again because the user changed in between.
pub(super) const ATTEMPTS: usize = 8;

/// The one user that answers to an identifier, or why there is none.
pub(super) fn the_one(found: Candidates) -> std::result::Result<User, Code> {
    let mut users = found.users.into_iter();
    match (users.next(), users.next()) {
        (Some(user), None) => Ok(user),
        (Some(_), Some(_)) => Err(Code::AccountConflict),
        (None, _) if found.elsewhere => Err(Code::AccountNotExistsInCurrentApp),
        (None, _) => Err(Code::AccountNotExists),
    }
}

/// The answer to a sign-in of somebody who is known, other than by a password alone.
pub(super) fn signed_in(token: NewToken, user: &User) -> Answer {
    let answer = Answer::ok().with_token(token).with("uid", user.id());
    answer.with("passwordConfirmed", user.truthy("password")).with("type", "login")
}
