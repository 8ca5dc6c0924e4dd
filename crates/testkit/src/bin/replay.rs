//! Replays recorded traffic against the program: `cargo run -p lingpai-testkit --bin replay -- DIR`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Parser;
use lingpai_testkit::{
    Engine,
    replay::{Options, project_conformance, replay},
};

/// 按录制的流量重放并比对。Replays recorded traffic and compares.
#[derive(Parser)]
#[command(name = "replay")]
struct Arguments {
    /// 录制所在目录（默认：项目自己的）。The folder of recordings (default: the project's own).
    dir: Option<PathBuf>,
    /// sqlite，或 postgres（需要 LINGPAI_TEST_POSTGRES）。The database; postgres needs LINGPAI_TEST_POSTGRES.
    #[arg(long, default_value = "sqlite")]
    engine: Engine,
    /// 只重放“文件 › 场景”含此文字者。Only scenarios with this text in "file › scenario".
    #[arg(long)]
    filter: Option<String>,
    /// 偏差清单。The list of deviations (default: conformance/deviations.json).
    #[arg(long)]
    deviations: Option<PathBuf>,
    /// 也列出偏差与未实现的步骤。Lists deviations and pending steps as well.
    #[arg(long)]
    verbose: bool,
    /// 把所有差异写成偏差清单的草稿。Writes all differences as a draft of a list of deviations.
    #[arg(long, value_name = "FILE")]
    propose: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let options = Options {
        folder: arguments.dir.unwrap_or_else(project_conformance),
        engine: arguments.engine,
        filter: arguments.filter,
        deviations: arguments.deviations,
        verbose: arguments.verbose,
    };
    let report = replay(&options).await?;
    println!("{report}");
    if let Some(path) = arguments.propose {
        let draft = serde_json::json!({"deviations": report.proposals});
        std::fs::write(&path, serde_json::to_string_pretty(&draft)? + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(if report.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
