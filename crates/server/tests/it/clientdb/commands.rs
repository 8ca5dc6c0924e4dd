//! Conditions, commands, functions, order, groups: what the language can say.

use super::*;
use crate::kit::people::*;

both_engines!(goods: conditions_find_what_they_say, documents_are_sorted_and_cut, fields_are_chosen_and_computed, groups_and_totals,
    updates_by_commands, several_commands_at_once);

fn goods(builder: TestAppBuilder) -> TestAppBuilder {
    let field = |kind: &str| json!({"bsonType": kind});
    let schema = json!({
        "bsonType": "object", "permission": {"read": true, "count": true, "create": true, "update": true, "delete": true},
        "properties": {"name": field("string"), "price": field("double"), "kind": field("string"), "tags": field("array"), "size": field("object"),
            "made": field("date"), "stock": {"bsonType": ["int", "string"]}, "gone": field("bool"), "parts": field("array"), "other": field("string")}
    });
    builder.schema("goods", schema)
}

const MADE: i64 = 1_760_000_000_000;

async fn fill(app: &TestApp) -> Outcome {
    let date = |days: i64| json!({"$date": MADE + days * 86_400_000});
    let docs = json!([
        {"_id": "1", "name": "apple", "price": 3, "kind": "fruit", "tags": ["red", "sweet"], "size": {"w": 1, "h": 2}, "made": date(0), "stock": 5},
        {"_id": "2", "name": "Banana", "price": 1.5, "kind": "fruit", "tags": ["yellow"], "size": {"w": 2, "h": 2}, "made": date(1), "stock": "many"},
        {"_id": "3", "name": "carrot", "price": 1, "kind": "root", "tags": [], "gone": true, "made": date(2), "parts": [{"a": 1, "b": 2}, {"a": 3}]},
        {"_id": "4", "name": "中国梨", "price": 10, "kind": "fruit", "gone": false, "made": date(3), "parts": [{"a": 5, "b": 9}]},
    ]);
    assert_eq!(ask(app, "", "goods", &[("add", json!([docs]))]).await?["inserted"], 4);
    Ok(())
}

async fn found(app: &TestApp, condition: Value) -> anyhow::Result<String> {
    let answer =
        ask(app, "", "goods", &[("where", json!([condition])), ("field", json!(["_id"])), ("get", json!([{"getCount": true}]))]).await?;
    assert_eq!(answer["code"], 0, "{condition}: {answer}");
    let ids: Vec<&str> = answer["data"].as_array().into_iter().flatten().filter_map(|doc| doc["_id"].as_str()).collect();
    assert_eq!(answer["count"], ids.len());
    Ok(ids.join(""))
}

async fn conditions_find_what_they_say(app: &TestApp) -> Outcome {
    fill(app).await?;
    let regexp = |source: &str, flags: &str| json!({"$regexp": {"source": source, "flags": flags}});
    let made = |days: i64| json!({"$date": MADE + days * 86_400_000});
    for (condition, expected) in [
        (json!("price > 1"), "124"),
        (json!("price >= 1 && price <= 3"), "123"),
        (json!("1 < price"), "124"),
        (json!("kind == 'root' || price == 10"), "34"),
        (json!("!(kind == 'fruit')"), "3"),
        (json!("kind != 'fruit'"), "3"),
        (json!("name in ['apple', 'carrot', 'x']"), "13"),
        (json!("'red' in tags"), "1"),
        (json!("tags == 'yellow'"), "2"),
        (json!("tags == []"), "3"),
        (json!("size.w == 2"), "2"),
        (json!("gone == null"), "12"),
        (json!("gone != null"), "34"),
        (json!("gone == false"), "4"),
        (json!("stock == 5"), "1"),
        (json!("stock == '5'"), ""),
        (json!("stock > 1"), "1"),
        (json!("/^B/.test(name)"), "2"),
        (json!("/^b/i.test(name)"), "2"),
        (json!("new RegExp('^中国').test(name)"), "4"),
        (json!("parts.a == 3"), "3"),
        (json!("parts.0.a == 5"), "4"),
        (json!("price * 2 == 6"), "1"),
        (json!("add(price, 1) == 11"), "4"),
        (json!("price == size.w"), ""),
        (json!("size.w == size.h"), "2"),
        (json!("size(tags) == 2"), "1"),
        (json!("toLower(name) == 'banana'"), "2"),
        (json!("year(made) == 2025 && dayOfMonth(made) == 10"), "2"),
        (json!("made > new Date(1760000000000)"), "234"),
        (json!({"kind": "fruit", "price": command("gt", json!([2]))}), "14"),
        (json!({"price": command("in", json!([[1, 10]]))}), "34"),
        (json!({"price": command("nin", json!([[1, 10]]))}), "12"),
        (json!({"gone": command("exists", json!([false]))}), "12"),
        (json!({"tags": command("size", json!([1]))}), "2"),
        (json!({"tags": command("all", json!([["sweet", "red"]]))}), "1"),
        (json!({"price": command("mod", json!([[5, 0]]))}), "4"),
        (json!({"parts": command("elemMatch", json!([{"a": 1, "b": 2}]))}), "3"),
        (json!({"parts": command("elemMatch", json!([{"a": 3, "b": 2}]))}), ""),
        (json!({"tags": command("elemMatch", json!([command("eq", json!(["red"]))]))}), "1"),
        (json!({"name": regexp("^A", "i")}), "1"),
        (json!({"name": {"$newDb": [step("RegExp", json!([{"regexp": "^A", "options": "i"}]))]}}), "1"),
        (json!({"made": command("lte", json!([made(1)]))}), "12"),
        (json!({"size": {"w": 2}}), "2"),
        (
            json!({"price": {"$db": [{"$method": "command"}, step("gt", json!([1])), step("and", json!([command("lt", json!([5]))]))]}}),
            "12",
        ),
        (
            json!({"price": {"$db": [{"$method": "command"}, step("lt", json!([1.2])), step("or", json!([command("gt", json!([5]))]))]}}),
            "34",
        ),
        (command("or", json!([[{"name": "apple"}, {"price": 1}]])), "13"),
        (command("and", json!([[{"kind": "fruit"}, command("or", json!([[{"price": 3}, {"price": 10}]]))]])), "14"),
        (json!({"kind": "'; DROP TABLE documents; --"}), ""),
        (json!("name == \"' OR 1=1 --\""), ""),
        (json!({}), "1234"),
    ] {
        assert_eq!(found(app, condition.clone()).await?, expected, "{condition}");
    }
    Ok(())
}

