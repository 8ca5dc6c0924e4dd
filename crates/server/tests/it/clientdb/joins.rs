//! Joins by foreign keys.

use super::*;
use crate::kit::people::*;

both_engines!(library: foreign_keys_lead_to_other_documents, joins_keep_to_permissions, the_other_way_round);

fn library(builder: TestAppBuilder) -> TestAppBuilder {
    let text = || json!({"bsonType": "string"});
    let comment = json!({"bsonType": "object", "permission": {"read": true, "create": true}, "properties": {
        "user_id": {"bsonType": "string", "foreignKey": "uni-id-users._id"},
        "book_id": {"bsonType": "string", "foreignKey": "book._id"}, "text": text(), "hidden": {"bsonType": "string", "permission": {"read": false}}}});
    let book = json!({"bsonType": "object", "permission": {"read": "doc.open == true", "create": true}, "properties": {"title": text(), "open": {"bsonType": "bool"}}});
    builder.schema("comment", comment).schema("book", book)
}

async fn fill(app: &TestApp) -> anyhow::Result<String> {
    let (_, token) = someone(app, "alice").await?;
    store_user(app, "bob", json!({"nickname": "Bob", "mobile": "13800000002", "mobile_confirmed": 1})).await?;
    let books = json!([[{"_id": "b1", "title": "One", "open": true}, {"_id": "b2", "title": "Two", "open": false}]]);
    assert_eq!(ask(app, &token, "book", &[("add", books)]).await?["inserted"], 2);
    let comments = json!([[
        {"_id": "c1", "user_id": "u-bob", "book_id": "b1", "text": "first"}, {"_id": "c2", "user_id": "u-alice", "book_id": "b1", "text": "second"},
        {"_id": "c3", "user_id": "u-bob", "book_id": "b2", "text": "third"}]]);
    assert_eq!(ask(app, &token, "comment", &[("add", comments)]).await?["inserted"], 3);
    Ok(token)
}

/// `db.collection(...parts).….get()`, each part ended by `getTemp`.
async fn joined(app: &TestApp, token: &str, parts: &[(&str, &[(&str, Value)])], steps: &[(&str, Value)]) -> anyhow::Result<Value> {
    let temp = |(name, steps): &(&str, &[(&str, Value)])| {
        let steps: Vec<(&str, Value)> = steps.iter().cloned().chain([("getTemp", json!([]))]).collect();
        chain(name, &steps)
    };
    let mut calls = vec![step("collection", parts.iter().map(temp).collect())];
    calls.extend(steps.iter().map(|(method, params)| step(method, params.clone())));
    send(app, json!({"command": {"$db": calls}}), token).await
}

async fn foreign_keys_lead_to_other_documents(app: &TestApp) -> Outcome {
    let token = fill(app).await?;
    let users: (&str, &[(&str, Value)]) = ("uni-id-users", &[("field", json!(["_id,nickname"]))]);
    let comments: (&str, &[(&str, Value)]) = ("comment", &[("where", json!(["book_id == 'b1'"])), ("field", json!(["user_id,text"]))]);
    let found = data(joined(app, &token, &[comments, users], &[("orderBy", json!(["text desc"])), ("get", json!([]))]).await?);
    assert_eq!(
        found,
        json!([
            {"_id": "c2", "user_id": [{"_id": "u-alice"}], "text": "second"},
            {"_id": "c1", "user_id": [{"_id": "u-bob", "nickname": "Bob"}], "text": "first"},
        ])
    );
    // By the names of the collections alone, with a condition on both, and fields of what is joined.
    let steps = [
        ("where", json!(["user_id.nickname == 'Bob' && text != 'third'"])),
        ("field", json!(["text, user_id{nickname}, book_id.title"])),
        ("get", json!([{"getCount": true}])),
    ];
    let answer = ask(app, &token, "comment,uni-id-users", &steps).await?;
    assert_eq!((&answer["code"], &answer["count"]), (&json!(0), &json!(1)), "{answer}");
    assert_eq!(answer["data"], json!([{"_id": "c1", "text": "first", "user_id": [{"_id": "u-bob", "nickname": "Bob"}]}]));
    Ok(())
}

async fn joins_keep_to_permissions(app: &TestApp) -> Outcome {
    let token = fill(app).await?;
    let comments: (&str, &[(&str, Value)]) = ("comment", &[]);
    // A stranger's number is refused by name, and left out where it is not named.
    let numbers: (&str, &[(&str, Value)]) = ("uni-id-users", &[("field", json!(["mobile"]))]);
    denied(&joined(app, &token, &[comments, numbers], &[("get", json!([]))]).await?, "PERMISSION_ERROR");
    let whole: (&str, &[(&str, Value)]) = ("uni-id-users", &[]);
    let found = data(joined(app, &token, &[comments, whole], &[("where", json!(["_id == 'c1'"])), ("get", json!([]))]).await?);
    assert_eq!(found[0]["user_id"], json!([{"_id": "u-bob", "nickname": "Bob"}]));
    // Nor can a condition on the join find it.
    let found =
        data(joined(app, &token, &[comments, whole], &[("where", json!(["user_id.mobile == '13800000002'"])), ("get", json!([]))]).await?);
    assert_eq!(found, json!([]));
    denied(&joined(app, "", &[comments, whole], &[("get", json!([]))]).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    // Books that are not open are not there.
    let books: (&str, &[(&str, Value)]) = ("book", &[("field", json!(["title"]))]);
    let found = data(joined(app, "", &[comments, books], &[("field", json!(["book_id{title}"])), ("get", json!([]))]).await?);
    let one = json!([{"_id": "b1", "title": "One"}]);
    assert_eq!(found, json!([{"_id": "c1", "book_id": one}, {"_id": "c2", "book_id": one}, {"_id": "c3", "book_id": []}]));
    Ok(())
}

async fn the_other_way_round(app: &TestApp) -> Outcome {
    fill(app).await?;
    let books: (&str, &[(&str, Value)]) = ("book", &[("field", json!(["title"]))]);
    let comments: (&str, &[(&str, Value)]) = ("comment", &[("field", json!(["text,book_id"])), ("orderBy", json!(["text desc"]))]);
    let found = data(joined(app, "", &[books, comments], &[("get", json!([]))]).await?);
    let expected = json!([{"_id": "c2", "text": "second", "book_id": "b1"}, {"_id": "c1", "text": "first", "book_id": "b1"}]);
    assert_eq!(found, json!([{"_id": {"_value": "b1", "comment": expected}, "title": "One"}]));
    let strangers = joined(app, "", &[books, ("uni-id-log", &[])], &[("get", json!([]))]).await?;
    denied(&strangers, "SYNTAX_ERROR");
    Ok(())
}
