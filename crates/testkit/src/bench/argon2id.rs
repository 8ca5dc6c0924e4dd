//! Logins with argon2id: against bare hashing on all cores, and what they do to other calls.

use std::{cell::RefCell, rc::Rc, thread};

use anyhow::{Context, Result, anyhow};
use lingpai_domain::{
    password::{PasswordPolicy, Verdict},
    random::Random,
};
use lingpai_server::telemetry::Stopwatch;

use super::{
    configuration::Hashing,
    load::{self, Load, SharedTraffic},
    measurement::{Row, median},
    plan::{Plan, Site},
    population::PASSWORD,
    program::Program,
    traffic::{AccountInfo, Login},
};
use crate::SeededRandom;

/// Names of the rows.
pub const NAMES: [&str; 3] = ["login argon2id", "getAccountInfo at 500/s", "getAccountInfo during argon2id"];

/// Calls a second whose times are taken while others log in.
const PACE: f64 = 500.0;
/// The program's hashing threads have this nice value; bare hashing must not have more right to the processor.
const NICE: i32 = 19;

/// Measures on one database.
///
/// # Errors
/// If anything fails.
pub fn measure(site: &Site, plan: &Plan, wants: impl Fn(&str) -> bool) -> Result<Vec<Row>> {
    let (program, _) = Program::start(&site.executable, &site.url, Hashing::Argon2id)?;
    let (rounds, seconds) = if plan.quick { (1, 2.0) } else { (3, 5.0) };
    let mut rows = Vec::new();
    if wants(NAMES[0]) {
        for &connections in &plan.connections {
            rows.push(site.sign(logins(site, &program, rounds, Load { connections, seconds, pace: None })?));
        }
    }
    let paced = Load { connections: 32, seconds: seconds * 2.0, pace: Some(PACE) };
    if wants(NAMES[1]) {
        rows.push(site.sign(account_info(NAMES[1], site, &program, paced)?));
    }
    if wants(NAMES[2]) {
        let (address, users) = (program.address(), site.users);
        let flood = Load { connections: 64, seconds: paced.seconds + 0.5, pace: None };
        let flooding = thread::spawn(move || {
            let traffic: SharedTraffic = Rc::new(RefCell::new(Login::new(Hashing::Argon2id, users)));
            load::run(address, flood, &traffic)
        });
        rows.push(site.sign(account_info(NAMES[2], site, &program, paced)?));
        flooding.join().map_err(|_| anyhow!("the flood panicked"))??;
    }
    program.stop()?;
    Ok(rows)
}

fn logins(site: &Site, program: &Program, rounds: usize, load: Load) -> Result<Row> {
    let traffic: SharedTraffic = Rc::new(RefCell::new(Login::new(Hashing::Argon2id, site.users)));
    let threads = thread::available_parallelism()?.get().min(load.connections);
    let (mut rates, mut bare_rates, mut ratios, mut times) = (Vec::new(), Vec::new(), Vec::new(), load::histogram()?);
    for _ in 0..rounds {
        let bare_rate = bare_hashing(threads, load.seconds / 2.0)?;
        let outcome = load::run(program.address(), load, &traffic).with_context(|| program.log())?;
        ratios.push(outcome.rate() / bare_rate);
        rates.push(outcome.rate());
        bare_rates.push(bare_rate);
        times.add(&outcome.times)?;
    }
    Ok(Row {
        bare_rate: Some(median(&mut bare_rates)),
        ratio_to_bare: Some(median(&mut ratios)),
        rss_mb: Some(program.memory_mb()?),
        ..Row::of(NAMES[0], load, median(&mut rates), &times)
    })
}

/// Hashes a second on so many threads that do nothing else.
fn bare_hashing(threads: usize, seconds: f64) -> Result<f64> {
    let secrets = Hashing::Argon2id.secrets();
    let random = SeededRandom::default();
    let (stored, version) = PasswordPolicy::new(&secrets).hash(PASSWORD, &random as &dyn Random)?;
    let started = Stopwatch::start();
    let hashes: u64 = thread::scope(|scope| {
        let hash = || {
            let _ = rustix::process::setpriority_process(None, NICE);
            let mut hashes = 0;
            while started.seconds() < seconds {
                let verdict = PasswordPolicy::new(&secrets).verify(Some(&stored), version, PASSWORD);
                hashes += u64::from(verdict == Verdict::Match { outdated: false });
            }
            hashes
        };
        let hashing: Vec<_> = (0..threads).map(|_| scope.spawn(hash)).collect();
        hashing.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
    });
    Ok(hashes as f64 / started.seconds())
}

fn account_info(name: &str, site: &Site, program: &Program, load: Load) -> Result<Row> {
    let traffic: SharedTraffic = Rc::new(RefCell::new(AccountInfo::new(Rc::clone(&site.tokens))));
    let outcome = load::run(program.address(), load, &traffic).with_context(|| program.log())?;
    Ok(Row { rss_mb: Some(program.memory_mb()?), ..Row::of(name, load, outcome.rate(), &outcome.times) })
}
