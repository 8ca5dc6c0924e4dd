//! The script files of a project.

/// A script that the folder may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// `custom-token.js`
    CustomToken,
    /// `custom-password.js`
    CustomPassword,
    /// `hooks/index.js`
    Hooks,
    /// `lang/index.js`
    Lang,
    /// `validator.js`
    Validator,
}

impl Script {
    pub(crate) const ALL: &'static [Self] = &[Self::CustomToken, Self::CustomPassword, Self::Hooks, Self::Lang, Self::Validator];

    /// The file, relative to the folder.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::CustomToken => "custom-token.js",
            Self::CustomPassword => "custom-password.js",
            Self::Hooks => "hooks/index.js",
            Self::Lang => "lang/index.js",
            Self::Validator => "validator.js",
        }
    }

    /// The script's place in an engine.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}
