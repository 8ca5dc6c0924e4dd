//! Revocation: at once on the node that did it, within a second on all others, and for good.

use lingpai_testkit::SeededRandom;

use crate::kit::{people::*, store_in_between::controlled, *};

each_engine!(
    a_logout_is_heard_everywhere,
    a_new_password_ends_all_tokens_everywhere,
    a_closed_account_is_closed_everywhere,
    a_ban_by_hand_is_heard_everywhere,
    a_role_taken_away_ends_the_tokens_that_grant_it,
    changed_permissions_are_heard_everywhere,
    a_restart_forgets_nothing,
    no_token_is_accepted_while_revocations_are_unknown,
);
both_engines!(development: a_login_in_the_second_of_a_logout_gives_a_token_that_works, a_token_made_between_two_changes_of_one_second_is_void,
    a_token_dated_ahead_ends_with_the_password,
    a_token_of_the_very_millisecond_ends_with_the_password);

const FAILED: &str = "uni-id-check-token-failed";
const EXPIRED: &str = "uni-id-token-expired";

/// Two programs on one database, with one clock.
async fn two_nodes(engine: Engine) -> anyhow::Result<(TestApp, TestApp)> {
    let first = TestApp::builder().engine(engine).start().await?;
    let second =
        TestApp::builder().database(first.database().shared()).clock(first.clock.clone()).random(SeededRandom::new(2)).start().await?;
    Ok((first, second))
}

async fn stop(first: TestApp, second: TestApp) -> Outcome {
    second.stop().await?;
    first.stop().await
}

/// Waits until a node has asked for news once more, all by itself.
async fn next_news(node: &TestApp) -> Outcome {
    let mut generations = node.program().state().sessions.generations();
    // The first answer may be to a question asked before.
    generations.changed().await?;
    Ok(generations.changed().await?)
}

async fn both_refuse(first: &TestApp, second: &TestApp, token: &str, code: &str) -> Outcome {
    refused(&info(first, token).await?, code);
    next_news(second).await?;
    for method in ["getAccountInfo", "refreshToken", "logout"] {
        refused(&second.call_as(token, method, json!({})).await?, code);
        refused(&second.send(Call::new(method).token(token).by_client()).await?, code);
    }
    Ok(())
}

async fn a_logout_is_heard_everywhere(engine: Engine) -> Outcome {
    let (first, second) = two_nodes(engine).await?;
    let (_, token) = someone(&first, "alice").await?;
    let (_, other) = someone(&second, "bob").await?;
    done(info(&second, &token).await?);
    done(first.call_as(&token, "logout", json!({})).await?);
    both_refuse(&first, &second, &token, FAILED).await?;
    // The other way round, and near its end, when a token earns a new one.
    done(info(&first, &other).await?);
    done(second.call_as(&other, "logout", json!({})).await?);
    first.clock.advance(7_000_000);
    both_refuse(&second, &first, &other, FAILED).await?;
    stop(first, second).await
}

async fn a_new_password_ends_all_tokens_everywhere(engine: Engine) -> Outcome {
    let (first, second) = two_nodes(engine).await?;
    let uid = store_user(&first, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1})).await?;
    let tokens = [log_in(&first, "alice").await?, log_in(&second, "alice").await?];
    first.clock.advance(1500);
    let change = json!({"oldPassword": PASSWORD, "newPassword": "another password"});
    done(first.call_as(&tokens[0], "updatePwd", change).await?);
    for token in &tokens {
        both_refuse(&first, &second, token, EXPIRED).await?;
    }
    let token = done(try_password(&second, "alice", "another password").await?).token()?;
    done(info(&first, &token).await?);
    first.clock.advance(1500);
    let code = sms_code(&second, "13800000001", "reset-pwd-by-sms").await?;
    done(second.call("resetPwdBySms", json!({"mobile": "13800000001", "code": code, "password": PASSWORD})).await?);
    both_refuse(&second, &first, &token, EXPIRED).await?;
    assert_eq!(user(&first, &uid).await?["valid_token_date"], START + 3000);
    stop(first, second).await
}

