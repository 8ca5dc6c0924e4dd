//! One's own sessions.

pub mod get_sessions;
pub mod revoke_other_sessions;
pub mod revoke_session;
