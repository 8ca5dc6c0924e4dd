//! `uni-secure-network`: how a client of the open protocol comes to a key.

pub mod challenge;
pub mod get_app_client_key;

/// The function.
pub const UNI_SECURE_NETWORK: &str = "uni-secure-network";
