//! Real names: what is accepted, how it is kept, how it is shown, and who verifies it.

mod card;
mod face;
mod name;
mod sealing;
mod verification;

pub use card::IdentityCard;
pub use face::{FaceCheck, FaceError, FaceState, FaceVerifier, Person};
pub use name::RealName;
pub use sealing::{Sealed, SensitiveCipher, Unreadable};
pub use verification::{RealNamePolicy, Verified, opened};

/// `realname_auth.auth_status` and `opendb-frv-logs.status` (seed 002, "authStatus").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthStatus {
    /// 1: a verification was begun.
    Waiting,
    /// 2: verified.
    Certified,
    /// 3: the verification failed.
    Failed,
}

impl AuthStatus {
    /// The stored number.
    pub const fn number(self) -> i64 {
        match self {
            Self::Waiting => 1,
            Self::Certified => 2,
            Self::Failed => 3,
        }
    }
}

/// A name as answers show it: the last character only.
pub fn masked_name(name: &str) -> String {
    let hidden = name.chars().count().saturating_sub(1);
    std::iter::repeat_n('*', hidden).chain(name.chars().last()).collect()
}

/// An identity card's number as answers show it: the first and the last character.
pub fn masked_card(number: &str) -> String {
    let hidden = number.chars().count().saturating_sub(2);
    let last = if number.chars().count() > 1 { number.chars().last() } else { None };
    number.chars().take(1).chain(std::iter::repeat_n('*', hidden)).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_show_little() {
        for (name, shown) in [("张三", "*三"), ("欧阳·娜娜", "****娜"), ("张", "张"), ("", "")] {
            assert_eq!(masked_name(name), shown);
        }
        for (number, shown) in [("11010519491231002X", "1****************X"), ("12", "12"), ("1", "1"), ("", "")] {
            assert_eq!(masked_card(number), shown);
        }
    }
}
