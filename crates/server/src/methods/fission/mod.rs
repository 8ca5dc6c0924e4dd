//! Invitations.

pub mod accept_invite;
pub mod get_invited_user;
