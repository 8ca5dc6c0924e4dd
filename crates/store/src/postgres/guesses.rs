//! Guesses of a signed-in user's own secrets.

use lingpai_domain::store::{Guess, GuessKind};

use super::{
    PostgresStore,
    failure::Failure,
    statements::{column, only},
    text::storable,
};

impl PostgresStore {
    pub(super) async fn guess_count(&self, guess: &Guess) -> Result<bool, Failure> {
        let rows = self
            .write(
                "SELECT lingpai_count_guess($1, $2, $3, $4, $5)",
                &[&storable(&guess.uid), &guess.kind.name(), &guess.now, &guess.lock.limit, &guess.lock.retry_ms],
            )
            .await?;
        column(&only(rows)?, 0)
    }

    pub(super) async fn guesses_forget(&self, uid: &str, kind: GuessKind) -> Result<(), Failure> {
        self.write("DELETE FROM guesses WHERE uid = $1 AND kind = $2", &[&storable(uid), &kind.name()]).await?;
        Ok(())
    }
}
