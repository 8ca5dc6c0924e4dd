//! What is not understood, not supported or too much is refused by name; nothing is ever answered in
//! full because a part was not understood.

use lingpai_domain::store::RoundTrips;

use super::*;
use crate::kit::{people::*, store_in_between::controlled};

each_engine!(what_is_hostile_never_reaches_the_store);
both_engines!(development: what_is_not_supported_is_named, what_is_not_understood_is_refused, too_much_is_refused, it_can_be_switched_off_for_all);

async fn boss(app: &TestApp) -> anyhow::Result<String> {
    store_user(app, "boss", json!({"role": ["admin"]})).await?;
    log_in(app, "boss").await
}

async fn what_is_not_supported_is_named(app: &TestApp) -> Outcome {
    let token = boss(app).await?;
    for (steps, named) in [
        (vec![("aggregate", json!([])), ("end", json!([]))], "aggregate"),
        (vec![("get", json!([{"getTree": {"limitLevel": 5}}]))], "getTree"),
        (vec![("geoNear", json!([{}])), ("get", json!([]))], "geoNear"),
        (vec![("where", json!(["geoNear(a, b)"])), ("get", json!([]))], "geoNear()"),
        (vec![("where", json!([{"place": command("geoNear", json!([{}]))}])), ("get", json!([]))], "command.geoNear"),
        (vec![("where", json!([{"place": {"$newDb": [step("Geo.Point", json!([1, 2]))]}}])), ("get", json!([]))], "Geo.Point"),
        (vec![("where", json!(["a == $env.secret"])), ("get", json!([]))], "$env.secret"),
        (vec![("where", json!([{"a": {"$where": "1"}}])), ("get", json!([]))], "$where"),
        (vec![("groupBy", json!(["a"])), ("groupField", json!(["stdDevPop(b) as c"])), ("get", json!([]))], "stdDevPop()"),
    ] {
        let answer = ask(app, &token, "uni-id-users", &steps).await?;
        denied(&answer, "NOT_SUPPORTED");
        assert!(answer["message"].as_str().is_some_and(|words| words.contains(named)), "{answer}");
    }
    let action = send(app, json!({"action": "my-action", "command": chain("uni-id-users", &[("get", json!([]))])}), &token).await?;
    denied(&action, "NOT_SUPPORTED");
    assert!(action["message"].as_str().is_some_and(|words| words.contains("my-action")));
    Ok(())
}

