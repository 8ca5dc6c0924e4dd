//! `lingpai migrate`

use std::process::ExitCode;

use super::{
    SettingsArgs, fail,
    load::{open_store, small_runtime},
};

pub fn run(args: &SettingsArgs) -> ExitCode {
    let settings = match args.settings() {
        Ok((settings, _)) => settings,
        Err(code) => return code,
    };
    let migrated = small_runtime().and_then(|runtime| {
        runtime.block_on(async {
            open_store(&settings, true).await?.check().await?;
            Ok(())
        })
    });
    match migrated {
        Ok(()) => {
            say!("数据库结构已是最新。 The database is up to date.");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}
