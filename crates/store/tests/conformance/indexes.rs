//! Indexes on a project's own collections.

use lingpai_domain::store::{
    CollectionIndex, DocumentChange, DocumentQuery, DocumentsAdded, DocumentsChanged, IndexesKept, KeyedBy, StoreError,
};
use serde_json::{Map, Value, json};

use super::database::{Database, object, on_every_store};

on_every_store!(
    an_index_finds_what_it_is_asked_for_and_whatever_has_lists,
    unique_values_are_unique_however_they_are_written,
    sparse_indexes_let_what_is_absent_be,
    indexes_come_and_go_with_what_is_asked_for,
    only_own_collections_have_indexes,
);

fn index(fields: &[&str], unique: bool, sparse: bool) -> CollectionIndex {
    let fields = fields.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect();
    CollectionIndex { collection: "shop".into(), name: "n".into(), fields, unique, sparse }
}

fn docs(values: Value) -> Vec<Map<String, Value>> {
    values.as_array().unwrap().iter().map(|doc| object(doc.clone())).collect()
}

async fn keep(db: &Database, indexes: &[CollectionIndex]) {
    assert_eq!(db.store.keep_indexes(indexes).await.unwrap(), IndexesKept::default());
}

async fn add(db: &Database, values: Value) -> DocumentsAdded {
    db.store.add_documents("shop", &docs(values), &[]).await.unwrap()
}

/// The `_id`s that an index finds.
async fn found(db: &Database, index: &CollectionIndex, values: &[&[&str]]) -> Vec<String> {
    let values = values.iter().map(|values| values.iter().map(|text| (*text).to_owned()).collect()).collect();
    let query = DocumentQuery { keyed: Some(KeyedBy { index: index.clone(), values }), ..DocumentQuery::all("shop") };
    let page = db.store.documents(&query).await.unwrap();
    assert_eq!((page.examined, page.next), (page.documents.len(), None));
    page.documents.into_iter().map(|stored| stored.doc["_id"].as_str().unwrap().to_owned()).collect()
}

async fn an_index_finds_what_it_is_asked_for_and_whatever_has_lists(db: &Database) {
    let before = json!([{"_id": "text", "a": "x", "b": {"c": 1}}, {"_id": "odd", "a": "\u{0}\u{1}\"中\\'", "b": {"c": "1"}}]);
    assert_eq!(add(db, before).await, DocumentsAdded::Done);
    let (one, two) = (index(&["a"], false, false), index(&["a", "b.c"], false, false));
    keep(db, &[one.clone(), two.clone()]).await;
    let long = "y".repeat(100_000);
    let more = json!([
        {"_id": "number", "a": 5, "b": {"c": true}}, {"_id": "float", "a": 5.0, "b": {"c": null}}, {"_id": "small", "a": 1e-7},
        {"_id": "none"}, {"_id": "null", "a": null}, {"_id": "date", "a": {"$date": "2025-10-09T08:53:20.123Z"}}, {"_id": "long", "a": long}]);
    assert_eq!(add(db, more).await, DocumentsAdded::Done);
    let text = |text: &str| Value::from(text).to_string();
    for (values, expected) in [
        (vec![text("x")], vec!["text"]),
        (vec![text("\u{0}\u{1}\"中\\'")], vec!["odd"]),
        (vec!["5".into(), "5.0".into()], vec!["number", "float"]),
        (vec!["1e-7".into()], vec!["small"]),
        (vec!["null".into()], vec!["none", "null"]),
        (vec![json!({"$date": "2025-10-09T08:53:20.123Z"}).to_string()], vec!["date"]),
        (vec![text(&long)], vec!["long"]),
        (vec![text("5"), text("X"), "true".into()], vec![]),
    ] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(found(db, &one, &[&values]).await, expected, "{values:.40?}");
        assert_eq!(found(db, &two, &[&values]).await, expected, "{values:.40?}");
    }
    assert_eq!(found(db, &two, &[&["5", "5.0"], &["true"]]).await, ["number"]);
    assert_eq!(found(db, &two, &[&["5", "5.0"], &["null"]]).await, ["float"]);
    assert_eq!(found(db, &two, &[&["\"x\""], &["1", "1.0"]]).await, ["text"]);
    // Of lists each item counts: such documents are let through, whatever is in them, and judged by the caller.
    assert_eq!(add(db, json!([{"_id": "list", "a": [1]}, {"_id": "deep", "a": "z", "b": [{"c": 1}]}])).await, DocumentsAdded::Done);
    assert_eq!(found(db, &one, &[&["\"x\""]]).await, ["text", "list"]);
    assert_eq!(found(db, &two, &[&["\"x\""], &["1"]]).await, ["text", "list", "deep"]);
    // Changes and removals are followed.
    let both = DocumentQuery { ids: Some(vec!["text".into(), "list".into()]), ..DocumentQuery::all("shop") };
    let stored = db.store.documents(&both);
    let changes: Vec<DocumentChange> = stored
        .await
        .unwrap()
        .documents
        .into_iter()
        .map(|stored| {
            let id = stored.doc["_id"].as_str().unwrap().to_owned();
            let doc = (id == "text").then(|| object(json!({"_id": "text", "a": "w"})));
            DocumentChange { id, stamp: stored.stamp, doc, audit: None }
        })
        .collect();
    assert_eq!(db.store.change_documents("shop", &changes).await.unwrap(), DocumentsChanged::But(vec![]));
    assert_eq!(found(db, &one, &[&["\"x\""]]).await, [""; 0]);
    assert_eq!(found(db, &one, &[&["\"w\""]]).await, ["text"]);
}

