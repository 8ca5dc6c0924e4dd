//! Reading the folder, and noticing that it has changed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use lingpai_secure::attestation::{Revocations, Roots};

use super::{SecureNetworkConfig, parse::parse};
use crate::config::{
    center::jsonc::Document,
    report::{Place, Problem, Words},
    settings::read_bounded,
};

const CONFIG: &str = "config.json";
const REVOCATIONS: &str = "android-revocations.json";
const ANDROID_ROOTS: &str = "android-roots.pem";
const APPLE_ROOTS: &str = "apple-roots.pem";

/// Time and size of each file, as far as it is there: what tells one state of the folder from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp([Option<(Option<SystemTime>, u64)>; 4]);

/// The folder `secure-network`, as it was read at the start.
#[derive(Clone, Debug)]
pub struct Source {
    folder: PathBuf,
    stamp: Stamp,
    config: Arc<SecureNetworkConfig>,
}

impl Source {
    /// Reads the folder in `center`; without one the secure network is off.
    pub fn load(center: &Path) -> (Self, Vec<Problem>) {
        let folder = center.join("secure-network");
        let stamp = stamp(&folder);
        let (config, problems) = read(&folder);
        (Self { folder, stamp, config: Arc::new(config) }, problems)
    }

    /// What was read at the start.
    pub fn config(&self) -> &Arc<SecureNetworkConfig> {
        &self.config
    }

    /// The state that was read at the start.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }

    /// Reads the folder again if it is not as it was at `known`.
    pub fn changed(&self, known: &Stamp) -> Option<(Stamp, SecureNetworkConfig, Vec<Problem>)> {
        let stamp = stamp(&self.folder);
        if stamp == *known {
            return None;
        }
        let (config, problems) = read(&self.folder);
        Some((stamp, config, problems))
    }
}

fn stamp(folder: &Path) -> Stamp {
    Stamp([CONFIG, REVOCATIONS, ANDROID_ROOTS, APPLE_ROOTS].map(|name| {
        let facts = std::fs::metadata(folder.join(name)).ok()?;
        Some((facts.modified().ok(), facts.len()))
    }))
}

fn read(folder: &Path) -> (SecureNetworkConfig, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut config = match text(folder, CONFIG) {
        None => SecureNetworkConfig::default(),
        Some(text) => match text.and_then(|text| Document::parse(&folder.join(CONFIG).display().to_string(), &text)) {
            Ok(document) => parse(&document, &mut problems),
            Err(problem) => {
                problems.push(problem);
                SecureNetworkConfig::default()
            }
        },
    };
    let mut read = |name: &str, words: Words, take: &mut dyn FnMut(&str) -> bool| match text(folder, name) {
        None => {}
        Some(Ok(text)) if take(&text) => {}
        Some(Ok(_)) => {
            let remedy = Words::new("换成正确的文件，或删除它以使用内置的", "put the right file there, or remove it for what is built in");
            problems.push(Problem::new(Place::file(folder.join(name).display().to_string()), words, remedy));
        }
        Some(Err(problem)) => problems.push(problem),
    };
    read(REVOCATIONS, Words::new("不是吊销列表", "is no revocation list"), &mut |text| {
        Revocations::from_json(text.as_bytes()).map(|list| config.revocations = list).is_ok()
    });
    let no_roots = || Words::new("没有 PEM 证书", "has no certificate in PEM");
    read(ANDROID_ROOTS, no_roots(), &mut |text| roots(text).map(|roots| config.android_roots = roots).is_some());
    read(APPLE_ROOTS, no_roots(), &mut |text| roots(text).map(|roots| config.apple_roots = roots).is_some());
    (config, problems)
}

fn text(folder: &Path, name: &str) -> Option<Result<String, Problem>> {
    let path = folder.join(name);
    path.is_file().then(|| read_bounded(&path))
}

fn roots(pem: &str) -> Option<Roots> {
    if pem.contains("BEGIN CERTIFICATE") { Roots::from_pem(pem.as_bytes()).ok() } else { None }
}
