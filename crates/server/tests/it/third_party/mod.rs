//! Signing in and binding by those who vouch for people.

mod alipay;
mod apple;
mod binds;
mod qq;
mod round_trips;
mod univerify;
