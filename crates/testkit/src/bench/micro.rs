//! What the functions cost that every call runs, one at a time and without a database.

use std::{hint::black_box, sync::Arc};

use anyhow::{Context, Result, anyhow};
use lingpai_domain::{
    captcha::{Captcha, CaptchaConfig, Format},
    client::Source,
    error::{Code, Error},
    password::{Argon2Cost, PasswordPolicy},
    project::ProjectScripts,
    random::Random,
    store::{GateChange, GateCursor, GateNews},
    token::{self, Gate},
    validate::{Params, Rule, optional, required},
};
use lingpai_secure::envelope::SecretType;
use lingpai_server::{
    answer::error_body,
    call::Call,
    config::{Center, settings},
    pipeline::client_info,
    runtime::{SystemClock, SystemRandom},
    scripts::FolderScripts,
    telemetry::Stopwatch,
    transport::url_envelope::Envelope,
    words::{Locale, Words},
};
use serde_json::{Value, json};

use super::{
    configuration::{self, Hashing},
    measurement::{Row, median},
    micro_secure,
    population::{PASSWORD, Population},
    process,
    wire::{APP, Wire},
};
use crate::SeededRandom;

/// Measures one function.
type Measure = fn(&str, bool) -> Result<Row>;

/// All of them by name.
pub const ALL: [(&str, Measure); 21] = [
    ("micro: request decoding", decode),
    ("micro: client info", check_client_info),
    ("micro: configuration of an app", center_app),
    ("micro: token, sign", sign),
    ("micro: token, verify", verify),
    ("micro: token, gate", judge),
    ("micro: parameters", parameters),
    ("micro: hmac-sha256", |name, quick| password(name, quick, Hashing::HmacSha256)),
    ("micro: argon2id", |name, quick| password(name, quick, Hashing::Argon2id)),
    ("micro: custom-token.js, warm", |name, quick| custom_token(name, quick, 1)),
    ("micro: custom-token.js, warm, 16 at once", |name, quick| custom_token(name, quick, 16)),
    ("micro: error body", errors),
    ("micro: system randomness, 16 bytes", randomness),
    ("micro: captcha, SVG", |name, quick| captcha(name, quick, Format::Svg)),
    ("micro: captcha, PNG", |name, quick| captcha(name, quick, Format::Png)),
    ("micro: captcha, BMP", |name, quick| captcha(name, quick, Format::Bmp)),
    ("micro: secure handshake", micro_secure::handshake),
    ("micro: secure handshake, attested", micro_secure::attested),
    ("micro: secure call, verified, 1 KiB", |name, quick| micro_secure::call(name, quick, SecretType::None, 1024)),
    ("micro: secure call, both ways, 1 KiB", |name, quick| micro_secure::call(name, quick, SecretType::Both, 1024)),
    ("micro: secure call, both ways, 64 KiB", |name, quick| micro_secure::call(name, quick, SecretType::Both, 64 * 1024)),
];

/// A batch takes about so long, in seconds: far longer than reading the clock.
const BATCH_S: f64 = 0.002;

/// Runs `work` again and again. Answers the median of the batches.
pub fn repeat<T>(name: &str, quick: bool, mut work: impl FnMut() -> T) -> Row {
    let seconds = if quick { 0.1 } else { 0.5 };
    let mut batch = 1u64;
    loop {
        let started = Stopwatch::start();
        for _ in 0..batch {
            black_box(work());
        }
        if started.seconds() >= BATCH_S {
            break;
        }
        batch *= 2;
    }
    let mut times = Vec::new();
    let all = Stopwatch::start();
    while all.seconds() < seconds {
        let started = Stopwatch::start();
        for _ in 0..batch {
            black_box(work());
        }
        times.push(started.seconds() / batch as f64);
    }
    let time = median(&mut times);
    let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or(time);
    Row { name: name.to_owned(), connections: 1, rate: 1.0 / time, p50_ms: time * 1000.0, p99_ms: p99 * 1000.0, ..Row::default() }
}

fn body(method: &str, token: Option<&[u8]>, params: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    Wire::new(method).write(&mut request, "web-device-0000001", token, &[params]);
    let head = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or_default();
    request.split_off(head + 4)
}

fn decode(name: &str, quick: bool) -> Result<Row> {
    let token = Population::new(1, 1_760_000_000_000)?.token(0);
    let body = body("getAccountInfo", Some(token.as_bytes()), b"{}");
    Ok(repeat(name, quick, || Envelope::decode(black_box(&body)).is_some()))
}

fn check_client_info(name: &str, quick: bool) -> Result<Row> {
    let envelope = Envelope::decode(&body("login", None, b"{}")).context("a body that can be read")?;
    let call = Call {
        function: "uni-id-co".into(),
        method: "login".into(),
        params: envelope.params,
        client_info: envelope.client_info,
        token: None,
        source: Source::Http,
        ip: "203.0.113.7".into(),
        user_agent: "Mozilla/5.0".into(),
        request_id: "0".into(),
        secured: Default::default(),
        signed: None,
    };
    client_info::check(&call).map_err(|error| anyhow!("{error:?}"))?;
    Ok(repeat(name, quick, || client_info::check(black_box(&call)).is_ok()))
}

fn center_app(name: &str, quick: bool) -> Result<Row> {
    let folder = tempfile::tempdir()?;
    configuration::write(folder.path(), "", Hashing::HmacSha256)?;
    let (center, _, problems) = Center::load(&folder.path().join("config-center"), Argon2Cost::default());
    anyhow::ensure!(problems.is_empty(), "{problems:?}");
    Ok(repeat(name, quick, || center.app(black_box(APP), black_box("web")).is_ok()))
}

