//! What operators look at: liveness, readiness, metrics, the OpenAPI document.

use std::{collections::HashSet, path::Path};

use lingpai_server::{
    methods::{UNI_OPEN_BRIDGE, registry::METHODS},
    telemetry::metrics_endpoint,
};

use crate::kit::{people::*, store_in_between::controlled, *};

each_engine!(an_outage_of_the_store_is_told_and_passes);
both_engines!(development: everything_is_fine, metrics_have_labels_of_the_registry_only, the_openapi_document_describes_every_method, other_paths_have_nothing);

async fn everything_is_fine(app: &TestApp) -> Outcome {
    let live = app.http().get(app.url("/healthz")).send().await?;
    assert_eq!((live.status().as_u16(), live.text().await?.as_str()), (200, "ok\n"));
    let (status, body) = readiness(app).await?;
    assert_eq!((status, body), (200, json!({"database": "ok", "revocations": "ok"})));
    let welcome = app.http().get(app.url("/dev")).send().await?;
    assert_eq!(welcome.status(), 200);
    assert!(welcome.text().await?.contains("/dev/outbox"));
    assert_eq!(app.http().get(app.url("/dev/outbox")).send().await?.status(), 200);
    Ok(())
}

async fn readiness(app: &TestApp) -> anyhow::Result<(u16, Value)> {
    let response = app.http().get(app.url("/readyz")).send().await?;
    Ok((response.status().as_u16(), response.json().await?))
}

async fn an_outage_of_the_store_is_told_and_passes(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let app = builder.start().await?;
    let (_, token) = someone(&app, "alice").await?;
    let calls = || {
        [
            Call::new("login").params(json!({"username": "alice", "password": PASSWORD})),
            Call::new("registerAdmin").params(json!({"username": "admin-user", "password": PASSWORD})),
            Call::new("createCaptcha").params(json!({"scene": "register"})),
            Call::new("loginBySms").params(json!({"mobile": "13800000001", "code": "123456"})),
            Call::new("getAccountInfo").token(&token),
            Call::new("refreshToken").token(&token),
        ]
    };
    store.fail(true);
    for call in calls() {
        for call in [call.clone(), call.by_client()] {
            let reply = app.send(call).await?;
            refused(&reply, "uni-id-system-error");
            assert!(!reply.body.to_string().contains("the test wants"), "{}", reply.body);
        }
    }
    assert_eq!(readiness(&app).await?.0, 503);
    assert_eq!(app.http().get(app.url("/healthz")).send().await?.status(), 200);
    done(app.send(Call::new("getSupportedLoginType")).await?);
    store.fail(false);
    assert_eq!(readiness(&app).await?, (200, json!({"database": "ok", "revocations": "ok"})));
    done(info(&app, &token).await?);
    app.clock.advance(1000);
    log_in(&app, "alice").await?;
    app.stop().await
}

async fn metrics_have_labels_of_the_registry_only(app: &TestApp) -> Outcome {
    metrics_endpoint::start();
    try_password(app, "alice", PASSWORD).await?;
    for method in ["inventedByTheCaller", "invented\"\n{}"] {
        app.send(Call::new(method).by_client()).await?;
        app.send(Call::new("login").function(method).by_client()).await?;
    }
    app.send(Call::new("login").client_info("appId", "inventedApp").client_info("uniPlatform", "inventedPlatform")).await?;
    let text = app.http().get(app.url("/metrics")).send().await?.text().await?;
    assert!(text.contains("lingpai_calls_total") && text.contains("lingpai_call_seconds_bucket"), "{text}");
    assert!(text.contains("method=\"login\"") && text.contains("uni-id-account-not-exists"), "{text}");
    assert!(!text.contains("invented"), "{text}");
    Ok(())
}

async fn the_openapi_document_describes_every_method(app: &TestApp) -> Outcome {
    let document: Value = app.http().get(app.url("/openapi.json")).send().await?.json().await?;
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")));
    let mut ids = HashSet::new();
    for method in METHODS {
        let operation = &document["paths"][format!("/{}/{}", method.function, method.name)]["post"];
        assert!(ids.insert(operation["operationId"].as_str().unwrap_or_default().to_owned()), "{}", method.name);
        assert!(operation["summary"].is_string() && operation["responses"]["200"].is_object(), "{}", method.name);
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        // Those of uni-open-bridge take their parameters as they are.
        let params = if method.function == UNI_OPEN_BRIDGE { schema } else { &schema["properties"]["params"] };
        for field in method.fields {
            assert!(params["properties"][field.name].is_object(), "{}.{}", method.name, field.name);
        }
        let needs_token = schema["required"].as_array().is_some_and(|names| names.contains(&json!("uniIdToken")));
        assert_eq!(needs_token, method.access.needs_token(), "{}", method.name);
    }
    assert_eq!(document["paths"].as_object().map(Map::len), Some(METHODS.len()));
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap_or_default();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    Ok(())
}

fn collect_references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| collect_references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_references(value, found)),
        _ => {}
    }
}

async fn other_paths_have_nothing(app: &TestApp) -> Outcome {
    for path in ["/nothing", "/uni-id-co", "/metrics/more", "/.env", "/console"] {
        let response = app.http().get(app.url(path)).send().await?;
        assert_eq!(response.status(), 404, "{path}");
        assert!(response.json::<Value>().await?.is_object(), "{path}");
    }
    Ok(())
}

/// Alarms on what does not exist would never be heard.
#[test]
fn the_alerting_rules_name_metrics_that_exist() -> Outcome {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let rules = std::fs::read_to_string(root.join("docs/examples/prometheus/lingpai.rules.yml"))?;
    let mut files = Vec::new();
    crate::deviations::sources(&root.join("crates/server/src"), &mut files)?;
    let of_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let named: HashSet<&str> = rules.split(|c| !of_name(c)).filter(|name| name.starts_with("lingpai_")).collect();
    assert!(named.len() >= 5, "{named:?}");
    for name in named {
        assert!(files.iter().any(|(_, text)| text.contains(&format!("\"{name}\""))), "there is no {name}");
    }
    for code in rules.split("code=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(lingpai_domain::error::Code::ALL.iter().any(|known| known.wire() == code), "{code}");
    }
    Ok(())
}
