//! `login`: who answers to an identifier.

use crate::kit::{people::*, *};

both_engines!(development: each_identifier_signs_in, a_login_is_written_down, by_the_client_protocol, strangers_are_refused_and_logged,
    an_account_of_another_application_is_told_apart, two_of_a_name_are_a_conflict, a_status_forbids, exactly_one_identifier_counts,
    a_token_that_is_sent_along_ends, no_more_than_the_configured_tokens_are_kept);

async fn each_identifier_signs_in(app: &TestApp) -> Outcome {
    let fields = json!({"mobile": "13800000001", "mobile_confirmed": 1, "email": "alice@example.com", "email_confirmed": 1});
    let uid = store_user(app, "alice", fields).await?;
    for identifier in [
        json!({"username": "alice"}),
        json!({"username": "ALICE"}),
        json!({"mobile": "13800000001"}),
        json!({"email": "alice@example.com"}),
        json!({"email": "Alice@Example.com"}),
    ] {
        app.clock.advance(1000);
        let mut params = identifier.clone();
        params["password"] = json!(PASSWORD);
        let reply = done(app.call("login", params).await?);
        assert_eq!((reply.uid()?.as_str(), &reply.body["passwordConfirmed"]), (uid.as_str(), &json!(true)), "{identifier}");
    }
    store_user(app, "bob", json!({"mobile": "13800000002", "mobile_confirmed": 0, "email": "bob@example.com"})).await?;
    for unconfirmed in [json!({"mobile": "13800000002", "password": PASSWORD}), json!({"email": "bob@example.com", "password": PASSWORD})] {
        refused(&app.call("login", unconfirmed).await?, "uni-id-account-not-exists");
    }
    Ok(())
}

async fn a_login_is_written_down(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({"project_field": {"kept": true}})).await?;
    app.clock.advance(5_000);
    let call = Call::new("login").params(json!({"username": "alice", "password": PASSWORD})).from_ip("203.0.113.9");
    let token = done(app.send(call).await?).token()?;
    let doc = user(app, &uid).await?;
    assert_eq!(
        (&doc["token"], &doc["last_login_date"], &doc["last_login_ip"]),
        (&json!([token]), &json!(START + 5_000), &json!("203.0.113.9"))
    );
    assert_eq!(doc["project_field"], json!({"kept": true}));
    let mut expected = row(app, "login", 1, json!({"user_id": uid}));
    expected["ip"] = json!("203.0.113.9");
    assert_eq!(log(app).await?, [expected]);
    Ok(())
}

async fn by_the_client_protocol(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let login = |password: &str| Call::new("login").params(json!({"username": "alice", "password": password})).by_client();
    let reply = done(app.send(login(PASSWORD)).await?);
    assert_eq!(reply.uid()?, uid);
    refused(&app.send(login("wrong-password")).await?, "uni-id-password-error");
    done(app.send(Call::new("getAccountInfo").token(&reply.token()?).by_client()).await?);
    Ok(())
}

async fn strangers_are_refused_and_logged(app: &TestApp) -> Outcome {
    refused(&try_password(app, "Nobody", PASSWORD).await?, "uni-id-account-not-exists");
    assert_eq!(log(app).await?, [row(app, "login", 0, json!({"username": "Nobody"}))]);
    Ok(())
}

async fn an_account_of_another_application_is_told_apart(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({"dcloud_appid": ["__UNI__OTHER"]})).await?;
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-account-not-exists-in-current-app");
    let there = from_app("login", "__UNI__OTHER", json!({"username": "alice", "password": PASSWORD}));
    done(app.send(there).await?);
    // No application at all, and all of them.
    store_user(app, "bob", json!({"dcloud_appid": "__UNI__TEST"})).await?;
    refused(&try_password(app, "bob", PASSWORD).await?, "uni-id-account-not-exists-in-current-app");
    store_user(app, "carol", json!({"dcloud_appid": ["x", "*"]})).await?;
    done(try_password(app, "carol", PASSWORD).await?);
    Ok(())
}

async fn two_of_a_name_are_a_conflict(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    store_user(app, "other", json!({"username": "alice"})).await?;
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-account-conflict");
    assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"username": "alice"})));
    Ok(())
}

async fn a_status_forbids(app: &TestApp) -> Outcome {
    for (status, code) in
        [(1, "uni-id-account-banned"), (2, "uni-id-account-auditing"), (3, "uni-id-account-audit-failed"), (4, "uni-id-account-closed")]
    {
        let name = format!("user-{status}");
        let uid = store_user(app, &name, json!({"status": status})).await?;
        refused(&try_password(app, &name, PASSWORD).await?, code);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"username": name})));
        assert_eq!(user(app, &uid).await?.get("last_login_date"), None);
    }
    store_user(app, "fine", json!({"status": 0})).await?;
    done(try_password(app, "fine", PASSWORD).await?);
    Ok(())
}

async fn exactly_one_identifier_counts(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    refused(&app.call("login", json!({"password": PASSWORD})).await?, "uni-id-invalid-username");
    let two = json!({"username": "alice", "email": "a@example.com", "password": PASSWORD});
    refused(&app.call("login", two).await?, "uni-id-invalid-param");
    done(app.call("login", json!({"username": "alice", "mobile": "", "email": null, "password": PASSWORD})).await?);
    Ok(())
}

async fn a_token_that_is_sent_along_ends(app: &TestApp) -> Outcome {
    let (uid, old) = someone(app, "alice").await?;
    app.clock.advance(1000);
    let reply = app.call_as(&old, "login", json!({"username": "alice", "password": PASSWORD})).await?;
    let new = done(reply).token()?;
    refused(&info(app, &old).await?, "uni-id-check-token-failed");
    done(info(app, &new).await?);
    assert_eq!(user(app, &uid).await?["token"], json!([new]));
    // One that does not hold anyway is no obstacle.
    done(app.call_as("x.y.z", "login", json!({"username": "alice", "password": PASSWORD})).await?);
    Ok(())
}

async fn no_more_than_the_configured_tokens_are_kept(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    let mut made = Vec::new();
    for _ in 0..12 {
        app.clock.advance(1000);
        made.push(log_in(app, "alice").await?);
    }
    assert_eq!(user(app, &uid).await?["token"], json!(made[2..]));
    Ok(())
}
