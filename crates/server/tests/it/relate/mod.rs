//! What is bound to one's own account.

pub mod bind_mobile_by_mp_weixin;
mod bind_mobile_by_sms;
mod bind_weixin;
mod email;
mod mobile;
mod unbind;