async fn unique_values_are_unique_however_they_are_written(db: &Database) {
    let unique = index(&["code", "part.n"], true, false);
    keep(db, std::slice::from_ref(&unique)).await;
    let taken = DocumentsAdded::Duplicate(unique.database_name());
    assert_eq!(add(db, json!([{"_id": "a", "code": "x", "part": {"n": 1}}, {"_id": "b", "code": "x"}])).await, DocumentsAdded::Done);
    for more in [
        json!([{"_id": "c", "code": "y"}, {"_id": "d", "code": "x", "part": {"n": 1}}]),
        json!([{"_id": "c", "code": "x", "part": {"n": null}}]),
        json!([{"_id": "c", "code": "z"}, {"_id": "d", "code": "z"}]),
    ] {
        assert_eq!(add(db, more).await, taken);
    }
    // None of them is there, and other collections may have the same.
    assert_eq!(db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents.len(), 2);
    assert_eq!(
        db.store.add_documents("other", &docs(json!([{"_id": "a", "code": "x"}, {"_id": "b", "code": "x"}])), &[]).await.unwrap(),
        DocumentsAdded::Done
    );
    assert_eq!(add(db, json!([{"_id": "a", "code": "q"}])).await, DocumentsAdded::Taken);
    let stored = db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents;
    let change = |index: usize, doc: Value| DocumentChange {
        id: stored[index].doc["_id"].as_str().unwrap().to_owned(),
        stamp: stored[index].stamp.clone(),
        doc: Some(object(doc)),
        audit: None,
    };
    let both = [change(0, json!({"_id": "a", "code": "w"})), change(1, json!({"_id": "b", "code": "w"}))];
    assert_eq!(db.store.change_documents("shop", &both).await.unwrap(), DocumentsChanged::Duplicate(unique.database_name()));
    let left = db.store.documents(&DocumentQuery::all("shop")).await.unwrap().documents;
    assert_eq!(left.iter().map(|stored| &stored.stamp).collect::<Vec<_>>(), stored.iter().map(|stored| &stored.stamp).collect::<Vec<_>>());
    // Of many at once one wins.
    let attempts = (0..8).map(|n| add(db, json!([{"_id": format!("r{n}"), "code": "race"}])));
    let outcomes = futures_join(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == DocumentsAdded::Done).count(), 1, "{outcomes:?}");
}

async fn futures_join<F: Future<Output = DocumentsAdded>>(attempts: impl Iterator<Item = F>) -> Vec<DocumentsAdded> {
    futures_util::future::join_all(attempts).await
}

async fn sparse_indexes_let_what_is_absent_be(db: &Database) {
    let sparse = index(&["code"], true, true);
    keep(db, std::slice::from_ref(&sparse)).await;
    assert_eq!(add(db, json!([{"_id": "a"}, {"_id": "b"}, {"_id": "c", "code": 1}])).await, DocumentsAdded::Done);
    assert_eq!(add(db, json!([{"_id": "d", "code": 1}])).await, DocumentsAdded::Duplicate(sparse.database_name()));
    assert_eq!(found(db, &sparse, &[&["null"]]).await, ["a", "b"]);
    assert_eq!(found(db, &sparse, &[&["1"]]).await, ["c"]);
}

async fn indexes_come_and_go_with_what_is_asked_for(db: &Database) {
    assert_eq!(add(db, json!([{"_id": "a", "code": 1}, {"_id": "b", "code": 1}])).await, DocumentsAdded::Done);
    let (unique, plain) = (index(&["code"], true, false), index(&["code"], false, false));
    let kept = db.store.keep_indexes(&[unique.clone(), plain.clone()]).await.unwrap();
    assert_eq!(kept.not_unique, std::slice::from_ref(&unique));
    // What is asked for again is there already.
    keep(db, std::slice::from_ref(&plain)).await;
    keep(db, std::slice::from_ref(&plain)).await;
    assert_eq!(found(db, &plain, &[&["1"]]).await, ["a", "b"]);
    assert_eq!(add(db, json!([{"_id": "c", "code": 1}])).await, DocumentsAdded::Done);
    keep(db, &[]).await;
    let fresh = index(&["name"], true, false);
    assert_eq!(db.store.keep_indexes(std::slice::from_ref(&fresh)).await.unwrap().not_unique, [fresh]);
    let several = tokio::join!(db.store.keep_indexes(std::slice::from_ref(&plain)), db.store.keep_indexes(std::slice::from_ref(&plain)));
    assert_eq!((several.0.unwrap(), several.1.unwrap()), (IndexesKept::default(), IndexesKept::default()));
}

async fn only_own_collections_have_indexes(db: &Database) {
    for collection in ["uni-id-users", "uni-id-roles", "opendb-verify-codes", "a'b", ""] {
        let index = CollectionIndex { collection: collection.into(), ..index(&["a"], true, false) };
        assert!(matches!(db.store.keep_indexes(std::slice::from_ref(&index)).await, Err(StoreError::Failed(_))), "{collection}");
        let query = DocumentQuery { keyed: Some(KeyedBy { index, values: vec![vec!["1".into()]] }), ..DocumentQuery::all("shop") };
        assert!(matches!(db.store.documents(&query).await, Err(StoreError::Failed(_))), "{collection}");
    }
}
