//! A project's own collections, by its schema files.

use super::*;
use crate::kit::people::*;

both_engines!(todos: parts_of_objects_have_permissions_of_their_own, documents_belong_to_whom_the_schema_says, validators_hold, values_are_filled_in, permissions_look_into_other_documents,
    fields_have_permissions_of_their_own, what_changed_in_between_is_decided_again, schemas_of_a_folder_cannot_open_secrets);

fn todos(builder: TestAppBuilder) -> TestAppBuilder {
    let todo = json!({
        "bsonType": "object",
        "permission": {
            "read": "doc.user_id == auth.uid || doc.public == true", "create": "auth.uid != null",
            "update": "doc.user_id == auth.uid", "delete": "doc.user_id == auth.uid"
        },
        "required": ["title"],
        "properties": {
            "_id": {"description": "ID"},
            "user_id": {"bsonType": "string", "forceDefaultValue": {"$env": "uid"}, "foreignKey": "uni-id-users._id"},
            "title": {"bsonType": "string", "title": "Title", "trim": "both", "minLength": 1, "maxLength": 20, "errorMessage": {"maxLength": "{title} 太长了"}},
            "code": {"bsonType": "string", "pattern": "^[A-Z]{3}$"},
            "state": {"bsonType": "int", "enum": [{"value": 0, "text": "open"}, {"value": 1, "text": "done"}], "defaultValue": 0},
            "effort": {"bsonType": "double", "minimum": 0, "exclusiveMinimum": true, "maximum": 10},
            "mail": {"bsonType": "string", "format": "email"},
            "public": {"bsonType": "bool", "defaultValue": false},
            "tags": {"bsonType": "array", "items": {"bsonType": "string", "maxLength": 5}},
            "place": {"bsonType": "object", "required": ["city"], "properties": {"city": {"bsonType": "string"}, "floor": {"bsonType": "int"}}},
            "due": {"bsonType": "date"},
            "secret": {"bsonType": "string", "permission": {"read": "doc.user_id == auth.uid", "write": "'editor' in auth.role"}},
            "hash": {"bsonType": "password"},
            "ip": {"bsonType": "string", "defaultValue": {"$env": "clientIP"}},
            "created": {"bsonType": "timestamp", "forceDefaultValue": {"$env": "now"}},
            "n": {"bsonType": "int"}
        }
    });
    let note = json!({
        "bsonType": "object",
        "permission": {"read": "get(`database.todo.${doc.todo_id}`).user_id == auth.uid", "create": true, "update": false, "delete": false},
        "properties": {"todo_id": {"bsonType": "string", "foreignKey": "todo._id"}, "text": {"bsonType": "string"}}
    });
    let users = json!({"bsonType": "object", "permission": {"read": true, "update": true}, "properties": {
        "password": {"bsonType": "string", "permission": {"read": true, "write": true}}, "nickname": {"bsonType": "string"}}});
    let codes = json!({"bsonType": "object", "permission": true, "properties": {"code": {"bsonType": "string"}}});
    let card = json!({
        "bsonType": "object", "permission": {"read": true, "create": true, "update": true, "delete": false},
        "properties": {
            "name": {"bsonType": "string"},
            "deep": {"bsonType": "object", "properties": {
                "open": {"bsonType": "string"},
                "pin": {"bsonType": "string", "permission": {"read": false, "write": "'editor' in auth.role"}},
                "list": {"bsonType": "array", "items": {"bsonType": "object", "properties": {
                    "a": {"bsonType": "int"}, "b": {"bsonType": "int", "permission": {"read": false}}}}}}}
        }
    });
    let builder = builder.schema("card", card);
    builder.schema("todo", todo).schema("note", note).schema("uni-id-users", users).schema("opendb-verify-codes", codes)
}

async fn add(app: &TestApp, token: &str, doc: Value) -> anyhow::Result<Value> {
    ask(app, token, "todo", &[("add", json!([doc]))]).await
}

async fn added(app: &TestApp, token: &str, doc: Value) -> anyhow::Result<String> {
    let answer = add(app, token, doc).await?;
    assert_eq!((&answer["code"], &answer["inserted"]), (&json!(0), &json!(1)), "{answer}");
    Ok(answer["id"].as_str().unwrap_or_default().to_owned())
}

