//! `lingpai reference`: the generated pages of the book.

use std::{path::Path, process::ExitCode};

use anyhow::Context;

use super::fail;
use crate::reference::pages;

pub fn run(folder: &Path) -> ExitCode {
    let written = pages().into_iter().try_for_each(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}
