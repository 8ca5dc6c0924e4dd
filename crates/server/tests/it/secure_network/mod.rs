//! The secure network: verified clients, sealed calls, and what operators see of them.

mod attacks;
mod attested;
mod cli;
pub mod client;
mod functions;
mod handshake;
mod inspect;
mod keys;
mod round_trips;
mod rules;
mod sealed;
mod service;
mod weixin;

#[path = "../../../../secure/tests/it/android_description.rs"]
mod android_description;
#[path = "../../../../secure/tests/it/certificates.rs"]
mod certificates;
