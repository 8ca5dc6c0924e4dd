//! Second steps of signing in.

use super::{CeremonyEnd, LockRule};

/// A user's second step. The secret is encrypted by whoever stores it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSecondStep {
    /// The encrypted secret.
    pub secret: Vec<u8>,
    /// Whether the user proved to have it: until then it is not asked for.
    pub confirmed: bool,
    /// Recovery codes that are left.
    pub recovery_codes: u32,
}

impl std::fmt::Debug for StoredSecondStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredSecondStep").field("confirmed", &self.confirmed).finish_non_exhaustive()
    }
}

/// What a user answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondStepAnswer {
    /// The code of this time step, which must be later than the last one that was used.
    Step(i64),
    /// What might be a recovery code: its digest.
    Recovery([u8; 32]),
    /// The code of no time step.
    Wrong,
}

/// An answer to be tried.
#[derive(Clone, Debug)]
pub struct SecondStepTry {
    /// Whose.
    pub uid: String,
    /// The answer.
    pub answer: SecondStepAnswer,
    /// Now, milliseconds.
    pub now: i64,
    /// How many wrong answers in a row lock it, and for how long after the last.
    pub lock: LockRule,
    /// The ticket that it is the answer to, if to one: a right answer uses it up in the same commit.
    pub ticket: Option<CeremonyEnd>,
}

/// What became of an answer. Of many callers with the same right one, or with the same ticket, exactly one is told `Right`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondStepOutcome {
    /// It was right and is used up.
    Right,
    /// It was wrong, or was used before, and is counted.
    Wrong,
    /// There were too many wrong ones.
    Locked,
    /// The ticket was used before: the answer was not looked at.
    TicketUsed,
    /// The user has no (confirmed) second step.
    Gone,
}
