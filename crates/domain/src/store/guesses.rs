//! Guesses of a signed-in user's own secrets: each is counted before it is tested.

use super::LockRule;

/// What is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuessKind {
    /// The password, to change it or to change how one signs in. A new password, whoever sets it, forgets the guesses.
    Password,
    /// The code that confirms a second step. A confirmed second step forgets the guesses.
    Totp,
}

impl GuessKind {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            GuessKind::Password => "password",
            GuessKind::Totp => "totp",
        }
    }
}

/// A guess to be counted.
#[derive(Clone, Debug)]
pub struct Guess {
    /// Whose secret.
    pub uid: String,
    /// Which.
    pub kind: GuessKind,
    /// Now, milliseconds.
    pub now: i64,
    /// How many may be made in a row, and for how long after the last they count.
    pub lock: LockRule,
}
