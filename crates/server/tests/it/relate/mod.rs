//! What is bound to one's own account.

mod bind_mobile_by_sms;
mod email;
mod unbind;
