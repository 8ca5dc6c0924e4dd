//! What scripts may use.

use std::{collections::BTreeMap, time::Duration};

use lingpai_domain::secret::Secret;

use crate::http::HttpAccess;

/// Limits and grants for the scripts of one folder.
#[derive(Clone, Debug)]
pub struct Options {
    /// Memory of one runtime in bytes. There is one runtime for each script file and thread.
    pub memory_limit: usize,
    /// Time of one call, and of starting one script.
    pub time_limit: Duration,
    /// JavaScript stack of one runtime in bytes.
    pub stack_limit: usize,
    /// Size of one result in bytes, roughly as JSON.
    pub result_limit: usize,
    /// Number of threads that run scripts.
    pub threads: usize,
    /// How many calls may wait for a thread; as many events may wait besides.
    pub queue_limit: usize,
    /// `process.env` of the scripts: only what stands here.
    pub environment: BTreeMap<String, Secret>,
    /// The hosts that scripts may reach, `None` for no network.
    pub http: Option<HttpAccess>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            memory_limit: 64 << 20,
            time_limit: Duration::from_secs(1),
            stack_limit: 256 << 10,
            result_limit: 256 << 10,
            threads: 2,
            queue_limit: 1024,
            environment: BTreeMap::new(),
            http: None,
        }
    }
}
