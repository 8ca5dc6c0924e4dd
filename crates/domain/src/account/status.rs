//! `uni-id-users.status`.

use crate::error::Code;

/// Why an account may not be used. Any other stored value means that it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 1
    Banned,
    /// 2
    Auditing,
    /// 3
    AuditFailed,
    /// 4
    Closed,
}

impl Status {
    /// Reads the stored number.
    pub fn from_number(number: i64) -> Option<Self> {
        match number {
            1 => Some(Self::Banned),
            2 => Some(Self::Auditing),
            3 => Some(Self::AuditFailed),
            4 => Some(Self::Closed),
            _ => None,
        }
    }

    /// The stored number.
    pub const fn number(self) -> i64 {
        match self {
            Self::Banned => 1,
            Self::Auditing => 2,
            Self::AuditFailed => 3,
            Self::Closed => 4,
        }
    }

    /// The error that a caller with this status gets.
    pub const fn code(self) -> Code {
        match self {
            Self::Banned => Code::AccountBanned,
            Self::Auditing => Code::AccountAuditing,
            Self::AuditFailed => Code::AccountAuditFailed,
            Self::Closed => Code::AccountClosed,
        }
    }
}
