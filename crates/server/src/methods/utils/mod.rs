//! Tokens themselves.

pub mod refresh_token;
