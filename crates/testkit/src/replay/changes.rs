//! What a step changed in the database, and whether that is what was recorded.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::matching::{Difference, Matcher, pointer};

/// A document.
pub type Document = Map<String, Value>;
/// All documents: collection to documents in the order of their insertion.
pub type Snapshot = BTreeMap<String, Vec<Document>>;

/// One change of a collection.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A new document.
    Insert(Document),
    /// Other fields.
    Update {
        /// `_id`
        id: String,
        /// Fields that are new or have another value.
        changed: Document,
        /// Fields that are gone, in alphabetical order.
        unset: Vec<String>,
    },
    /// A document is gone.
    Remove {
        /// `_id`
        id: String,
    },
}

impl Change {
    /// In the recordings' form.
    pub fn to_json(&self) -> Value {
        match self {
            Change::Insert(doc) => json!({"op": "insert", "doc": doc}),
            Change::Update { id, changed, unset } if unset.is_empty() => json!({"op": "update", "_id": id, "changed": changed}),
            Change::Update { id, changed, unset } => json!({"op": "update", "_id": id, "changed": changed, "unset": unset}),
            Change::Remove { id } => json!({"op": "remove", "_id": id}),
        }
    }
}

/// A document's `_id`, empty if it has none.
pub fn id_of(doc: &Document) -> &str {
    doc.get("_id").and_then(Value::as_str).unwrap_or_default()
}

/// What differs between two snapshots, by collection: updates and removals in the order of the
/// documents, then insertions.
pub fn changes(before: &Snapshot, after: &Snapshot) -> BTreeMap<String, Vec<Change>> {
    let mut all = BTreeMap::new();
    let nothing = Vec::new();
    for collection in before.keys().chain(after.keys()) {
        let old = before.get(collection).unwrap_or(&nothing);
        let new = after.get(collection).unwrap_or(&nothing);
        let changes = collection_changes(old, new);
        if !changes.is_empty() {
            all.insert(collection.clone(), changes);
        }
    }
    all
}

fn collection_changes(old: &[Document], new: &[Document]) -> Vec<Change> {
    let by_id: HashMap<&str, &Document> = new.iter().map(|doc| (id_of(doc), doc)).collect();
    let known: HashMap<&str, ()> = old.iter().map(|doc| (id_of(doc), ())).collect();
    let mut changes = Vec::new();
    for doc in old {
        let id = id_of(doc).to_owned();
        match by_id.get(id.as_str()) {
            None => changes.push(Change::Remove { id }),
            Some(now) if *now != doc => {
                let changed = now.iter().filter(|(key, value)| doc.get(*key) != Some(value));
                let mut unset: Vec<String> = doc.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
                unset.sort();
                changes.push(Change::Update { id, changed: changed.map(|(k, v)| (k.clone(), v.clone())).collect(), unset });
            }
            Some(_) => {}
        }
    }
    changes.extend(new.iter().filter(|doc| !known.contains_key(id_of(doc))).cloned().map(Change::Insert));
    changes
}

