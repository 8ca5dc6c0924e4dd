//! Replays a folder of recordings.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::{Context, Result};
use tokio::task::JoinSet;

use super::{
    config::Facts,
    deviations::Deviations,
    jwt::AppleKey,
    matching::Difference,
    recording::{Recording, Scenario},
    report::{Place, Report, Verdict},
    scenario::{Stage, place_of, replay_scenario, stale},
};
use crate::{Engine, TestDatabase};

/// How many scenarios run side by side: most of their time is waiting for the database's disk.
const WORKERS: usize = 4;

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
    let stage = Stage { deviations: Deviations::read(&deviations)?, apple, verbose: options.verbose };
    let mut jobs = Vec::new();
    for recording in recordings {
        for scenario in &recording.scenarios {
            let title = format!("{} › {}", recording.file, scenario.name);
            if options.filter.as_ref().is_none_or(|filter| title.contains(filter.as_str())) {
                let facts = Facts::read(&own_or_project(&format!("configs/{}", scenario.config))).context(title)?;
                jobs.push(Job { file: recording.file.clone(), scenario: scenario.clone(), facts });
            }
        }
    }
    // Files of other folders may have the same names, and other scenarios.
    let is_own_list = options.deviations.is_some() || same_folder(&options.folder, &project);
    let lost = if options.filter.is_none() && is_own_list {
        lost_deviations(&stage.deviations, recordings, stage.verbose)
    } else {
        Report::default()
    };
    let mut report = run_jobs(options.engine, Arc::new(stage), jobs).await?;
    report.append(lost);
    Ok(report)
}

fn same_folder(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// Deviations of scenarios that are not there, in files that are.
fn lost_deviations(deviations: &Deviations, recordings: &[Recording], verbose: bool) -> Report {
    let mut report = Report::default();
    for recording in recordings {
        for deviation in deviations.of_file(&recording.file) {
            if !recording.scenarios.iter().any(|scenario| scenario.name == deviation.scenario) {
                report.add(&place_of(deviation), &Verdict::Different(vec![stale("no such scenario")]), verbose);
            }
        }
    }
    report
}

/// A scenario to be replayed.
struct Job {
    file: String,
    scenario: Scenario,
    facts: Facts,
}

/// Replays scenarios side by side, each worker on a database of its own. The report has them in
/// their order.
async fn run_jobs(engine: Engine, stage: Arc<Stage>, jobs: Vec<Job>) -> Result<Report> {
    let jobs = Arc::new(jobs);
    let next = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (stage, jobs, next) = (stage.clone(), jobs.clone(), next.clone());
        workers.spawn(async move {
            let mut reports = Vec::new();
            let mut spare = None;
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(job) = jobs.get(at) else { break };
                let database = empty_database(engine, spare.take()).await?;
                let mut report = Report::default();
                match replay_scenario(&stage, &job.file, &job.scenario, job.facts.clone(), database, &mut report).await {
                    Ok(database) => spare = Some(database),
                    Err(error) => report.add(&job.place(), &Verdict::Different(vec![failure(&error)]), stage.verbose),
                }
                reports.push((at, report));
            }
            if let Some(database) = spare {
                database.remove().await?;
            }
            anyhow::Ok(reports)
        });
    }
    let mut reports = BTreeMap::new();
    while let Some(worker) = workers.join_next().await {
        reports.extend(worker??);
    }
    let mut all = Report::default();
    reports.into_values().for_each(|report| all.append(report));
    Ok(all)
}

/// A database of PostgreSQL is dear to make and cheap to empty; a file is the other way round.
async fn empty_database(engine: Engine, spare: Option<TestDatabase>) -> Result<TestDatabase> {
    match (engine, spare) {
        (Engine::Postgres, Some(database)) => {
            database.clear().await?;
            Ok(database)
        }
        _ => TestDatabase::migrated(engine).await,
    }
}

impl Job {
    fn place(&self) -> Place {
        Place { file: self.file.clone(), scenario: self.scenario.name.clone(), step: 0, what: "and what follows".into() }
    }
}

fn failure(error: &anyhow::Error) -> Difference {
    Difference { path: "not replayed".into(), expected: None, got: Some(format!("{error:#}").into()), note: "" }
}
