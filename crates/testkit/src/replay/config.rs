//! What a runner must know of a scenario's configuration.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use jsonc_parser::ParseOptions;
use serde_json::Value;

/// A folder in the layout of `uni-config-center`.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Where it is.
    pub folder: PathBuf,
    uni_id: Value,
    captcha: Value,
}

impl Facts {
    /// Reads the folder.
    ///
    /// # Errors
    /// If there is no readable `uni-id/config.json`.
    pub fn read(folder: &Path) -> Result<Self> {
        let captcha = folder.join("uni-captcha/config.json");
        Ok(Self {
            folder: folder.to_owned(),
            uni_id: read_json(&folder.join("uni-id/config.json"))?,
            captcha: if captcha.exists() { read_json(&captcha)? } else { Value::Null },
        })
    }

    /// The application's secret for tokens; empty if there is none.
    pub fn token_secret(&self, app: &str) -> &str {
        self.text(app, "tokenSecret")
    }

    /// The application's secret for the signatures of external systems; empty if there is none.
    pub fn request_auth_secret(&self, app: &str) -> &str {
        self.text(app, "requestAuthSecret")
    }

    fn text(&self, app: &str, field: &str) -> &str {
        self.entry(app).get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// A list of configurations has one for each application and a default.
    fn entry(&self, app: &str) -> &Value {
        let Value::Array(entries) = &self.uni_id else { return &self.uni_id };
        let own = entries.iter().find(|entry| match entry.get("dcloudAppid") {
            Some(Value::String(listed)) => listed == app,
            Some(Value::Array(listed)) => listed.iter().any(|listed| listed == app),
            _ => false,
        });
        own.or_else(|| entries.iter().find(|entry| entry.get("isDefaultConfig") == Some(&Value::Bool(true)))).unwrap_or(&Value::Null)
    }

    /// How many characters a captcha of this scene has. `None`: it is a sum or unknown.
    pub fn captcha_size(&self, scene: &str) -> Option<usize> {
        let setting = |name: &str| {
            let own = self.captcha.get("scene").and_then(|scenes| scenes.get(scene)).and_then(|scene| scene.get(name));
            own.or_else(|| self.captcha.get(name))
        };
        if setting("mathExpr").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        setting("size")?.as_u64().and_then(|size| size.try_into().ok())
    }

    /// Whether texts can come from the project instead of from the program.
    pub fn has_own_texts(&self) -> bool {
        self.has("uni-id/hooks/index.js") || self.has("uni-id/lang/index.js")
    }

    /// Whether the folder has such a file.
    pub fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }
}

fn read_json(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    jsonc_parser::parse_to_serde_value(&text, &ParseOptions::default()).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(uni_id: &str, captcha: &str) -> (tempfile::TempDir, Facts) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("uni-id", uni_id), ("uni-captcha", captcha)] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("config.json"), text).unwrap();
        }
        let facts = Facts::read(folder.path()).unwrap();
        (folder, facts)
    }

    #[test]
    fn an_application_has_its_own_entry_or_the_default() {
        let list = r#"[{"dcloudAppid":"A","tokenSecret":"a"}, /* the rest */ {"isDefaultConfig":true,"tokenSecret":"d"}]"#;
        let (_folder, facts) = folder(list, "{}");
        assert_eq!((facts.token_secret("A"), facts.token_secret("B")), ("a", "d"));
    }

    #[test]
    fn a_scene_overrides_the_size_of_captchas() {
        let (_folder, facts) = folder("{}", r#"{"size":4,"mathExpr":true,"scene":{"register":{"mathExpr":false,"size":6}}}"#);
        assert_eq!((facts.captcha_size("register"), facts.captcha_size("login-by-pwd")), (Some(6), None));
    }
}
