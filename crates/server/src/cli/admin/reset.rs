//! `lingpai admin reset`: for administrators who cannot sign in any more.

use anyhow::{Context, bail};
use clap::Args;
use lingpai_domain::{
    account::{IdentityKind, User},
    audit,
    clock::Clock,
    id::Ids,
    roles::ADMIN,
    store::{AccountEdit, PasswordEdit, Store, UserUpdate, UserUpdated},
};
use serde_json::json;

use super::{
    super::{
        SettingsArgs,
        load::{Loaded, open_store},
    },
    NewPassword, Outcome,
};
use crate::runtime::{SystemClock, SystemRandom};

/// How often the change is made again because the user changed in between.
const ATTEMPTS: usize = 8;
/// Users of one name in different applications that are looked at.
const MOST_NAMESAKES: usize = 1000;
/// The action in the audit.
const ACTION: &str = "resetAdmin";

#[derive(Debug, Args)]
pub struct ResetArgs {
    /// 用户名 · The user name
    #[arg(long)]
    username: String,
    /// 有多个同名管理员时,指明其 _id · The administrator's _id, where several have that name
    #[arg(long, value_name = "ID")]
    uid: Option<String>,
    /// 从标准输入读取密码;否则生成一个并打印 · Read the password from the standard input; else one is made and printed
    #[arg(long)]
    password_stdin: bool,
    /// 同时关闭两步验证 · Switch two-step verification off as well
    #[arg(long)]
    remove_second_step: bool,
    #[command(flatten)]
    pub settings: SettingsArgs,
}

pub async fn reset(args: &ResetArgs, loaded: &Loaded) -> anyhow::Result<Outcome> {
    let store = open_store(&loaded.settings, false).await.context("opening the database / 打开数据库")?;
    let found = match find(args, &*store).await? {
        Ok(user) => user,
        Err(words) => return Ok(Outcome::Refused(words)),
    };
    let apps = found.doc.get("dcloud_appid").and_then(|apps| apps.get(0)?.as_str()).unwrap_or("*").to_owned();
    let config = loaded.center.app(&apps, "web").map_err(anyhow::Error::new)?;
    let password = match NewPassword::choose(args.password_stdin, &args.username, &config)? {
        Ok(password) => password,
        Err(words) => return Ok(Outcome::Refused(words)),
    };
    store_password(found.id(), &password, &*store).await?;
    say!(
        "管理员 {0} 的密码已更改,其会话一秒之内在所有节点失效。 The password of {0} is changed; all sessions end on all nodes within a second.",
        args.username
    );
    password.tell();
    if args.remove_second_step {
        remove_second_step(&found, &*store).await?;
    } else if found.has_second_step() {
        say!(
            "该账号开启了两步验证;丢失验证器时请加 --remove-second-step。 Two-step verification is on; where the authenticator is lost, add --remove-second-step."
        );
    }
    Ok(Outcome::Done)
}

/// The administrator, or why there is none.
async fn find(args: &ResetArgs, store: &dyn Store) -> anyhow::Result<Result<User, String>> {
    let mut found = store.holders(&IdentityKind::Username, &args.username.to_lowercase(), MOST_NAMESAKES).await?;
    if args.username.to_lowercase() != args.username {
        found.extend(store.holders(&IdentityKind::Username, &args.username, MOST_NAMESAKES).await?);
    }
    found.retain(|user| args.uid.as_deref().is_none_or(|uid| uid == user.id()));
    if found.is_empty() {
        return Ok(Err(format!("没有用户 {0}。 There is no user {0}.", args.username)));
    }
    found.retain(|user| user.roles().iter().any(|role| role == ADMIN));
    let ids: Vec<String> = found.iter().map(|user| user.id().to_owned()).collect();
    match (found.pop(), found.is_empty()) {
        (Some(user), true) => Ok(Ok(user)),
        (Some(_), false) => {
            let ids = ids.join("、");
            Ok(Err(format!("有多个同名管理员,请用 --uid 指明:{ids}。 Several administrators have that name; choose one by --uid: {ids}.")))
        }
        (None, _) => Ok(Err(format!("{0} 不是管理员。 {0} is no administrator.", args.username))),
    }
}

async fn store_password(uid: &str, password: &NewPassword, store: &dyn Store) -> anyhow::Result<()> {
    let (clock, random) = (SystemClock, SystemRandom);
    for _ in 0..ATTEMPTS {
        let user = store.user(uid).await?.context("the user is gone")?;
        let mut after = user.doc.clone();
        after.insert("password".into(), json!(password.hash));
        let audit = audit::row(Ids::default().next(&clock, &random), clock.now_ms(), "cli", ACTION, uid, &user.doc, &after);
        let update = UserUpdate {
            uid: uid.to_owned(),
            revision: user.revision,
            doc: user.doc,
            identity_card_digest: None,
            log: None,
            on_taken: None,
        };
        let edit = PasswordEdit { password: password.hash.clone(), version: password.version, valid_token_date: clock.now_ms() };
        let edit = AccountEdit { update, password: Some(edit), audit: Some(audit), told: Vec::new() };
        match store.edit_account(&edit).await? {
            UserUpdated::Done => return Ok(()),
            UserUpdated::Stale => {}
            UserUpdated::Taken => bail!("another user has the same name / 另一个用户使用了相同的用户名"),
        }
    }
    bail!("the user changes all the time / 该用户正在被频繁修改")
}

async fn remove_second_step(user: &User, store: &dyn Store) -> anyhow::Result<()> {
    let (clock, random) = (SystemClock, SystemRandom);
    let mut after = user.doc.clone();
    after.insert("second_step".into(), json!([]));
    let audit = audit::row(Ids::default().next(&clock, &random), clock.now_ms(), "cli", ACTION, user.id(), &user.doc, &after);
    if store.remove_second_step(user.id(), Some(&audit)).await? {
        say!("两步验证已关闭。 Two-step verification is off.");
    }
    Ok(())
}
