//! `lingpai admin create`

use anyhow::{Context, bail};
use clap::Args;
use lingpai_domain::{
    account::User,
    audit,
    clock::Clock,
    id::Ids,
    roles::ADMIN,
    store::{Registered, Registration},
};
use serde_json::{Map, json};

use super::{
    super::{
        SettingsArgs,
        load::{Loaded, open_store},
    },
    NewPassword, Outcome,
};
use crate::runtime::{SystemClock, SystemRandom};

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
    pub settings: SettingsArgs,
}

pub async fn create(args: &CreateArgs, loaded: &Loaded) -> anyhow::Result<Outcome> {
    let app = args.apps.first().map_or("*", String::as_str);
    let config = loaded.center.app(app, "web").map_err(anyhow::Error::new)?;
    let password = match NewPassword::choose(args.password_stdin, &args.username, &config)? {
        Ok(password) => password,
        Err(words) => return Ok(Outcome::Refused(words)),
    };
    let (clock, random) = (SystemClock, SystemRandom);
    let apps = if args.apps.is_empty() { vec!["*".to_owned()] } else { args.apps.clone() };
    let mut doc = Map::from_iter([
        ("_id".to_owned(), json!(Ids::default().next(&clock, &random))),
        ("username".to_owned(), json!(args.username.to_lowercase())),
        ("password".to_owned(), json!(password.hash)),
        ("role".to_owned(), json!([ADMIN])),
        ("register_date".to_owned(), json!(clock.now_ms())),
        ("dcloud_appid".to_owned(), json!(apps)),
    ]);
    if let Some(version) = password.version {
        doc.insert("password_secret_version".to_owned(), json!(version));
    }
    let store = open_store(&loaded.settings, true).await.context("opening the database / 打开数据库")?;
    let user = User::new(doc);
    let audit = Some(audit::row_of_command_line(Ids::default().next(&clock, &random), clock.now_ms(), &user));
    let registration = Registration { user, admin_seat: false, session: None, previous: None, log: None, on_conflict: None, audit };
    match store.register(&registration).await? {
        Registered::Done => {}
        Registered::AccountExists => {
            return Ok(Outcome::Refused(format!("用户名 {0} 已存在。 The user name {0} is taken.", args.username)));
        }
        other => bail!("unexpected outcome {other:?}"),
    }
    say!("已创建管理员 {0}。 Created the administrator {0}.", args.username);
    password.tell();
    Ok(Outcome::Done)
}
