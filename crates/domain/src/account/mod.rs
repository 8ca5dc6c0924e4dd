//! Users and what identifies them.

mod identity;
mod status;
mod third_party;
mod unbinding;
mod user;

pub use identity::{Identity, IdentityKind, derive_identities};
pub use status::Status;
pub use third_party::{ThirdParty, ThirdPartyAccount, lay_over};
pub use unbinding::refuse_unbinding;
pub use user::{AppScope, User};
