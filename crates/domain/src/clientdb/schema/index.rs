//! `<collection>.index.json`: the indexes of a collection, as uniCloud projects have them.

use serde_json::{Map, Value};

use super::SchemaProblem;
use crate::{clientdb::path::Path, store::CollectionIndex};

/// Most indexes of a collection, and most fields of one.
const MOST_INDEXES: usize = 32;
const MOST_FIELDS: usize = 8;

/// Reads the indexes of a collection. Errors: everything that is not understood.
pub fn parse(collection: &str, content: &Value) -> Result<Vec<CollectionIndex>, Vec<SchemaProblem>> {
    let problem = |path: &str, zh: &'static str, en: &'static str| SchemaProblem::new(collection, path, zh, en);
    let Value::Array(items) = content else { return Err(vec![problem("", "应为索引的列表", "must be a list of indexes")]) };
    if items.len() > MOST_INDEXES {
        return Err(vec![problem("", "索引过多,至多 32 个", "has too many indexes, at most 32")]);
    }
    let (mut indexes, mut problems) = (Vec::new(), Vec::new());
    for (number, item) in items.iter().enumerate() {
        match read(collection, item) {
            // Every collection has an index of `_id`.
            Ok(index) if index.fields == [["_id"]] => {}
            Ok(index) => indexes.push(index),
            Err((path, zh, en)) => problems.push(problem(&format!("{number}{path}"), zh, en)),
        }
    }
    if problems.is_empty() { Ok(indexes) } else { Err(problems) }
}

type Wrong = (String, &'static str, &'static str);

fn read(collection: &str, item: &Value) -> Result<CollectionIndex, Wrong> {
    let wrong = |path: &str| (path.to_owned(), "值不正确", "has a wrong value");
    let not_supported = |path: &str| (path.to_owned(), "本版本不支持", "is not supported by this version");
    let item = item.as_object().ok_or_else(|| wrong(""))?;
    refuse_others(item, &["IndexName", "MgoKeySchema"], "")?;
    let name = item.get("IndexName").and_then(Value::as_str).filter(|name| !name.is_empty()).ok_or_else(|| wrong(".IndexName"))?;
    let schema = item.get("MgoKeySchema").and_then(Value::as_object).ok_or_else(|| wrong(".MgoKeySchema"))?;
    refuse_others(schema, &["MgoIndexKeys", "MgoIsUnique", "MgoIsSparse"], ".MgoKeySchema")?;
    let flag = |key: &str| match schema.get(key) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(wrong(&format!(".MgoKeySchema.{key}"))),
    };
    let keys = schema.get("MgoIndexKeys").and_then(Value::as_array).filter(|keys| (1..=MOST_FIELDS).contains(&keys.len()));
    let mut fields: Vec<Vec<String>> = Vec::new();
    for (number, key) in keys.ok_or_else(|| wrong(".MgoKeySchema.MgoIndexKeys"))?.iter().enumerate() {
        let at = |name: &str| format!(".MgoKeySchema.MgoIndexKeys.{number}.{name}");
        let field = key.get("Name").and_then(Value::as_str).and_then(|name| Path::parse(name).ok()).ok_or_else(|| wrong(&at("Name")))?;
        let is_index = |segment: &String| segment.bytes().all(|byte| byte.is_ascii_digit());
        if field.segments().iter().any(is_index) {
            return Err(not_supported(&at("Name")));
        }
        // Both directions are one to a look-up by value.
        match key.get("Direction") {
            Some(Value::String(direction)) if matches!(direction.as_str(), "1" | "-1") => {}
            Some(Value::Number(direction)) if matches!(direction.as_i64(), Some(1 | -1)) => {}
            _ => return Err(not_supported(&at("Direction"))),
        }
        if fields.iter().any(|known| known == field.segments()) {
            return Err(wrong(&at("Name")));
        }
        fields.push(field.segments().to_vec());
    }
    let (unique, sparse) = (flag("MgoIsUnique")?, flag("MgoIsSparse")?);
    Ok(CollectionIndex { collection: collection.to_owned(), name: name.to_owned(), fields, unique, sparse })
}

fn refuse_others(fields: &Map<String, Value>, known: &[&str], path: &str) -> Result<(), Wrong> {
    match fields.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err((format!("{path}.{key}"), "本版本不支持", "is not supported by this version")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn index(keys: Value, unique: bool) -> Value {
        json!({"IndexName": "n", "MgoKeySchema": {"MgoIndexKeys": keys, "MgoIsUnique": unique}})
    }

    #[test]
    fn indexes_are_read_as_unicloud_writes_them() {
        let one = index(json!([{"Name": "a", "Direction": "1"}, {"Name": "b.c", "Direction": "-1"}]), true);
        let own = index(json!([{"Name": "_id", "Direction": "1"}]), true);
        let found = parse("book", &json!([one, own])).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].label().as_str(), found[0].unique, found[0].sparse), ("a, b.c", true, false));
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_place() {
        for (content, path) in [
            (json!({}), ""),
            (json!([5]), "0"),
            (json!([index(json!([]), false)]), "0.MgoKeySchema.MgoIndexKeys"),
            (json!([index(json!([{"Name": "a", "Direction": "2dsphere"}]), false)]), "0.MgoKeySchema.MgoIndexKeys.0.Direction"),
            (json!([index(json!([{"Name": "a.0", "Direction": "1"}]), false)]), "0.MgoKeySchema.MgoIndexKeys.0.Name"),
            (json!([index(json!([{"Name": "a\"b", "Direction": "1"}]), false)]), "0.MgoKeySchema.MgoIndexKeys.0.Name"),
            (json!([{"IndexName": "n", "MgoKeySchema": {"MgoExpire": 5}}]), "0.MgoKeySchema.MgoExpire"),
        ] {
            let problems = parse("book", &content).unwrap_err();
            assert_eq!(problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(), [path], "{content}");
        }
    }
}
