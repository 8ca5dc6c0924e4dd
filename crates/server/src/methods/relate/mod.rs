//! What is bound to one's own account.

pub mod bind_alipay;
pub mod bind_apple;
pub mod bind_email_by_code;
pub mod bind_mobile_by_mp_weixin;
pub mod bind_mobile_by_sms;
pub mod bind_mobile_by_univerify;
pub mod bind_q_q;
pub mod bind_weixin;
pub mod unbind_alipay;
pub mod unbind_apple;
pub mod unbind_email;
pub mod unbind_mobile;
pub mod unbind_q_q;
pub mod unbind_weixin;

mod bind;
mod unbind;
