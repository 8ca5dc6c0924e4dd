//! `lingpai export`: collections as JSON lines.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use lingpai_domain::store::{COLLECTIONS, Store};

use super::{
    SettingsArgs, USAGE, fail,
    load::{open_store, own_collections, small_runtime},
};

/// Documents that are read at once.
const PAGE: usize = 500;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// 要导出的集合,默认全部,包括有 schema 的自有集合 · The collections; all by default, the project's own with a schema too
    #[arg(value_name = "COLLECTION")]
    collections: Vec<String>,
    /// 输出目录,每个集合一个文件 · Where to; each collection is a file of its own
    #[arg(long, value_name = "DIR", default_value = "export")]
    to: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub fn run(args: &ExportArgs) -> ExitCode {
    let settings = match args.settings.settings() {
        Ok((settings, _)) => settings,
        Err(code) => return code,
    };
    let known: Vec<String> = COLLECTIONS.iter().map(|name| (*name).to_owned()).chain(own_collections(&settings)).collect();
    let wanted = match wanted(args, &known) {
        Ok(wanted) => wanted,
        Err(words) => {
            complain!("lingpai: {words}");
            return ExitCode::from(USAGE);
        }
    };
    let exported = small_runtime().and_then(|runtime| {
        runtime.block_on(async {
            let store = open_store(&settings, false).await.context("opening the database / 打开数据库")?;
            fs::create_dir_all(&args.to).with_context(|| args.to.display().to_string())?;
            for (collection, path) in &wanted {
                let count = write(&*store, collection, path).await.with_context(|| path.display().to_string())?;
                say!("{collection}: {count} → {}", path.display());
            }
            Ok(())
        })
    });
    match exported {
        Ok(()) => {
            say!("导出的文件含有密码哈希与个人信息,请妥善保管。 The files hold password hashes and personal data: keep them safe.");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&error),
    }
}

/// Collections with the files they go to; everything wrong at once.
fn wanted<'a>(args: &'a ExportArgs, known: &'a [String]) -> Result<Vec<(&'a str, PathBuf)>, String> {
    let names = if args.collections.is_empty() { known } else { args.collections.as_slice() };
    let mut wrong = Vec::new();
    let mut wanted = Vec::new();
    for name in names {
        let path = args.to.join(format!("{name}.jsonl"));
        if !known.contains(name) {
            wrong.push(format!("没有集合 {name},可用 / there is no collection {name}; there are {}", known.join(", ")));
        } else if path.exists() {
            wrong.push(format!("{0} 已存在,不会覆盖 / {0} exists already and is not overwritten", path.display()));
        } else {
            wanted.push((name.as_str(), path));
        }
    }
    if wrong.is_empty() { Ok(wanted) } else { Err(wrong.join("\n")) }
}

/// Writes a collection. Returns how many documents it has.
async fn write(store: &dyn Store, collection: &str, path: &Path) -> anyhow::Result<u64> {
    let mut file = BufWriter::new(create(path)?);
    let mut after: Option<String> = None;
    let mut count = 0;
    loop {
        let page = store.export(collection, after.as_deref(), PAGE).await?;
        for doc in &page {
            serde_json::to_writer(&mut file, doc)?;
            file.write_all(b"\n")?;
            count += 1;
        }
        match page.last().and_then(|doc| doc.get("_id")?.as_str()) {
            Some(last) if page.len() == PAGE => after = Some(last.to_owned()),
            _ => break,
        }
    }
    file.into_inner().map_err(|error| error.into_error())?.sync_all()?;
    Ok(count)
}

/// A new file that nobody else may read.
fn create(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
