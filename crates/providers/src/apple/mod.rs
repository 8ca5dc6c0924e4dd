//! Sign in with Apple.

pub mod identity_token;
