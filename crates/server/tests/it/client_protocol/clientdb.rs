//! Every request of clientDB that the original pages make, and every encoding of their library.

use super::*;

both_engines!(development: the_pages_requests_are_answered, failures_have_code_and_message);
both_engines!(with_notes: encodings_are_read);

fn with_notes(builder: TestAppBuilder) -> TestAppBuilder {
    let anybody = json!({"read": true, "create": true, "update": true, "delete": true});
    let properties = json!({"title": {"bsonType": "string"}, "since": {"bsonType": "date"}});
    builder.schema("note", json!({"bsonType": "object", "permission": anybody, "properties": properties}))
}

fn collection(name: &str) -> Value {
    step("collection", json!([name]))
}

async fn the_pages_requests_are_answered(app: &TestApp) -> Outcome {
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        let admins = json!([collection("uni-id-users"), step("where", json!([{"role": "admin"}])), step("count", json!([]))]);
        fits(&client.ask(admins.clone()).await?, &json!({"code": 0, "total": if kind == Kind::Dcloud { 0 } else { 1 }}));
        store_user(app, "boss", json!({"role": ["admin"]})).await?;
        fits(&client.ask(admins).await?, &json!({"code": 0, "total": 1}));

        let name = format!("alice-{}", format!("{kind:?}").to_lowercase());
        let uid = store_user(app, &name, json!({"nickname": "Alice", "mobile": "13800000001", "mobile_confirmed": 1})).await?;
        client.co("login", json!([{"username": name, "password": PASSWORD, "captcha": ""}])).await?;
        let own = json!([
            collection("uni-id-users"),
            step("where", json!(["'_id' == $cloudEnv_uid"])),
            step("field", json!(["mobile,nickname,username,email,avatar_file"])),
            step("get", json!([])),
        ]);
        let expected = json!({"_id": uid, "mobile": "13800000001", "nickname": "Alice", "username": name});
        fits(&client.ask(own).await?, &json!({"code": 0, "message": "", "data": [expected]}));
        let update =
            |change: Value| json!([collection("uni-id-users"), step("where", json!(["_id==$env.uid"])), step("update", json!([change]))]);
        let url = app.url("/storage/x/a.png");
        for (change, updated) in [
            (json!({"nickname": "Alice2"}), 1),
            (json!({"nickname": "Alice2"}), 0),
            (json!({"avatar_file": {"extname": "png", "name": "a.png", "url": url}}), 1),
        ] {
            fits(&client.ask(update(change)).await?, &json!({"code": 0, "updated": updated}));
        }
        // uvue
        let by_id = |last: Value| json!([collection("uni-id-users"), step("doc", json!([uid])), last]);
        let mut read = by_id(step("field", json!(["_id,username,nickname,avatar_file,mobile"])));
        read.as_array_mut().into_iter().for_each(|steps| steps.push(step("get", json!([]))));
        let expected = json!({"_id": uid, "username": name, "nickname": "Alice2",
            "avatar_file": {"extname": "png", "name": "a.png", "url": url}, "mobile": "13800000001"});
        fits(&client.ask(read).await?, &json!({"code": 0, "message": "", "data": [expected]}));
        for updated in [1, 0] {
            let neo = step("update", json!([{"nickname": "Neo"}]));
            fits(&client.ask(by_id(neo)).await?, &json!({"code": 0, "updated": updated}));
        }
        client.log_out();
        app.store.remove("uni-id-users", &uid).await?;
    }
    Ok(())
}

fn db_command(method: &str, params: Value) -> Value {
    json!({"$db": [{"$method": "command"}, step(method, params)]})
}

