//! Where `require` finds a module: as Node does, but never outside of the folder.

use serde_json::Value;

use crate::folder::{Version, normalize};

/// The script path of the module that a file in `directory` asks for.
///
/// # Errors
/// A sentence for the script's author.
pub(crate) fn resolve(version: &Version, directory: &str, request: &str) -> Result<String, String> {
    let found = if request.starts_with('/') {
        file_or_directory(version, &normalize(request))
    } else if request == "." || request == ".." || request.starts_with("./") || request.starts_with("../") {
        file_or_directory(version, &normalize(&format!("{directory}/{request}")))
    } else {
        package(version, directory, request)
    };
    found.ok_or_else(|| {
        if UNAVAILABLE.contains(&request.strip_prefix("node:").unwrap_or(request)) {
            format!("the module '{request}' is not available to these scripts")
        } else {
            format!("Cannot find module '{request}'")
        }
    })
}

/// Node's modules that scripts here do not have: files, network, processes.
const UNAVAILABLE: &[&str] = &[
    "fs",
    "fs/promises",
    "http",
    "https",
    "http2",
    "net",
    "tls",
    "dns",
    "dgram",
    "child_process",
    "cluster",
    "worker_threads",
    "os",
    "vm",
    "zlib",
    "stream",
    "readline",
    "module",
    "v8",
    "inspector",
    "async_hooks",
    "perf_hooks",
    "events",
    "assert",
];

fn file_or_directory(version: &Version, path: &str) -> Option<String> {
    file(version, path).or_else(|| directory(version, path))
}

fn file(version: &Version, path: &str) -> Option<String> {
    ["", ".js", ".json", ".cjs"].iter().find_map(|suffix| version.locate(&format!("{path}{suffix}"))).map(|real| version.script_path(&real))
}

fn directory(version: &Version, path: &str) -> Option<String> {
    manifest(version, path)
        .and_then(|manifest| {
            let main = normalize(&format!("{path}/{}", manifest.get("main")?.as_str()?));
            file(version, &main).or_else(|| file(version, &format!("{main}/index")))
        })
        .or_else(|| file(version, &format!("{path}/index")))
}

fn manifest(version: &Version, path: &str) -> Option<Value> {
    let path = format!("{path}/package.json");
    version.locate(&path)?;
    serde_json::from_str(&version.read(&path).ok()??).ok()
}

/// `name`, `name/file`, `@scope/name` or `@scope/name/file` in a `node_modules` at or above `directory`.
fn package(version: &Version, directory: &str, request: &str) -> Option<String> {
    let segments = if request.starts_with('@') { 2 } else { 1 };
    let at = request.match_indices('/').nth(segments - 1).map_or(request.len(), |(at, _)| at);
    let (name, inner) = request.split_at_checked(at)?;
    if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return None;
    }
    let mut directory = normalize(directory);
    loop {
        if !directory.ends_with("/node_modules") {
            let base = normalize(&format!("{directory}/node_modules/{name}"));
            if let Some(found) = in_package(version, &base, inner) {
                return Some(found);
            }
        }
        match directory.rfind('/') {
            Some(at) if directory.len() > 1 => directory.truncate(at.max(1)),
            _ => return None,
        }
    }
}

fn in_package(version: &Version, base: &str, inner: &str) -> Option<String> {
    if let Some(exports) = manifest(version, base).as_ref().and_then(|manifest| manifest.get("exports")) {
        // With `exports` a package shows that and nothing else, as in Node.
        let target = exported(exports, &format!(".{inner}"))?;
        return file(version, &normalize(&format!("{base}/{target}")));
    }
    if inner.is_empty() { directory(version, base) } else { file_or_directory(version, &normalize(&format!("{base}{inner}"))) }
}

/// The target of a subpath (`.`, `./file`) in a package's `exports`.
fn exported(exports: &Value, subpath: &str) -> Option<String> {
    let Value::Object(entries) = exports else { return condition(exports).filter(|_| subpath == ".") };
    if !entries.keys().any(|key| key.starts_with('.')) {
        return condition(exports).filter(|_| subpath == ".");
    }
    if let Some(target) = entries.get(subpath) {
        return condition(target);
    }
    entries.iter().find_map(|(pattern, target)| {
        let (before, after) = pattern.split_once('*')?;
        let matched = subpath.strip_prefix(before)?.strip_suffix(after)?;
        Some(condition(target)?.replace('*', matched))
    })
}

/// The first target that a `require` in Node would take.
fn condition(target: &Value) -> Option<String> {
    match target {
        Value::String(path) => Some(path.clone()),
        Value::Array(targets) => targets.iter().find_map(condition),
        Value::Object(conditions) => conditions
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "node" | "require" | "default"))
            .find_map(|(_, target)| condition(target)),
        _ => None,
    }
}
