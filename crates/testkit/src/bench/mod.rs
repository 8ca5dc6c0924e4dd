//! Benchmarks: the real program as a process of its own under load over HTTP, beside a bare server
//! of the same HTTP stack, and microbenchmarks of the functions that every call runs.
//!
//! How it is measured, and what came out, is told in `docs/performance.md`.

mod argon2id;
pub mod bare;
mod clientdb;
mod configuration;
mod load;
mod measurement;
mod micro;
mod micro_hostile;
mod micro_secure;
mod micro_store;
mod plan;
mod population;
mod process;
mod program;
mod response;
pub mod sealed;
mod table;
mod targets;
mod traffic;
mod wire;

pub use plan::{Plan, run};
