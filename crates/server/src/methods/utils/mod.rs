//! Tokens themselves.

pub mod refresh_token;
pub mod secure_network_handshake_by_weixin;
pub mod set_push_cid;