async fn documents_are_sorted_and_cut(app: &TestApp) -> Outcome {
    fill(app).await?;
    let ids = async |steps: Vec<(&str, Value)>| {
        let steps: Vec<_> = steps.into_iter().chain([("get", json!([]))]).collect();
        let docs = data(ask(app, "", "goods", &steps).await?);
        anyhow::Ok(docs.as_array().into_iter().flatten().filter_map(|doc| doc["_id"].as_str().map(str::to_owned)).collect::<String>())
    };
    assert_eq!(ids(vec![("orderBy", json!(["price", "desc"]))]).await?, "4123");
    assert_eq!(ids(vec![("orderBy", json!(["kind desc, price asc"]))]).await?, "3214");
    assert_eq!(ids(vec![("orderBy", json!(["kind", "desc"])), ("orderBy", json!(["price", "desc"]))]).await?, "3412");
    assert_eq!(ids(vec![("orderBy", json!(["made desc"])), ("skip", json!([1])), ("limit", json!([2]))]).await?, "32");
    assert_eq!(ids(vec![("skip", json!([3])), ("limit", json!([2]))]).await?, "4");
    assert_eq!(ids(vec![("orderBy", json!(["stock"]))]).await?, "3412");
    let one =
        ask(app, "", "goods", &[("where", json!(["price == 3"])), ("field", json!(["name"])), ("get", json!([{"getOne": true}]))]).await?;
    assert_eq!(data(one), json!({"_id": "1", "name": "apple"}));
    let counted = ask(app, "", "goods", &[("limit", json!([1])), ("field", json!(["_id"])), ("get", json!([{"getCount": true}]))]).await?;
    assert_eq!(counted, json!({"code": 0, "message": "", "data": [{"_id": "1"}], "count": 4}));
    assert_eq!(ask(app, "", "goods", &[("count", json!([]))]).await?, json!({"code": 0, "total": 4}));
    Ok(())
}

async fn fields_are_chosen_and_computed(app: &TestApp) -> Outcome {
    fill(app).await?;
    let get = async |field: Value| {
        anyhow::Ok(data(ask(app, "", "goods", &[("doc", json!(["1"])), ("field", json!([field])), ("get", json!([]))]).await?)[0].take())
    };
    assert_eq!(get(json!("name as title, size.w")).await?, json!({"_id": "1", "title": "apple", "size": {"w": 1}}));
    assert_eq!(get(json!("dateToString(made, '%Y-%m-%d', '+0800') as day")).await?, json!({"_id": "1", "day": "2025-10-09"}));
    assert_eq!(
        get(json!("multiply(price, 2) as twice, concat(name, '!') as loud")).await?,
        json!({"_id": "1", "twice": 6, "loud": "apple!"})
    );
    assert_eq!(get(json!({"name": true, "price": 1})).await?, json!({"_id": "1", "name": "apple", "price": 3}));
    assert_eq!(
        get(json!({"tags": false, "size": 0, "made": false, "stock": false, "kind": false})).await?,
        json!({"_id": "1", "name": "apple", "price": 3})
    );
    assert_eq!(get(json!("made")).await?, json!({"_id": "1", "made": "2025-10-09T08:53:20.000Z"}));
    let kinds = data(ask(app, "", "goods", &[("field", json!(["kind"])), ("distinct", json!([])), ("get", json!([]))]).await?);
    assert_eq!(kinds, json!([{"kind": "fruit"}, {"kind": "root"}]));
    Ok(())
}

