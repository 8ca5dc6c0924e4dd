//! New versions of whole users.

use lingpai_domain::store::{UserUpdate, UserUpdated};
use postgres_types::Json;

use super::{
    PostgresStore,
    failure::Failure,
    invitations::inviters,
    log::LogColumns,
    sessions::{IdentityColumns, outcome},
    text::storable,
};
use crate::document::UserParts;

impl PostgresStore {
    pub(super) async fn user_update(&self, update: &UserUpdate) -> Result<UserUpdated, Failure> {
        let parts = UserParts::of_update(&update.uid, &update.doc)?;
        let identities: Vec<_> = parts.identities.iter().map(IdentityColumns::from).collect();
        let on_taken = update.on_taken.as_ref().map(LogColumns::from);
        let answer = self
            .write(
                "SELECT lingpai_update_user($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &storable(&parts.id),
                    &update.revision,
                    &Json(&parts.doc),
                    &identities,
                    &inviters(&parts),
                    &update.identity_card_digest.as_deref().map(storable),
                    &update.log.as_ref().map(LogColumns::from),
                    &on_taken,
                ],
            )
            .await;
        match answer {
            Ok(rows) => outcome(rows),
            // The locks keep this from happening between two of us; rows written by hand take no lock.
            Err(failure) if failure.violates("identities_") => {
                if on_taken.is_some() {
                    self.write("SELECT lingpai_append_log($1)", &[&on_taken]).await?;
                }
                Ok(UserUpdated::Taken)
            }
            Err(failure) => Err(failure),
        }
    }
}
