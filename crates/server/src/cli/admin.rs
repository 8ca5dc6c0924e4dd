//! `lingpai admin`: administrators by the operator's hand.

use std::{io::Read, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use lingpai_domain::{
    account::User,
    audit,
    clock::Clock,
    id::Ids,
    password::PasswordPolicy,
    random::Random,
    roles::ADMIN,
    store::{Registered, Registration},
    validate::{Params, Rule, required},
};
use serde_json::{Map, Value, json};

use super::{
    SettingsArgs, USAGE, fail,
    load::{Loaded, open_store, refuse, small_runtime},
};
use crate::{
    runtime::{SystemClock, SystemRandom},
    words::{Locale, Words},
};

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// 创建管理员 · Create an administrator
    Create(CreateArgs),
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// 用户名 · The user name
    #[arg(long)]
    username: String,
    /// 从标准输入读取密码;否则生成一个并打印 · Read the password from the standard input; else one is made and printed
    #[arg(long)]
    password_stdin: bool,
    /// 可以登录的应用 AppID,可重复;默认全部应用 · AppIDs that the administrator may use; all by default
    #[arg(long = "app", value_name = "APPID")]
    apps: Vec<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub fn run(command: AdminCommand) -> ExitCode {
    let AdminCommand::Create(args) = command;
    let loaded = match args.settings.load() {
        Ok(loaded) if loaded.problems.is_empty() => loaded,
        Ok(loaded) => return refuse(&loaded.problems, &loaded.notices),
        Err(code) => return code,
    };
    match small_runtime().and_then(|runtime| runtime.block_on(create(&args, &loaded))) {
        Ok(Outcome::Created) => ExitCode::SUCCESS,
        Ok(Outcome::Refused(words)) => {
            eprintln!("lingpai: {words}");
            ExitCode::from(USAGE)
        }
        Err(error) => fail(&error),
    }
}

enum Outcome {
    Created,
    Refused(String),
}

async fn create(args: &CreateArgs, loaded: &Loaded) -> anyhow::Result<Outcome> {
    let random: &dyn Random = &SystemRandom;
    let (password, made) = if args.password_stdin { (read_password()?, false) } else { (random.hex(10), true) };
    let app = args.apps.first().map_or("*", String::as_str);
    let config = loaded.center.app(app, "web").map_err(anyhow::Error::new)?;
    let params = Map::from_iter([
        ("username".to_owned(), Value::from(args.username.clone())),
        ("password".to_owned(), Value::from(password.clone())),
    ]);
    // A made password keeps to no strength rule of 16 characters; it is stronger than any of them.
    let strength = if made { None } else { config.password_strength };
    if let Err(error) = Params::parse(params, &[required("username", Rule::Username), required("password", Rule::Password)], strength) {
        let words = Words::built_in();
        return Ok(Outcome::Refused(format!("{} {}", words.message(Locale::ZhHans, &error), words.message(Locale::En, &error))));
    }
    let (hash, version) = PasswordPolicy::new(&config.password_secrets).hash(&password, random).context("passwordSecret")?;
    let clock = SystemClock;
    let apps = if args.apps.is_empty() { vec!["*".to_owned()] } else { args.apps.clone() };
    let mut doc = Map::from_iter([
        ("_id".to_owned(), json!(Ids::default().next(&clock, random))),
        ("username".to_owned(), json!(args.username.to_lowercase())),
        ("password".to_owned(), json!(hash)),
        ("role".to_owned(), json!([ADMIN])),
        ("register_date".to_owned(), json!(clock.now_ms())),
        ("dcloud_appid".to_owned(), json!(apps)),
    ]);
    if let Some(version) = version {
        doc.insert("password_secret_version".to_owned(), json!(version));
    }
    let store = open_store(&loaded.settings, true).await.context("opening the database / 打开数据库")?;
    let user = User::new(doc);
    let audit = Some(audit::row_of_command_line(Ids::default().next(&clock, random), clock.now_ms(), &user));
    let registration = Registration { user, admin_seat: false, session: None, previous: None, log: None, on_conflict: None, audit };
    match store.register(&registration).await? {
        Registered::Done => {}
        Registered::AccountExists => {
            return Ok(Outcome::Refused(format!("用户名 {0} 已存在。 The user name {0} is taken.", args.username)));
        }
        other => bail!("unexpected outcome {other:?}"),
    }
    println!("已创建管理员 {0}。 Created the administrator {0}.", args.username);
    if made {
        println!("密码 Password: {password}");
    }
    Ok(Outcome::Created)
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("reading the password from the standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
