//! `lingpai secure keys`: the secure network's keys by the operator's hand. A running server notices revocations within about a second, and
//! rotations within five seconds.

use std::{process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};
use lingpai_domain::{error::Error, id::Ids};
use serde_json::{Map, Value, json};

use super::super::{
    SettingsArgs, USAGE, fail,
    load::{Loaded, open_store, refuse, small_runtime},
};
use crate::{
    runtime::{SystemClock, SystemRandom},
    secure_network::{SecureNetwork, client_keys, keyring::Present},
    state::Base,
};

#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// 列出空间的公钥与全部客户端密钥(JSON,不含秘密) · The space's public keys and all client keys, as JSON without secrets
    List(Selection),
    /// 立即更换空间密钥并删除旧的;身份密钥不变 · A new space key at once, the old ones erased; the identity stays
    Rotate(SettingsArgs),
    /// 吊销客户端密钥:须指明应用、设备或密钥 · Revoke client keys: of an application, of a device, or one
    Revoke(Selection),
}

#[derive(Debug, Args)]
pub struct Selection {
    /// 应用 AppID · Of this application
    #[arg(long, value_name = "APPID")]
    app: Option<String>,
    /// 设备 deviceId · Of this device
    #[arg(long, value_name = "DEVICEID")]
    device: Option<String>,
    /// 密钥编号 · This key
    #[arg(long, value_name = "KEYID")]
    key: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

impl Selection {
    fn chosen(&self) -> client_keys::Chosen {
        client_keys::Chosen { app_id: self.app.clone(), device_id: self.device.clone(), key_id: self.key.clone() }
    }

    fn is_all(&self) -> bool {
        self.app.is_none() && self.device.is_none() && self.key.is_none()
    }
}

pub fn run(command: KeysCommand) -> ExitCode {
    if let KeysCommand::Revoke(selection) = &command
        && selection.is_all()
    {
        complain!("lingpai: 请指明 --app、--device 或 --key。 Name --app, --device or --key.");
        return ExitCode::from(USAGE);
    }
    let settings = match &command {
        KeysCommand::List(selection) | KeysCommand::Revoke(selection) => &selection.settings,
        KeysCommand::Rotate(settings) => settings,
    };
    let loaded = match settings.load() {
        Ok(loaded) if loaded.problems.is_empty() => loaded,
        Ok(loaded) => return refuse(&loaded.problems, &loaded.notices),
        Err(code) => return code,
    };
    match small_runtime().and_then(|runtime| runtime.block_on(carry_out(&command, &loaded))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

async fn carry_out(command: &KeysCommand, loaded: &Loaded) -> anyhow::Result<()> {
    let base = Base {
        store: open_store(&loaded.settings, false).await?,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        ids: Arc::new(Ids::default()),
    };
    let secure = SecureNetwork::new(&loaded.settings, loaded.center.secure_network());
    match command {
        KeysCommand::List(selection) => {
            let present = secure.keyring.present(&base).await.map_err(explained)?;
            let mut keys = Vec::new();
            let chosen = selection.chosen();
            client_keys::walk(&base, |doc| {
                if chosen.includes(doc) {
                    keys.push(shown(doc));
                }
                true
            })
            .await
            .map_err(explained)?;
            say!("{:#}", json!({"identityKey": identity(&present), "spaceKeys": listed(&present), "clientKeys": keys}));
        }
        KeysCommand::Rotate(_) => {
            let present = secure.keyring.rotate(&base).await.map_err(explained)?;
            say!("{:#}", json!({"identityKey": identity(&present), "spaceKeys": listed(&present)}));
        }
        KeysCommand::Revoke(selection) => {
            let chosen = selection.chosen();
            let removed = client_keys::revoke(&base, &chosen).await.map_err(explained)?;
            say!("已吊销 {removed} 个密钥,约一秒之内在所有节点生效。 Revoked {removed} keys, on all nodes within about a second.");
        }
    }
    Ok(())
}

/// With its cause, which is what helps here.
fn explained(error: Error) -> anyhow::Error {
    match &error.source {
        Some(source) => anyhow::anyhow!("{source}"),
        None => anyhow::Error::new(error),
    }
}

fn identity(present: &Present) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(present.identity.public_key())
}

fn listed(present: &Present) -> Value {
    let keys = present.listed().iter();
    keys.map(|key| json!({"keyId": key.id, "notBefore": key.not_before_ms, "notAfter": key.not_after_ms})).collect()
}

/// A client key without its secret.
fn shown(doc: &Map<String, Value>) -> Map<String, Value> {
    doc.iter().filter(|(name, _)| *name != "client_key").map(|(name, value)| (name.clone(), value.clone())).collect()
}
