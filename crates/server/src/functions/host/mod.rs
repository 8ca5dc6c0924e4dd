//! `[functions_host]`: Node with the project's folder of cloud functions, started and watched over by this program.
//!
//! The host's code is part of the program and is written to the data folder. Settings and a key that is new at each start go
//! over its standard input, whose end is its end: it never outlives the program. It listens on a loopback port of its own
//! choosing and tells names and problems on its standard output.

mod embedded;
mod folder;
mod node;
mod process;
mod supervisor;

use std::{net::SocketAddr, path::PathBuf};

use anyhow::Context;
use serde_json::{Value, json};

pub use folder::{Found, look};
pub use supervisor::{Running, start};

use crate::config::{
    Settings,
    center::development_folder,
    settings::{FunctionsHost, Mode},
};

/// What is needed to start it, again and again.
pub struct Host {
    settings: FunctionsHost,
    /// What Node runs.
    script: PathBuf,
    /// All of the host's settings but key and token.
    configuration: Value,
}

impl Host {
    /// Looks for Node and unpacks the host's code. `listens_on` is where the program itself can be reached.
    ///
    /// # Errors
    /// Words for the operator: no Node, too old a one, or a data folder that cannot be written.
    pub fn prepare(settings: &Settings, listens_on: SocketAddr) -> anyhow::Result<Option<Self>> {
        let Some(host) = settings.functions_host.clone() else { return Ok(None) };
        check(&host)?;
        let script = embedded::unpack(&settings.data_dir)
            .with_context(|| format!("unpacking the host of cloud functions into {}", settings.data_dir.display()))?;
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let center = settings.config_center_dir.clone().unwrap_or_else(|| development_folder(&settings.data_dir));
        let configuration = json!({
            "folder": absolute(&host.dir),
            "lingpai": format!("http://{}", reachable(listens_on)),
            "configCenter": absolute(&center),
            "workers": host.workers,
            "queue": host.queue,
            "timeoutMs": millis(host.timeout),
            "memoryMb": host.memory_mb,
            // The arguments, and what the gate says about the call.
            "bodyBytes": settings.server.body_limit_bytes.saturating_mul(2),
            "timers": host.timers,
            "reload": settings.mode == Mode::Development,
        });
        Ok(Some(Self { settings: host, script: absolute(&script), configuration }))
    }
}

/// Whether Node is there and new enough.
///
/// # Errors
/// Words for the operator.
pub fn check(host: &FunctionsHost) -> anyhow::Result<()> {
    node::check(&host.node).map_err(|words| anyhow::anyhow!("functions_host.node: {words}"))
}

/// An address that this machine can call; one that listens everywhere is called by loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_listens_everywhere_is_called_by_loopback() {
        for (listens, called) in [("0.0.0.0:8700", "127.0.0.1:8700"), ("[::]:1", "[::1]:1"), ("10.0.0.1:2", "10.0.0.1:2")] {
            assert_eq!(reachable(listens.parse().unwrap()).to_string(), called);
        }
    }
}
