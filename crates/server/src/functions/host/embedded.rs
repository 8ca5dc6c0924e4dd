//! The host's code, which the program carries.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use lingpai_domain::random::to_hex;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Debug builds read the folder while they run, others carry it.
#[derive(RustEmbed)]
#[folder = "../../sdk/functions/src"]
struct Sources;

const FOLDER: &str = "functions-host";
const ENTRY: &str = "managed.js";
/// The sources are ES modules.
const PACKAGE: &str = "{\"type\":\"module\"}\n";

/// Writes it below the data folder, one folder a version, and answers what Node runs. Other versions are cleared away.
pub fn unpack(data: &Path) -> io::Result<PathBuf> {
    let mut files: Vec<(String, Vec<u8>)> =
        Sources::iter().filter_map(|name| Sources::get(&name).map(|file| (name.into_owned(), file.data.into_owned()))).collect();
    files.push(("package.json".to_owned(), PACKAGE.into()));
    files.sort();
    if !files.iter().any(|(name, _)| name == ENTRY) {
        return Err(io::Error::new(io::ErrorKind::NotFound, "this program was built without sdk/functions"));
    }
    let mut hash = Sha256::new();
    for (name, content) in &files {
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(Sha256::digest(content));
    }
    let version = to_hex(hash.finalize().get(..8).unwrap_or_default());
    let all = data.join(FOLDER);
    let own = all.join(&version);
    for (name, content) in &files {
        let path = own.join(name);
        // What is there already is what it should be, unless somebody changed it.
        if fs::read(&path).is_ok_and(|found| found == *content) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&path, content)?;
    }
    for entry in fs::read_dir(&all)?.flatten() {
        if entry.file_name() != version.as_str() {
            // Of no use, and no harm either.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(own.join(ENTRY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_whole_mended_where_it_was_changed_and_alone() {
        let data = tempfile::tempdir().unwrap();
        let old = data.path().join("functions-host/0123456789abcdef");
        fs::create_dir_all(&old).unwrap();
        let script = unpack(data.path()).unwrap();
        assert!(script.ends_with("managed.js") && !old.exists());
        let worker = script.with_file_name("worker").join("main.js");
        let text = fs::read_to_string(&worker).unwrap();
        fs::write(&worker, "changed").unwrap();
        assert_eq!(unpack(data.path()).unwrap(), script);
        assert_eq!(fs::read_to_string(&worker).unwrap(), text);
    }
}
