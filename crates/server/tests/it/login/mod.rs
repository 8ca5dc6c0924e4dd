//! Signing in.

mod attempts;
mod login_by_email_code;
mod login_by_sms;
mod passwords;
mod who;
