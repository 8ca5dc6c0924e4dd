//! `lingpai secure`: what an operator asks of the secure network.

mod inspect;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum SecureCommand {
    /// 查看一份设备证明说了什么、是否成立(输出 JSON) · What an attestation says and whether it holds, as JSON
    Inspect {
        #[command(subcommand)]
        what: inspect::InspectCommand,
    },
}

pub fn run(command: SecureCommand) -> ExitCode {
    match command {
        SecureCommand::Inspect { what } => inspect::run(what),
    }
}
