//! The examples of the reference: every call is made, over HTTP, and its answer is what the reference says.

mod world;

use lingpai_server::methods::{Access, examples, registry::METHODS};

use crate::kit::*;

/// Programs that run at once.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_the_reference_is_answered_as_it_says() -> Outcome {
    let mut wrong = Vec::new();
    for methods in METHODS.chunks(AT_ONCE) {
        let tried = futures_util::future::join_all(methods.iter().map(|method| async move {
            let tried = try_example(method).await;
            tried.map_err(|error| format!("{}.{}: {error:#}", method.function, method.name))
        }));
        wrong.extend(tried.await.into_iter().filter_map(Result::err));
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), METHODS.len(), wrong.join("\n"));
    Ok(())
}

async fn try_example(method: &lingpai_server::methods::Method) -> Outcome {
    let example = examples::of(method).ok_or_else(|| anyhow::anyhow!("there is no example"))?;
    let world = world::World::start(method.name).await?;
    let token = match method.access {
        Access::Token(_) | Access::User(..) => Some(world.user_token(method.name).await?),
        Access::Role(..) => Some(world.administrator_token().await?),
        Access::Anyone(_) | Access::Signed(_) | Access::Listed(_) => None,
    };
    let values = world.values(method.name, token.as_deref()).await?;
    let body = filled(&example.body(method), &values)?;
    let reply = world.send(method, &body).await?;
    let audited = world.audited().await?;
    world.stop().await?;
    if matches!(method.access, Access::Role(..)) {
        anyhow::ensure!(audited == [method.name], "the audit has {audited:?}");
    }
    anyhow::ensure!(reply.status == 200, "the status is {}", reply.status);
    let documented = Value::Object(example.answer.clone());
    anyhow::ensure!(is_as_documented(&documented, &reply.body), "answered {}", reply.body);
    Ok(())
}

/// The body with values in the place of what stands in angle brackets.
fn filled(body: &Value, values: &Map<String, Value>) -> anyhow::Result<Value> {
    Ok(match body {
        Value::String(text) if is_open(text) => match values.get(text.trim_matches(['<', '>'])) {
            Some(value) => value.clone(),
            None => anyhow::bail!("the test knows no {text}"),
        },
        Value::Object(members) => {
            members.iter().map(|(name, value)| Ok((name.clone(), filled(value, values)?))).collect::<anyhow::Result<_>>()?
        }
        Value::Array(items) => items.iter().map(|item| filled(item, values)).collect::<anyhow::Result<_>>()?,
        other => other.clone(),
    })
}

fn is_open(text: &str) -> bool {
    text.starts_with('<') && text.ends_with('>')
}

/// Whether an answer has what is documented and nothing else. For what stands in angle brackets any text will do.
fn is_as_documented(documented: &Value, answered: &Value) -> bool {
    match (documented, answered) {
        (Value::Object(documented), Value::Object(answered)) => {
            documented.len() == answered.len()
                && documented.iter().all(|(name, value)| answered.get(name).is_some_and(|answered| is_as_documented(value, answered)))
        }
        (Value::Array(documented), Value::Array(answered)) => {
            documented.len() == answered.len()
                && documented.iter().zip(answered).all(|(documented, answered)| is_as_documented(documented, answered))
        }
        (Value::String(documented), Value::String(answered)) => match (documented.split_once('<'), documented.rsplit_once('>')) {
            (Some((before, _)), Some((_, after))) => {
                answered.len() > before.len() + after.len() && answered.starts_with(before) && answered.ends_with(after)
            }
            _ => documented == answered,
        },
        _ => documented == answered,
    }
}

#[test]
fn answers_are_compared_closely() {
    let documented = json!({"errCode": 0, "newToken": {"token": "<token>"}, "uri": "a<b>c", "list": [1]});
    let fits = |answered: Value| is_as_documented(&documented, &answered);
    assert!(fits(json!({"errCode": 0, "newToken": {"token": "x"}, "uri": "axc", "list": [1]})));
    for (name, other) in
        [("errCode", json!(1)), ("newToken", json!({"token": ""})), ("uri", json!("ac")), ("list", json!([1, 2])), ("more", json!(1))]
    {
        let mut answered = json!({"errCode": 0, "newToken": {"token": "x"}, "uri": "axc", "list": [1]});
        answered[name] = other;
        assert!(!fits(answered), "{name}");
    }
    assert!(!fits(json!({"errCode": 0})));
}
