//! Users and what identifies them.

mod identity;
mod overview;
mod status;
mod third_party;
mod unbinding;
mod user;

pub use identity::{Identity, IdentityKind, derive_identities};
pub use overview::AccountOverview;
pub use status::Status;
pub use third_party::{ThirdParty, ThirdPartyAccount, lay_over};
pub use unbinding::{refuse_removing_passkey, refuse_unbinding, refuse_unbinding_email, refuse_unbinding_mobile};
pub(crate) use user::is_truthy;
pub use user::{AppScope, PASSKEYS_FIELD, SECOND_STEP_FIELD, User};