async fn documents_belong_to_whom_the_schema_says(app: &TestApp) -> Outcome {
    let ((alice, alices), (_, bobs)) = (someone(app, "alice").await?, someone(app, "bob").await?);
    denied(&add(app, "", json!({"title": "x"})).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    let private = added(app, &alices, json!({"title": "private"})).await?;
    let public = added(app, &alices, json!({"title": "public", "public": true, "user_id": "somebody else"})).await?;
    let titles = async |token: &str| {
        let found = data(ask(app, token, "todo", &[("field", json!(["title,user_id"])), ("get", json!([]))]).await?);
        anyhow::Ok(found)
    };
    let shown = |id: &str, title: &str| json!({"_id": id, "title": title, "user_id": alice});
    assert_eq!(titles(&alices).await?, json!([shown(&private, "private"), shown(&public, "public")]));
    assert_eq!(titles(&bobs).await?, json!([shown(&public, "public")]));
    assert_eq!(titles("").await?, json!([shown(&public, "public")]));
    for id in [&private, &public] {
        for deed in [("update", json!([{"title": "mine"}])), ("remove", json!([]))] {
            denied(&ask(app, &bobs, "todo", &[("doc", json!([id])), deed.clone()]).await?, "PERMISSION_ERROR");
            denied(&ask(app, "", "todo", &[("doc", json!([id])), deed]).await?, "TOKEN_INVALID_ANONYMOUS_USER");
        }
    }
    // Nothing is half done: one of these is not Bob's.
    let bobs_own = added(app, &bobs, json!({"title": "bob's"})).await?;
    let both = json!([format!("_id in ['{bobs_own}', '{public}']")]);
    denied(&ask(app, &bobs, "todo", &[("where", both), ("update", json!([{"state": 1}]))]).await?, "PERMISSION_ERROR");
    let found = data(ask(app, &bobs, "todo", &[("doc", json!([bobs_own])), ("get", json!([]))]).await?);
    assert_eq!(found[0]["state"], 0);
    let remove = [("where", json!(["user_id == $env.uid"])), ("remove", json!([]))];
    assert_eq!(ask(app, &alices, "todo", &remove).await?, json!({"code": 0, "deleted": 2}));
    assert_eq!(data(ask(app, &bobs, "todo", &[("get", json!([]))]).await?).as_array().map(Vec::len), Some(1));
    Ok(())
}

async fn validators_hold(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    for wrong in [
        json!({}),
        json!({"title": null}),
        json!({"title": ""}),
        json!({"title": "   "}),
        json!({"title": 5}),
        json!({"title": "x", "code": "abc"}),
        json!({"title": "x", "state": 2}),
        json!({"title": "x", "effort": 0}),
        json!({"title": "x", "effort": 10.5}),
        json!({"title": "x", "effort": "1"}),
        json!({"title": "x", "mail": "nobody"}),
        json!({"title": "x", "tags": ["much too long"]}),
        json!({"title": "x", "tags": "a"}),
        json!({"title": "x", "place": {"floor": 1}}),
        json!({"title": "x", "place": {"city": "a", "street": "b"}}),
        json!({"title": "x", "due": "tomorrow"}),
        json!({"title": "x", "unknown": 1}),
    ] {
        denied(&add(app, &token, wrong).await?, "VALIDATION_ERROR");
    }
    let long = add(app, &token, json!({"title": "x".repeat(21)})).await?;
    assert_eq!(long, json!({"code": "VALIDATION_ERROR", "message": "Title 太长了"}));
    denied(&add(app, &token, json!({"title": "x", "hash": "y"})).await?, "PERMISSION_ERROR");
    let id = added(
        app,
        &token,
        json!({"title": " x ", "code": "ABC", "effort": 9.5, "mail": "a@b.cn", "tags": ["a"], "place": {"city": "深圳"}}),
    )
    .await?;
    let change = async |change: Value| ask(app, &token, "todo", &[("doc", json!([id])), ("update", json!([change]))]).await;
    for wrong in [
        json!({"title": ""}),
        json!({"code": "x"}),
        json!({"state": 7}),
        json!({"place": {"street": "b"}}),
        json!({"unknown": 1}),
        json!({"tags": command("push", json!(["much too long"]))}),
        json!({"effort": command("inc", json!([1]))}),
        json!({"title": command("remove", json!([]))}),
    ] {
        denied(&change(wrong).await?, "VALIDATION_ERROR");
    }
    denied(&change(json!({"user_id": "u-bob"})).await?, "PERMISSION_ERROR");
    denied(&change(json!({"hash": "y"})).await?, "PERMISSION_ERROR");
    denied(&change(json!({"_id": "y"})).await?, "SYNTAX_ERROR");
    assert_eq!(change(json!({"place": {"floor": 3}, "tags": command("push", json!(["b"]))})).await?["updated"], 1);
    let found = data(ask(app, &token, "todo", &[("doc", json!([id])), ("get", json!([]))]).await?);
    assert_eq!(
        (&found[0]["title"], &found[0]["place"], &found[0]["tags"]),
        (&json!("x"), &json!({"city": "深圳", "floor": 3}), &json!(["a", "b"]))
    );
    Ok(())
}

async fn values_are_filled_in(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    let sent = json!({"title": "x", "created": 5, "user_id": "other", "due": {"$date": "2026-01-01T00:00:00.000Z"}});
    let id = added(app, &token, sent).await?;
    let now = app.program().state().base.clock.now_ms();
    let found = data(ask(app, &token, "todo", &[("doc", json!([id])), ("get", json!([]))]).await?);
    let expected = json!({"_id": id, "title": "x", "created": now, "user_id": uid, "due": "2026-01-01T00:00:00.000Z", "state": 0, "public": false,
        "ip": "127.0.0.1"});
    assert_eq!(found, json!([expected]));
    // Several at once, with ids of one's own; a second one of the same id is refused, and then none is added.
    let many = ask(app, &token, "todo", &[("add", json!([[{"_id": "a", "title": "1"}, {"_id": "b", "title": "2"}]]))]).await?;
    assert_eq!(many, json!({"code": 0, "inserted": 2, "ids": ["a", "b"]}));
    let again = ask(app, &token, "todo", &[("add", json!([[{"_id": "c", "title": "1"}, {"_id": "b", "title": "2"}]]))]).await?;
    denied(&again, "DUPLICATE_KEY");
    assert_eq!(data(ask(app, &token, "todo", &[("get", json!([]))]).await?).as_array().map(Vec::len), Some(3));
    Ok(())
}

async fn permissions_look_into_other_documents(app: &TestApp) -> Outcome {
    let ((_, alices), (_, bobs)) = (someone(app, "alice").await?, someone(app, "bob").await?);
    let todo = added(app, &alices, json!({"title": "x"})).await?;
    for target in [todo.as_str(), "gone"] {
        let answer = ask(app, &bobs, "note", &[("add", json!([{"todo_id": target, "text": "hello"}]))]).await?;
        assert_eq!(answer["code"], 0, "{answer}");
    }
    let texts = async |token: &str| anyhow::Ok(data(ask(app, token, "note", &[("field", json!(["todo_id"])), ("get", json!([]))]).await?));
    assert_eq!(texts(&alices).await?[0]["todo_id"], json!(todo));
    assert_eq!(texts(&alices).await?.as_array().map(Vec::len), Some(1));
    assert_eq!(texts(&bobs).await?, json!([]));
    denied(&ask(app, "", "note", &[("get", json!([]))]).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    Ok(())
}

async fn fields_have_permissions_of_their_own(app: &TestApp) -> Outcome {
    let (_, alices) = someone(app, "alice").await?;
    let bob = store_user(app, "bob", json!({"role": ["editor"]})).await?;
    let bobs = log_in(app, "bob").await?;
    denied(&add(app, &alices, json!({"title": "x", "secret": "s"})).await?, "PERMISSION_ERROR");
    let id = added(app, &bobs, json!({"title": "x", "secret": "s", "public": true})).await?;
    let get = async |token: &str, fields: &str| {
        ask(app, token, "todo", &[("doc", json!([id])), ("field", json!([fields])), ("get", json!([]))]).await
    };
    assert_eq!(data(get(&bobs, "secret").await?), json!([{"_id": id, "secret": "s"}]));
    denied(&get(&alices, "secret").await?, "PERMISSION_ERROR");
    denied(&get("", "secret").await?, "TOKEN_INVALID_ANONYMOUS_USER");
    let whole = data(ask(app, &alices, "todo", &[("doc", json!([id])), ("get", json!([]))]).await?);
    assert_eq!((whole[0].get("secret"), &whole[0]["user_id"]), (None, &json!(bob)));
    Ok(())
}

async fn what_changed_in_between_is_decided_again(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let id = added(app, &token, json!({"title": "x", "n": 0})).await?;
    let steps = [("doc", json!([id])), ("update", json!([{"n": command("inc", json!([1]))}]))];
    let increase = || ask(app, &token, "todo", &steps);
    for answer in [tokio::join!(increase(), increase(), increase(), increase())].map(|(a, b, c, d)| [a, b, c, d]).into_iter().flatten() {
        assert_eq!(answer?, json!({"code": 0, "updated": 1}));
    }
    assert_eq!(data(ask(app, &token, "todo", &[("doc", json!([id])), ("get", json!([]))]).await?)[0]["n"], 4);
    Ok(())
}

async fn schemas_of_a_folder_cannot_open_secrets(app: &TestApp) -> Outcome {
    let (uid, token) = someone(app, "alice").await?;
    // The project's schema stands: everybody may read nicknames. Passwords it cannot open.
    let admin = store_user(app, "boss", json!({"role": ["admin"]})).await?;
    let boss = log_in(app, "boss").await?;
    assert_eq!(data(ask(app, "", "uni-id-users", &[("doc", json!([uid])), ("get", json!([]))]).await?), json!([{"_id": uid}]));
    for token in [&token, &boss, ""] {
        denied(&ask(app, token, "uni-id-users", &[("field", json!(["password"])), ("get", json!([]))]).await?, "PERMISSION_ERROR");
        denied(
            &ask(app, token, "uni-id-users", &[("doc", json!([admin])), ("update", json!([{"password": "x"}]))]).await?,
            "PERMISSION_ERROR",
        );
        denied(&ask(app, token, "opendb-verify-codes", &[("get", json!([]))]).await?, "PERMISSION_ERROR");
    }
    Ok(())
}

async fn parts_of_objects_have_permissions_of_their_own(app: &TestApp) -> Outcome {
    store_user(app, "ed", json!({"role": ["editor"]})).await?;
    let editor = log_in(app, "ed").await?;
    let whole = json!({"_id": "c", "name": "n", "deep": {"open": "o", "pin": "1234", "list": [{"a": 1, "b": 2}]}});
    denied(&ask(app, "", "card", &[("add", json!([whole]))]).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    assert_eq!(ask(app, &editor, "card", &[("add", json!([whole]))]).await?["inserted"], 1);
    let shown = json!([{"_id": "c", "name": "n", "deep": {"open": "o", "list": [{"a": 1}]}}]);
    assert_eq!(data(ask(app, &editor, "card", &[("get", json!([]))]).await?), shown);
    assert_eq!(data(ask(app, "", "card", &[("field", json!(["name,deep"])), ("get", json!([]))]).await?), shown);
    for steps in [
        vec![("field", json!(["deep.pin"])), ("get", json!([]))],
        vec![("field", json!(["deep.list.b"])), ("get", json!([]))],
        vec![("where", json!(["deep.pin == '1234'"])), ("get", json!([]))],
        vec![("where", json!(["deep.list.b == 2"])), ("get", json!([]))],
        vec![("where", json!(["deep.list.0.b == 2"])), ("get", json!([]))],
        vec![("where", json!([{"deep": command("elemMatch", json!([{"pin": "1234"}]))}])), ("get", json!([]))],
        // Objects are not compared, grouped or computed with as a whole either.
        vec![("groupBy", json!(["deep"])), ("get", json!([]))],
        vec![("groupBy", json!(["name"])), ("groupField", json!(["push(deep) as all"])), ("get", json!([]))],
        vec![("field", json!(["deep"])), ("distinct", json!([])), ("get", json!([]))],
        vec![("field", json!(["ifNull(deep, 1) as x"])), ("get", json!([]))],
    ] {
        denied(&ask(app, &editor, "card", &steps).await?, "PERMISSION_ERROR");
    }
    for change in [
        json!({"deep": {"pin": "0"}}),
        json!({"deep": command("set", json!([{"pin": "0"}]))}),
        json!({"name": command("rename", json!(["deep"]))}),
    ] {
        denied(&ask(app, "", "card", &[("doc", json!(["c"])), ("update", json!([change]))]).await?, "TOKEN_INVALID_ANONYMOUS_USER");
    }
    assert_eq!(ask(app, "", "card", &[("doc", json!(["c"])), ("update", json!([{"deep": {"open": "p"}}]))]).await?["updated"], 1);
    Ok(())
}
