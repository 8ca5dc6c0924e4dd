//! Users and what identifies them.

mod identity;
mod status;
mod unbinding;
mod user;

pub use identity::{Identity, IdentityKind, derive_identities};
pub use status::Status;
pub use unbinding::{ThirdParty, refuse_unbinding};
pub(crate) use user::is_truthy;
pub use user::{AppScope, User};
