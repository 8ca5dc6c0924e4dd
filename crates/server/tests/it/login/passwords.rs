//! `login`: how passwords are kept and what testing one costs.

use std::sync::mpsc;

use crate::kit::{people::*, *};

both_engines!(rotated: old_passwords_move_to_the_newest_secret);
both_engines!(busy: every_login_costs_a_hash_whoever_it_is_for);
both_engines!(development: what_cannot_be_compared_is_a_wrong_password);

fn rotated(builder: TestAppBuilder) -> TestAppBuilder {
    cheap_argon2(builder).uni_id(json!({"passwordSecret": [
        {"type": "hmac-sha1", "version": 1, "value": "passwordSecret-demo"},
        {"type": "hmac-sha256", "version": 2},
        {"type": "argon2id", "version": 3},
    ]}))
}

/// As cheap as the settings allow.
fn cheap_argon2(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("passwords.argon2.memory_kib", "8192").setting("passwords.argon2.iterations", "1")
}

async fn old_passwords_move_to_the_newest_secret(app: &TestApp) -> Outcome {
    // Recorded from the original.
    let sha1 = "c9da61148555f2dbd395a82ebbfb986cf6b13bff";
    for (name, stored, version) in [("sha1", sha1, json!(1)), ("versionless", sha1, Value::Null), ("sha256", PASSWORD_HASH, json!(2))] {
        let mut fields = json!({"password": stored, "password_secret_version": version, "kept": name});
        if version.is_null() {
            fields = json!({"password": stored, "kept": name, "password_secret_version": null});
        }
        let uid = store_user(app, name, fields).await?;
        refused(&try_password(app, name, "wrong-password").await?, "uni-id-password-error");
        assert_eq!(user(app, &uid).await?["password"], stored);
        let token = log_in(app, name).await?;
        let doc = user(app, &uid).await?;
        let password = doc["password"].as_str().unwrap_or_default();
        assert!(password.starts_with("$argon2id$v=19$m=8192,t=1,p=1$"), "{password}");
        assert_eq!((&doc["password_secret_version"], &doc["kept"]), (&json!(3), &json!(name)));
        done(info(app, &token).await?);
        log_in(app, name).await?;
        assert_eq!(user(app, &uid).await?["password"], password);
    }
    Ok(())
}

fn busy(builder: TestAppBuilder) -> TestAppBuilder {
    cheap_argon2(builder)
        .uni_id(json!({"passwordSecret": [{"type": "argon2id", "version": 1}]}))
        .setting("passwords.hash_threads", "1")
        .setting("passwords.hash_queue", "1")
}

async fn every_login_costs_a_hash_whoever_it_is_for(app: &TestApp) -> Outcome {
    done(register(app, "alice").await?);
    done(register(app, "banned").await?);
    refused(&try_password(app, "alice", "wrong-password").await?, "uni-id-password-error");
    refused(&try_password(app, "nobody", "wrong-password").await?, "uni-id-account-not-exists");

    // With the only place taken, whoever needs a hash is turned away: known and unknown alike.
    let (release, held) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let state = app.program().state().clone();
    let occupied = tokio::spawn(async move {
        let occupy = move || {
            let _ = started.send(());
            let _ = held.recv();
        };
        state.guards.hashing.run(occupy).await
    });
    has_started.await?;
    let rows = log(app).await?.len();
    for name in ["alice", "nobody"] {
        refused(&try_password(app, name, PASSWORD).await?, "uni-id-server-busy");
    }
    refused(&register(app, "carol").await?, "uni-id-server-busy");
    assert_eq!(log(app).await?.len(), rows, "nobody is blamed for a busy server");
    drop(release);
    assert!(occupied.await?.is_ok());
    done(try_password(app, "alice", PASSWORD).await?);
    Ok(())
}

async fn what_cannot_be_compared_is_a_wrong_password(app: &TestApp) -> Outcome {
    for (name, fields) in [
        ("none", json!({"password": null})),
        ("empty", json!({"password": ""})),
        ("foreign", json!({"password": "$2y$10$somethingelse"})),
        ("unknown-version", json!({"password_secret_version": 9})),
        ("odd", json!({"password": {"a": 1}})),
    ] {
        let uid = store_user(app, name, fields).await?;
        let before = user(app, &uid).await?;
        refused(&try_password(app, name, PASSWORD).await?, "uni-id-password-error");
        assert_eq!(user(app, &uid).await?, before);
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"username": name})));
    }
    Ok(())
}
