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
    Error::new(Code::TooManyRequests).with("seconds", (wait_ms.max(0) as u64).div_ceil(1000).max(1).to_string())
}
