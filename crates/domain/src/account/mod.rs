//! Users and what identifies them.

mod identity;
mod status;
mod user;

pub use identity::{Identity, IdentityKind, derive_identities};
pub use status::Status;
pub use user::{AppScope, User};
