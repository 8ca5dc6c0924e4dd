//! The handshake: a client proves what it is, and both sides derive a client key that never travels.
//!
//! 1. The server issues a [`challenge`]: 32 random bytes, good once and for 60 s.
//! 2. The client seals a [`Hello`] to the space's current key with HPKE ([`client::start`]).
//! 3. The server opens it ([`server::open`]), takes back the challenge, checks the evidence and answers; the answer is
//!    sealed with a secret of the same HPKE context.
//! 4. Both sides export the client key's secret from that context.
//!
//! Order is enforced by types: `Opened` -> `Challenged` -> `Accepted` -> the answer.

pub mod challenge;
pub mod client;
mod evidence;
mod message;
pub mod server;

pub use evidence::{Evidence, EvidenceLevel, EvidencePolicy, binding};
pub use message::{Answer, Hello, MAX_NAME_LENGTH, MAX_SEALED_HELLO_LENGTH, Request};
