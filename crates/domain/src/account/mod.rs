//! Users and what identifies them.

mod identity;
mod status;
mod unbinding;
mod user;

pub use identity::{Identity, IdentityKind, derive_identities};
pub use status::Status;
pub use unbinding::{ThirdParty, refuse_unbinding, refuse_unbinding_email};
pub use user::{AppScope, SECOND_STEP_FIELD, User};
