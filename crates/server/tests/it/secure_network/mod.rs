//! The secure network: verified clients, sealed calls, and what operators see of them.

mod assertions;
mod attacks;
mod attested;
mod cli;
pub mod client;
mod functions;
mod handshake;
mod inspect;
mod keys;
mod replay;
mod revocations;
mod round_trips;
mod rules;
mod sealed;
mod service;
mod weixin;

#[path = "../../../../secure/tests/it/android_description.rs"]
mod android_description;
#[path = "../../../../secure/tests/it/apple_objects.rs"]
mod apple_objects;
#[path = "../../../../secure/tests/it/certificates.rs"]
mod certificates;
