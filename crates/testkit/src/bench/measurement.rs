//! What is measured of one kind of call: the program and the bare server in turns, so that what
//! else the machine does touches both alike.

use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::{
    load::{self, Load, Outcome, SharedTraffic},
    process::{self, Backends},
    program::Program,
};

/// One line of the result.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Row {
    /// The method, or what else was measured.
    pub name: String,
    /// `sqlite`, `postgres`, or empty where no database is involved.
    pub engine: String,
    /// Connections (or concurrent callers).
    pub connections: usize,
    /// Users in the database.
    pub users: u64,
    /// A second.
    pub rate: f64,
    /// Half take no longer, in milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 take no longer.
    pub p99_ms: f64,
    /// 999 of 1000 take no longer.
    pub p999_ms: f64,
    /// The rate of the bare server; of argon2id that of bare hashing on all cores.
    pub bare_rate: Option<f64>,
    /// `rate / bare_rate`: the median of the rounds.
    pub ratio_to_bare: Option<f64>,
    /// Of calls of the secure network: the median by that of the same call plain.
    pub times_plain: Option<f64>,
    /// Processor time of the program for one call, in microseconds: hardly depends on what else
    /// the machine does. PostgreSQL's own is not in it. Only in the table, as are the next two.
    #[serde(skip)]
    pub cpu_us: Option<f64>,
    /// The same for PostgreSQL, if it runs on this machine.
    #[serde(skip)]
    pub database_cpu_us: Option<f64>,
    /// The same for the bare server.
    #[serde(skip)]
    pub bare_cpu_us: Option<f64>,
    /// Anonymous memory of the program afterwards, MB.
    pub rss_mb: Option<f64>,
}

impl Row {
    /// With rate and times of an outcome.
    pub fn of(name: &str, load: Load, rate: f64, times: &Histogram<u64>) -> Self {
        let ms = |quantile: f64| times.value_at_quantile(quantile) as f64 / 1e6;
        Self {
            name: name.to_owned(),
            connections: load.connections,
            rate,
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
            p999_ms: ms(0.999),
            ..Self::default()
        }
    }
}

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// How many.
    pub count: usize,
    /// Seconds of each on the program.
    pub seconds: f64,
    /// Seconds of each on the bare server.
    pub bare_seconds: f64,
    /// Seconds before the first, which do not count.
    pub warm_up: f64,
}

/// Measures a program beside the bare server; `database`: what is asked for the server's processes.
///
/// # Errors
/// If an answer is missing or wrong.
pub fn beside_bare(
    name: &str,
    program: &Program,
    bare: &Program,
    rounds: Rounds,
    connections: usize,
    traffic: &SharedTraffic,
    database: impl FnOnce() -> Result<Option<Backends>>,
) -> Result<Row> {
    let load = |seconds| Load { connections, seconds, pace: None };
    let first = load::run(program.address(), load(rounds.warm_up), traffic)?;
    bare.set_answer(&first.last)?;
    // The bare server must not use up what only the program can answer.
    let repeated: SharedTraffic = std::rc::Rc::new(std::cell::RefCell::new(Repeated::of(traffic)?));
    load::run(bare.address(), load(rounds.warm_up), &repeated)?;
    // By now the program has opened its connections.
    let database = database()?;

    let (mut sides, mut ratios, mut database_ms) = ([Side::default(), Side::default()], Vec::new(), 0.0);
    for _ in 0..rounds.count {
        // What can be asked only once (a registration) may be used up before the last round.
        let before = database.as_ref().map(Backends::processor_ms).transpose()?;
        let Some(rate) = sides[0].measure(program, load(rounds.seconds), traffic)? else { break };
        if let (Some(database), Some(before)) = (&database, before) {
            database_ms += database.processor_ms()? - before;
        }
        let bare_rate = sides[1].measure(bare, load(rounds.bare_seconds), &repeated)?.context("an answer of the bare server")?;
        ratios.push(rate / bare_rate);
    }
    let [mut own, mut bare] = sides;
    let times = own.times.take().context("no round")?;
    let (rate, cpu_us) = own.summary();
    let (bare_rate, bare_cpu_us) = bare.summary();
    Ok(Row {
        bare_rate: Some(bare_rate),
        ratio_to_bare: Some(median(&mut ratios)),
        cpu_us: Some(cpu_us),
        database_cpu_us: database.map(|_| database_ms * 1000.0 / own.calls.max(1) as f64),
        bare_cpu_us: Some(bare_cpu_us),
        rss_mb: Some(program.memory_mb()?),
        ..Row::of(name, load(0.0), rate, &times)
    })
}

/// The rounds of one of the two.
#[derive(Default)]
struct Side {
    rates: Vec<f64>,
    times: Option<Histogram<u64>>,
    processor_ms: f64,
    calls: u64,
}

impl Side {
    /// The rate of one round; `None` if there was nothing left to ask.
    fn measure(&mut self, program: &Program, load: Load, traffic: &SharedTraffic) -> Result<Option<f64>> {
        let before = process::processor_ms(program.pid())?;
        let outcome: Outcome = load::run(program.address(), load, traffic).with_context(|| program.log())?;
        if outcome.times.is_empty() {
            return Ok(None);
        }
        self.processor_ms += process::processor_ms(program.pid())? - before;
        self.calls += outcome.times.len();
        let rate = outcome.rate();
        self.rates.push(rate);
        match &mut self.times {
            Some(times) => times.add(&outcome.times)?,
            None => self.times = Some(outcome.times),
        }
        Ok(Some(rate))
    }

    /// Rate and processor microseconds for one call.
    fn summary(&mut self) -> (f64, f64) {
        (median(&mut self.rates), self.processor_ms * 1000.0 / self.calls.max(1) as f64)
    }
}

/// A few requests of some traffic again and again.
struct Repeated {
    requests: Vec<Vec<u8>>,
    next: usize,
}

impl Repeated {
    /// Takes a few requests off.
    fn of(traffic: &SharedTraffic) -> Result<Self> {
        const A_FEW: usize = 64;
        let mut traffic = traffic.borrow_mut();
        let mut requests = Vec::new();
        for _ in 0..A_FEW {
            let mut request = Vec::new();
            traffic.next(&mut request).context("too few requests")?;
            requests.push(request);
        }
        Ok(Self { requests, next: 0 })
    }
}

impl super::traffic::Traffic for Repeated {
    fn next(&mut self, request: &mut Vec<u8>) -> Option<usize> {
        self.next = (self.next + 1) % self.requests.len();
        request.extend_from_slice(self.requests.get(self.next)?);
        Some(0)
    }
}

/// The one in the middle; 0 of none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
