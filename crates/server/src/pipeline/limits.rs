//! How often one address may call.

use std::net::{IpAddr, Ipv4Addr};

use lingpai_domain::{
    client::Client,
    error::{Code, Error, Result},
    limits::Caller,
};

use crate::state::State;

/// Calls that are counted together. The rates are settings (`limits.per_ip.<name>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Reading one's own account, renewing tokens and the like.
    General,
    /// Guessing passwords or codes.
    Login,
    /// Creating accounts.
    Register,
    /// Sending messages that cost money.
    Send,
    /// Drawing captchas.
    Captcha,
}

impl Bucket {
    /// All of them.
    pub const ALL: [Bucket; 5] = [Bucket::General, Bucket::Login, Bucket::Register, Bucket::Send, Bucket::Captcha];

    /// The name in settings and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Bucket::General => "default",
            Bucket::Login => "login",
            Bucket::Register => "register",
            Bucket::Send => "send",
            Bucket::Captcha => "captcha",
        }
    }
}

/// Proof that the call is within the limits.
#[derive(Debug)]
pub struct Admitted(());

/// Counts the call.
pub fn check(state: &State, bucket: Bucket, client: &Client) -> Result<Admitted> {
    // An address that is no address would come from a broken transport: count all such together.
    check_address(state, bucket, client.ip.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

/// Counts a call from an address.
pub fn check_address(state: &State, bucket: Bucket, ip: IpAddr) -> Result<Admitted> {
    let caller = Caller::address(ip);
    let now = state.base.clock.now_ms();
    for (index, rate) in state.guards.rates(bucket).iter().enumerate() {
        let id = bucket as u16 * 16 + (index as u16).min(15);
        state.guards.limiter.count(id, caller, *rate, now).map_err(too_many)?;
    }
    Ok(Admitted(()))
}

/// The error for a caller who must wait.
pub fn too_many(wait_ms: i64) -> Error {
    let seconds = (wait_ms.max(0) as u64).div_ceil(1000).max(1);
    let error = Error::new(Code::TooManyRequests).with("seconds", seconds.to_string());
    if seconds >= 120 { with_minutes(error, seconds) } else { error }
}

/// Whether a code says that too many wrong guesses have locked somebody out.
pub const fn is_lock(code: Code) -> bool {
    matches!(code, Code::PasswordErrorExceedLimit | Code::SecondStepExceedLimit)
}

/// The error of a lock, told for how long it lasts at most.
pub fn with_length_of_lock(error: Error, retry_s: u32) -> Error {
    with_minutes(error, retry_s.into())
}

/// Adds a wait in units that people count in; see [`crate::words::Words::key`].
fn with_minutes(error: Error, seconds: u64) -> Error {
    let minutes = seconds.div_ceil(60).max(1);
    let error = error.with("minutes", minutes.to_string());
    if minutes >= 120 { error.with("hours", minutes.div_ceil(60).to_string()) } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Locale, Words};

    #[test]
    fn waits_are_told_in_units_that_people_count_in() {
        let told = |wait_ms| Words::built_in().message(Locale::En, &too_many(wait_ms));
        for (wait_ms, words) in
            [(-5, "1 s."), (1, "1 s."), (119_000, "119 s."), (119_001, "2 min."), (7_139_000, "119 min."), (86_400_000, "24 h.")]
        {
            assert!(told(wait_ms).ends_with(words), "{wait_ms}: {}", told(wait_ms));
        }
        let locked = |code: Code, retry_s| Words::built_in().message(Locale::ZhHans, &with_length_of_lock(code.into(), retry_s));
        assert_eq!(locked(Code::PasswordErrorExceedLimit, 3600), "密码错误次数过多,请 60 分钟后再试");
        assert_eq!(locked(Code::SecondStepExceedLimit, 86_400), "验证码错误次数过多,请 24 小时后再试");
        assert_eq!(locked(Code::PasswordErrorExceedLimit, 5), "密码错误次数过多,请 1 分钟后再试");
        // Where nobody knows it, nothing is made up.
        let unknown = Words::built_in().message(Locale::ZhHans, &Code::PasswordErrorExceedLimit.into());
        assert_eq!(unknown, "密码错误次数过多,请稍后再试");
    }
}
