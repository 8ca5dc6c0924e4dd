//! The gateways against real servers on this machine.

mod clock;
mod http;
mod http_server;
mod mail;
mod sms;
mod sms_vendors;
mod smtp_server;
mod weixin;