fn sign(name: &str, quick: bool) -> Result<Row> {
    let population = Population::new(1, 1_760_000_000_000)?;
    Ok(repeat(name, quick, || population.token(black_box(0))))
}

fn verify(name: &str, quick: bool) -> Result<Row> {
    let (token, secret) = (Population::new(1, 1_760_000_000_000)?.token(0), configuration::token_secret());
    token::verify(&token, &secret).map_err(|error| anyhow!("{error:?}"))?;
    Ok(repeat(name, quick, || token::verify(black_box(&token), &secret).is_ok()))
}

/// The way to the script's thread and back included.
/// One call at a time mostly measures how two threads wake each other; several at a time, what logins cost that come together.
fn custom_token(name: &str, quick: bool, at_once: u64) -> Result<Row> {
    let folder = tempfile::tempdir()?;
    let script = "module.exports = async (t) => { t.customField = 'hello custom token'; return t }";
    std::fs::write(folder.path().join("custom-token.js"), script)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let granted = settings::Scripts {
        env: Vec::new(),
        hosts: Vec::new(),
        private_addresses: false,
        time_limit: std::time::Duration::from_secs(1),
        memory: 64 << 20,
    };
    let load = FolderScripts::load(folder.path(), &granted, Arc::new(SystemClock), Arc::new(SystemRandom));
    let scripts = runtime.block_on(load)?;
    let claims = json!({"uid": "65f000000000000000000000", "role": ["admin", "editor"], "permission": ["a", "b", "c"]});
    let claims = claims.as_object().cloned().context("an object")?;
    runtime.block_on(scripts.custom_token(claims.clone())).map_err(|error| anyhow!("{error:?}"))?;
    // Two threads work on it, so that the time it takes is not the time that it costs.
    let (mut calls, before) = (0_u64, process::processor_ms(std::process::id())?);
    let row = repeat(name, quick, || {
        calls += at_once;
        let calls = (0..at_once).map(|_| scripts.custom_token(black_box(claims.clone())));
        runtime.block_on(futures_util::future::join_all(calls)).iter().all(Result::is_ok)
    });
    let spent = process::processor_ms(std::process::id())? - before;
    // A batch is one of its calls' time, as often as there are calls in it.
    let (rate, p50_ms, p99_ms) = (row.rate * at_once as f64, row.p50_ms / at_once as f64, row.p99_ms / at_once as f64);
    Ok(Row { cpu_us: Some(spent * 1000.0 / calls as f64), rate, p50_ms, p99_ms, ..row })
}

/// With a thousand tokens logged out and a thousand users changed.
fn judge(name: &str, quick: bool) -> Result<Row> {
    let population = Population::new(2000, 1_760_000_000_000)?;
    let gate = Gate::default();
    let logged_out = (0..1000).map(|n| GateChange::Token { hash: token::hash(&population.token(n)), expires: None });
    let changed = (0..1000).map(|n| GateChange::User {
        uid: Population::uid(n),
        sequence: n as i64,
        valid_token_date: Some(0),
        status: None,
        roles: Vec::new(),
    });
    gate.apply(GateNews { cursor: GateCursor(1), changes: logged_out.chain(changed).collect() }, 0);
    let token = population.token(1500);
    let claims = token::verify(&token, &configuration::token_secret()).map_err(|error| anyhow!("{error:?}"))?;
    anyhow::ensure!(gate.judge(&token, &claims) == Ok(None), "the token holds");
    Ok(repeat(name, quick, || gate.judge(black_box(&token), &claims).is_ok()))
}

fn parameters(name: &str, quick: bool) -> Result<Row> {
    let fields = [
        optional("username", Rule::Username),
        optional("mobile", Rule::Mobile),
        optional("email", Rule::Email),
        required("password", Rule::Password),
        optional("captcha", Rule::Text),
    ];
    let Value::Object(params) = json!({"username": "bench-00000001", "password": PASSWORD}) else { return Err(anyhow!("an object")) };
    Params::parse(params.clone(), &fields, None).map_err(|error| anyhow!("{error:?}"))?;
    // The copy that is taken in is part of what is measured.
    Ok(repeat(name, quick, || Params::parse(black_box(params.clone()), &fields, None).is_ok()))
}

fn password(name: &str, quick: bool, hashing: Hashing) -> Result<Row> {
    let secrets = hashing.secrets();
    let policy = PasswordPolicy::new(&secrets);
    let (stored, version) = policy.hash(PASSWORD, &SeededRandom::default() as &dyn Random)?;
    Ok(repeat(name, quick, || policy.verify(Some(black_box(&stored)), version, black_box(PASSWORD))))
}

fn errors(name: &str, quick: bool) -> Result<Row> {
    let error = Error::new(Code::ParamRequired).with("param", "username");
    Ok(repeat(name, quick, || error_body(black_box(&error), Words::built_in(), Locale::default())))
}

fn randomness(name: &str, quick: bool) -> Result<Row> {
    let random: &dyn Random = &SystemRandom;
    Ok(repeat(name, quick, || random.hex(16)))
}

fn captcha(name: &str, quick: bool, format: Format) -> Result<Row> {
    let (config, _) = CaptchaConfig::parse(&json!({}));
    let random: &dyn Random = &SystemRandom;
    Ok(repeat(name, quick, || Captcha::draw(config.for_scene("login-by-pwd"), Some(format), random).data_uri(true)))
}
