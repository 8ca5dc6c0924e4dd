//! Runs a project's own scripts through the embedded engine.

mod network;

use std::{path::Path, sync::Arc};

use anyhow::bail;
use async_trait::async_trait;
use lingpai_domain::{
    clock::Clock,
    error::{Code, Error, Result},
    password::Strength,
    project::{AccountEvent, DescribedParameter, ProjectScripts},
    random::Random,
    secret::Secret,
    validate::check_kind,
};
use lingpai_hooks::{Event, HookError, Hooks, Options, Problem, TypeExpression};
use serde_json::{Map, Value};

use crate::{config::settings, methods::registry::METHODS, words::begins_with};

/// In the place of a method's name in `validator.js`: all methods that have such a parameter.
const EVERY_METHOD: &str = "*";

/// The scripts of a `uni-config-center/uni-id` folder.
pub struct FolderScripts(Hooks);

impl FolderScripts {
    /// Loads a folder. Errors: everything that is wrong with its scripts.
    pub async fn load(folder: &Path, settings: &settings::Scripts, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<Self> {
        let (folder, options) = (folder.to_owned(), options(settings)?);
        let loaded = tokio::task::spawn_blocking(move || Hooks::load(&folder, options, clock, random)).await?;
        match loaded {
            Ok(hooks) => Self(hooks).with_known_methods(),
            Err(problems) => bail!("the project's scripts cannot be loaded / 项目脚本无法加载:\n  {}", lines(&problems)),
        }
    }
}

impl FolderScripts {
    /// Refuses parameters that are described for a method that there is not: a misspelt name checks nothing.
    fn with_known_methods(self) -> anyhow::Result<Self> {
        let is_known = |name: &str| name == EVERY_METHOD || METHODS.iter().any(|method| method.name == name);
        if let Some(unknown) = self.0.parameters().keys().find(|name| !is_known(name)) {
            bail!("validator.js: there is no method '{unknown}' / 没有方法 '{unknown}'");
        }
        Ok(self)
    }
}

fn options(settings: &settings::Scripts) -> anyhow::Result<Options> {
    let value = |name: &String| Some((name.clone(), Secret::new(std::env::var(name).ok()?)));
    Ok(Options {
        memory_limit: settings.memory,
        time_limit: settings.time_limit,
        environment: settings.env.iter().filter_map(value).collect(),
        http: network::access(settings)?,
        ..Options::default()
    })
}

/// What is wrong, a line each.
fn lines(problems: &[Problem]) -> String {
    let line = |problem: &Problem| match problem.line {
        Some(line) => format!("{}:{line}: {}", problem.file, problem.what),
        None => format!("{}: {}", problem.file, problem.what),
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n  ")
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

    async fn before_register(
        &self,
        record: Map<String, Value>,
        client_info: Map<String, Value>,
        params: Map<String, Value>,
    ) -> Result<Map<String, Value>> {
        self.0.before_register(record, client_info, params).await.map_err(failed)
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

    fn parameters(&self, method: &str) -> Vec<DescribedParameter> {
        let described = self.0.parameters();
        let of = |name: &str, is_own: bool| {
            let described = described.get(name).into_iter().flatten();
            described.map(move |described| DescribedParameter {
                name: described.name.clone(),
                required: described.required,
                kind: described.kind.to_string(),
                is_own,
            })
        };
        // What is said of the very method counts before what is said of all.
        of(method, true).chain(of(EVERY_METHOD, false)).collect()
    }

    async fn check(&self, kind: &str, value: &Value, strength: Option<Strength>) -> Result<()> {
        let kind = TypeExpression::parse(kind).ok_or(Code::ScriptFailed)?;
        let ours = |name: &str, value: &Value| {
            check_kind(name, value, strength)
                .map(|verdict| verdict.map_err(|error| HookError::Thrown { err_code: error.code.wire().into(), err_msg: String::new() }))
        };
        self.0.validate(&kind, value, &ours).await.map_err(failed)
    }

    async fn reload(&self) -> std::result::Result<(), String> {
        self.0.reload().await.map_err(|problems| lines(&problems))
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