async fn encodings_are_read(app: &TestApp) -> Outcome {
    store_user(app, "boss", json!({"role": ["admin"], "register_date": START, "nickname": "Boss"})).await?;
    store_user(app, "other", json!({"register_date": START + 1, "nickname": "Other"})).await?;
    let now = app.program().state().base.clock.now_ms();
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        client.co("login", json!([{"username": "boss", "password": PASSWORD, "captcha": ""}])).await?;
        let found = async |condition: Value| {
            let steps =
                [collection("uni-id-users"), step("where", json!([condition])), step("field", json!(["_id"])), step("get", json!([]))];
            let mut answer = client.ask(json!(steps)).await?;
            assert_eq!(answer["code"], 0, "{condition}: {answer}");
            let ids = answer["data"].as_array_mut().into_iter().flatten().map(|doc| doc["_id"].take());
            anyhow::Ok(ids.filter_map(|id| id.as_str().map(str::to_owned)).collect::<Vec<_>>().join(" "))
        };
        for (condition, expected) in [
            (json!({"_id": {"$env": "uid"}}), "u-boss"),
            (json!({"nickname": {"$regexp": {"source": "^bo", "flags": "i"}}}), "u-boss"),
            (json!({"nickname": {"$newDb": [step("RegExp", json!([{"regexp": "^OT", "options": "i"}]))]}}), "u-other"),
            (json!({"register_date": db_command("gt", json!([START]))}), "u-other"),
            (json!({"register_date": {"$date": "2020-01-01T00:00:00.000Z"}}), ""),
            (json!("/^bo/i.test(nickname) && register_date <= $env.now && _id == $cloudEnv_uid"), "u-boss"),
        ] {
            assert_eq!(found(condition.clone()).await?, expected, "{kind:?} {condition}");
        }
        // serverDate
        let date = json!({"$newDb": [step("serverDate", json!([{"offset": 1000}]))]});
        let add = client.ask(json!([collection("note"), step("add", json!([{"_id": "r", "title": "R"}]))])).await?;
        fits(&add, &json!({"code": 0, "inserted": 1, "id": "r"}));
        let change = step("update", json!([{"title": db_command("set", json!(["d"])), "since": date}]));
        fits(&client.ask(json!([collection("note"), step("doc", json!(["r"])), change])).await?, &json!({"code": 0, "updated": 1}));
        let since = json!({"since": {"$date": now + 1000}});
        let steps = json!([collection("note"), step("where", json!([since])), step("count", json!([]))]);
        fits(&client.ask(steps).await?, &json!({"code": 0, "total": 1}));
        let title = |options: Value| json!([collection("note"), step("field", json!(["title"])), step("get", options)]);
        let note = json!({"_id": "r", "title": "d"});
        fits(&client.ask(title(json!([{"getOne": true}]))).await?, &json!({"code": 0, "message": "", "data": note}));
        let expected = json!({"code": 0, "message": "", "data": [note], "count": 1});
        fits(&client.ask(title(json!([{"getCount": true}]))).await?, &expected);
        // getTemp: a chain as a collection's parameter.
        let chain =
            [collection("note"), step("where", json!(["title == 'd'"])), step("field", json!(["_id,title"])), step("getTemp", json!([]))];
        let joined = json!([step("collection", json!([{"$db": chain}])), step("get", json!([]))]);
        fits(&client.ask(joined).await?, &json!({"code": 0, "message": "", "data": [note]}));
        // Several commands at once.
        let several = json!([
            {"command": {"$db": [collection("note"), step("count", json!([]))]}},
            {"command": {"$db": [collection("opendb-verify-codes"), step("get", json!([]))]}},
        ]);
        let answer = client.invoke("DCloud-clientDB", json!({"multiCommand": several})).await?;
        let refused = json!({"code": "PERMISSION_ERROR", "message": "<words>"});
        fits(&answer, &json!({"code": 0, "dataList": [{"code": 0, "total": 1}, refused]}));
        let remove = json!([collection("note"), step("doc", json!(["r"])), step("remove", json!([]))]);
        fits(&client.ask(remove).await?, &json!({"code": 0, "deleted": 1}));
        client.log_out();
    }
    Ok(())
}

async fn failures_have_code_and_message(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    for kind in KINDS {
        let client = Client::new(app, kind);
        client.authorise().await?;
        let own = || json!([collection("uni-id-users"), step("where", json!(["_id == $env.uid"])), step("get", json!([]))]);
        let failure = |code: &str| json!({"code": code, "message": "<words>"});
        fits(&client.ask(own()).await?, &failure("TOKEN_INVALID_ANONYMOUS_USER"));
        *client.token.lock() = "not a token".into();
        fits(&client.ask(own()).await?, &failure("TOKEN_INVALID_WRONG_TOKEN"));
        client.log_out();
        client.co("login", json!([{"username": "alice", "password": PASSWORD, "captcha": ""}])).await?;
        for (steps, code) in [
            (json!([collection("uni-id-users"), step("where", json!(["a =="])), step("get", json!([]))]), "SYNTAX_ERROR"),
            (json!([collection("uni-id-users"), step("aggregate", json!([])), step("end", json!([]))]), "NOT_SUPPORTED"),
            (json!([collection("uni-id-users"), step("limit", json!([5000])), step("get", json!([]))]), "QUERY_TOO_LARGE"),
            (json!([collection("opendb-verify-codes"), step("get", json!([]))]), "PERMISSION_ERROR"),
        ] {
            fits(&client.ask(steps).await?, &failure(code));
        }
        app.clock.advance(7201 * 1000);
        client.authorise().await?;
        fits(&client.ask(own()).await?, &failure("TOKEN_INVALID_TOKEN_EXPIRED"));
        client.log_out();
    }
    Ok(())
}
