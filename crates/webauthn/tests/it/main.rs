//! Passkeys: the specification's own vectors, and everything that is refused.

mod published;
mod refused;
