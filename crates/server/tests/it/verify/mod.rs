//! Captchas and codes.

mod captchas;
mod guesses;
mod send_email_code;
mod send_sms_code;
mod sending_limits;
