//! What the program is meant to reach, and whether it did.

use super::{measurement::Row, table::round};

/// What is compared with the bound.
type Figure = fn(&Row) -> Option<f64>;

struct Target {
    /// With a star at its end: every row whose name begins so.
    name: &'static str,
    /// Empty: any.
    engine: &'static str,
    /// 0: any.
    connections: usize,
    figure: (&'static str, Figure),
    /// `true`: at least the bound; `false`: less than it.
    at_least: bool,
    bound: f64,
}

impl Target {
    fn names(&self, row: &str) -> bool {
        self.name.strip_suffix('*').map_or(self.name == row, |beginning| row.starts_with(beginning))
    }
}

const RATIO: (&str, Figure) = ("rate / bare rate", |row| row.ratio_to_bare);
const RATE: (&str, Figure) = ("calls/s", |row| Some(row.rate));
const P99: (&str, Figure) = ("p99, ms", |row| Some(row.p99_ms));
const MEDIAN: (&str, Figure) = ("median, ms", |row| Some(row.p50_ms));
const TIMES_PLAIN: (&str, Figure) = ("median / plain median", |row| row.times_plain);
const CPU: (&str, Figure) = ("processor, us", |row| row.cpu_us);
const MEMORY: (&str, Figure) = ("anonymous memory, MB", |row| row.rss_mb);

const TARGETS: &[Target] = &[
    Target { name: "getAccountInfo", engine: "sqlite", connections: 32, figure: RATIO, at_least: true, bound: 0.45 },
    Target { name: "getAccountInfo", engine: "sqlite", connections: 32, figure: P99, at_least: false, bound: 5.0 },
    Target { name: "login hmac-sha256", engine: "sqlite", connections: 32, figure: RATE, at_least: true, bound: 8_000.0 },
    Target { name: "login hmac-sha256", engine: "postgres", connections: 32, figure: RATE, at_least: true, bound: 5_000.0 },
    Target { name: "login argon2id", engine: "", connections: 32, figure: RATIO, at_least: true, bound: 0.9 },
    Target { name: "getAccountInfo during argon2id", engine: "", connections: 0, figure: P99, at_least: false, bound: 5.0 },
    Target { name: "idle", engine: "", connections: 0, figure: MEMORY, at_least: false, bound: 40.0 },
    Target { name: "echo 1 KiB verified", engine: "", connections: 1, figure: TIMES_PLAIN, at_least: false, bound: 1.1 },
    Target { name: "echo 1 KiB sealed", engine: "", connections: 1, figure: TIMES_PLAIN, at_least: false, bound: 1.2 },
    Target { name: "echo 64 KiB sealed", engine: "", connections: 1, figure: TIMES_PLAIN, at_least: false, bound: 1.5 },
    Target { name: "own login verified", engine: "", connections: 1, figure: TIMES_PLAIN, at_least: false, bound: 1.1 },
    Target { name: "own login sealed", engine: "", connections: 1, figure: TIMES_PLAIN, at_least: false, bound: 1.2 },
    Target { name: "micro: secure handshake", engine: "", connections: 0, figure: MEDIAN, at_least: false, bound: 1.0 },
    Target { name: "micro: secure handshake, attested", engine: "", connections: 0, figure: MEDIAN, at_least: false, bound: 3.0 },
    Target { name: "micro: custom-token.js, warm", engine: "", connections: 0, figure: CPU, at_least: false, bound: 20.0 },
    Target { name: "micro: hostile where, *", engine: "", connections: 0, figure: P99, at_least: false, bound: 5.0 },
    Target { name: "start-up", engine: "", connections: 0, figure: MEDIAN, at_least: false, bound: 200.0 },
];

/// A rate that is meant to reach a share of another one's, on the same database with as many connections.
struct Share {
    name: &'static str,
    of: &'static str,
    bound: f64,
}

const SHARES: &[Share] = &[Share { name: "clientDB get by key", of: "getAccountInfo", bound: 0.4 }];

fn print_shares(rows: &[Row]) {
    for Share { name, of, bound } in SHARES {
        for row in rows.iter().filter(|row| row.name == *name) {
            let beside = |other: &&Row| other.name == *of && other.engine == row.engine && other.connections == row.connections;
            let Some(other) = rows.iter().find(beside) else { continue };
            let share = row.rate / other.rate;
            let (mark, unit) = (if share >= *bound { "✓" } else { "✗" }, format!("rate / {of}"));
            println!("  {mark} {:<32} {:<8} {:>3} {unit:<22} {:>8}  (≥ {bound})", row.name, row.engine, row.connections, round(share));
        }
    }
}

/// Prints each target that was measured, and whether it was reached.
pub fn print(rows: &[Row]) {
    println!("\n目标 / targets");
    for target in TARGETS {
        let concerned = rows.iter().filter(|row| {
            target.names(&row.name)
                && (target.engine.is_empty() || row.engine == target.engine)
                && (target.connections == 0 || row.connections == target.connections)
        });
        for row in concerned {
            let (unit, figure) = target.figure;
            let Some(value) = figure(row) else { continue };
            let reached = if target.at_least { value >= target.bound } else { value < target.bound };
            println!(
                "  {} {:<32} {:<8} {:>3} {:<22} {:>8}  ({} {})",
                if reached { "✓" } else { "✗" },
                row.name,
                row.engine,
                row.connections,
                unit,
                round(value),
                if target.at_least { "≥" } else { "<" },
                target.bound
            );
        }
    }
    print_shares(rows);
}
