//! The words with which the functions in `migrations/postgres` answer.

use lingpai_domain::store::{
    CaptchaOutcome, FailedOutcome, InviteAccepted, OtherSessionsEnded, PasskeyAdded, PasskeyRemoved, PasskeyUsed, PasswordChanged,
    Registered, Renewed, SecondStepOutcome, SignedIn, SignedInLinked, UserUpdated,
};

use super::failure::Failure;

/// An outcome that a function of the database names.
pub trait Outcome: Sized {
    /// Reads the name.
    fn named(name: &str) -> Option<Self>;

    /// Reads the name.
    ///
    /// # Errors
    /// If program and schema do not fit together.
    fn read(name: &str) -> Result<Self, Failure> {
        Self::named(name).ok_or(Failure::Internal("the database answered with an unknown outcome"))
    }
}

macro_rules! outcomes {
    ($($outcome:ident { $($name:literal => $variant:ident),+ })+) => {$(
        impl Outcome for $outcome {
            fn named(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    )+};
}

outcomes! {
    Registered { "done" => Done, "account_exists" => AccountExists, "admin_exists" => AdminExists, "token_revoked" => TokenRevoked }
    SignedIn { "done" => Done, "locked" => Locked, "stale" => Stale, "token_revoked" => TokenRevoked }
    SignedInLinked { "done" => Done, "stale" => Stale, "taken" => Taken, "token_revoked" => TokenRevoked }
    Renewed { "done" => Done, "not_listed" => NotListed, "stale" => Stale, "token_revoked" => TokenRevoked }
    FailedOutcome { "counted" => Counted, "locked" => Locked }
    PasswordChanged { "done" => Done, "stale" => Stale }
    UserUpdated { "done" => Done, "stale" => Stale, "taken" => Taken }
    InviteAccepted { "done" => Done, "has_inviter" => HasInviter, "circle" => Circle, "gone" => Gone }
    OtherSessionsEnded { "done" => Done, "stale" => Stale, "token_revoked" => TokenRevoked }
    SecondStepOutcome { "right" => Right, "wrong" => Wrong, "locked" => Locked, "ticket_used" => TicketUsed, "gone" => Gone }
    PasskeyAdded { "done" => Done, "ceremony_used" => CeremonyUsed, "taken" => Taken, "too_many" => TooMany, "gone" => Gone }
    PasskeyUsed { "done" => Done, "ceremony_used" => CeremonyUsed, "counter_behind" => CounterBehind, "gone" => Gone }
    PasskeyRemoved { "done" => Done, "stale" => Stale, "gone" => Gone }
    CaptchaOutcome { "right" => Right, "wrong" => Wrong, "overdue" => Overdue }
}
