//! Guesses of one's own password and codes: several nodes count together, and a restart forgets nothing.

use data_encoding::BASE32_NOPAD;
use lingpai_domain::second_step::totp;

use crate::kit::{
    engines::beside,
    people::*,
    simultaneous::{all, count},
    *,
};

fn switched_on(builder: TestAppBuilder) -> TestAppBuilder {
    // Locks end after an hour, and the tests go through several.
    builder.setting("security.second_step", "true").uni_id(json!({"tokenExpiresIn": 86_400}))
}

both_engines!(switched_on: old_passwords_are_counted_by_all_nodes, passwords_for_a_second_step_are_counted_by_all_nodes,
    confirmations_are_counted_by_all_nodes, second_steps_are_counted_by_all_nodes);

const MANY: usize = 20;
/// `passwordErrorLimit` of the test kit.
const LIMIT: usize = 6;

/// Makes a call many times at once, at two nodes in turn: so many are tested, and no more, whichever node they came to. Nor are
/// they after both have started anew.
async fn so_many_are_tested(app: &TestApp, call: Call, wrong: &str, locked: &str) -> Outcome {
    let other = beside(app, switched_on(TestApp::builder())).await?;
    let calls = (0..MANY).map(|number| (if number % 2 == 0 { app } else { &other }).send(call.clone()));
    let replies: Vec<Reply> = all(calls).await.into_iter().collect::<anyhow::Result<_>>()?;
    assert_eq!((count(&replies, wrong), count(&replies, locked)), (LIMIT, MANY - LIMIT), "{replies:?}");
    other.stop_and_keep_database().await?;
    let restarted = beside(app, switched_on(TestApp::builder())).await?;
    refused(&restarted.send(call.clone()).await?, locked);
    app.clock.advance(3_600_000);
    refused(&restarted.send(call.clone()).await?, wrong);
    restarted.stop_and_keep_database().await?;
    Ok(())
}

async fn old_passwords_are_counted_by_all_nodes(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let change = |old: &str| Call::new("updatePwd").params(json!({"oldPassword": old, "newPassword": "another password"})).token(&token);
    so_many_are_tested(app, change("wrong-password"), "uni-id-password-error", "uni-id-password-error-exceed-limit").await?;
    for _ in 1..LIMIT {
        refused(&app.send(change("wrong-password")).await?, "uni-id-password-error");
    }
    refused(&app.send(change(PASSWORD)).await?, "uni-id-password-error-exceed-limit");
    app.clock.advance(3_600_000);
    done(app.send(change(PASSWORD)).await?);
    Ok(())
}

async fn passwords_for_a_second_step_are_counted_by_all_nodes(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let wrong = Call::new("setUpTotp").params(json!({"password": "wrong-password"})).token(&token);
    so_many_are_tested(app, wrong.clone(), "uni-id-password-error", "uni-id-password-error-exceed-limit").await?;
    // The count is one for all that takes the password; a right one ends it.
    let change = json!({"oldPassword": "wrong-password", "newPassword": PASSWORD});
    for _ in 2..LIMIT {
        refused(&app.call_as(&token, "updatePwd", change.clone()).await?, "uni-id-password-error");
    }
    done(app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    for _ in 0..LIMIT {
        refused(&app.send(wrong.clone()).await?, "uni-id-password-error");
    }
    refused(&app.call_as(&token, "updatePwd", change).await?, "uni-id-password-error-exceed-limit");
    Ok(())
}

async fn confirmations_are_counted_by_all_nodes(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let set_up = done(app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    let right = || json!({"code": totp::code(&secret, totp::step_at(app.program().state().base.clock.now_ms()))});
    let wrong = json!({"code": another_code(right()["code"].as_str().unwrap_or_default())});
    let call = Call::new("confirmTotp").params(wrong).token(&token);
    so_many_are_tested(app, call, "uni-id-second-step-error", "uni-id-second-step-exceed-limit").await?;
    done(app.call_as(&token, "confirmTotp", right()).await?);
    Ok(())
}

async fn second_steps_are_counted_by_all_nodes(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    let set_up = done(app.call_as(&token, "setUpTotp", json!({"password": PASSWORD})).await?);
    let secret = BASE32_NOPAD.decode(set_up.body["secret"].as_str().unwrap_or_default().as_bytes())?;
    let code = totp::code(&secret, totp::step_at(app.program().state().base.clock.now_ms()));
    done(app.call_as(&token, "confirmTotp", json!({"code": code})).await?);
    let remove = Call::new("removeTotp").params(json!({"code": "no such recovery code"})).token(&token);
    so_many_are_tested(app, remove, "uni-id-second-step-error", "uni-id-second-step-exceed-limit").await
}
