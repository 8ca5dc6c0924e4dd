//! What scripts are told after it happened.

/// An event of `hooks/index.js`. Its handler cannot change or refuse anything any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// An account was registered.
    AfterRegister,
    /// A user logged in.
    AfterLogin,
    /// A user logged out.
    AfterLogout,
    /// A user's password was set, changed or reset.
    AfterPasswordChange,
    /// An account was closed by its user.
    AfterClose,
}

impl Event {
    /// All events.
    pub const ALL: &'static [Self] =
        &[Self::AfterRegister, Self::AfterLogin, Self::AfterLogout, Self::AfterPasswordChange, Self::AfterClose];

    /// The name of the handler in `hooks/index.js`.
    pub const fn function(self) -> &'static str {
        match self {
            Self::AfterRegister => "afterRegister",
            Self::AfterLogin => "afterLogin",
            Self::AfterLogout => "afterLogout",
            Self::AfterPasswordChange => "afterPasswordChange",
            Self::AfterClose => "afterClose",
        }
    }
}
