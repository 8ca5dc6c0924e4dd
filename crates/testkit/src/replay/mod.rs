//! Replays recorded traffic against the program and compares what it answers and writes.
//!
//! The form of the recordings is described beside them, in the project's folder `conformance`.

pub mod bindings;
pub mod changes;
pub mod check;
pub mod config;
pub mod deviations;
mod expectations;
pub mod fresh;
pub mod jwt;
pub mod matching;
pub mod pending;
pub mod placeholder;
pub mod recording;
pub mod report;
pub mod request;
mod run;
mod scenario;
pub mod signature;
mod world;

pub use run::{Options, project_conformance, replay, replay_recordings};
