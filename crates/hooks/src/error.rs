//! What can go wrong with a script.

use std::fmt;

use serde_json::Value;

/// Why a script gave no result. `Thrown` is the script's own word to the user; everything else is
/// for the operator's log.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HookError {
    /// The script threw an object with an `errCode`: the answer that the user is to get.
    #[error("the script refused: {err_code} {err_msg}")]
    Thrown {
        /// `errCode`, a string or a number.
        err_code: Value,
        /// `errMsg`, empty where the script gives none.
        err_msg: String,
    },
    /// The script failed or answered with something unusable.
    #[error("the script failed: {what}{}", location(place))]
    Failed {
        /// What happened.
        what: String,
        /// Where, as `file:line`, if known.
        place: Option<String>,
    },
    /// The call took longer than [`crate::Options::time_limit`].
    #[error("the script took too long")]
    TimedOut,
    /// The runtime's memory was used up ([`crate::Options::memory_limit`]).
    #[error("the script used too much memory")]
    OutOfMemory,
    /// Too many calls are waiting ([`crate::Options::queue_limit`]), or all engines hang.
    #[error("too many scripts are waiting to run")]
    Overloaded,
    /// The folder has no such script or function.
    #[error("there is no {0}")]
    Missing(&'static str),
}

impl HookError {
    /// A failure without a place.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::Failed { what: what.into(), place: None }
    }
}

fn location(place: &Option<String>) -> String {
    place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default()
}

/// A defect of a script, found while loading the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, relative to the folder.
    pub file: String,
    /// The line, counted from 1, where known.
    pub line: Option<u32>,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}
