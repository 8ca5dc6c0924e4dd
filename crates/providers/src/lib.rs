//! Third parties: whoever carries messages to people, and the development outbox in their place.
//!
//! The only crate with HTTP and SMTP clients. Each part implements a port of `lingpai_domain`.

pub mod alipay;
pub mod aliyun;
pub mod apple;
mod excerpt;
pub mod face;
pub mod fetch;
pub mod http;
pub mod mail;
pub mod object_storage;
pub mod outbox;
pub mod pictures;
pub mod public_addresses;
pub mod qq;
pub mod rsa_key;
pub mod signing;
pub mod sms;
pub mod tencent;
pub mod univerify;
pub mod webhook;
pub mod weixin;
