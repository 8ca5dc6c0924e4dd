//! `[[functions]]` and `[functions_host]`

use std::{path::PathBuf, time::Duration};

use super::{Function, FunctionsHost, reader::Reader};
use crate::{config::report::Words, methods::registry, pipeline::clientdb};

/// The longest name, characters.
const LONGEST_NAME: usize = 64;
/// The shortest key, characters.
const SHORTEST_KEY: usize = 32;

/// Whether a text can be a function's name: letters, digits, `-` and `_`.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// Whether the program itself has a function of this name. Clients call clientDB by its first name, documentation by the
/// second.
pub fn is_built_in(name: &str) -> bool {
    registry::has_function(name) || [clientdb::FUNCTION, clientdb::ALIAS, "uni-open-bridge"].contains(&name)
}

/// `[functions_host]`; `None`: there is no folder.
pub fn host(reader: &mut Reader<'_>) -> Option<FunctionsHost> {
    let dir = PathBuf::from(reader.text("functions_host.dir"));
    let node = reader.text("functions_host.node");
    let http = reader.list("functions_host.http", |name| match is_name(name) || name == "*" {
        true => Ok(name.to_owned()),
        false => Err((
            Words::new(format!("{name:?} 不是函数名"), format!("{name:?} is no name of a function")),
            Words::new("写函数名，或 \"*\"", "write a function's name, or \"*\""),
        )),
    });
    let host = FunctionsHost {
        node: if node.is_empty() { "node".into() } else { node.into() },
        http,
        workers: reader.count("functions_host.workers", 1..=256),
        queue: reader.count("functions_host.queue", 0..=100_000),
        timeout: reader.milliseconds("functions_host.timeout_ms", 100..=600_000),
        memory_mb: reader.number("functions_host.memory_mb", 16..=16_384),
        timers: reader.boolean("functions_host.timers"),
        dir,
    };
    if host.dir.as_os_str().is_empty() {
        return None;
    }
    if !host.dir.is_dir() {
        reader.problem(
            "functions_host.dir",
            Words::new(format!("没有这个目录：{}", host.dir.display()), format!("there is no folder {}", host.dir.display())),
            Words::new("写成 cloudfunctions 目录，或留空", "name a folder of cloud functions, or leave it empty"),
        );
    }
    Some(host)
}

/// `[[functions]]`
pub fn read(reader: &mut Reader<'_>) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for section in reader.sections("functions") {
        section.refuse_unknown(reader, &["name", "url", "key", "timeout_ms", "at_once", "http"]);
        let name = section.text(reader, "name");
        if !name.is_empty() && !is_name(&name) {
            section.problem(
                reader,
                "name",
                Words::new("不是函数名", "is no name of a function"),
                Words::new("用字母、数字、- 与 _，至多 64 个", "use letters, digits, - and _, at most 64"),
            );
        }
        if is_built_in(&name) || functions.iter().any(|other| other.name == name) {
            section.problem(
                reader,
                "name",
                Words::new("这个函数名已经被使用", "this name is taken already"),
                Words::new("换一个名字", "choose another name"),
            );
        }
        let key = section.secret(reader, "key");
        if !key.is_empty() && key.expose().chars().count() < SHORTEST_KEY {
            section.problem(
                reader,
                "key",
                Words::new(
                    format!("太短，至少要 {SHORTEST_KEY} 个字符"),
                    format!("is too short, it takes at least {SHORTEST_KEY} characters"),
                ),
                Words::new("例如 openssl rand -hex 32", "for instance from openssl rand -hex 32"),
            );
        }
        functions.push(Function {
            name,
            url: section.secret_url(reader, "url"),
            key,
            timeout: Duration::from_millis(section.number(reader, "timeout_ms", 100..=600_000, 10_000).into()),
            at_once: section.number(reader, "at_once", 1..=10_000, 64) as usize,
            http: section.boolean(reader, "http", false),
        });
    }
    functions
}
