//! The project's own JavaScript in the folder.

use std::path::{Path, PathBuf};

/// Which scripts the folder has.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
    /// The folder `uni-id`, in which they are.
    pub folder: PathBuf,
    /// Content of tokens.
    pub custom_token: Option<PathBuf>,
    /// Hashing of passwords of type `custom`.
    pub custom_password: Option<PathBuf>,
    /// `beforeRegister` and the like.
    pub hooks: Option<PathBuf>,
    /// Texts.
    pub lang: Option<PathBuf>,
    /// Rules for parameters.
    pub validator: Option<PathBuf>,
}

impl Scripts {
    /// Looks which scripts there are.
    pub fn find(folder: &Path) -> Self {
        let find = |name: &str| Some(folder.join("uni-id").join(name)).filter(|path| path.is_file());
        Self {
            folder: folder.join("uni-id"),
            custom_token: find("custom-token.js"),
            custom_password: find("custom-password.js"),
            hooks: find("hooks/index.js"),
            lang: find("lang/index.js"),
            validator: find("validator.js"),
        }
    }

    /// Whether there is any script.
    pub fn any(&self) -> bool {
        [&self.custom_token, &self.custom_password, &self.hooks, &self.lang, &self.validator].into_iter().any(Option::is_some)
    }
}
