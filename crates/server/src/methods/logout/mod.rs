//! Signing out.

#[allow(clippy::module_inception, reason = "folder = wire group, file = wire name")]
pub mod logout;
