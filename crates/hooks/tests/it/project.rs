//! A project folder for one test.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU8, Ordering},
    },
    time::Duration,
};

use lingpai_domain::{clock::Clock, random::Random};
use lingpai_hooks::{HookError, Hooks, Options, Problem};
use serde_json::{Map, Value};
use tempfile::TempDir;

/// A clock that tests turn by hand.
#[derive(Default)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// 0, 1, 2 ... as random bytes.
#[derive(Default)]
pub struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A folder of scripts.
pub struct Project {
    pub folder: TempDir,
    pub clock: Arc<HandClock>,
    pub random: Arc<Counting>,
}

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap(), clock: Arc::default(), random: Arc::default() };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.folder.path().join("uni-id").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn root(&self) -> std::path::PathBuf {
        let root = self.folder.path().join("uni-id");
        fs::create_dir_all(&root).unwrap();
        root
    }

    pub fn try_load(&self, options: Options) -> Result<Hooks, Vec<Problem>> {
        Hooks::load(&self.root(), options, self.clock.clone(), self.random.clone())
    }

    pub fn load_with(&self, options: Options) -> Hooks {
        self.try_load(options).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    pub fn load(&self) -> Hooks {
        self.load_with(patient())
    }
}

/// Limits with a generous time, so that a busy machine does not make a test fail.
pub fn patient() -> Options {
    Options { time_limit: Duration::from_secs(20), threads: 1, ..Options::default() }
}

/// A short time limit, for scripts that must run into it.
pub fn hasty() -> Options {
    Options { time_limit: Duration::from_millis(400), ..patient() }
}

/// A symbolic link from `inner` in the project to `target`.
#[cfg(unix)]
pub fn link(target: &Path, project: &Project, inner: &str) {
    std::os::unix::fs::symlink(target, project.root().join(inner)).unwrap();
}

/// A map from a JSON object.
pub fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// What the body of a function gives, in a project with further files.
pub async fn try_evaluate_in(project: &Project, options: Options, body: &str) -> Result<Value, HookError> {
    project.write("custom-token.js", &format!("module.exports = async (token) => ({{ result: await (async () => {{ {body} }})() }})"));
    let hooks = project.load_with(options);
    hooks.custom_token(Map::new()).await.map(|mut token| token.remove("result").unwrap_or(Value::Null))
}

/// What the body of a function gives.
pub async fn evaluate(body: &str) -> Value {
    try_evaluate_in(&Project::new(&[]), patient(), body).await.unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// The failure of the body of a function.
pub async fn failure(options: Options, body: &str) -> HookError {
    match try_evaluate_in(&Project::new(&[]), options, body).await {
        Ok(value) => panic!("no failure but {value}: {body}"),
        Err(error) => error,
    }
}
