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
use lingpai_hooks::{Event, HookError, Hooks, Options, TypeExpression};
use serde_json::{Map, Value};

use crate::words::begins_with;

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
        HookError::Thrown { err_code, err_msg } => match own_code(&err_code).filter(|_| err_msg.is_empty()) {
            // One of our codes without words: ours are right for it.
            Some(code) => Error::new(code),
            None => Error::thrown(err_code, err_msg),
        },
        HookError::Overloaded => Error::new(Code::ServerBusy).caused_by(error),
        other => Error::new(Code::ScriptFailed).caused_by(other),
    }
}

fn own_code(err_code: &Value) -> Option<Code> {
    let wire = err_code.as_str()?;
    Code::ALL.iter().copied().find(|code| code.wire() == wire)
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

    fn text(&self, tag: &str, key: &str) -> Option<String> {
        let texts = self.0.texts();
        let exact = texts.get(tag).and_then(|texts| texts.get(key));
        let near = || texts.iter().filter(|(language, _)| begins_with(tag, language)).find_map(|(_, texts)| texts.get(key));
        exact.or_else(near).cloned()
    }

    fn has_rule(&self, kind: &str) -> bool {
        TypeExpression::parse(kind).is_some_and(|kind| kind.names().into_iter().any(|name| self.0.has_rule(name)))
    }

    async fn check(&self, kind: &str, value: &Value) -> Result<()> {
        let Some(kind) = TypeExpression::parse(kind) else { return Ok(()) };
        match self.0.validate(&kind, value).await {
            Some(Err(error)) => Err(failed(error)),
            Some(Ok(())) | None => Ok(()),
        }
    }

    fn notify(&self, event: AccountEvent, facts: Map<String, Value>) {
        let event = match event {
            AccountEvent::Register => Event::AfterRegister,
            AccountEvent::Login => Event::AfterLogin,
            AccountEvent::Logout => Event::AfterLogout,
            AccountEvent::PasswordChange => Event::AfterPasswordChange,
            AccountEvent::Close => Event::AfterClose,
            AccountEvent::BindPasskey | AccountEvent::UnbindPasskey => return,
        };
        if self.0.has_event(event)
            && let Err(error) = self.0.notify(event, facts)
        {
            tracing::warn!(%error, event = event.function(), "the project's script was not told");
        }
    }
}
