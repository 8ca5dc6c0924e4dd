//! The schemas of collections, as uniCloud projects have them: `database/<collection>.schema.json`.

use std::path::{Path, PathBuf};

use lingpai_domain::clientdb::Schemas;
use serde_json::Value;

use super::{Document, read_bounded};
use crate::config::report::{Place, Problem, Words};

/// What the names of the files end with.
const ENDING: &str = ".schema.json";

/// Where a uni-config-center folder's schemas are: in `database/`, or, in the layout of a uniCloud
/// project, in `database/` beside the folder `cloudfunctions`.
pub fn folder_of(center: &Path) -> Option<PathBuf> {
    let beside_functions = center.ancestors().nth(3).filter(|_| center.ends_with("cloudfunctions/common/uni-config-center"));
    let candidates = [
        Some(center.join("database")),
        center.parent().map(|parent| parent.join("database")),
        beside_functions.map(|p| p.join("database")),
    ];
    candidates.into_iter().flatten().find(|folder| folder.is_dir())
}

/// Reads the schemas of a folder over the built-in ones.
pub fn load(folder: &Path) -> (Schemas, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut documents: Vec<(String, Document)> = Vec::new();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(Problem::new(
                Place::file(folder.display().to_string()),
                Words::new(format!("无法读取:{error}"), format!("cannot be read: {error}")),
                Words::new("检查 clientdb.schemas 的路径与读取权限", "check the path in clientdb.schemas and the permission to read"),
            ));
            return (Schemas::default(), problems);
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    for path in paths {
        let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ENDING)) else { continue };
        match read_bounded(&path).and_then(|text| Document::parse(&path.display().to_string(), &text)) {
            Ok(document) => documents.push((name.to_owned(), document)),
            Err(problem) => problems.push(problem),
        }
    }
    let contents: Vec<(String, Value)> = documents.iter().map(|(name, document)| (name.clone(), document.value.clone())).collect();
    let (schemas, found) = Schemas::new(contents);
    for problem in found {
        let segments: Vec<&str> = problem.path.split('.').filter(|segment| !segment.is_empty()).collect();
        let document = documents.iter().find(|(name, _)| *name == problem.collection);
        let place = document.map_or_else(|| Place::file(folder.display().to_string()), |(_, document)| document.place(&segments));
        problems.push(Problem::new(
            place,
            Words::new(problem.zh, problem.en),
            Words::new(
                "改正这一处;没有改正之前,这个集合按内置的规则,或者完全不对客户端开放",
                "correct this place; until then the collection keeps to its built-in rules, or is closed to clients",
            ),
        ));
    }
    (schemas, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_found_in_every_layout() {
        let root = tempfile::tempdir().unwrap();
        let center = root.path().join("uniCloud-aliyun/cloudfunctions/common/uni-config-center");
        std::fs::create_dir_all(&center).unwrap();
        assert_eq!(folder_of(&center), None);
        for folder in [root.path().join("uniCloud-aliyun/database"), center.with_file_name("database"), center.join("database")] {
            std::fs::create_dir_all(&folder).unwrap();
            assert_eq!(folder_of(&center), Some(folder));
        }
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("good.schema.json", "{\"permission\": true, \"properties\": {}} // with a comment");
        write(
            "bad.schema.json",
            "{\n  \"permission\": {\"read\": \"doc._id = 1\"},\n  \"properties\": {\"a\": {\"validateFunction\": \"x\"}}\n}",
        );
        write("broken.schema.json", "{");
        write("notes.txt", "not a schema");
        let (schemas, problems) = load(folder.path());
        assert!(schemas.of("good").is_ok() && schemas.of("bad").is_err() && schemas.of("uni-id-users").is_ok());
        let places: Vec<_> = problems.iter().map(|problem| (problem.place.line, problem.place.path.as_str())).collect();
        assert_eq!(problems.len(), 3, "{places:?}");
        assert!(
            places.contains(&(Some(2), "permission.read")) && places.contains(&(Some(3), "properties.a.validateFunction")),
            "{places:?}"
        );
    }
}
