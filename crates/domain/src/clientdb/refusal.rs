//! Why a request of clientDB is refused.

use crate::{error::Error, store::StoreError};

/// `code` of an answer that is an error. The first five and the last are what clients of uniCloud know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    /// The request is not understood.
    Syntax,
    /// The schema does not allow it.
    Permission,
    /// A value is not what the schema asks for.
    Validation,
    /// Something that must be unique is taken.
    Duplicate,
    /// A defect or an outage of ours.
    System,
    /// Understood, but not supported (ours).
    NotSupported,
    /// More terms, rows or bytes than are allowed (ours).
    TooLarge,
    /// It takes a user who is logged in.
    Anonymous,
}

impl RefusalCode {
    /// The text on the wire.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Syntax => "SYNTAX_ERROR",
            Self::Permission => "PERMISSION_ERROR",
            Self::Validation => "VALIDATION_ERROR",
            Self::Duplicate => "DUPLICATE_KEY",
            Self::System => "SYSTEM_ERROR",
            Self::NotSupported => "NOT_SUPPORTED",
            Self::TooLarge => "QUERY_TOO_LARGE",
            Self::Anonymous => "TOKEN_INVALID_ANONYMOUS_USER",
        }
    }
}

/// A refused request.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The contract.
    pub code: RefusalCode,
    /// The key of the words (`clientdb-...` in the locales).
    pub key: &'static str,
    /// Values for the placeholders of the words.
    pub args: Vec<(&'static str, String)>,
    /// A project's own words (`errorMessage` of a schema), which stand in place of ours.
    pub words: Option<String>,
    /// The cause of [`RefusalCode::System`], for the log.
    pub cause: Option<Error>,
}

/// A result with [`Refusal`]. The refusal stands in a box so that results stay small.
pub type Result<T> = std::result::Result<T, Box<Refusal>>;

/// Longest value that words repeat, characters.
const SHOWN: usize = 80;

impl Refusal {
    /// A refusal without values.
    pub fn new(code: RefusalCode, key: &'static str) -> Box<Self> {
        Box::new(Self { code, key, args: Vec::new(), words: None, cause: None })
    }

    /// Adds a value for the placeholder `{name}`; long ones are cut.
    #[must_use]
    pub fn with(mut self: Box<Self>, name: &'static str, value: impl AsRef<str>) -> Box<Self> {
        self.args.push((name, value.as_ref().chars().take(SHOWN).collect()));
        self
    }

    /// Something that is not understood, near these characters.
    pub fn unexpected(near: impl AsRef<str>) -> Box<Self> {
        let near = near.as_ref().trim();
        Self::new(RefusalCode::Syntax, "clientdb-unexpected").with("near", near.chars().take(24).collect::<String>())
    }

    /// A part of the request has a wrong argument.
    pub fn argument(name: impl AsRef<str>) -> Box<Self> {
        Self::new(RefusalCode::Syntax, "clientdb-wrong-argument").with("name", name)
    }

    /// Something that exists in uniCloud and not here, or nowhere.
    pub fn not_supported(name: impl AsRef<str>) -> Box<Self> {
        Self::new(RefusalCode::NotSupported, "clientdb-not-supported").with("name", name)
    }

    /// A bound was exceeded.
    pub fn too_large(limit: impl AsRef<str>) -> Box<Self> {
        Self::new(RefusalCode::TooLarge, "clientdb-too-large").with("limit", limit)
    }

    /// The schema does not allow `action` on a collection or a field of it.
    pub fn permission(action: &str, name: impl AsRef<str>) -> Box<Self> {
        Self::new(RefusalCode::Permission, "clientdb-no-permission").with("action", action).with("name", name)
    }

    /// It takes a user who is logged in.
    pub fn anonymous() -> Box<Self> {
        Self::new(RefusalCode::Anonymous, "clientdb-log-in")
    }

    /// A field has no value that the schema allows.
    pub fn validation(key: &'static str, field: &str) -> Box<Self> {
        Self::new(RefusalCode::Validation, key).with("field", field)
    }
}

impl From<Error> for Box<Refusal> {
    fn from(cause: Error) -> Self {
        let mut refusal = Refusal::new(RefusalCode::System, "uni-id-system-error");
        refusal.cause = Some(cause);
        refusal
    }
}

impl From<StoreError> for Box<Refusal> {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}
