//! `lingpai check`: everything that is wrong, at once.

use std::process::ExitCode;

use super::{
    FAILURE, SettingsArgs, USAGE,
    load::{open_store, small_runtime},
};
use crate::config::{Settings, report::render};

pub fn run(args: &SettingsArgs) -> ExitCode {
    let loaded = match args.load() {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    print!("{}", render(&loaded.problems, &loaded.notices));
    let database = check_database(&loaded.settings);
    match &database {
        Ok(()) => println!("数据库正常。 The database is fine."),
        Err(error) => println!("[问题 problem] 数据库 database\n    {error:#}"),
    }
    match (loaded.problems.is_empty(), database.is_ok()) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(USAGE),
        (true, false) => ExitCode::from(FAILURE),
    }
}

/// Looks without changing anything: an SQLite file that does not exist yet is fine.
fn check_database(settings: &Settings) -> anyhow::Result<()> {
    if let Some(path) = settings.database.url.expose().strip_prefix("sqlite:")
        && !std::path::Path::new(path).exists()
    {
        println!("数据库文件尚不存在,首次启动时创建:{path}");
        println!("The database file does not exist yet; the first start makes it: {path}");
        return Ok(());
    }
    small_runtime()?.block_on(async {
        let store = open_store(settings, false).await?;
        store.check().await?;
        Ok(())
    })
}
