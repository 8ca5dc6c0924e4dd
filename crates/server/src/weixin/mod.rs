//! What the methods about WeChat share: which of an application's WeChat identities a call is about, and
//! whom its code stands for.

mod phone;
mod platform;
mod visitor;

pub use phone::{decrypted_phone_number, phone_number};
pub use platform::WeixinPlatform;
pub use visitor::{Visitor, visitor};
