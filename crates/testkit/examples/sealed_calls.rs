//! Prints what verification and sealing cost end to end, without the rest of `make bench`.
//!
//! `cargo run --release -p lingpai-testkit --example sealed_calls` (PostgreSQL: through `scripts/with-test-services.sh`).

use lingpai_testkit::{Engine, bench::sealed};

// The program's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let engines = match std::env::var_os("LINGPAI_TEST_POSTGRES") {
        Some(_) => vec![Engine::Sqlite, Engine::Postgres],
        None => vec![Engine::Sqlite],
    };
    for engine in engines {
        for row in sealed::measure(engine, false).await? {
            println!("{:<28} {:<8} {:>8.0} us  {:.2}x", row.name, row.engine, row.p50_ms * 1000.0, row.times_plain.unwrap_or_default());
        }
    }
    Ok(())
}
