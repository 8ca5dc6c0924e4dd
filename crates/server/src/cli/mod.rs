//! The command line (operating contract).

// What is printed to somebody who is gone must not end a command: see `say`.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod say;

mod admin;
mod check;
mod check_carriers;
mod check_hints;
mod check_others;
mod check_upstreams;
mod export;
mod extended_json;
mod import;
mod init;
mod keys;
mod load;
mod migrate;
mod reference;
mod secure;
mod serve;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

/// Something failed.
const FAILURE: u8 = 1;
/// The command line or the configuration is wrong.
const USAGE: u8 = 2;

/// 自托管的账号服务器 · A self-hosted account server for uni-app, WeChat mini programs, apps and the web
#[derive(Debug, Parser)]
#[command(name = "lingpai", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// 启动服务器 · Start the server
    Serve(SettingsArgs),
    /// 生成带有全新密钥的生产配置 · Write a production configuration with fresh secrets
    Init(init::InitArgs),
    /// 检查配置与数据库,一次列出全部问题 · Check configuration and database, everything wrong at once
    Check(check::CheckArgs),
    /// 升级数据库结构 · Bring the database up to date
    Migrate(SettingsArgs),
    /// 导入 uniCloud 导出的集合(JSON 行) · Import collections as uniCloud exports them (JSON lines)
    Import(import::ImportArgs),
    /// 将集合导出为 JSON 行 · Export collections as JSON lines
    Export(export::ExportArgs),
    /// 管理员 · Administrators
    Admin {
        #[command(subcommand)]
        command: admin::AdminCommand,
    },
    /// 更换密钥 · Exchange secrets
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
    /// 安全网络:查看证明,管理密钥 · The secure network: look at attestations, manage keys
    Secure {
        #[command(subcommand)]
        command: secure::SecureCommand,
    },
    /// 生成文档中的参考页 · Write the reference pages of the book
    #[command(hide = true)]
    Reference {
        /// 输出目录 · Where to
        folder: PathBuf,
    },
}

/// Options that lie over `lingpai.toml` and the environment.
#[derive(Clone, Debug, Default, Args)]
pub struct SettingsArgs {
    /// 配置文件,默认为当前目录的 lingpai.toml · The configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// uni-config-center 目录 · The uni-config-center folder
    #[arg(long, value_name = "DIR")]
    config_center: Option<String>,
    /// development 或 production · development or production
    #[arg(long)]
    mode: Option<String>,
    /// 监听地址 · Where to listen
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<String>,
    /// 数据目录 · The data folder
    #[arg(long, value_name = "DIR")]
    data: Option<String>,
    /// sqlite:PATH 或 postgres://... · sqlite:PATH or postgres://...
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Redis 地址 · URL of Redis
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
}

/// Runs the program.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match cli.command {
        Command::Serve(args) => serve::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Migrate(args) => migrate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Admin { command } => admin::run(command),
        Command::Keys { command } => keys::run(command),
        Command::Secure { command } => secure::run(command),
        Command::Reference { folder } => reference::run(&folder),
    }
}

/// Prints a failure and its causes.
fn fail(error: &anyhow::Error) -> ExitCode {
    complain!("lingpai: {error:#}");
    ExitCode::from(FAILURE)
}