async fn a_closed_account_is_closed_everywhere(engine: Engine) -> Outcome {
    let (first, second) = two_nodes(engine).await?;
    let (_, token) = someone(&first, "alice").await?;
    done(first.call_as(&token, "closeAccount", json!({})).await?);
    both_refuse(&first, &second, &token, "uni-id-account-closed").await?;
    stop(first, second).await
}

async fn a_ban_by_hand_is_heard_everywhere(engine: Engine) -> Outcome {
    let (first, second) = two_nodes(engine).await?;
    let (uid, token) = someone(&first, "alice").await?;
    let mut doc = user(&first, &uid).await?;
    doc.insert("status".into(), json!(1));
    second.put("uni-id-users", Value::Object(doc.clone())).await?;
    next_news(&second).await?;
    both_refuse(&second, &first, &token, "uni-id-account-banned").await?;
    // And its end.
    doc.insert("status".into(), json!(0));
    first.put("uni-id-users", Value::Object(doc)).await?;
    next_news(&first).await?;
    next_news(&second).await?;
    done(info(&first, &token).await?);
    done(info(&second, &token).await?);
    stop(first, second).await
}

async fn a_role_taken_away_ends_the_tokens_that_grant_it(engine: Engine) -> Outcome {
    let (first, second) = two_nodes(engine).await?;
    let uid = store_user(&first, "alice", json!({"role": ["editor", "member"]})).await?;
    let token = log_in(&first, "alice").await?;
    let mut doc = user(&first, &uid).await?;
    doc.insert("role".into(), json!(["member"]));
    second.put("uni-id-users", Value::Object(doc)).await?;
    next_news(&second).await?;
    both_refuse(&second, &first, &token, EXPIRED).await?;
    first.clock.advance(1000);
    let token = log_in(&first, "alice").await?;
    assert_eq!(tokens::payload(&token)["role"], json!(["member"]));
    done(info(&second, &token).await?);
    stop(first, second).await
}

async fn changed_permissions_are_heard_everywhere(engine: Engine) -> Outcome {
    let (first, second) = two_nodes(engine).await?;
    first.put("uni-id-roles", json!({"_id": "r", "role_id": "editor", "permission": ["write"]})).await?;
    next_news(&second).await?;
    store_user(&first, "alice", json!({"role": ["editor"]})).await?;
    let token = log_in(&second, "alice").await?;
    assert_eq!(tokens::payload(&token)["permission"], json!(["write"]));
    first.put("uni-id-roles", json!({"_id": "r", "role_id": "editor", "permission": ["read"]})).await?;
    next_news(&second).await?;
    first.clock.advance(1000);
    let renewed = done(second.call_as(&token, "refreshToken", json!({})).await?).token()?;
    assert_eq!(tokens::payload(&renewed)["permission"], json!(["read"]));
    stop(first, second).await
}

async fn a_restart_forgets_nothing(engine: Engine) -> Outcome {
    let app = TestApp::builder().engine(engine).start().await?;
    let (_, out) = someone(&app, "out").await?;
    let (_, changed) = someone(&app, "changed").await?;
    let (_, closed) = someone(&app, "closed").await?;
    let (banned_uid, banned) = someone(&app, "banned").await?;
    let (_, good) = someone(&app, "good").await?;
    app.clock.advance(1500);
    done(app.call_as(&out, "logout", json!({})).await?);
    done(app.call_as(&changed, "updatePwd", json!({"oldPassword": PASSWORD, "newPassword": "another password"})).await?);
    done(app.call_as(&closed, "closeAccount", json!({})).await?);
    let mut doc = user(&app, &banned_uid).await?;
    doc.insert("status".into(), json!(1));
    app.put("uni-id-users", Value::Object(doc)).await?;

    let clock = app.clock.clone();
    let database = app.stop_and_keep_database().await?;
    let app = TestApp::builder().database(database).clock(clock).random(SeededRandom::new(2)).start().await?;
    for (token, code) in [(&out, FAILED), (&changed, EXPIRED), (&closed, "uni-id-account-closed"), (&banned, "uni-id-account-banned")] {
        refused(&info(&app, token).await?, code);
        refused(&app.call_as(token, "refreshToken", json!({})).await?, code);
    }
    done(info(&app, &good).await?);
    app.stop().await
}

