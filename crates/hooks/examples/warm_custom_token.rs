//! Prints what a warm call of `custom-token.js` costs: `cargo run --release -p lingpai-hooks --example warm_custom_token`.

use std::{error::Error, fs, sync::Arc};

use lingpai_domain::{clock::Clock, random::Random};
use lingpai_hooks::{Hooks, Options};
use serde_json::{Value, json};

struct Still;

impl Clock for Still {
    fn now_ms(&self) -> i64 {
        0
    }
}

impl Random for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "this program measures")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("custom-token.js"), "module.exports = async (t) => { t.customField = 'hello custom token'; return t }")?;
    let started = std::time::Instant::now();
    let hooks =
        Hooks::load(folder.path(), Options::default(), Arc::new(Still), Arc::new(Still)).map_err(|problems| format!("{problems:?}"))?;
    println!("load: {:?}", started.elapsed());
    let payload = json!({ "uid": "65f000000000000000000000", "role": ["admin", "editor"], "permission": ["a", "b", "c"] });
    let Value::Object(payload) = payload else { return Err("not an object".into()) };
    let calls: u32 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    for warm in [1000, calls] {
        let started = std::time::Instant::now();
        for _ in 0..warm {
            hooks.custom_token(payload.clone()).await?;
        }
        println!("{warm} calls: {:?} each", started.elapsed() / warm);
    }
    Ok(())
}
