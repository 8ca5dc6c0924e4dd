//! What the program does not do yet. Steps that need it are not replayed: their recorded writes
//! are put into the database instead, so that what follows them can be checked.

use super::config::Facts;

/// Methods by their wire names.
pub const METHODS: &[&str] = &[];

/// Files of a `uni-config-center` folder: a scenario whose configuration has one is pending as a
/// whole.
pub const FILES: &[&str] = &[];

/// Why a call is pending: the name of the method or of the file. `None`: it is not.
pub fn reason<'a>(method: &'a str, facts: &Facts) -> Option<&'a str> {
    if let Some(file) = FILES.iter().find(|file| facts.has(file)) {
        return Some(file);
    }
    METHODS.contains(&method).then_some(method)
}
