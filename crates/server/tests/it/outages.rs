//! A full disk and a lost database: clear errors, and recovery without a restart.

use anyhow::Context;
use lingpai_testkit::TestDatabase;
use rustix::process::{Resource, Rlimit, prlimit};

use crate::kit::{
    binary::{Program, Workplace},
    people::*,
    *,
};

/// How large the program's files may become from now on; `None`: as large as they like.
fn limit_files(program: &Program, bytes: Option<u64>) -> Outcome {
    let before = rustix::process::getrlimit(Resource::Fsize);
    prlimit(Some(program.pid()?), Resource::Fsize, Rlimit { current: bytes.or(before.maximum), maximum: before.maximum })?;
    Ok(())
}

#[tokio::test]
async fn a_full_disk_is_told_and_passes() -> Outcome {
    let place = Workplace::new()?;
    let program = place.serve_within_file_limits(&[])?;
    let admin = json!({"username": "admin-user", "password": PASSWORD});
    let token = done(program.call("registerAdmin", admin).await?).token()?;

    limit_files(&program, Some(4096))?;
    for (method, params) in [
        ("createCaptcha", json!({"scene": "register"})),
        ("login", json!({"username": "admin-user", "password": PASSWORD})),
        ("login", json!({"username": "nobody", "password": PASSWORD})),
        ("loginBySms", json!({"mobile": "13800000001", "code": "123456"})),
    ] {
        refused(&program.call(method, params).await?, "uni-id-system-error");
    }
    refused(&program.call_as(&token, "logout", json!({})).await?, "uni-id-system-error");
    assert_eq!((program.status("/readyz").await?, program.status("/healthz").await?), (503, 200));
    // What needs no write goes on; nobody was logged out.
    done(program.call_as(&token, "getAccountInfo", json!({})).await?);

    limit_files(&program, None)?;
    assert_eq!(program.status("/readyz").await?, 200);
    done(program.call("login", json!({"username": "admin-user", "password": PASSWORD})).await?);
    done(program.call_as(&token, "logout", json!({})).await?);
    refused(&program.call_as(&token, "getAccountInfo", json!({})).await?, "uni-id-check-token-failed");
    assert!(program.stop()?.success());
    let database = rusqlite::Connection::open(place.path("data/lingpai.db"))?;
    assert_eq!(database.query_row("PRAGMA integrity_check", (), |row| row.get::<_, String>(0))?, "ok");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_postgresql_is_told_and_comes_back() -> Outcome {
    let database = TestDatabase::create(Engine::Postgres).await?;
    let name = database.url().split('?').next().and_then(|url| url.rsplit('/').next()).context("a name")?.to_owned();
    let admin = std::env::var("LINGPAI_TEST_POSTGRES")?;
    let (operator, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let app = TestApp::builder().database(database).start().await?;
    let (_, token) = someone(&app, "alice").await?;

    operator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await?;
    let terminate = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()";
    operator.query(terminate, &[&name]).await?;
    refused(&try_password(&app, "alice", PASSWORD).await?, "uni-id-system-error");
    refused(&app.call("createCaptcha", json!({"scene": "register"})).await?, "uni-id-system-error");
    refused(&app.call_as(&token, "logout", json!({})).await?, "uni-id-system-error");
    let ready = app.http().get(app.url("/readyz")).send().await?;
    assert_eq!(ready.status(), 503);

    operator.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await?;
    let ready = app.http().get(app.url("/readyz")).send().await?;
    assert_eq!(ready.status(), 200);
    done(info(&app, &token).await?);
    app.clock.advance(1000);
    log_in(&app, "alice").await?;
    app.stop().await
}
