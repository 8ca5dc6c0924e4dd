//! What the program under load is configured with: production mode, limits off, everything else
//! as it is by default.

use std::{fs, path::Path};

use anyhow::Result;
use lingpai_domain::{
    password::{Argon2Cost, PasswordKind, PasswordSecret},
    secret::Secret,
    verification::CodePolicy,
};
use serde_json::{Value, json};

use crate::client_protocol::Space;

const TOKEN_SECRET: &str = "the token secret of the benchmarks, long enough";
const MASTER_KEY: &str = "the master key of the benchmarks, long enough";

/// The client space of the client protocol.
pub const SPACE: Space<'static> = Space { id: "bench-space", secret: "the client secret of the benchmarks" };

/// Tokens live so long, in seconds: longer than any benchmark, so that none is renewed by itself.
pub const TOKEN_LIFE_S: i64 = 604_800;

/// How the program keeps new passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hashing {
    /// `hmac-sha256`, what uni-id projects have today.
    HmacSha256,
    /// `argon2id` at its default cost, what new installations use.
    Argon2id,
}

impl Hashing {
    /// The `type` in `passwordSecret`.
    pub const fn name(self) -> &'static str {
        match self {
            Hashing::HmacSha256 => "hmac-sha256",
            Hashing::Argon2id => "argon2id",
        }
    }

    /// `version` in `passwordSecret`, and `password_secret_version` of its users.
    pub const fn version(self) -> i64 {
        match self {
            Hashing::HmacSha256 => 1,
            Hashing::Argon2id => 2,
        }
    }

    /// The same for the domain.
    pub fn secrets(self) -> Vec<PasswordSecret> {
        let kind = match self {
            Hashing::HmacSha256 => PasswordKind::HmacSha256,
            Hashing::Argon2id => PasswordKind::Argon2id(Argon2Cost::default()),
        };
        vec![PasswordSecret { version: Some(self.version()), kind: Ok(kind), value: Secret::default() }]
    }

    fn uni_id(self) -> Value {
        json!({
            "passwordSecret": [{"type": self.name(), "version": self.version()}],
            "tokenSecret": TOKEN_SECRET,
            "tokenExpiresIn": TOKEN_LIFE_S,
            "tokenExpiresThreshold": 1200,
            "maxTokenLength": 10,
            "passwordErrorLimit": 6,
            "passwordErrorRetryTime": 3600
        })
    }
}

/// `tokenSecret`
pub fn token_secret() -> Secret {
    Secret::new(TOKEN_SECRET)
}

/// How the program keeps captchas.
pub fn code_policy() -> CodePolicy {
    CodePolicy { key: Some(Secret::new(MASTER_KEY)), code_guesses: 5, captcha_guesses: 5 }
}

/// Writes `lingpai.toml` and the folder that it names.
///
/// # Errors
/// If the files cannot be written.
pub fn write(folder: &Path, database: &str, hashing: Hashing) -> Result<std::path::PathBuf> {
    let center = folder.join("config-center");
    fs::create_dir_all(center.join("uni-id"))?;
    fs::write(center.join("uni-id/config.json"), hashing.uni_id().to_string())?;
    let text = |text: String| Value::from(text).to_string();
    let settings = format!(
        "mode = \"production\"\n[server]\nlisten = \"127.0.0.1:0\"\n[data]\ndir = {}\n[database]\nurl = {}\n[config_center]\ndir = {}\n\
         [limits]\nenabled = false\n[security]\nmaster_key = {}\nsetup_token = \"the set-up token of the benchmarks\"\n\
         [[spaces]]\nid = \"{}\"\nclient_secret = \"{}\"\napps = [\"*\"]\n",
        text(folder.join("data").display().to_string()),
        text(database.to_owned()),
        text(center.display().to_string()),
        text(MASTER_KEY.to_owned()),
        SPACE.id,
        SPACE.secret,
    );
    let path = folder.join("lingpai.toml");
    fs::write(&path, settings)?;
    Ok(path)
}
