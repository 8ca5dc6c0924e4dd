//! A full disk, a database that only reads, a lost one: clear errors, and recovery without a restart.

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

/// A database, and an operator of its server.
struct Managed {
    database: TestDatabase,
    name: String,
    operator: tokio_postgres::Client,
}

impl Managed {
    async fn create() -> anyhow::Result<Self> {
        let database = TestDatabase::create(Engine::Postgres).await?;
        let name = database.url().split('?').next().and_then(|url| url.rsplit('/').next()).context("a name")?.to_owned();
        let admin = std::env::var("LINGPAI_TEST_POSTGRES")?;
        let (operator, connection) = tokio_postgres::connect(&admin, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        Ok(Self { database, name, operator })
    }

    /// Changes a setting of the database, and ends the sessions that do not know it.
    async fn alter(&self, change: &str) -> Outcome {
        self.operator.batch_execute(&format!("ALTER DATABASE {} {change}", self.name)).await?;
        let terminate = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()";
        self.operator.query(terminate, &[&self.name]).await?;
        Ok(())
    }
}

async fn ready(app: &TestApp) -> anyhow::Result<u16> {
    Ok(app.http().get(app.url("/readyz")).send().await?.status().as_u16())
}

/// What writes is refused, and readiness is off.
async fn writes_are_refused(app: &TestApp, token: &str) -> Outcome {
    refused(&try_password(app, "alice", PASSWORD).await?, "uni-id-system-error");
    refused(&app.call("createCaptcha", json!({"scene": "register"})).await?, "uni-id-system-error");
    refused(&app.call_as(token, "logout", json!({})).await?, "uni-id-system-error");
    assert_eq!(ready(app).await?, 503);
    Ok(())
}

/// Everything is as before; nobody was logged out.
async fn all_is_well_again(app: &TestApp, token: &str) -> Outcome {
    // A connection that was ended may be found so by whoever takes it first.
    while ready(app).await? != 200 {
        tokio::task::yield_now().await;
    }
    done(info(app, token).await?);
    app.clock.advance(1000);
    log_in(app, "alice").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_postgresql_is_told_and_comes_back() -> Outcome {
    let managed = Managed::create().await?;
    let app = TestApp::builder().database(managed.database.shared()).start().await?;
    let (_, token) = someone(&app, "alice").await?;
    managed.alter("ALLOW_CONNECTIONS false").await?;
    writes_are_refused(&app, &token).await?;
    managed.alter("ALLOW_CONNECTIONS true").await?;
    all_is_well_again(&app, &token).await?;
    app.stop().await?;
    managed.database.remove().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgresql_that_only_reads_is_told_and_passes() -> Outcome {
    let managed = Managed::create().await?;
    let app = TestApp::builder().database(managed.database.shared()).start().await?;
    let (_, token) = someone(&app, "alice").await?;
    managed.alter("SET default_transaction_read_only = on").await?;
    writes_are_refused(&app, &token).await?;
    // What needs no write goes on.
    done(info(&app, &token).await?);
    managed.alter("RESET default_transaction_read_only").await?;
    all_is_well_again(&app, &token).await?;
    app.stop().await?;
    managed.database.remove().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_postgresql_is_told_and_passes() -> Outcome {
    let managed = Managed::create().await?;
    let app = TestApp::builder().database(managed.database.shared()).start().await?;
    let (_, token) = someone(&app, "alice").await?;
    let (owner, connection) = tokio_postgres::connect(managed.database.url(), tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    // What the server answers when no page can be added.
    owner
        .batch_execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'no space left on device'; END $$;
            CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON logins EXECUTE FUNCTION full_disk();
            CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON codes EXECUTE FUNCTION full_disk();
            CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON gate_changes EXECUTE FUNCTION full_disk();
            CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON health EXECUTE FUNCTION full_disk()",
        )
        .await?;
    writes_are_refused(&app, &token).await?;
    done(info(&app, &token).await?);
    owner.batch_execute("DROP FUNCTION full_disk() CASCADE").await?;
    all_is_well_again(&app, &token).await?;
    app.stop().await?;
    managed.database.remove().await
}
