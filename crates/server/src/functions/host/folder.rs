//! A look at the folder of cloud functions without running anything, for `lingpai check`.

use std::{fs, io, path::Path};

use crate::config::{Settings, settings};

/// What is there.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Functions and objects that will be callable.
    pub names: Vec<String>,
    /// Why others will not be, for the operator.
    pub problems: Vec<String>,
}

/// Looks at a folder; `settings` have the names that are taken.
///
/// # Errors
/// If it cannot be read.
pub fn look(settings: &Settings, folder: &Path) -> io::Result<Found> {
    let mut found = Found::default();
    for entry in fs::read_dir(folder)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_function = ["index.obj.js", "index.js"].iter().any(|file| entry.path().join(file).is_file());
        if name == "common" || name == "node_modules" || name.starts_with('.') || !is_function {
            continue;
        }
        match refusal(settings, &name) {
            Some(words) => found.problems.push(words),
            None => found.names.push(name),
        }
    }
    found.names.sort();
    found.problems.sort();
    Ok(found)
}

/// Why a function of the folder is not callable by its name, if it is not.
pub fn refusal(settings: &Settings, name: &str) -> Option<String> {
    if !settings::is_function_name(name) {
        let name: String = name.chars().take(64).collect();
        return Some(format!("{name:?}: 不是函数名,已略过 / is no name of a function and is left out"));
    }
    if settings::is_built_in_function(name) {
        return Some(format!("{name}: 内置函数的名称,已略过 / is the name of a built-in function and is left out"));
    }
    let is_configured = settings.functions.iter().any(|function| function.name == name);
    is_configured.then(|| format!("{name}: [[functions]] 中的同名函数优先 / the one in [[functions]] comes first"))
}
