//! Settings, configuration folder and database for the commands that need them.

use std::{process::ExitCode, sync::Arc};

use lingpai_domain::store::{Store, is_own_collection};
use lingpai_store::OpenError;

use super::{SettingsArgs, USAGE, say};
use crate::{
    config::{
        Center, Notice, Problem, Settings,
        center::{development_folder, schemas_of},
        report::render,
        settings::{Mode, Sources},
    },
    runtime::{SystemClock, SystemRandom},
};

/// What was read, with everything worth knowing about it.
pub struct Loaded {
    /// `lingpai.toml` and what lies over it.
    pub settings: Settings,
    /// The `uni-config-center` folder.
    pub center: Center,
    /// What works but should be known.
    pub notices: Vec<Notice>,
    /// What is wrong with the folder.
    pub problems: Vec<Problem>,
}

impl SettingsArgs {
    fn sources(&self) -> Sources {
        let options = [
            ("config_center.dir", &self.config_center),
            ("mode", &self.mode),
            ("server.listen", &self.listen),
            ("data.dir", &self.data),
            ("database.url", &self.database),
            ("redis.url", &self.redis),
        ];
        let overrides = options.into_iter().filter_map(|(path, value)| Some((path.to_owned(), value.clone()?))).collect();
        Sources::of_process(self.config.clone(), overrides)
    }

    /// Reads the settings only. `Err`: everything wrong with them was printed.
    pub fn settings(&self) -> Result<(Settings, Vec<Notice>), ExitCode> {
        Settings::load(&self.sources()).map_err(|problems| refuse(&problems, &[]))
    }

    /// Reads settings and folder. `Err`: everything wrong was printed.
    pub fn load(&self) -> Result<Loaded, ExitCode> {
        let (settings, mut notices) = self.settings()?;
        let (mut center, more, mut problems) = match &settings.config_center_dir {
            Some(folder) => Center::load(folder, settings.passwords.argon2),
            None => Center::development(&settings.data_dir, settings.passwords.argon2, &SystemRandom)
                .map_err(|problem| refuse(&[problem], &notices))?,
        };
        notices.extend(more);
        if let Some(folder) = &settings.clientdb.schemas {
            problems.extend(center.use_schemas(folder));
        }
        Ok(Loaded { settings, center, notices, problems })
    }
}

/// The project's own collections: those with a schema, by name.
pub fn own_collections(settings: &Settings) -> Vec<String> {
    let center = settings.config_center_dir.clone().unwrap_or_else(|| development_folder(&settings.data_dir));
    let schemas = schemas_of(&center, settings.clientdb.schemas.as_deref());
    let mut names: Vec<String> = schemas.iter().map(|schema| schema.collection.clone()).filter(|name| is_own_collection(name)).collect();
    names.sort();
    names
}

/// Prints what is wrong, with the exit code of a wrong configuration.
pub fn refuse(problems: &[Problem], notices: &[Notice]) -> ExitCode {
    say::err(format_args!("{}", render(problems, notices)));
    ExitCode::from(USAGE)
}

/// Opens the database.
pub async fn open_store(settings: &Settings, migrate: bool) -> Result<Arc<dyn Store>, OpenError> {
    let mut options = lingpai_store::Options::new(Arc::new(SystemClock));
    if settings.database.readers > 0 {
        options.readers = settings.database.readers;
    }
    options.connections = settings.database.pool;
    options.statement_timeout = settings.database.statement_timeout;
    options.migrate = migrate;
    let url = settings.database.url.expose();
    if let Some(path) = url.strip_prefix("sqlite:")
        && let Some(folder) = std::path::Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Err(error) = std::fs::create_dir_all(folder)
    {
        return Err(OpenError::Url(format!("{}: {error}", folder.display())));
    }
    lingpai_store::open(url, &options).await
}

/// Whether this is production mode, where every problem of the folder is one too many.
pub fn is_production(settings: &Settings) -> bool {
    settings.mode == Mode::Production
}

/// A runtime for commands that do little.
pub fn small_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}
