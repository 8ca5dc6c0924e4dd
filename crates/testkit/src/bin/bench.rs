//! Benchmarks: `make bench`, or `cargo run --release -p lingpai-testkit --bin bench -- --quick`.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use lingpai_testkit::{
    Engine,
    bench::{Plan, bare, run},
};

// The program's allocator: the bare server is to differ from it in nothing but the work.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 性能测试，结果打印为表格并写入 target/bench.json。Benchmarks; prints a table and writes target/bench.json.
#[derive(Parser)]
#[command(name = "bench")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// 数据库中的用户数。Users in the database.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=50_000_000))]
    users: u64,
    /// 快速运行：只验证可用，数据不可作准。A short run, to see that it works; not for figures.
    #[arg(long)]
    quick: bool,
    /// 只测此名称，或名称含此文字者。Only what has this name, else what has this text in its name.
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// 只测此名称，可重复。Only what has this name; may be repeated.
    #[arg(long, value_name = "NAME", conflicts_with = "filter")]
    only: Vec<String>,
    /// sqlite 或 postgres；缺省为两者（postgres 需要 LINGPAI_TEST_POSTGRES）。The database; both by default.
    #[arg(long)]
    engine: Vec<Engine>,
    /// 同时打开的连接数，可重复；缺省为 1、32、256。Connections at the same time; 1, 32 and 256 by default.
    #[arg(long, value_name = "N", value_parser = connections)]
    connections: Vec<usize>,
    /// 被测程序，缺省为同目录下的 lingpai。The program under test, by default `lingpai` beside this one.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// 只打印，不写文件。Prints only, writes no file.
    #[arg(long)]
    no_file: bool,
}

fn connections(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| "1 - 10000".into())
}

#[derive(Subcommand)]
enum Command {
    /// 作对照的空服务器，由测试自身启动。The bare server, started by the benchmark itself.
    #[command(hide = true)]
    Bare,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Some(Command::Bare)) {
        return tokio::runtime::Runtime::new()?.block_on(bare::serve());
    }
    if cfg!(debug_assertions) {
        eprintln!("未经优化的构建，数据不可作准 / built without optimisation: the figures mean nothing");
    }
    let engines = if arguments.engine.is_empty() { Engine::ALL.to_vec() } else { arguments.engine };
    let connections = if arguments.connections.is_empty() { vec![1, 32, 256] } else { arguments.connections };
    let Arguments { users, quick, filter, only, program, no_file, .. } = arguments;
    let rows = run(&Plan { users, quick, filter, only, engines, connections, program })?;
    if no_file {
        return Ok(());
    }
    // .../target/release/bench
    let target = std::env::current_exe()?.ancestors().nth(2).context("the target folder")?.to_owned();
    let path = target.join("bench.json");
    fs::write(&path, serde_json::to_string_pretty(&rows)? + "\n").with_context(|| path.display().to_string())?;
    println!("\n{}", path.display());
    Ok(())
}
