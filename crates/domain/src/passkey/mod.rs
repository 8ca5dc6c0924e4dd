//! Passkeys: what is kept of them, and the ceremonies in which they are made and used.

mod ceremony;
mod record;

pub use ceremony::{Ceremony, CeremonyKey, Purpose};
pub use record::Passkey;

/// The longest name of a passkey, characters.
pub const LONGEST_NAME: usize = 64;

/// A passkey's name as it is kept: without blanks around it and control characters, cut at [`LONGEST_NAME`].
/// `None`: nothing is left.
pub fn name(typed: &str) -> Option<String> {
    let kept: String = typed.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_texts() {
        assert_eq!(name("  My phone\n\u{0} "), Some("My phone".to_owned()));
        assert_eq!(name(" \n"), None);
        assert_eq!(name(&"手".repeat(65)).map(|name| name.chars().count()), Some(64));
    }
}
