//! `lingpai init`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::load::refuse;
use crate::{config::init, runtime::SystemRandom};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// 写到哪个配置文件 · The configuration file to write
    #[arg(long, value_name = "FILE", default_value = "lingpai.toml")]
    config: PathBuf,
    /// 写到哪个 uni-config-center 目录 · The uni-config-center folder to write
    #[arg(long, value_name = "DIR", default_value = "uni-config-center")]
    config_center: PathBuf,
}

pub fn run(args: &InitArgs) -> ExitCode {
    match init::write(&args.config, &args.config_center, &SystemRandom) {
        Ok(files) => {
            for file in &files {
                say!("已写入 wrote {}", file.display());
            }
            say!("下一步:把 apps 改为自己的 AppID,运行 lingpai check,然后 lingpai serve。");
            say!("Next: put your own AppIDs into apps, run lingpai check, then lingpai serve.");
            ExitCode::SUCCESS
        }
        Err(problem) => refuse(&[problem], &[]),
    }
}
