//! Replays a folder of recordings.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};

use super::{
    config::Facts,
    deviations::Deviations,
    jwt::AppleKey,
    matching::Difference,
    recording::{Recording, Scenario},
    report::{Place, Report, Verdict},
    scenario::{Stage, place_of, replay_scenario, stale},
};
use crate::{Engine, TestDatabase, upstreams::Upstreams};

/// What is replayed, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder with the recordings, `configs/` and `apple-test-key.json`; what it lacks of the
    /// latter two comes from the project's own folder.
    pub folder: PathBuf,
    /// The database's engine.
    pub engine: Engine,
    /// Only scenarios with this text in `file › scenario`.
    pub filter: Option<String>,
    /// The list of deviations. `None`: the project's own.
    pub deviations: Option<PathBuf>,
    /// Whether deviations and pending steps get lines, too.
    pub verbose: bool,
}

impl Options {
    /// All of a folder on an engine.
    pub fn new(folder: impl Into<PathBuf>, engine: Engine) -> Self {
        Self { folder: folder.into(), engine, filter: None, deviations: None, verbose: false }
    }
}

/// The project's folder of recordings.
pub fn project_conformance() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

/// Replays the recordings of a folder.
///
/// # Errors
/// If they cannot be read or there is no database; what the program does wrong is told in the
/// report.
pub async fn replay(options: &Options) -> Result<Report> {
    let recordings = Recording::read_folder(&options.folder)?;
    replay_recordings(options, &recordings).await
}

/// Replays recordings that were read (and perhaps changed) already.
///
/// # Errors
/// See [`replay`].
pub async fn replay_recordings(options: &Options, recordings: &[Recording]) -> Result<Report> {
    let project = project_conformance();
    let own_or_project = |name: &str| Some(options.folder.join(name)).filter(|path| path.exists()).unwrap_or_else(|| project.join(name));
    let apple = own_or_project("apple-test-key.json");
    let apple = AppleKey::parse(&std::fs::read_to_string(&apple).with_context(|| apple.display().to_string())?)?;
    let apple = Some(Arc::new(apple));
    let deviations = options.deviations.clone().unwrap_or_else(|| project.join("deviations.json"));
    let stage = Stage {
        deviations: Deviations::read(&deviations)?,
        upstreams: Arc::new(Upstreams::start(apple.clone()).await?),
        apple,
        verbose: options.verbose,
    };
    let mut report = Report::default();
    let mut spare = None;
    for recording in recordings {
        for scenario in &recording.scenarios {
            let title = format!("{} › {}", recording.file, scenario.name);
            if options.filter.as_ref().is_some_and(|filter| !title.contains(filter.as_str())) {
                continue;
            }
            let facts = Facts::read(&own_or_project(&format!("configs/{}", scenario.config))).with_context(|| title.clone())?;
            let database = empty_database(options.engine, spare.take()).await?;
            match replay_scenario(&stage, &recording.file, scenario, facts, database, &mut report).await {
                Ok(database) => spare = Some(database),
                Err(error) => report.add(&whole(recording, scenario), &Verdict::Different(vec![failure(&error)]), options.verbose),
            }
        }
        if options.filter.is_none() {
            for deviation in stage.deviations.of_file(&recording.file) {
                if !recording.scenarios.iter().any(|scenario| scenario.name == deviation.scenario) {
                    report.add(&place_of(deviation), &Verdict::Different(vec![stale("no such scenario")]), options.verbose);
                }
            }
        }
    }
    if let Some(database) = spare {
        database.remove().await?;
    }
    Ok(report)
}

/// A database of PostgreSQL is dear to make and cheap to empty; a file is the other way round.
async fn empty_database(engine: Engine, spare: Option<TestDatabase>) -> Result<TestDatabase> {
    match (engine, spare) {
        (Engine::Postgres, Some(database)) => {
            database.clear().await?;
            Ok(database)
        }
        _ => TestDatabase::create(engine).await,
    }
}

fn whole(recording: &Recording, scenario: &Scenario) -> Place {
    Place { file: recording.file.clone(), scenario: scenario.name.clone(), step: 0, what: "and what follows".into() }
}

fn failure(error: &anyhow::Error) -> Difference {
    Difference { path: "not replayed".into(), expected: None, got: Some(format!("{error:#}").into()), note: "" }
}
