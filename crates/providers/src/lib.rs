//! Third parties: whoever carries messages to people, and the development outbox in their place.
//!
//! The only crate with HTTP and SMTP clients. Each part implements a port of `lingpai_domain`.

mod excerpt;
pub mod http;
pub mod mail;
pub mod outbox;
pub mod sms;
pub mod weixin;
