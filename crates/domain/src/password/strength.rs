//! Password strength (seed 002, "Password Strength").

use crate::error::Code;

/// A configured strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Upper and lower case letters, digits and symbols; 8 to 16 characters.
    Super,
    /// Letters, digits and symbols; 8 to 16 characters.
    Strong,
    /// Two of letters, digits and symbols; 8 to 16 characters.
    Medium,
    /// Letters and digits; 6 to 16 characters.
    Weak,
}

const SYMBOLS: &str = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/";

impl Strength {
    /// Reads the configuration's word.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "super" => Some(Self::Super),
            "strong" => Some(Self::Strong),
            "medium" => Some(Self::Medium),
            "weak" => Some(Self::Weak),
            _ => None,
        }
    }

    /// The error for a password that is too weak.
    pub const fn code(self) -> Code {
        match self {
            Self::Super => Code::InvalidPasswordSuper,
            Self::Strong => Code::InvalidPasswordStrong,
            Self::Medium => Code::InvalidPasswordMedium,
            Self::Weak => Code::InvalidPasswordWeak,
        }
    }

    /// Whether a password is strong enough.
    pub fn allows(self, password: &str) -> bool {
        let (mut upper, mut lower, mut digit, mut symbol, mut count) = (false, false, false, false, 0);
        for c in password.chars() {
            count += 1;
            match c {
                'A'..='Z' => upper = true,
                'a'..='z' => lower = true,
                '0'..='9' => digit = true,
                c if SYMBOLS.contains(c) => symbol = true,
                _ => return false,
            }
        }
        let letter = upper || lower;
        let (shortest, kinds) = match self {
            Self::Super => (8, upper && lower && digit && symbol),
            Self::Strong => (8, letter && digit && symbol),
            Self::Medium => (8, u8::from(letter) + u8::from(digit) + u8::from(symbol) >= 2),
            Self::Weak => (6, letter && digit),
        };
        kinds && (shortest..=16).contains(&count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_strength_draws_its_line() {
        for (strength, good, bad) in [
            (Strength::Super, "Abc123!@", "abc123!@"),
            (Strength::Strong, "abc123!@", "abc12345"),
            (Strength::Medium, "abc12345", "abcdefgh"),
            (Strength::Weak, "abc123", "abcdef"),
        ] {
            assert!(strength.allows(good), "{strength:?} {good}");
            assert!(!strength.allows(bad), "{strength:?} {bad}");
        }
    }

    #[test]
    fn length_and_alphabet_are_bounded() {
        assert!(Strength::Super.allows("Abc123!@Abc123!@"));
        assert!(!Strength::Super.allows("Abc123!@Abc123!@x"));
        assert!(!Strength::Medium.allows("密码abc12345"));
        assert!(!Strength::Medium.allows("abc 12345"));
    }
}
