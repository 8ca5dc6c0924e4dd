//! The where language against hostile texts, in time.

use std::time::{Duration, Instant};

use lingpai_domain::clientdb::{Session, command::Command, condition, jql, projection::Projection};
use serde_json::{Map, Value, json};

fn session() -> Session {
    Session { user: None, now_ms: 1_760_000_000_000, client_ip: "127.0.0.1".into() }
}

/// Whatever a client sends as a condition.
fn hostile() -> Vec<Value> {
    let terms = |count: usize, join: &str| (0..count).map(|n| format!("a{n} == {n}")).collect::<Vec<_>>().join(join);
    let fields: Map<String, Value> = (0..10_000).map(|n| (format!("f{n}"), json!(n))).collect();
    let pattern = |source: &str| json!({"a": {"$regexp": {"source": source, "flags": "i"}}});
    let command = |method: &str, params: Value| json!({"$db": [{"$method": "command"}, {"$method": method, "$param": params}]});
    let many: Vec<Value> = (0..10_000).map(|n| json!({"a": n})).collect();
    vec![
        json!(terms(10_000, " || ")),
        json!(terms(600, " && ")),
        json!(fields),
        command("or", json!([many])),
        json!({"a": command("in", json!([vec![0; 100_000]]))}),
        json!(format!("{}a{}", "(".repeat(4000), ")".repeat(4000))),
        json!(format!("{}a", "!".repeat(8000))),
        json!(format!("{}1 == a", "-".repeat(8000))),
        json!(format!("a{}", " + a".repeat(2000))),
        json!(format!("a == {}{}", "[".repeat(3000), "]".repeat(3000))),
        json!(format!("f({}a{}", "f(".repeat(2000), ")".repeat(2001))),
        json!(format!("a{} == 1", ".b".repeat(3000))),
        json!("`${`${`${a}`}`}`"),
        json!(format!("`{}` == a", "${a}".repeat(1500))),
        pattern("(a+)+$("),
        pattern("((a{1000}){1000}){1000}"),
        pattern(&"(".repeat(500)),
        pattern(&"a".repeat(100_000)),
        pattern("(?=a)(?!b)(?<c>d)\\1"),
        (0..500).fold(json!(1), |inner, _| json!({"a": inner})),
        (0..40).fold(json!({"a": 1}), |inner, _| command("and", json!([[inner]]))),
    ]
}

#[test]
fn hostile_conditions_are_refused_in_time() {
    for value in hostile() {
        let shown: String = value.to_string().chars().take(60).collect();
        // The fastest of several, so that a busy machine does not matter.
        let fastest = (0..5)
            .map(|_| {
                let started = now();
                let outcome = condition::parse(&value, &session());
                let took = started.elapsed();
                assert!(outcome.is_err(), "{shown}");
                took
            })
            .min();
        // A build without optimisation is several times slower than what is shipped.
        assert!(fastest < Some(Duration::from_millis(5)), "{fastest:?} for {shown}");
    }
}

#[allow(clippy::disallowed_methods, reason = "this test is about time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn large_patterns_are_read_in_time() {
    let pattern = json!({"a": {"$regexp": {"source": "[\\w\\W]".repeat(70), "flags": "i"}}});
    let read = |_| {
        let started = now();
        let _ = condition::parse(&pattern, &session());
        started.elapsed()
    };
    assert!((0..5).map(read).min() < Some(Duration::from_millis(50)));
}

#[test]
fn nothing_of_a_text_is_passed_over() {
    for text in
        ["a == 1 b == 2", "a == 1;", "a == 1 && ", "&& a", "a in", "a == == 1", "a, b", "a ? b : c", "a[0]", "a{b}", "a => b", "a = 1"]
    {
        assert!(jql::condition(text, &session()).is_err(), "{text}");
    }
    for text in ["a, b as", "a as b c", "a,, b", "a{b", "sum(a)", "a as 5"] {
        assert!(Projection::parse(&json!(text), &session()).is_err(), "{text}");
    }
}

#[test]
fn permissions_know_documents_and_callers_only() {
    for text in ["a == 1", "auth.password == 'x'", "doc", "$env.uid == doc._id", "require('fs')", "new Date() > now", "auth"] {
        assert!(jql::permission(text).is_err(), "{text}");
    }
    for text in [
        "doc._id == auth.uid",
        "auth.uid != null && doc.status == 1",
        "'A' in auth.role || 'B' in auth.permission",
        "get('database.shop.' + doc.shop_id).owner == auth.uid",
        "get(`database.shop.${doc.shop_id}`).owner == auth.uid",
        "doc.create_date > now - 60000",
        "doc.uid==auth.uid&&!(doc.closed)",
    ] {
        assert!(jql::permission(text).is_ok(), "{text}");
    }
}

#[test]
fn strange_commands_are_refused_without_panic() {
    for command in [
        json!(null),
        json!([]),
        json!({"$db": null}),
        json!({"$db": [null]}),
        json!({"$db": [{"$method": 5}]}),
        json!({"$db": [{"$method": "collection", "$param": {}}]}),
        json!({"$db": [{"$method": "collection", "$param": [{"$db": [{"$method": "collection", "$param": [{"$db": []}]}]}]}, {"$method": "get"}]}),
        json!({"$db": [{"$method": "where"}, {"$method": "get"}]}),
        json!({"$db": vec![json!({"$method": "collection", "$param": ["a"]}); 100]}),
    ] {
        assert!(Command::parse(&command, &session()).is_err(), "{command}");
    }
}
