//! `[[functions]]`

use std::time::Duration;

use super::{Function, reader::Reader};
use crate::{config::report::Words, methods::registry, pipeline::clientdb};

/// The longest name, characters.
const LONGEST_NAME: usize = 64;
/// The shortest key, characters.
const SHORTEST_KEY: usize = 32;

pub fn read(reader: &mut Reader<'_>) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for section in reader.sections("functions") {
        section.refuse_unknown(reader, &["name", "url", "key", "timeout_ms", "at_once"]);
        let name = section.text(reader, "name");
        let is_name = name.len() <= LONGEST_NAME && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !is_name {
            section.problem(
                reader,
                "name",
                Words::new("不是函数名", "is no name of a function"),
                Words::new("用字母、数字、- 与 _，至多 64 个", "use letters, digits, - and _, at most 64"),
            );
        }
        let is_built_in =
            registry::has_function(&name) || [clientdb::FUNCTION, clientdb::ALIAS, "uni-open-bridge"].contains(&name.as_str());
        if is_built_in || functions.iter().any(|other| other.name == name) {
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
        });
    }
    functions
}
