//! For developers.

pub mod get_supported_login_type;
