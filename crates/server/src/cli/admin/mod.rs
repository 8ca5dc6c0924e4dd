//! `lingpai admin`: administrators by the operator's hand.

mod create;
mod reset;

use std::{io::Read, process::ExitCode};

use anyhow::Context;
use clap::Subcommand;
use lingpai_domain::{
    password::PasswordPolicy,
    random::Random,
    validate::{Params, Rule, required},
};
use serde_json::{Map, Value};

use super::{
    USAGE, fail,
    load::{Loaded, refuse, small_runtime},
};
use crate::{
    config::AppConfig,
    runtime::SystemRandom,
    words::{Locale, Words},
};

#[derive(Debug, Subcommand)]
pub enum AdminCommand {
    /// 创建管理员 · Create an administrator
    Create(create::CreateArgs),
    /// 为管理员设置新密码,并让其全部会话失效 · Give an administrator a new password and end all sessions
    Reset(reset::ResetArgs),
}

pub fn run(command: AdminCommand) -> ExitCode {
    let settings = match &command {
        AdminCommand::Create(args) => &args.settings,
        AdminCommand::Reset(args) => &args.settings,
    };
    let loaded = match settings.load() {
        Ok(loaded) if loaded.problems.is_empty() => loaded,
        Ok(loaded) => return refuse(&loaded.problems, &loaded.notices),
        Err(code) => return code,
    };
    match small_runtime().and_then(|runtime| runtime.block_on(carry_out(&command, &loaded))) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Refused(words)) => {
            complain!("lingpai: {words}");
            ExitCode::from(USAGE)
        }
        Err(error) => fail(&error),
    }
}

async fn carry_out(command: &AdminCommand, loaded: &Loaded) -> anyhow::Result<Outcome> {
    match command {
        AdminCommand::Create(args) => create::create(args, loaded).await,
        AdminCommand::Reset(args) => reset::reset(args, loaded).await,
    }
}

enum Outcome {
    Done,
    Refused(String),
}

/// A password that keeps to the rules, read or made.
struct NewPassword {
    text: String,
    /// Whether nobody knows it yet.
    made: bool,
    hash: String,
    version: Option<i64>,
}

impl NewPassword {
    /// Reads it from the standard input or makes one. `Err` in the result: what is wrong with it, or with the user name.
    fn choose(from_stdin: bool, username: &str, config: &AppConfig) -> anyhow::Result<Result<Self, String>> {
        let random: &dyn Random = &SystemRandom;
        let (text, made) = if from_stdin { (read_password()?, false) } else { (random.hex(10), true) };
        let params = Map::from_iter([("username".to_owned(), Value::from(username)), ("password".to_owned(), Value::from(text.clone()))]);
        // A made password keeps to no strength rule of 16 characters; it is stronger than any of them.
        let strength = if made { None } else { config.password_strength };
        if let Err(error) = Params::parse(params, &[required("username", Rule::Username), required("password", Rule::Password)], strength) {
            let words = Words::built_in();
            return Ok(Err(format!("{} {}", words.message(Locale::ZhHans, &error), words.message(Locale::En, &error))));
        }
        let (hash, version) = PasswordPolicy::new(&config.password_secrets).hash(&text, random).context("passwordSecret")?;
        Ok(Ok(Self { text, made, hash, version }))
    }

    /// Shows it to the operator if nobody knows it yet.
    fn tell(&self) {
        if self.made {
            say!("密码 Password: {}", self.text);
        }
    }
}

fn read_password() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("reading the password from the standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
