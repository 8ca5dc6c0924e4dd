//! Tokens themselves.

pub mod refresh_token;
pub mod set_push_cid;
