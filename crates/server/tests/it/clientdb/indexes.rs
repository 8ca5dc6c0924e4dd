//! Indexes of a project's own collections: unique ones refuse, and all of them find what a look at every document finds.

use super::*;

both_engines!(indexed: unique_indexes_refuse_with_their_fields, an_index_changes_no_answer);
each_engine!(a_start_with_duplicates_is_refused_by_name);

fn schema() -> Value {
    json!({"bsonType": "object", "permission": {"read": true, "create": true, "update": true, "delete": true},
        "properties": {"isbn": {}, "shelf": {}, "place": {"bsonType": "object"}, "n": {}}})
}

fn index(name: &str, fields: &[&str], unique: bool) -> Value {
    let keys: Vec<Value> = fields.iter().map(|field| json!({"Name": field, "Direction": "1"})).collect();
    json!({"IndexName": name, "MgoKeySchema": {"MgoIndexKeys": keys, "MgoIsUnique": unique}})
}

fn indexed(builder: TestAppBuilder) -> TestAppBuilder {
    let indexes = json!([index("isbn", &["isbn"], true), index("where", &["shelf", "place.row"], false), index("n", &["n"], false)]);
    builder
        .schema("book", schema())
        .schema("plain", schema())
        .center_file("database/book.index.json", indexes.to_string())
        // What the project says of the account collections' indexes changes nothing.
        .center_file("database/uni-id-users.index.json", json!([index("name", &["username"], true)]).to_string())
}

async fn unique_indexes_refuse_with_their_fields(app: &TestApp) -> Outcome {
    let add = async |docs: Value| ask(app, "", "book", &[("add", json!([docs]))]).await;
    assert_eq!(add(json!([{"_id": "a", "isbn": "1"}, {"_id": "b", "isbn": "2"}])).await?["inserted"], 2);
    for docs in [json!({"isbn": "1"}), json!([{"isbn": "3"}, {"isbn": "1"}]), json!([{"isbn": "4"}, {"isbn": "4"}])] {
        let answer = add(docs).await?;
        denied(&answer, "DUPLICATE_KEY");
        assert_eq!(answer["message"], "isbn exists already.");
    }
    let change = [("doc", json!(["b"])), ("update", json!([{"isbn": "1"}]))];
    denied(&ask(app, "", "book", &change).await?, "DUPLICATE_KEY");
    assert_eq!(data(ask(app, "", "book", &[("field", json!(["isbn"])), ("get", json!([]))]).await?).as_array().map(Vec::len), Some(2));
    assert_eq!(add(json!({"isbn": 1})).await?["inserted"], 1, "a number is no text");
    Ok(())
}

async fn an_index_changes_no_answer(app: &TestApp) -> Outcome {
    let docs: Vec<Value> = (0..60)
        .map(|n| {
            let n_of =
                [json!(n % 7), json!(f64::from(n % 7)), json!((n % 7).to_string()), json!([n % 7, "x"]), json!(null), json!(n % 2 == 0)];
            let mut doc = json!({"_id": format!("{n:02}"), "isbn": n, "shelf": format!("s{}", n % 4), "n": n_of[n as usize % 6]});
            match n % 5 {
                0 => doc["place"] = json!({"row": n % 3}),
                1 => doc["place"] = json!({"row": null}),
                2 => doc["shelf"] = json!(["s1", "s2"]),
                3 => doc["n"] = json!({"$date": 1_760_000_000_000_i64 + i64::from(n)}),
                _ => {}
            }
            doc
        })
        .collect();
    for collection in ["book", "plain"] {
        assert_eq!(ask(app, "", collection, &[("add", json!([docs]))]).await?["inserted"], 60);
    }
    for condition in [
        json!("isbn == 5"),
        json!("isbn in [1, 2.0, 99]"),
        json!("shelf == 's1'"),
        json!("shelf == 's1' && place.row == 1"),
        json!({"shelf": "s0", "place": {"row": null}}),
        json!({"shelf": command("in", json!([["s1", "s3"]])), "place.row": command("in", json!([[0, 1, null]]))}),
        json!("n == 3"),
        json!("n == '3'"),
        json!("n == null"),
        json!("n == true"),
        json!({"n": {"$date": 1_760_000_000_003_i64}}),
        json!({"n": [3, "x"]}),
        json!("n == 3 && isbn > 10 || shelf == 's2'"),
        json!("!(n == 3) && shelf == 's2'"),
    ] {
        let steps = [("where", json!([condition])), ("field", json!(["_id"])), ("get", json!([{"getCount": true}]))];
        let (with, without) = (ask(app, "", "book", &steps).await?, ask(app, "", "plain", &steps).await?);
        assert_eq!(with, without, "{condition}");
        assert_eq!(with["code"], 0);
    }
    // Keyed changes as well.
    for collection in ["book", "plain"] {
        let steps = [("where", json!(["shelf == 's1' && n == 3"])), ("update", json!([{"n": 77}]))];
        let answer = ask(app, "", collection, &steps).await?;
        assert!(answer["updated"].as_u64().is_some_and(|updated| updated > 0), "{answer}");
        assert_eq!(ask(app, "", collection, &[("where", json!(["n == 77"])), ("count", json!([]))]).await?["total"], answer["updated"]);
    }
    Ok(())
}

async fn a_start_with_duplicates_is_refused_by_name(engine: Engine) -> Outcome {
    let app = TestApp::builder().engine(engine).schema("book", schema()).start().await?;
    let docs = json!([[{"isbn": "1"}, {"isbn": "1"}]]);
    assert_eq!(ask(&app, "", "book", &[("add", docs)]).await?["inserted"], 2);
    let database = app.stop_and_keep_database().await?;
    let indexes = json!([index("isbn", &["isbn"], true)]).to_string();
    let again = TestApp::builder().engine(engine).database(database.shared());
    let refused = again.schema("book", schema()).center_file("database/book.index.json", indexes).start().await;
    let words = refused.err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(words.contains("book.index.json") && words.contains("isbn cannot be unique"), "{words}");
    database.remove().await
}
