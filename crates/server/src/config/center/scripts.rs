//! The project's own JavaScript in the folder.

use std::path::{Path, PathBuf};

use crate::config::report::{Notice, Place, Words};

/// Which scripts the folder has. This version does not run them.
#[derive(Clone, Debug, Default)]
pub struct Scripts {
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
            custom_token: find("custom-token.js"),
            custom_password: find("custom-password.js"),
            hooks: find("hooks/index.js"),
            lang: find("lang/index.js"),
            validator: find("validator.js"),
        }
    }

    /// A notice for each: people who wrote a script must know that it is not run.
    pub fn notices(&self) -> Vec<Notice> {
        [&self.custom_token, &self.custom_password, &self.hooks, &self.lang, &self.validator]
            .into_iter()
            .flatten()
            .map(|path| {
                Notice::new(
                    Place::file(path.display().to_string()),
                    Words::new("本版本不运行脚本，它没有作用", "this version does not run scripts, it has no effect"),
                )
            })
            .collect()
    }
}