async fn what_is_not_understood_is_refused(app: &TestApp) -> Outcome {
    let token = boss(app).await?;
    for condition in [
        json!("a =="),
        json!("a == 1 b"),
        json!("(a == 1"),
        json!("a = 1"),
        json!("a == 'x"),
        json!("/(/.test(a)"),
        json!("/(?=a)/.test(a)"),
        json!("$where == 1"),
        json!("a..b == 1"),
        json!("a == `x"),
        json!("new Function('x')()"),
        json!(""),
        json!("  "),
        json!(5),
        json!(null),
        json!([]),
        json!({"a": command("gt", json!([]))}),
        json!({"a": command("in", json!([5]))}),
        json!({"$or": [{"a": 1}]}),
        json!({"a.$b": 1}),
        json!({"": 1}),
        json!({"a": {"$regexp": {"source": "(", "flags": ""}}}),
        json!({"a": {"$date": "x"}}),
        json!({"a": command("mod", json!([[0, 1]]))}),
    ] {
        let answer = ask(app, &token, "uni-id-users", &[("where", json!([condition])), ("get", json!([]))]).await?;
        assert!(answer["code"] == "SYNTAX_ERROR" || answer["code"] == "NOT_SUPPORTED", "{condition}: {answer}");
        denied(&answer, answer["code"].as_str().unwrap_or_default());
    }
    for steps in [
        vec![("where", json!([])), ("get", json!([]))],
        vec![("orderBy", json!(["a sideways"])), ("get", json!([]))],
        vec![("limit", json!([-1])), ("get", json!([]))],
        vec![("skip", json!(["x"])), ("get", json!([]))],
        vec![("field", json!([5])), ("get", json!([]))],
        vec![("field", json!(["concat(a, b)"])), ("get", json!([]))],
        vec![("distinct", json!([])), ("get", json!([]))],
        vec![("groupField", json!(["sum(a) as b"])), ("get", json!([]))],
        vec![("doc", json!([""])), ("get", json!([]))],
        // Everything at once is never what was meant.
        vec![("update", json!([{"nickname": "x"}]))],
        vec![("remove", json!([]))],
        vec![("where", json!(["a == 1"])), ("limit", json!([1])), ("remove", json!([]))],
        vec![("doc", json!(["x"])), ("update", json!([]))],
        vec![("doc", json!(["x"])), ("update", json!([{}]))],
        vec![("doc", json!(["x"])), ("update", json!(["x"]))],
        vec![("getTemp", json!([]))],
    ] {
        let answer = ask(app, &token, "uni-id-users", &steps).await?;
        denied(&answer, "SYNTAX_ERROR");
    }
    for arguments in [
        json!({}),
        json!({"command": null}),
        json!({"command": {}}),
        json!({"command": {"$db": []}}),
        json!({"command": {"$db": [{}]}}),
        json!({"command": {"$db": "x"}}),
        json!({"command": {"$db": [step("collection", json!([])), step("get", json!([]))]}}),
        json!({"multiCommand": "x"}),
        json!({"command": {"$db": [step("collection", json!(["uni-id-users"]))]}}),
    ] {
        let answer = send(app, arguments.clone(), &token).await?;
        assert!(answer["code"].is_string() && answer["message"].is_string() && answer.get("data").is_none(), "{arguments}: {answer}");
    }
    Ok(())
}

