//! What is measured, in which order.

use std::{cell::RefCell, path::PathBuf, rc::Rc, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use lingpai_domain::clock::Clock;
use lingpai_server::{runtime::SystemClock, telemetry::Stopwatch};
use tokio::runtime::Runtime;

use super::{
    argon2id,
    clientdb::GetByKey,
    configuration::Hashing,
    load::SharedTraffic,
    measurement::{Rounds, Row, beside_bare, median},
    micro, micro_hostile, micro_store,
    population::{Population, issue_captchas},
    process::Backends,
    program::{Program, beside_this_one},
    sealed, table, targets,
    traffic::{AccountInfo, CreateCaptcha, Login, RefreshToken, RegisterUser, Traffic},
};
use crate::{Engine, TestDatabase};

/// How often the program is started to see how long that takes.
const STARTS: usize = 5;
/// A program is idle so long after its start.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Users in the database.
    pub users: u64,
    /// A short run: to see that it works, not for figures.
    pub quick: bool,
    /// Only what has this name, or (if nothing has) this text in its name.
    pub filter: Option<String>,
    /// Only what has one of these names; empty: everything.
    pub only: Vec<String>,
    /// On these databases.
    pub engines: Vec<Engine>,
    /// With so many connections at the same time, one after the other.
    pub connections: Vec<usize>,
    /// The program; `None`: the one beside this one.
    pub program: Option<PathBuf>,
}

/// Measures, and prints the results as they come.
///
/// # Errors
/// If anything fails, above all if an answer is wrong.
pub fn run(plan: &Plan) -> Result<Vec<Row>> {
    if let Some(unknown) = plan.only.iter().find(|only| names().all(|name| name != only.as_str())) {
        bail!("nothing is named {unknown:?}; there are: {}", names().collect::<Vec<_>>().join("; "));
    }
    let mut bench = Bench { plan, rows: Vec::new() };
    table::heading();
    for (name, measure) in micro::ALL {
        if bench.wants(name) {
            bench.take(measure(name, plan.quick)?);
        }
    }
    for (name, condition) in micro_hostile::CONDITIONS {
        if bench.wants(name) {
            bench.take(micro_hostile::measure(name, plan.quick, condition)?);
        }
    }
    if micro_store::NAMES.iter().any(|name| bench.wants(name)) {
        for row in micro_store::measure(plan.quick)? {
            bench.take(row);
        }
    }
    for &engine in &plan.engines {
        bench.engine(engine)?;
        if sealed::NAMES.iter().any(|name| bench.wants(name)) {
            for row in Runtime::new()?.block_on(sealed::measure(engine, plan.quick))? {
                bench.take(row);
            }
        }
    }
    targets::print(&bench.rows);
    Ok(bench.rows)
}

/// What all databases have in common.
struct Bench<'p> {
    plan: &'p Plan,
    rows: Vec<Row>,
}

/// One database with its users.
pub(super) struct Site {
    pub(super) engine: Engine,
    pub(super) url: String,
    pub(super) executable: PathBuf,
    pub(super) users: u64,
    pub(super) tokens: Rc<Vec<Vec<u8>>>,
    captchas: u64,
}

impl Site {
    /// The name in results.
    pub(super) fn name(&self) -> &'static str {
        match self.engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }

    /// The server's processes at this moment.
    fn backends(&self) -> Result<Option<Backends>> {
        match self.engine {
            Engine::Sqlite => Ok(None),
            Engine::Postgres => Runtime::new()?.block_on(Backends::of(&self.url)),
        }
    }

    /// Marks a row as measured here.
    pub(super) fn sign(&self, row: Row) -> Row {
        Row { engine: self.name().to_owned(), users: self.users, ..row }
    }
}

/// Names of rows of the two programs.
const OF_HMAC_SHA256: [&str; 8] =
    ["start-up", "idle", "getAccountInfo", "clientDB get by key", "refreshToken", "login hmac-sha256", "createCaptcha", "registerUser"];

/// Names of all rows.
fn names() -> impl Iterator<Item = &'static str> {
    let micro = micro::ALL.iter().map(|(name, _)| *name).chain(micro_hostile::CONDITIONS.iter().map(|(name, _)| *name));
    micro.chain(micro_store::NAMES).chain(OF_HMAC_SHA256).chain(argon2id::NAMES).chain(sealed::NAMES)
}

