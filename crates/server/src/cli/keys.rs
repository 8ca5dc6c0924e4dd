//! `lingpai keys`: the secrets that the operator keeps.

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::{Args, Subcommand};
use lingpai_domain::{id::Ids, random::Random, secret::Secret};

use super::{
    FAILURE, SettingsArgs, USAGE, fail,
    load::{Loaded, open_store, refuse, small_runtime},
};
use crate::{
    config::secret_file,
    rotation::{self, Rotated, token_secret},
    runtime::{SystemClock, SystemRandom},
    state::Base,
};

/// The shortest master key, characters.
const SHORTEST_MASTER_KEY: usize = 32;

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// 更换密钥。先停止全部节点 · Exchange secrets. Stop all nodes first
    Rotate(RotateArgs),
}

#[derive(Debug, Args)]
pub struct RotateArgs {
    /// 更换 security.master_key:以新主密钥重新加密静态数据 · security.master_key: encrypt what is at rest under a new one
    #[arg(long)]
    master_key: bool,
    /// 更换 uni-id/config.json 中的 tokenSecret:所有用户须重新登录 · tokenSecret in uni-id/config.json: everyone must sign in again
    #[arg(long)]
    token_secret: bool,
    /// 只说明会做什么 · Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub fn run(command: KeysCommand) -> ExitCode {
    let KeysCommand::Rotate(args) = command;
    if !args.master_key && !args.token_secret {
        complain!("lingpai: 请指明 --master-key 或 --token-secret。 Name --master-key or --token-secret.");
        return ExitCode::from(USAGE);
    }
    let loaded = match args.settings.load() {
        Ok(loaded) if loaded.problems.is_empty() => loaded,
        Ok(loaded) => return refuse(&loaded.problems, &loaded.notices),
        Err(code) => return code,
    };
    if args.master_key {
        let Some(old) = loaded.settings.security.master_key.clone() else {
            complain!("lingpai: 没有设置 security.master_key。 security.master_key is not set.");
            return ExitCode::from(USAGE);
        };
        match small_runtime().and_then(|runtime| runtime.block_on(rotate_master_key(&args, &loaded, &old))) {
            Ok(true) => {}
            Ok(false) => return ExitCode::from(FAILURE),
            Err(error) => return fail(&error),
        }
    }
    match rotate_token_secret(&args, &loaded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Whether everything could be read.
async fn rotate_master_key(args: &RotateArgs, loaded: &Loaded, old: &Secret) -> anyhow::Result<bool> {
    let store = open_store(&loaded.settings, false).await.context("opening the database / 打开数据库")?;
    let base = Base { store, clock: Arc::new(SystemClock), random: Arc::new(SystemRandom), ids: Arc::new(Ids::default()) };
    let file = new_key_file(loaded);
    let new = if args.dry_run { old.clone() } else { new_key(&file)? };
    let rotated = rotation::master_key(&base, old, &new, args.dry_run).await?;
    tell(&rotated, args.dry_run);
    if !args.dry_run && rotated.unreadable == 0 {
        say!(
            "新主密钥在 {0}。请把 security.master_key 设为 \"file:{0}\"(或其内容),再启动各节点;确认无误之后销毁旧的。\n\
             The new master key is in {0}. Set security.master_key to \"file:{0}\" (or to what is in it), then start the nodes; destroy the old one once all is well.",
            file.display()
        );
    }
    Ok(rotated.unreadable == 0)
}

fn tell(rotated: &Rotated, dry_run: bool) {
    let (zh, en) = if dry_run { ("将重新加密", "would be") } else { ("已重新加密", "were") };
    say!(
        "{zh}:第三方凭据与空间密钥 {0},客户端密钥 {1},两步验证 {2}(其恢复码作废,用户可用 renewRecoveryCodes 重新生成)。\n\
         Credentials and space keys that {en} encrypted anew: {0}; client keys: {1}; second steps: {2} (their recovery codes are void; renewRecoveryCodes makes new ones).\n\
         未处理的验证码、第二步登录凭证与上传凭证随旧密钥失效。 Codes, second-step tickets and upload grants that are still out end with the old key.",
        rotated.open_data,
        rotated.client_keys,
        rotated.second_steps
    );
    if rotated.already > 0 {
        say!("此前已完成 {0} 项。 {0} had been done before.", rotated.already);
    }
    if rotated.unreadable > 0 {
        say!(
            "有 {0} 项用现在的主密钥无法解读,原样保留;新主密钥尚不可启用。 {0} cannot be read with the present master key and were left as they are; do not use the new key yet.",
            rotated.unreadable
        );
    }
}

/// Where the new key is put before anything else is done, so that an interrupted rotation can go on.
fn new_key_file(loaded: &Loaded) -> PathBuf {
    let folder = fs::canonicalize(&loaded.settings.data_dir).unwrap_or_else(|_| loaded.settings.data_dir.clone());
    folder.join("master_key.new")
}

fn new_key(file: &std::path::Path) -> anyhow::Result<Secret> {
    if file.exists() {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let key = Secret::new(text.trim_end_matches(['\r', '\n']));
        anyhow::ensure!(key.expose().chars().count() >= SHORTEST_MASTER_KEY, "{}: this is no master key / 不是主密钥", file.display());
        return Ok(key);
    }
    let random: &dyn Random = &SystemRandom;
    let key = random.hex(32);
    secret_file::create_all(&[(file.to_owned(), format!("{key}\n"))]).map_err(anyhow::Error::new)?;
    Ok(Secret::new(key))
}

fn rotate_token_secret(args: &RotateArgs, loaded: &Loaded) -> anyhow::Result<()> {
    if !args.token_secret {
        return Ok(());
    }
    let folder = loaded.center.scripts().folder.clone();
    let file = folder.join("config.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let random: &dyn Random = &SystemRandom;
    let (changed, count) = token_secret::replace(&text, || random.hex(32));
    anyhow::ensure!(count > 0, "{}: there is no tokenSecret / 没有 tokenSecret", file.display());
    if args.dry_run {
        say!(
            "将更换 {1} 中的 {0} 个 tokenSecret,所有用户须重新登录。 {0} tokenSecret in {1} would be exchanged; everyone must sign in again.",
            count,
            file.display()
        );
        return Ok(());
    }
    secret_file::replace(&file, &changed).with_context(|| file.display().to_string())?;
    say!(
        "已更换 {1} 中的 {0} 个 tokenSecret;启动之后所有用户须重新登录。 Exchanged {0} tokenSecret in {1}; after the start everyone must sign in again.",
        count,
        file.display()
    );
    Ok(())
}
