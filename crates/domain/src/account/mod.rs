//! Users and what identifies them.

mod identity;
mod overview;
mod status;
mod unbinding;
mod user;

pub use identity::{Identity, IdentityKind, derive_identities};
pub use overview::AccountOverview;
pub use status::Status;
pub use unbinding::{ThirdParty, refuse_unbinding};
pub use user::{AppScope, User};