async fn groups_and_totals(app: &TestApp) -> Outcome {
    fill(app).await?;
    let totals = "sum(price) as total, avg(price) as average, count(*) as number, max(name) as last, push(name) as names";
    let steps = [("groupBy", json!(["kind"])), ("groupField", json!([totals])), ("orderBy", json!(["total desc"])), ("get", json!([]))];
    assert_eq!(
        data(ask(app, "", "goods", &steps).await?),
        json!([
            {"kind": "fruit", "total": 14.5, "average": 14.5 / 3.0, "number": 3, "last": "中国梨", "names": ["apple", "Banana", "中国梨"]},
            {"kind": "root", "total": 1, "average": 1, "number": 1, "last": "carrot", "names": ["carrot"]},
        ])
    );
    let by_day = [
        ("where", json!(["price < 5"])),
        ("groupBy", json!(["dayOfMonth(made) as day"])),
        ("groupField", json!(["sum(1) as n"])),
        ("get", json!([])),
    ];
    assert_eq!(data(ask(app, "", "goods", &by_day).await?), json!([{"day": 9, "n": 1}, {"day": 10, "n": 1}, {"day": 11, "n": 1}]));
    Ok(())
}

async fn updates_by_commands(app: &TestApp) -> Outcome {
    fill(app).await?;
    let change = json!({
        "price": command("inc", json!([2])), "tags": command("addToSet", json!(["red"])), "size": {"h": command("mul", json!([3]))},
        "stock": command("remove", json!([])), "parts": command("set", json!([[{"a": 1}]])), "made": {"$newDb": [step("serverDate", json!([{"offset": 1000}]))]},
        "name": command("max", json!(["zebra"])),
    });
    let now = app.program().state().base.clock.now_ms();
    assert_eq!(ask(app, "", "goods", &[("doc", json!(["1"])), ("update", json!([change]))]).await?, json!({"code": 0, "updated": 1}));
    let stored = data(ask(app, "", "goods", &[("where", json!([{"made": {"$date": now + 1000}}])), ("get", json!([]))]).await?);
    assert_eq!(
        (&stored[0]["price"], &stored[0]["tags"], &stored[0]["size"], stored[0].get("stock"), &stored[0]["parts"], &stored[0]["name"]),
        (&json!(5), &json!(["red", "sweet"]), &json!({"w": 1, "h": 6}), None, &json!([{"a": 1}]), &json!("zebra"))
    );
    for (list, expected) in
        [("push", json!(["yellow", "x"])), ("unshift", json!(["x", "yellow", "x"])), ("pull", json!(["yellow"])), ("pop", json!([]))]
    {
        let change = json!({"tags": command(list, if list == "pop" { json!([]) } else { json!(["x"]) })});
        assert_eq!(ask(app, "", "goods", &[("doc", json!(["2"])), ("update", json!([change]))]).await?["updated"], 1, "{list}");
        assert_eq!(data(ask(app, "", "goods", &[("doc", json!(["2"])), ("get", json!([]))]).await?)[0]["tags"], expected, "{list}");
    }
    let rename = json!({"kind": command("rename", json!(["other"]))});
    assert_eq!(ask(app, "", "goods", &[("where", json!(["kind == 'fruit'"])), ("update", json!([rename]))]).await?["updated"], 3);
    assert_eq!(found(app, json!("other == 'fruit'")).await?, "124");
    assert_eq!(ask(app, "", "goods", &[("where", json!(["_id != '3'"])), ("remove", json!([]))]).await?["deleted"], 3);
    assert_eq!(found(app, json!({})).await?, "3");
    Ok(())
}

async fn several_commands_at_once(app: &TestApp) -> Outcome {
    fill(app).await?;
    let (_, token) = someone(app, "alice").await?;
    let commands = json!([
        {"command": chain("goods", &[("count", json!([]))])},
        {"command": chain("goods", &[("doc", json!(["1"])), ("field", json!(["name"])), ("get", json!([]))])},
        {"command": chain("uni-id-log", &[("get", json!([]))])},
    ]);
    let answer = send(app, json!({"multiCommand": commands}), &token).await?;
    assert_eq!(answer["code"], 0);
    assert_eq!(answer["dataList"][0], json!({"code": 0, "total": 4}));
    assert_eq!(answer["dataList"][1], json!({"code": 0, "message": "", "data": [{"_id": "1", "name": "apple"}]}));
    denied(&answer["dataList"][2], "PERMISSION_ERROR");
    Ok(())
}
