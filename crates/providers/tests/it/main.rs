//! The gateways against real servers on this machine.

mod aliyun;
mod clock;
mod cloud_signatures;
mod http;
mod http_server;
mod mail;
mod sms;
mod sms_vendors;
mod smtp_server;
mod weixin;
