//! The gateways against real servers on this machine.

mod alipay;
mod aliyun;
mod clock;
mod cloud_signatures;
mod http;
mod http_server;
mod mail;
mod pictures;
mod qq;
mod sms;
mod sms_vendors;
mod smtp_server;
mod tencent;
mod univerify;
mod weixin;
