//! `login`: wrong passwords, locks, captchas.

use crate::kit::{people::*, *};

both_engines!(development: wrong_passwords_are_counted_by_address, the_lock_ends, three_failures_demand_a_captcha);
both_engines!(secretive: unknown_accounts_answer_as_wrong_passwords_do);

fn login_from(ip: &str, password: &str) -> Call {
    Call::new("login").params(json!({"username": "alice", "password": password})).from_ip(ip)
}

/// An address each time, so that no captcha is asked for, but one lock: tests of the lock come from
/// one address and solve the captcha.
async fn guess(app: &TestApp, password: &str) -> anyhow::Result<Reply> {
    let captcha = captcha(app, "login-by-pwd").await?;
    app.call("login", json!({"username": "alice", "password": password, "captcha": captcha})).await
}

async fn wrong_passwords_are_counted_by_address(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    for attempt in 1..=6 {
        app.clock.advance(1000);
        refused(&guess(app, "wrong-password").await?, "uni-id-password-error");
        assert_eq!(last_log(app).await?, row(app, "login", 0, json!({"username": "alice"})));
        assert_eq!(
            user(app, &uid).await?["login_ip_limit"],
            json!([{"ip": "127.0.0.1", "error_times": attempt, "last_error_time": START + attempt * 1000}])
        );
    }
    let locked = guess(app, "wrong-password").await?;
    refused(&locked, "uni-id-password-error-exceed-limit");
    assert_eq!(locked.body["errMsg"], "密码错误次数过多,请 60 分钟后再试");
    refused(&guess(app, PASSWORD).await?, "uni-id-password-error-exceed-limit");
    done(app.send(login_from("203.0.113.1", PASSWORD)).await?);
    refused(&guess(app, PASSWORD).await?, "uni-id-password-error-exceed-limit");
    Ok(())
}

async fn the_lock_ends(app: &TestApp) -> Outcome {
    let uid = store_user(app, "alice", json!({})).await?;
    for _ in 0..6 {
        refused(&guess(app, "wrong-password").await?, "uni-id-password-error");
    }
    app.clock.advance(3_599_999);
    refused(&guess(app, PASSWORD).await?, "uni-id-password-error-exceed-limit");
    app.clock.advance(2);
    done(guess(app, PASSWORD).await?);
    assert_eq!(user(app, &uid).await?["login_ip_limit"], json!([]));
    Ok(())
}

async fn three_failures_demand_a_captcha(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    for _ in 0..3 {
        refused(&try_password(app, "alice", "wrong-password").await?, "uni-id-password-error");
    }
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-captcha-required");
    done(app.send(login_from("203.0.113.1", PASSWORD)).await?);
    let with = |captcha: &str| app.call("login", json!({"username": "alice", "password": PASSWORD, "captcha": captcha}));
    refused(&with("none").await?, "uni-captcha-verify-fail");
    let text = captcha(app, "login-by-pwd").await?;
    app.clock.advance(180_001);
    refused(&with(&text).await?, "uni-captcha-verify-overdue");
    done(with(&captcha(app, "login-by-pwd").await?).await?);
    // Failures count for two hours; a success, which is logged by `_id`, does not end that.
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-captcha-required");
    for _ in 0..3 {
        refused(&try_password(app, "nobody", PASSWORD).await?, "uni-id-account-not-exists");
    }
    refused(&try_password(app, "nobody", PASSWORD).await?, "uni-id-captcha-required");
    app.clock.advance(2 * 3_600_000);
    refused(&try_password(app, "nobody", PASSWORD).await?, "uni-id-account-not-exists");
    Ok(())
}

fn secretive(builder: TestAppBuilder) -> TestAppBuilder {
    builder.setting("security.hide_account_existence", "true")
}

async fn unknown_accounts_answer_as_wrong_passwords_do(app: &TestApp) -> Outcome {
    store_user(app, "alice", json!({})).await?;
    store_user(app, "banned", json!({"status": 1})).await?;
    store_user(app, "elsewhere", json!({"dcloud_appid": ["__UNI__OTHER"]})).await?;
    store_user(app, "twice", json!({})).await?;
    store_user(app, "other", json!({"username": "twice"})).await?;
    store_user(app, "wordless", json!({"password": null})).await?;
    let expected = try_password(app, "alice", "wrong-password").await?;
    refused(&expected, "uni-id-password-error");
    for name in ["nobody", "banned", "elsewhere", "twice", "wordless"] {
        assert_eq!(try_password(app, name, "wrong-password").await?, expected, "{name}");
    }
    // Whoever knows the password may know the status.
    refused(&try_password(app, "banned", PASSWORD).await?, "uni-id-account-banned");
    Ok(())
}
