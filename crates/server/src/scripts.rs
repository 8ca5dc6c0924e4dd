//! Runs a project's own scripts through the embedded engine.

use std::{path::Path, sync::Arc};

use anyhow::bail;
use async_trait::async_trait;
use lingpai_domain::{
    clock::Clock,
    error::{Code, Error, Result},
    project::{AccountEvent, ProjectScripts},
    random::Random,
    secret::Secret,
};
use lingpai_hooks::{Event, HookError, Hooks, Options};
use serde_json::{Map, Value};

/// The scripts of a `uni-config-center/uni-id` folder.
pub struct FolderScripts(Hooks);

impl FolderScripts {
    /// Loads a folder. Errors: everything that is wrong with its scripts.
    pub async fn load(folder: &Path, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<Self> {
        let folder = folder.to_owned();
        let loaded = tokio::task::spawn_blocking(move || Hooks::load(&folder, Options::default(), clock, random)).await?;
        match loaded {
            Ok(hooks) => Ok(Self(hooks)),
            Err(problems) => {
                let lines: Vec<String> = problems
                    .iter()
                    .map(|problem| match problem.line {
                        Some(line) => format!("{}:{line}: {}", problem.file, problem.what),
                        None => format!("{}: {}", problem.file, problem.what),
                    })
                    .collect();
                bail!("the project's scripts cannot be loaded / 项目脚本无法加载:\n  {}", lines.join("\n  "))
            }
        }
    }
}

fn failed(error: HookError) -> Error {
    match error {
        HookError::Thrown { err_code, err_msg } => Error::thrown(err_code, err_msg),
        HookError::Overloaded => Error::new(Code::ServerBusy).caused_by(error),
        other => Error::new(Code::ScriptFailed).caused_by(other),
    }
}

#[async_trait]
impl ProjectScripts for FolderScripts {
    fn has_custom_token(&self) -> bool {
        self.0.has_custom_token()
    }

    async fn custom_token(&self, claims: Map<String, Value>) -> Result<Map<String, Value>> {
        self.0.custom_token(claims).await.map_err(failed)
    }

    fn has_before_register(&self) -> bool {
        self.0.has_before_register()
    }

    async fn before_register(&self, record: Map<String, Value>, client_info: Map<String, Value>) -> Result<Map<String, Value>> {
        self.0.before_register(record, client_info).await.map_err(failed)
    }

    fn has_custom_password(&self) -> bool {
        self.0.has_custom_password()
    }

    async fn encrypt_password(
        &self,
        password: &Secret,
        record: &Map<String, Value>,
        client_info: &Map<String, Value>,
    ) -> Result<(String, Option<i64>)> {
        let encrypted = self.0.encrypt_password(password, record, client_info).await.map_err(failed)?;
        Ok((encrypted.password.expose().to_owned(), encrypted.version))
    }

    async fn verify_password(&self, password: &Secret, record: &Map<String, Value>, client_info: &Map<String, Value>) -> Result<bool> {
        self.0.verify_password(password, record, client_info).await.map_err(failed)
    }

    fn notify(&self, event: AccountEvent, facts: Map<String, Value>) {
        let event = match event {
            AccountEvent::Register => Event::AfterRegister,
            AccountEvent::Login => Event::AfterLogin,
            AccountEvent::Logout => Event::AfterLogout,
            AccountEvent::PasswordChange => Event::AfterPasswordChange,
            AccountEvent::Close => Event::AfterClose,
        };
        if self.0.has_event(event)
            && let Err(error) = self.0.notify(event, facts)
        {
            tracing::warn!(%error, event = event.function(), "the project's script was not told");
        }
    }
}