impl Matcher<'_> {
    /// Compares recorded changes (`dbAfter`) with those that happened.
    pub fn compare_changes(&mut self, recorded: &Map<String, Value>, happened: &BTreeMap<String, Vec<Change>>) {
        let nothing = Vec::new();
        let mut collections: Vec<&String> = recorded.keys().chain(happened.keys()).collect();
        collections.sort();
        collections.dedup();
        for collection in collections {
            let recorded = recorded.get(collection).and_then(Value::as_array).unwrap_or(&nothing);
            let happened = happened.get(collection).map(|changes| changes.iter().map(Change::to_json).collect()).unwrap_or_default();
            self.compare_collection(&pointer("/dbAfter", collection), recorded, happened);
        }
    }

    fn compare_collection(&mut self, path: &str, recorded: &[Value], mut happened: Vec<Value>) {
        let mut open = Vec::new();
        for (at, expected) in recorded.iter().enumerate() {
            match self.same_document(expected, &happened) {
                Some(found) => {
                    let got = happened.remove(found);
                    self.compare_change(&format!("{path}/{at}"), expected, &got);
                }
                None => open.push((at, expected)),
            }
        }
        // New ids tell nothing: documents that agree belong together, then those of one order.
        let crowded = open.len() != happened.len();
        let mut missing = Vec::new();
        for (at, expected) in open {
            let is_insert = |got: &Value| expected["op"] == "insert" && got["op"] == "insert";
            let found = happened.iter().position(|got| is_insert(got) && (!crowded || self.would_agree(expected, got)));
            match found {
                Some(found) => {
                    let got = happened.remove(found);
                    self.compare_change(&format!("{path}/{at}"), expected, &got);
                }
                None => missing.push((at, expected)),
            }
        }
        for (at, expected) in missing {
            if let Some(found) = happened.iter().position(|got| expected["op"] == "insert" && got["op"] == "insert") {
                let got = happened.remove(found);
                self.compare_change(&format!("{path}/{at}"), expected, &got);
                continue;
            }
            let expected = self.bindings.resolve(expected).unwrap_or_else(|_| expected.clone());
            self.differences.push(Difference { path: format!("{path}/{at}"), expected: Some(expected), got: None, note: "not written" });
        }
        for (at, extra) in happened.into_iter().enumerate() {
            self.differences.push(Difference { path: format!("{path}/+{at}"), expected: None, got: Some(extra), note: "written besides" });
        }
    }

    /// The change of the same document, by an `_id` that is known already.
    fn same_document(&self, expected: &Value, happened: &[Value]) -> Option<usize> {
        let id = self.bindings.resolve(&change_id(expected)).ok()?;
        happened.iter().position(|got| got["op"] == expected["op"] && change_id(got) == id)
    }

    fn compare_change(&mut self, path: &str, expected: &Value, got: &Value) {
        let mut expected = expected.clone();
        if let Some(unset) = expected.get_mut("unset").and_then(Value::as_array_mut) {
            unset.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        }
        self.compare(path, &expected, got);
    }

    /// Compares what a step wrote where the original crashed: nothing but what that wrote, too.
    pub fn compare_changes_of_crash(&mut self, recorded: &Map<String, Value>, happened: &BTreeMap<String, Vec<Change>>) {
        for (collection, changes) in happened {
            let mut allowed: Vec<Value> = recorded.get(collection).and_then(Value::as_array).cloned().unwrap_or_default();
            for (at, change) in changes.iter().enumerate() {
                let got = change.to_json();
                match allowed.iter().position(|expected| self.would_agree(&narrowed(expected, &got), &got)) {
                    Some(found) => {
                        let expected = allowed.remove(found);
                        self.compare("", &narrowed(&expected, &got), &got);
                    }
                    None => {
                        let path = format!("{}/+{at}", pointer("/dbAfter", collection));
                        let note = "written where the original crashed";
                        self.differences.push(Difference { path, expected: None, got: Some(got), note });
                    }
                }
            }
        }
    }
}

/// The `_id` that a change is about.
fn change_id(change: &Value) -> Value {
    change.get("_id").or_else(|| change.get("doc").and_then(|doc| doc.get("_id"))).cloned().unwrap_or_default()
}

/// A recorded update without the fields that were not updated.
fn narrowed(expected: &Value, got: &Value) -> Value {
    let mut expected = expected.clone();
    if let (Some(wanted), Some(changed)) = (expected.get_mut("changed").and_then(Value::as_object_mut), got["changed"].as_object()) {
        wanted.retain(|field, _| changed.contains_key(field));
    }
    expected
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(docs: Value) -> Snapshot {
        [("c".to_owned(), serde_json::from_value(docs).unwrap())].into()
    }

    #[test]
    fn a_difference_of_snapshots_names_fields_and_documents() {
        let before = snapshot(json!([{"_id": "a", "x": 1, "y": 1}, {"_id": "b"}, {"_id": "c"}]));
        let after = snapshot(json!([{"_id": "a", "x": 2, "z": 1}, {"_id": "c"}, {"_id": "d"}]));
        let changes: Vec<Value> = changes(&before, &after)["c"].iter().map(Change::to_json).collect();
        assert_eq!(
            changes,
            [
                json!({"op": "update", "_id": "a", "changed": {"x": 2, "z": 1}, "unset": ["y"]}),
                json!({"op": "remove", "_id": "b"}),
                json!({"op": "insert", "doc": {"_id": "d"}}),
            ]
        );
    }

    #[test]
    fn equal_snapshots_have_no_changes() {
        let one = snapshot(json!([{"_id": "a"}]));
        assert!(changes(&one, &one).is_empty());
    }
}