async fn no_token_is_accepted_while_revocations_are_unknown(engine: Engine) -> Outcome {
    let (builder, store) = controlled(TestApp::builder().engine(engine));
    let app = builder.start().await?;
    let (_, token) = someone(&app, "alice").await?;
    store.fail(true);
    refused(&app.call_as(&token, "logout", json!({})).await?, "uni-id-system-error");
    refused(&info(&app, &token).await?, "uni-id-system-error");
    store.fail(false);
    done(info(&app, &token).await?);
    app.stop().await
}

async fn a_login_in_the_second_of_a_logout_gives_a_token_that_works(app: &TestApp) -> Outcome {
    let (uid, mut token) = someone(app, "alice").await?;
    let mut ended = Vec::new();
    for _ in 0..5 {
        done(app.call_as(&token, "logout", json!({})).await?);
        refused(&info(app, &token).await?, FAILED);
        ended.push(token);
        token = log_in(app, "alice").await?;
        assert!(!ended.contains(&token));
        done(info(app, &token).await?);
        assert_eq!(user(app, &uid).await?["token"], json!([token]));
    }
    for token in &ended {
        refused(&info(app, token).await?, FAILED);
    }
    Ok(())
}

/// Tokens count whole seconds: one made after a change within a second is dated to the next, and
/// must not survive another change for that.
async fn a_token_made_between_two_changes_of_one_second_is_void(app: &TestApp) -> Outcome {
    let (_, first) = someone(app, "alice").await?;
    app.clock.set(START + 1_300);
    done(app.call_as(&first, "updatePwd", json!({"oldPassword": PASSWORD, "newPassword": "second password"})).await?);
    let between = done(try_password(app, "alice", "second password").await?).token()?;
    done(info(app, &between).await?);
    app.clock.set(START + 1_600);
    done(app.call_as(&between, "updatePwd", json!({"oldPassword": "second password", "newPassword": "third password"})).await?);
    refused(&info(app, &between).await?, EXPIRED);
    refused(&app.call_as(&between, "refreshToken", json!({})).await?, EXPIRED);
    let last = done(try_password(app, "alice", "third password").await?).token()?;
    done(info(app, &last).await?);
    Ok(())
}

async fn a_token_of_the_very_millisecond_ends_with_the_password(app: &TestApp) -> Outcome {
    let (_, token) = someone(app, "alice").await?;
    done(app.call_as(&token, "updatePwd", json!({"oldPassword": PASSWORD, "newPassword": "another password"})).await?);
    refused(&info(app, &token).await?, EXPIRED);
    let new = done(try_password(app, "alice", "another password").await?).token()?;
    assert_ne!(new, token);
    done(info(app, &new).await?);
    Ok(())
}

/// Logging in and out again within a second dates tokens ahead.
async fn a_token_dated_ahead_ends_with_the_password(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"mobile": "13800000001", "mobile_confirmed": 1})).await?;
    for _ in 0..4 {
        let token = log_in(app, "alice").await?;
        done(app.call_as(&token, "logout", json!({})).await?);
    }
    let ahead = log_in(app, "alice").await?;
    app.clock.advance(1_500);
    let code = sms_code(app, "13800000001", "reset-pwd-by-sms").await?;
    done(app.call("resetPwdBySms", json!({"mobile": "13800000001", "code": code, "password": "another password"})).await?);
    refused(&info(app, &ahead).await?, EXPIRED);
    let token = done(try_password(app, "alice", "another password").await?).token()?;
    done(info(app, &token).await?);
    Ok(())
}
