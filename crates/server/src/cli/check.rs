//! `lingpai check`: everything that is wrong, at once.

use std::process::ExitCode;

use super::{
    FAILURE, SettingsArgs, USAGE,
    load::{Loaded, open_store, small_runtime},
    say,
};
use crate::{
    config::{Settings, report::render},
    functions::host,
};

/// Options of `lingpai check`.
#[derive(Clone, Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// 同时试连已配置的第三方(需要网络) · Also try each configured third party (needs the network)
    #[arg(long)]
    upstreams: bool,
}

pub fn run(args: &CheckArgs) -> ExitCode {
    let loaded = match args.settings.load() {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    say::out(format_args!("{}", render(&loaded.problems, &loaded.notices)));
    let database = check_database(&loaded.settings);
    match &database {
        Ok(()) => say!("数据库正常。 The database is fine."),
        Err(error) => say!("[问题 problem] 数据库 database\n    {error:#}"),
    }
    let functions_are_fine = check_functions(&loaded.settings);
    let upstreams_are_fine = !args.upstreams || check_upstreams(&loaded);
    match (loaded.problems.is_empty(), database.is_ok() && functions_are_fine && upstreams_are_fine) {
        (true, true) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(USAGE),
        (true, false) => ExitCode::from(FAILURE),
    }
}

/// Whether the folder of cloud functions can be run, without running any of it.
fn check_functions(settings: &Settings) -> bool {
    let Some(configured) = &settings.functions_host else { return true };
    let problem = |words: &str| {
        say!("[问题 problem] 云函数 cloud functions\n    {words}");
        false
    };
    if let Err(error) = host::check(configured) {
        return problem(&error.to_string());
    }
    match host::look(settings, &configured.dir) {
        Ok(found) if found.names.is_empty() && found.problems.is_empty() => {
            let words = "没有云函数(index.js 或 index.obj.js) / there is no function (index.js or index.obj.js)";
            problem(&format!("{}: {words}", configured.dir.display()))
        }
        Ok(found) => {
            say!("云函数 Cloud functions: {}", found.names.join(" "));
            found.problems.is_empty() || problem(&found.problems.join("\n    "))
        }
        Err(error) => problem(&format!("{}: {error}", configured.dir.display())),
    }
}

fn check_upstreams(loaded: &Loaded) -> bool {
    let checked = small_runtime().and_then(|runtime| runtime.block_on(super::check_upstreams::run(&loaded.settings, &loaded.center)));
    checked.unwrap_or_else(|error| {
        say!("[问题 problem] 第三方 third parties\n    {error:#}");
        false
    })
}

/// Looks without changing anything: an SQLite file that does not exist yet is fine.
fn check_database(settings: &Settings) -> anyhow::Result<()> {
    if let Some(path) = settings.database.url.expose().strip_prefix("sqlite:")
        && !std::path::Path::new(path).exists()
    {
        say!("数据库文件尚不存在,首次启动时创建:{path}");
        say!("The database file does not exist yet; the first start makes it: {path}");
        return Ok(());
    }
    small_runtime()?.block_on(async {
        let store = open_store(settings, false).await?;
        store.check().await?;
        Ok(())
    })
}
