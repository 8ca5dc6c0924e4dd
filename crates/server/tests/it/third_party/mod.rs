//! Signing in and binding by those who vouch for people.

mod alipay;
mod apple;
mod qq;
mod univerify;
