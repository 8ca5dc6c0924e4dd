//! The schemas and indexes of collections, as uniCloud projects have them: `database/<collection>.schema.json` and
//! `database/<collection>.index.json`.

use std::path::{Path, PathBuf};

use lingpai_domain::clientdb::{Schemas, schema::SchemaProblem};
use serde_json::Value;

use super::{Document, read_bounded};
use crate::config::report::{Place, Problem, Words};

/// What the names of the files end with.
const SCHEMA: &str = ".schema.json";
const INDEXES: &str = ".index.json";

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

/// Reads the schemas of a folder over the built-in ones, and its indexes.
pub fn load(folder: &Path) -> (Schemas, Vec<Problem>) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let problem = Problem::new(
                Place::file(folder.display().to_string()),
                Words::new(format!("无法读取:{error}"), format!("cannot be read: {error}")),
                Words::new("检查 clientdb.schemas 的路径与读取权限", "check the path in clientdb.schemas and the permission to read"),
            );
            return (Schemas::default(), vec![problem]);
        }
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.sort();
    let mut files = Files { folder, problems: Vec::new() };
    let documents = files.read(&paths, SCHEMA);
    let (mut schemas, found) = Schemas::new(contents(&documents));
    files.note(&documents, found, || {
        Words::new(
            "改正这一处;没有改正之前,这个集合按内置的规则,或者完全不对客户端开放",
            "correct this place; until then the collection keeps to its built-in rules, or is closed to clients",
        )
    });
    let documents = files.read(&paths, INDEXES);
    let found = schemas.add_indexes(contents(&documents));
    files.note(&documents, found, || {
        Words::new(
            "改正这一处,或删除这个文件;没有改正之前,这个集合没有这些索引",
            "correct this place, or remove the file; until then the collection does without these indexes",
        )
    });
    (schemas, files.problems)
}

fn contents(documents: &[(String, Document)]) -> Vec<(String, Value)> {
    documents.iter().map(|(name, document)| (name.clone(), document.value.clone())).collect()
}

struct Files<'a> {
    folder: &'a Path,
    problems: Vec<Problem>,
}

impl Files<'_> {
    /// The files whose names end so, by what is in front of the ending.
    fn read(&mut self, paths: &[PathBuf], ending: &str) -> Vec<(String, Document)> {
        let mut documents = Vec::new();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(ending)) else { continue };
            match read_bounded(path).and_then(|text| Document::parse(&path.display().to_string(), &text)) {
                Ok(document) => documents.push((name.to_owned(), document)),
                Err(problem) => self.problems.push(problem),
            }
        }
        documents
    }

    /// Gives problems their places.
    fn note(&mut self, documents: &[(String, Document)], found: Vec<SchemaProblem>, remedy: impl Fn() -> Words) {
        for problem in found {
            let segments: Vec<&str> = problem.path.split('.').filter(|segment| !segment.is_empty()).collect();
            let document = documents.iter().find(|(name, _)| *name == problem.collection);
            let place = document.map_or_else(|| Place::file(self.folder.display().to_string()), |(_, document)| document.place(&segments));
            self.problems.push(Problem::new(place, Words::new(problem.zh, problem.en), remedy()));
        }
    }
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

    #[test]
    fn indexes_are_read_beside_their_schemas() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let index = |direction: &str| {
            let keys = format!(r#"[{{"Name": "isbn", "Direction": "{direction}"}}]"#);
            format!(r#"[{{"IndexName": "isbn", "MgoKeySchema": {{"MgoIndexKeys": {keys}, "MgoIsUnique": true}}}}]"#)
        };
        write("book.schema.json", "{}");
        write("book.index.json", &index("1"));
        write("uni-id-users.index.json", &index("1"));
        write("shop.schema.json", "{}");
        write("shop.index.json", &format!("\n{}", index("2dsphere")));
        write("nothing.index.json", &index("1"));
        let (schemas, problems) = load(folder.path());
        assert_eq!(
            schemas.indexes().iter().map(|index| (index.collection.as_str(), index.label())).collect::<Vec<_>>(),
            [("book", "isbn".to_owned())]
        );
        let places: Vec<_> = problems.iter().map(|problem| (problem.place.line, problem.place.path.as_str())).collect();
        assert_eq!(places, [(None, ""), (Some(2), "[0].MgoKeySchema.MgoIndexKeys[0].Direction")]);
    }
}