impl Bench<'_> {
    fn wants(&self, name: &str) -> bool {
        if !self.plan.only.is_empty() && !self.plan.only.iter().any(|only| only == name) {
            return false;
        }
        let Some(filter) = self.plan.filter.as_deref() else { return true };
        if names().any(|name| name == filter) { name == filter } else { name.contains(filter) }
    }

    fn take(&mut self, row: Row) {
        table::line(&row);
        self.rows.push(row);
    }

    fn rounds(&self) -> Rounds {
        match self.plan.quick {
            true => Rounds { count: 1, seconds: 1.0, bare_seconds: 0.5, warm_up: 0.3 },
            false => Rounds { count: 5, seconds: 2.0, bare_seconds: 1.0, warm_up: 0.5 },
        }
    }

    fn engine(&mut self, engine: Engine) -> Result<()> {
        let hmac = OF_HMAC_SHA256.iter().any(|name| self.wants(name));
        let argon2id = argon2id::NAMES.iter().any(|name| self.wants(name));
        if !hmac && !argon2id {
            return Ok(());
        }
        let executable = match &self.plan.program {
            // It is started in a folder of its own.
            Some(path) => path.canonicalize().with_context(|| path.display().to_string())?,
            None => beside_this_one()?,
        };
        let runtime = Runtime::new()?;
        let database = runtime.block_on(TestDatabase::create(engine))?;
        let (tokens, captchas) = self.fill(&runtime, engine, database.url())?;
        let site = Site { engine, url: database.url().to_owned(), executable, users: self.plan.users, tokens, captchas };
        if hmac {
            self.hmac_sha256(&site)?;
        }
        if argon2id {
            for row in argon2id::measure(&site, self.plan, |name| self.wants(name))? {
                self.take(row);
            }
        }
        runtime.block_on(database.remove())
    }

    /// Fills the database. Answers tokens of its users, and how many captchas there are.
    fn fill(&self, runtime: &Runtime, engine: Engine, url: &str) -> Result<(Rc<Vec<Vec<u8>>>, u64)> {
        let started = Stopwatch::start();
        let clock = Arc::new(SystemClock);
        let now_ms = clock.now_ms();
        let population = Arc::new(Population::new(self.plan.users, now_ms)?);
        let captchas = match (self.wants("registerUser"), self.plan.quick) {
            (false, _) => 0,
            (true, true) => 15_000,
            (true, false) => 90_000,
        };
        runtime.block_on(async {
            let store = lingpai_store::open(&unhurried(engine, url), &lingpai_store::Options::new(clock)).await?;
            population.fill(&store).await?;
            issue_captchas(&store, captchas, now_ms).await?;
            // Closes it, which for SQLite moves everything into the file.
            drop(store);
            if engine == Engine::Postgres {
                settle(url).await?;
            }
            anyhow::Ok(())
        })?;
        eprintln!("{engine:?}: {} users in {:.0} s", population.users(), started.seconds());
        Ok((Rc::new(population.tokens()), captchas))
    }

    fn hmac_sha256(&mut self, site: &Site) -> Result<()> {
        if self.wants("start-up") {
            self.take(start_up(site)?);
        }
        let (program, _) = Program::start(&site.executable, &site.url, Hashing::HmacSha256)?;
        if self.wants("idle") {
            std::thread::sleep(IDLE_AFTER);
            self.take(site.sign(Row { name: "idle".into(), rss_mb: Some(program.memory_mb()?), ..Row::default() }));
        }
        let bare = Program::start_bare()?;
        self.calls(site, &program, &bare, "getAccountInfo", &mut || AccountInfo::new(Rc::clone(&site.tokens)))?;
        self.calls(site, &program, &bare, "clientDB get by key", &mut || GetByKey::new(Rc::clone(&site.tokens)))?;
        // Before the logins, whose tokens push the users' first ones out of their lists.
        let refresh: Rc<RefCell<RefreshToken>> = Rc::new(RefCell::new(RefreshToken::new(&site.tokens)));
        if self.wants("refreshToken") {
            for &connections in &self.plan.connections {
                let traffic: SharedTraffic = refresh.clone();
                let row = beside_bare("refreshToken", &program, &bare, self.rounds(), connections, &traffic, || site.backends())?;
                self.take(site.sign(row));
            }
        }
        let login = || Login::new(Hashing::HmacSha256, site.users);
        self.calls(site, &program, &bare, "login hmac-sha256", &mut || login())?;
        self.calls(site, &program, &bare, "createCaptcha", &mut CreateCaptcha::new)?;
        let mut next = 0;
        let share = site.captchas / self.plan.connections.len().max(1) as u64;
        let mut register = || {
            next += share;
            RegisterUser::new(next - share..next)
        };
        self.calls(site, &program, &bare, "registerUser", &mut register)?;
        program.stop()
    }

    fn calls<T: Traffic + 'static>(
        &mut self,
        site: &Site,
        program: &Program,
        bare: &Program,
        name: &str,
        traffic: &mut dyn FnMut() -> T,
    ) -> Result<()> {
        if self.wants(name) {
            for &connections in &self.plan.connections {
                let traffic: Rc<RefCell<dyn Traffic>> = Rc::new(RefCell::new(traffic()));
                let row = beside_bare(name, program, bare, self.rounds(), connections, &traffic, || site.backends());
                self.take(site.sign(row.with_context(|| format!("{name} with {connections} connections on {}", site.name()))?));
            }
        }
        Ok(())
    }
}

/// How long the program takes from its start to its first answer.
fn start_up(site: &Site) -> Result<Row> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        let (program, ms) = Program::start(&site.executable, &site.url, Hashing::HmacSha256)?;
        times.push(ms);
        program.stop()?;
    }
    let p50_ms = median(&mut times);
    Ok(site.sign(Row { name: "start-up".into(), p50_ms, p99_ms: times.last().copied().unwrap_or_default(), ..Row::default() }))
}

/// For filling a database, which need not be safe on disk at every step.
fn unhurried(engine: Engine, url: &str) -> String {
    match engine {
        Engine::Sqlite => url.to_owned(),
        Engine::Postgres => format!("{url}{}options=-c%20synchronous_commit%3Doff", if url.contains('?') { '&' } else { '?' }),
    }
}

/// Lets PostgreSQL do what it would do by itself soon, in the middle of a measurement.
async fn settle(url: &str) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    // It ends with the client.
    tokio::spawn(connection);
    client.batch_execute("VACUUM ANALYZE").await?;
    Ok(client.batch_execute("CHECKPOINT").await?)
}
