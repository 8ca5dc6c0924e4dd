//! Signing in.

mod attempts;
mod login_by_sms;
mod passwords;
mod who;
