//! What the store's operations cost that a token check, a login and an account's page need, on
//! SQLite, in this process.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use lingpai_domain::{
    account::IdentityKind,
    clock::Clock,
    id::Ids,
    log::{LogRow, LogSubject, LogType},
    store::{IdentityQuery, LockRule, NewSession, RecentQuery, SignIn, SignedIn, Store},
    token,
};
use lingpai_server::{
    runtime::{SystemClock, SystemRandom},
    telemetry::Stopwatch,
};
use tokio::runtime::Runtime;

use super::{
    configuration::TOKEN_LIFE_S,
    load::{Load, histogram},
    measurement::Row,
    micro::repeat,
    population::Population,
    wire::APP,
};
use crate::{Engine, TestDatabase};

/// Names of the rows.
pub const NAMES: [&str; 4] = ["micro: store, user", "micro: store, candidates", "micro: store, sign_in", "micro: store, session_view"];

const USERS: u64 = 10_000;

/// Measures all of them.
///
/// # Errors
/// If the store fails.
pub fn measure(quick: bool) -> Result<Vec<Row>> {
    let runtime = Runtime::new()?;
    let database = runtime.block_on(TestDatabase::create(Engine::Sqlite))?;
    let clock = Arc::new(SystemClock);
    let population = Arc::new(Population::new(USERS, clock.now_ms())?);
    let store = runtime.block_on(async {
        let store = lingpai_store::open(database.url(), &lingpai_store::Options::new(clock.clone())).await?;
        population.fill(&store).await?;
        anyhow::Ok(store)
    })?;
    let mut rows = vec![
        reads(NAMES[0], quick, &runtime, |n| {
            let store = &store;
            async move { Ok(store.user(&Population::uid(n)).await?.is_some()) }
        })?,
        reads(NAMES[1], quick, &runtime, |n| {
            let (store, query, recent) = (&store, identity(n), recent(n));
            async move { Ok(store.candidates(&query, Some(&recent)).await?.users.len() == 1) }
        })?,
        reads(NAMES[3], quick, &runtime, |n| {
            let (store, population) = (&store, &population);
            async move { Ok(store.session_view(&Population::uid(n), &population.token(n)).await?.is_some_and(|view| view.listed)) }
        })?,
    ];
    for callers in [1, 32] {
        let seconds = if quick { 0.3 } else { 2.0 };
        rows.push(runtime.block_on(sign_ins(NAMES[2], &store, Load { connections: callers, seconds, pace: None }))?);
    }
    drop(store);
    runtime.block_on(database.remove())?;
    Ok(rows.into_iter().map(|row| Row { engine: "sqlite".into(), users: USERS, ..row }).collect())
}

/// One read at a time.
fn reads<W: Future<Output = Result<bool>>>(name: &str, quick: bool, runtime: &Runtime, read: impl Fn(u64) -> W) -> Result<Row> {
    let (mut number, mut found) = (0, true);
    runtime.block_on(async {
        ensure!(read(1).await?, "{name} found nothing");
        Ok(())
    })?;
    let row = repeat(name, quick, || {
        number = (number + 7919) % USERS;
        found &= runtime.block_on(read(number)).is_ok_and(|found| found);
    });
    ensure!(found, "{name} found nothing");
    Ok(row)
}

fn identity(number: u64) -> IdentityQuery {
    IdentityQuery { kind: IdentityKind::Username, values: vec![Population::username(number)], app: APP.into() }
}

fn recent(number: u64) -> RecentQuery {
    RecentQuery {
        kind: LogType::Login,
        ip: "203.0.113.7".into(),
        field: IdentityKind::Username,
        value: Population::username(number),
        since: 0,
    }
}

/// Several callers who each start one session after the other; each is on disk before the next.
async fn sign_ins(name: &str, store: &Arc<dyn Store>, load: Load) -> Result<Row> {
    let started = Stopwatch::start();
    let mut callers = tokio::task::JoinSet::new();
    let ids = Arc::new(Ids::default());
    for caller in 0..load.connections as u64 {
        let (store, ids) = (Arc::clone(store), Arc::clone(&ids));
        callers.spawn(async move {
            let mut times = histogram()?;
            let mut number = caller * 313;
            while started.seconds() < load.seconds {
                number = (number + 7919) % USERS;
                let revision = store.user(&Population::uid(number)).await?.context("a user")?.revision;
                let sign_in = sign_in(number, revision, ids.next(&SystemClock, &SystemRandom));
                let begun = Stopwatch::start();
                ensure!(store.sign_in(&sign_in).await? == SignedIn::Done, "the sign-in was refused");
                times.saturating_record((begun.seconds() * 1e9) as u64);
            }
            anyhow::Ok(times)
        });
    }
    let mut times = histogram()?;
    while let Some(done) = callers.join_next().await {
        times.add(done??)?;
    }
    Ok(Row::of(name, load, times.len() as f64 / started.seconds(), &times))
}

fn sign_in(number: u64, revision: i64, id: String) -> SignIn {
    let now = SystemClock.now_ms();
    // As long as a real token, and never the same twice.
    let token = format!("{id}{}", "t".repeat(280));
    let session = NewSession {
        hash: token::hash(&token),
        token,
        issued_at: now / 1000,
        expires_at: now / 1000 + TOKEN_LIFE_S,
        app: APP.into(),
        device_id: Some(format!("web-device-{number:08}")),
        ip: "203.0.113.7".into(),
        user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0".into(),
        now,
        max_tokens: 10,
    };
    let uid = Population::uid(number);
    let log = LogRow {
        id,
        appid: session.app.clone(),
        device_id: session.device_id.clone(),
        ip: session.ip.clone(),
        kind: LogType::Login,
        ua: session.user_agent.clone(),
        create_date: now,
        subject: LogSubject::User(uid.clone()),
        success: true,
        told: Vec::new(),
    };
    let lock = Some(LockRule { limit: 6, retry_ms: 3_600_000 });
    SignIn { uid, revision, session, lock, rehash: None, previous: None, log }
}
