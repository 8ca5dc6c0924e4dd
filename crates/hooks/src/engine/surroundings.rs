//! What the functions of one runtime reach outside of it.

use std::{cell::Cell, sync::Arc};

use lingpai_domain::random::Random;

use crate::{builtin::Network, folder::Version, options::Options, pool::Slot};

/// Shared by one runtime's functions and the Rust that drives it; never leaves its thread.
pub(crate) struct Surroundings {
    /// The script's file, for the log.
    pub(crate) file: &'static str,
    /// Limits and grants.
    pub(crate) options: Arc<Options>,
    /// Where `crypto.randomBytes` takes its bytes from.
    pub(crate) random: Arc<dyn Random>,
    /// The files.
    pub(crate) version: Arc<Version>,
    /// The time of the running call.
    pub(crate) slot: Arc<Slot>,
    /// Lines logged in this call.
    pub(crate) lines: Cell<u32>,
    /// Whether timers were set or requests made since what was left of them was last forgotten.
    pub(crate) left_behind: Cell<bool>,
    /// Requests under way.
    pub(crate) network: Network,
}