async fn too_much_is_refused(app: &TestApp) -> Outcome {
    let token = boss(app).await?;
    let terms = |count: usize| (0..count).map(|n| format!("a{n} == {n}")).collect::<Vec<_>>().join(" || ");
    let objects: Map<String, Value> = (0..10_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let nested = |depth: usize| (0..depth).fold(json!(1), |inner, _| json!({ "a": inner }));
    for condition in [
        json!(terms(10_000)),
        json!(terms(600)),
        json!(objects),
        json!(format!("{}a == 1{}", "(".repeat(1000), ")".repeat(1000))),
        json!(format!("{}a", "!".repeat(2000))),
        nested(40),
        json!({"a": command("in", json!([vec![1; 5000]]))}),
        json!(format!("a == '{}'", "x".repeat(10_000))),
    ] {
        let answer = ask(app, &token, "uni-id-users", &[("where", json!([condition])), ("get", json!([]))]).await?;
        assert!(answer["code"] == "QUERY_TOO_LARGE" || answer["code"] == "SYNTAX_ERROR", "{answer}");
    }
    for steps in [vec![("limit", json!([1001])), ("get", json!([]))], vec![("skip", json!([10_001])), ("get", json!([]))]] {
        denied(&ask(app, &token, "uni-id-users", &steps).await?, "QUERY_TOO_LARGE");
    }
    let pattern = json!([{"a": {"$regexp": {"source": "((a{1000}){1000}){1000}", "flags": ""}}}]);
    assert_eq!(ask(app, &token, "uni-id-users", &[("where", pattern), ("get", json!([]))]).await?["code"], "SYNTAX_ERROR");
    // Regular expressions are few, however they are written.
    let pattern = json!({"$regexp": {"source": "a", "flags": ""}});
    let nine: Map<String, Value> = (0..9).map(|n| (format!("f{n}"), pattern.clone())).collect();
    let texts = (0..9).map(|n| format!("/a/.test(f{n})")).collect::<Vec<_>>();
    let in_texts = (0..9).map(|_| "${/a/.test(b)}").collect::<String>();
    for condition in [
        json!(nine),
        json!(texts.join(" || ")),
        json!(texts.join(" || ").replace("/a/", "new RegExp('a')")),
        json!(format!("a == `{in_texts}`")),
    ] {
        denied(&ask(app, &token, "uni-id-users", &[("where", json!([condition])), ("get", json!([]))]).await?, "QUERY_TOO_LARGE");
    }
    let eight = json!(texts[..8].join(" || "));
    assert_eq!(ask(app, &token, "uni-id-users", &[("where", json!([eight])), ("count", json!([]))]).await?["code"], 0);
    let commands = vec![json!({"command": chain("uni-id-users", &[("count", json!([]))])}); 21];
    denied(&send(app, json!({"multiCommand": commands}), &token).await?, "QUERY_TOO_LARGE");
    Ok(())
}

/// Everything that is much too much, each by the code it is refused with.
fn hostile() -> Vec<(Value, &'static str)> {
    let pattern = |source: &str| json!({"a": {"$regexp": {"source": source, "flags": "i"}}});
    let fields: Map<String, Value> = (0..10_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let patterns: Map<String, Value> = (0..200).map(|n| (format!("f{n}"), pattern(&"\\p{L}".repeat(100))["a"].clone())).collect();
    let or = |parts: Vec<Value>| command("or", json!([parts]));
    vec![
        (json!((0..10_000).map(|n| format!("a{n} == {n}")).collect::<Vec<_>>().join(" || ")), "QUERY_TOO_LARGE"),
        (json!(vec!["a"; 2000].join("||")), "QUERY_TOO_LARGE"),
        (json!(fields), "QUERY_TOO_LARGE"),
        (or((0..10_000).map(|n| json!({ "a": n })).collect()), "QUERY_TOO_LARGE"),
        (json!(format!("{}a{}", "(".repeat(4000), ")".repeat(4000))), "QUERY_TOO_LARGE"),
        (json!(format!("{}a", "!".repeat(8000))), "QUERY_TOO_LARGE"),
        ((0..100).fold(json!(1), |inner, _| json!({ "a": inner })), "QUERY_TOO_LARGE"),
        (pattern("((a{1000}){1000}){1000}"), "SYNTAX_ERROR"),
        (pattern("(\\p{L}|[^a-z]){500}"), "SYNTAX_ERROR"),
        (pattern("^(?=(a+)+$)"), "SYNTAX_ERROR"),
        (pattern("^(a+)+\\1$"), "SYNTAX_ERROR"),
        (pattern(&format!("(?i){}", "[^a]".repeat(120))), "SYNTAX_ERROR"),
        (pattern(&"a".repeat(513)), "SYNTAX_ERROR"),
        (json!(patterns), "QUERY_TOO_LARGE"),
        (json!({"a": command("in", json!([vec![1; 100_000]]))}), "QUERY_TOO_LARGE"),
    ]
}

async fn what_is_hostile_never_reaches_the_store(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let app = builder.start().await?;
    for (condition, code) in hostile() {
        for last in [("get", json!([])), ("count", json!([])), ("update", json!([{"nickname": "x"}])), ("remove", json!([]))] {
            store.take_round_trips();
            let answer = ask(&app, "", "uni-id-users", &[("where", json!([condition])), last]).await?;
            denied(&answer, code);
            assert_eq!(store.take_round_trips(), RoundTrips::default(), "{condition:.80}");
        }
    }
    app.stop().await
}

async fn it_can_be_switched_off_for_all(app: &TestApp) -> Outcome {
    // Of another program, which has it switched off.
    let engine = if app.database().url().starts_with("sqlite") { Engine::Sqlite } else { Engine::Postgres };
    let other = TestApp::builder().engine(engine).setting("clientdb.enabled", "false").start().await?;
    denied(&ask(&other, "", "uni-id-users", &[("where", json!([{"role": "admin"}])), ("count", json!([]))]).await?, "NOT_SUPPORTED");
    other.stop().await
}
