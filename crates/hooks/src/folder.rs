//! The scripts' folder: one consistent reading of its files, and whether they have changed since.

use std::{
    collections::HashMap,
    fs, io,
    path::{Component, Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use parking_lot::Mutex;

/// The largest file that a script may require.
const MAX_FILE: u64 = 4 << 20;
/// How many files one version may consist of.
const MAX_FILES: usize = 2000;

/// What tells one state of a file from the next without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
}

/// A file as it was read.
type SourceFile = (Stamp, Arc<str>);

/// One state of the folder. Files are read when they are first needed and kept, so that every engine,
/// also one that is replaced later, runs the same version.
///
/// Scripts see the folder as the root of their file system: `/custom-token.js`.
pub(crate) struct Version {
    /// Counts the loads of a pool.
    pub(crate) number: u64,
    root: PathBuf,
    /// By real path; `None` for a file that was looked for and not there.
    files: Mutex<HashMap<PathBuf, Option<SourceFile>>>,
}

impl Version {
    /// A version of the folder `root` with nothing read yet.
    ///
    /// # Errors
    /// The folder is not there or not readable.
    pub(crate) fn new(number: u64, root: &Path) -> io::Result<Self> {
        Ok(Self { number, root: fs::canonicalize(root)?, files: Mutex::default() })
    }

    /// The real path of a script path (`/a/../b.js`), if that is a file inside the folder.
    ///
    /// `..` stops at the root, and symbolic links must not lead out.
    pub(crate) fn locate(&self, path: &str) -> Option<PathBuf> {
        let mut real = self.root.clone();
        real.extend(normalize(path).split('/').filter(|part| !part.is_empty()));
        let real = fs::canonicalize(real).ok()?;
        (real.starts_with(&self.root) && real.is_file()).then_some(real)
    }

    /// The script path (`/hooks/index.js`) of a real one.
    pub(crate) fn script_path(&self, real: &Path) -> String {
        let mut path = String::new();
        for part in real.strip_prefix(&self.root).unwrap_or(real).components() {
            if let Component::Normal(part) = part {
                path.push('/');
                path.push_str(&part.to_string_lossy());
            }
        }
        path
    }

    /// The text of a file; `None` if there is none. The answer stays the same for this version.
    ///
    /// # Errors
    /// A sentence: too large, too many files, not UTF-8, unreadable.
    pub(crate) fn read(&self, path: &str) -> Result<Option<Arc<str>>, String> {
        let Some(real) = self.locate(path) else {
            // Remembered, so that its coming is noticed.
            let mut wanted = self.root.clone();
            wanted.extend(normalize(path).split('/').filter(|part| !part.is_empty()));
            if fs::symlink_metadata(&wanted).is_ok() {
                return Err("it is not a file inside the folder".to_owned());
            }
            self.files.lock().entry(wanted).or_insert(None);
            return Ok(None);
        };
        let mut files = self.files.lock();
        if let Some(Some((_, text))) = files.get(&real) {
            return Ok(Some(text.clone()));
        }
        if files.len() >= MAX_FILES {
            return Err("too many files are required".to_owned());
        }
        let stamp = stamp(&real).ok_or("the file is not readable")?;
        if stamp.size > MAX_FILE {
            return Err("the file is too large".to_owned());
        }
        let bytes = fs::read(&real).map_err(|_| "the file is not readable")?;
        let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8")?;
        let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
        files.insert(real, Some((stamp, text.clone())));
        Ok(Some(text))
    }

    /// Whether a file of this version has changed, gone or come since it was read.
    pub(crate) fn has_changed(&self) -> bool {
        let files: Vec<_> = self.files.lock().iter().map(|(path, file)| (path.clone(), file.as_ref().map(|file| file.0))).collect();
        files.iter().any(|(path, known)| stamp(path) != *known)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
    Some(Stamp { modified: metadata.modified().ok(), size: metadata.len() })
}

/// A script path without `.`, `..` and doubled slashes; `..` at the root stays there.
pub(crate) fn normalize(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let mut normal = String::from("/");
    normal.push_str(&parts.join("/"));
    normal
}
