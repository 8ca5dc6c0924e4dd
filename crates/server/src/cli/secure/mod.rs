//! `lingpai secure`: what an operator asks of the secure network.

mod inspect;
mod keys;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum SecureCommand {
    /// 查看一份设备证明说了什么、是否成立(输出 JSON) · What an attestation says and whether it holds, as JSON
    Inspect {
        #[command(subcommand)]
        what: inspect::InspectCommand,
    },
    /// 空间密钥与客户端密钥:列出、更换、吊销 · Space keys and client keys: list, rotate, revoke
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
    },
}

pub fn run(command: SecureCommand) -> ExitCode {
    match command {
        SecureCommand::Inspect { what } => inspect::run(what),
        SecureCommand::Keys { command } => keys::run(command),
    }
}
