//! Signing in.

mod attempts;
mod login_by_email_code;
mod login_by_sms;
mod login_by_weixin;
mod login_by_weixin_mobile;
mod passwords;
mod who;
