//! `lingpai import`: collections as uniCloud's console and `lingpai export` write them.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use futures_util::future::join_all;
use lingpai_domain::store::{COLLECTIONS, Store};
use serde_json::{Map, Value};

use super::{
    SettingsArgs, USAGE,
    extended_json::{self, Dates},
    fail,
    load::{open_store, own_collections, small_runtime},
    say,
};

/// Documents that are written at once; they share commits.
const BATCH: usize = 256;
/// A longer line is no document: uniCloud's own limit is 16 MB.
const LINE_BYTES: usize = 16 << 20;
/// So many problems are printed; of more, how many there are.
const PRINTED: usize = 20;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// JSON 行文件,文件名即集合名 · Files of JSON lines, named after their collections
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// 集合名,用于名称与集合不同的文件 · The collection, for files with other names
    #[arg(long, value_name = "NAME")]
    collection: Option<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub fn run(args: &ImportArgs) -> ExitCode {
    let settings = match args.settings.settings() {
        Ok((settings, _)) => settings,
        Err(code) => return code,
    };
    // Everything is looked at before anything is written.
    let known: Vec<String> = COLLECTIONS.iter().map(|name| (*name).to_owned()).chain(own_collections(&settings)).collect();
    let mut sources = Vec::new();
    let mut wrong = Wrong::default();
    for path in &args.files {
        let Some(collection) = collection_of(path, args.collection.as_deref(), &known, &mut wrong) else { continue };
        let counted = documents(path, dates_of(collection))
            .map(|documents| documents.filter(|(line, doc)| wrong.note(path, *line, doc.as_ref().err())).count());
        match counted {
            Ok(_) => sources.push((collection, path)),
            Err(error) => wrong.add(format!("{}: {error}", path.display())),
        }
    }
    if wrong.count > 0 {
        say::err(format_args!("{}", wrong.render()));
        return ExitCode::from(USAGE);
    }
    let imported = small_runtime().and_then(|runtime| {
        runtime.block_on(async {
            let store = open_store(&settings, true).await.context("opening the database / 打开数据库")?;
            for (collection, path) in sources {
                let count = write(&*store, collection, path).await.with_context(|| path.display().to_string())?;
                say!("{} → {collection}: {count}", path.display());
            }
            Ok(())
        })
    });
    match imported {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain!("已写入的文档保持不变,可以重新导入。 What was written stays; importing again is safe.");
            fail(&error)
        }
    }
}

/// Which collection a file is for: the one that is named, else the file's name up to its first dot.
fn collection_of<'a>(path: &Path, named: Option<&str>, known: &'a [String], wrong: &mut Wrong) -> Option<&'a str> {
    let name = named.or_else(|| path.file_name()?.to_str()?.split('.').next()).unwrap_or_default();
    let found = known.iter().find(|known| *known == name);
    if found.is_none() {
        wrong.add(format!(
            "{}: 没有集合 {name},请用 --collection 指定 / there is no collection {name}; name one by --collection: {}",
            path.display(),
            known.join(", ")
        ));
    }
    found.map(String::as_str)
}

/// The account collections have milliseconds where uniCloud's own collections may have dates.
fn dates_of(collection: &str) -> Dates {
    if COLLECTIONS.contains(&collection) { Dates::Milliseconds } else { Dates::Kept }
}

type Document = Map<String, Value>;

/// The documents of a file with their lines, from 1. Empty lines are passed over.
fn documents(path: &Path, dates: Dates) -> std::io::Result<impl Iterator<Item = (usize, Result<Document, String>)>> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut number = 0;
    let mut line = Vec::new();
    let mut ended = false;
    Ok(std::iter::from_fn(move || {
        while !ended {
            line.clear();
            number += 1;
            let read = std::io::Read::take(&mut reader, LINE_BYTES as u64 + 1).read_until(b'\n', &mut line);
            match read {
                Ok(0) => return None,
                Ok(_) if line.len() > LINE_BYTES => {
                    ended = true;
                    return Some((number, Err("一行超过 16 MB / a line of more than 16 MB".to_owned())));
                }
                Ok(_) => {}
                Err(error) => {
                    ended = true;
                    return Some((number, Err(error.to_string())));
                }
            }
            if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
                line.drain(..3);
            }
            if !line.trim_ascii().is_empty() {
                return Some((number, document(&line, dates)));
            }
        }
        None
    }))
}

fn document(line: &[u8], dates: Dates) -> Result<Document, String> {
    let doc = match serde_json::from_slice(line) {
        Ok(Value::Object(doc)) => extended_json::plain_document(doc, dates),
        Ok(Value::Array(_)) => return Err("应为每行一个 JSON 对象,而不是数组 / an object on each line is wanted, not an array".to_owned()),
        Ok(_) => return Err("不是 JSON 对象 / not a JSON object".to_owned()),
        Err(error) => return Err(format!("不是 JSON / not JSON: {error}")),
    };
    match doc.get("_id") {
        Some(Value::String(id)) if !id.is_empty() => Ok(doc),
        _ => Err("_id 应为文本 / `_id` must be a text".to_owned()),
    }
}

/// What is wrong with the files.
#[derive(Default)]
struct Wrong {
    lines: Vec<String>,
    count: usize,
}

impl Wrong {
    fn add(&mut self, what: String) {
        self.count += 1;
        if self.lines.len() < PRINTED {
            self.lines.push(what);
        }
    }

    /// Notes what is wrong with a line, if anything is. Whether nothing is.
    fn note(&mut self, path: &Path, line: usize, what: Option<&String>) -> bool {
        if let Some(what) = what {
            self.add(format!("{}:{line}: {what}", path.display()));
        }
        what.is_none()
    }

    fn render(&self) -> String {
        let more = self.count - self.lines.len();
        let mut text = self.lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        if more > 0 {
            text += &format!("… 另有 {more} 处 / and {more} more\n");
        }
        text + "没有写入任何内容。 Nothing was written.\n"
    }
}

/// Writes a file's documents. Returns how many.
async fn write(store: &dyn Store, collection: &str, path: &Path) -> anyhow::Result<u64> {
    let mut documents = documents(path, dates_of(collection))?;
    let mut count = 0;
    loop {
        let batch = documents.by_ref().take(BATCH).map(|(line, doc)| doc.map_err(|what| anyhow::anyhow!("{line}: {what}")));
        let batch = batch.collect::<anyhow::Result<Vec<_>>>()?;
        if batch.is_empty() {
            return Ok(count);
        }
        for outcome in join_all(batch.iter().map(|doc| store.put(collection, doc))).await {
            outcome?;
            count += 1;
        }
    }
}
