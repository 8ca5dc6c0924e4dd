//! `[scripts]`

use super::{Scripts, reader::Reader};
use crate::config::report::Words;

pub fn read(reader: &mut Reader<'_>) -> Scripts {
    Scripts {
        env: reader.list("scripts.env", variable),
        hosts: reader.list("scripts.hosts", host),
        private_addresses: reader.boolean("scripts.private_addresses"),
        time_limit: reader.milliseconds("scripts.time_limit_ms", 10..=60_000),
        memory: reader.count("scripts.memory_mib", 8..=1024) << 20,
    }
}

/// Our own settings may be secrets, which are none of the scripts' business.
fn variable(name: &str) -> Result<String, (Words, Words)> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name && !name.to_ascii_uppercase().starts_with("LINGPAI_") {
        return Ok(name.to_owned());
    }
    let what = Words::new(format!("{name:?} 不能给脚本使用"), format!("{name:?} cannot be given to scripts"));
    Err((
        what,
        Words::new("写环境变量的名称，不能以 LINGPAI_ 开头", "write the name of an environment variable that does not begin with LINGPAI_"),
    ))
}

fn host(text: &str) -> Result<String, (Words, Words)> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let is_host = name.len() <= 253
        && name.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    if is_host {
        return Ok(text.to_owned());
    }
    let what = Words::new(format!("{text:?} 不是主机名"), format!("{text:?} is no name of a host"));
    Err((
        what,
        Words::new(
            "写成 api.example.com 或 *.example.com，不带协议与端口",
            "write api.example.com or *.example.com, without scheme and port",
        ),
    ))
}
