//! Node itself.

use std::{
    path::Path,
    process::{Command, Stdio},
};

/// The oldest version that the host runs on.
const OLDEST: u32 = 18;

/// Asks for its version.
///
/// # Errors
/// Words for the operator.
pub fn check(node: &Path) -> Result<(), String> {
    let shown = node.display();
    let output = command(node).arg("--version").stdin(Stdio::null()).output().map_err(|error| {
        format!("无法运行 {shown}({error}),请安装 Node {OLDEST} 或更新,或写明它的路径 / {shown} cannot be run ({error}): install Node {OLDEST} or newer, or name its path")
    })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().chars().take(32).collect::<String>();
    match major(&said) {
        Some(version) if version >= OLDEST => Ok(()),
        Some(_) => Err(format!("{shown} 是 {said},需要 {OLDEST} 或更新 / {shown} is {said}, it takes {OLDEST} or newer")),
        None => Err(format!("{shown} 不是 Node / {shown} is not Node")),
    }
}

/// A command that sees the environment without this program's own variables, which may be secrets.
pub fn command(node: &Path) -> Command {
    let mut command = Command::new(node);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LINGPAI_")) {
        command.env_remove(name);
    }
    command
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_what_is_no_node_is_told() {
        assert_eq!((major("v20.11.1"), major("v8.0.0"), major("Python 3.12"), major("")), (Some(20), Some(8), None, None));
        assert!(check(Path::new("/nowhere/node")).unwrap_err().contains("Node 18"));
        assert!(check(Path::new("true")).unwrap_err().contains("is not Node"));
    }
}
