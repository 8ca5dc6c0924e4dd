//! What verification and sealing cost end to end: the same call plain, signed, and sealed both ways, one caller, one after
//! the other, each kind in turn so that what else the machine does touches all alike. Once of a function that is an HTTP
//! service and echoes its arguments, once of two methods of the program itself: `login`, as the functions that one protects
//! are (it changes something), and `getAccountInfo`, the cheapest there is, which a signature's verification shows most in.

use anyhow::{Context, Result, ensure};
use axum::{Router, body::Bytes, routing::post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use lingpai_domain::{clock::Clock, random::Random};
use lingpai_secure::{
    client_key::ClientKey,
    device_key::SoftwareDeviceKey,
    envelope::{Envelope, NewCall, SecretType, Target},
    handshake::{Answer, Evidence, Hello, client},
    space_key::PublishedKeys,
};
use lingpai_server::telemetry::Stopwatch;
use serde_json::{Value, json};

use super::measurement::{Row, median};
use crate::{Engine, TestApp, app::SPACE, client_protocol::sign};

/// Where the test kit registers its users: `login` finds them in no other application.
const APP: &str = "__UNI__TEST";
const ORIGIN: &str = "https://bench.example.com";

const USER: &str = "bencher";
const PASSWORD: &str = "bench1234";

/// What is measured, by the names of the rows; each row's name ends with its kind.
pub const NAMES: [&str; 4] = ["echo 1 KiB", "echo 64 KiB", "own login", "own getAccountInfo"];

/// The kinds, and what they seal.
const KINDS: [(&str, Option<SecretType>); 3] = [("plain", None), ("verified", Some(SecretType::None)), ("sealed", Some(SecretType::Both))];

/// Measures on one database. The ratio of a row is its median by that of the plain call in the same run.
///
/// # Errors
/// If an answer is missing or wrong.
pub async fn measure(engine: Engine, quick: bool) -> Result<Vec<Row>> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let echo = Router::new().route("/", post(|body: Bytes| async move { body }));
    let service = tokio::spawn(async move { axum::serve(listener, echo).await });
    let section = format!("[[functions]]\nname = \"echo\"\nurl = \"http://{address}\"\nkey = \"0123456789012345678901234567890123\"\n");
    let config = json!({"enable": true, "apps": [{"appId": APP, "web": [{"origin": ORIGIN}]}]});
    let app = TestApp::builder().engine(engine).secure_network(config).sections(&section).start().await?;
    let caller = Caller::start(&app).await?;
    let mut rows = Vec::new();
    let measured = [
        ("echo", json!({"text": "x".repeat(1024)})),
        ("echo", json!({"text": "x".repeat(64 * 1024)})),
        ("uni-id-co", json!({"method": "login", "params": [{"username": USER, "password": PASSWORD}]})),
        ("uni-id-co", json!({"method": "getAccountInfo", "params": [{}], "uniIdToken": caller.token})),
    ];
    let (calls, rounds) = if quick { (20, 2) } else { (300, 9) };
    for (name, (function, content)) in NAMES.iter().zip(&measured) {
        rows.extend(caller.measure(name, engine, function, content, calls, rounds).await?);
    }
    app.stop().await?;
    service.abort();
    Ok(rows)
}

struct Caller<'a> {
    app: &'a TestApp,
    device: SoftwareDeviceKey,
    key: ClientKey,
    token: String,
}

impl<'a> Caller<'a> {
    async fn start(app: &'a TestApp) -> Result<Self> {
        let captcha = app.captcha("register").await?;
        let registered = app.call("registerUser", json!({"username": USER, "password": PASSWORD, "captcha": captcha})).await?;
        let token = registered.token().context("a registration")?;
        let device = SoftwareDeviceKey::from_secret(&[7; 32])?;
        let published: PublishedKeys = app.http().get(app.url("/secure-network/keys")).send().await?.json().await?;
        let space_key = published.choose(&base64(&published.identity_key)?, SPACE.id, app.clock.now_ms())?;
        let asked = send(app, "uni-secure-network", json!({"method": "challenge", "params": [{}]})).await?;
        let hello = Hello {
            challenge: base64(asked["challenge"].as_str().context("a challenge")?)?,
            app_id: APP.into(),
            device_id: "d".into(),
            platform: "web".into(),
            package: ORIGIN.into(),
            app_version: "1".into(),
            timestamp_ms: app.clock.now_ms(),
            evidence: Evidence::None,
        };
        let (request, awaiting) = client::start(SPACE.id, &space_key, &hello, &device, &[9; 32])?;
        let answer = send(app, "uni-secure-network", json!({"method": "getAppClientKey", "params": [request]})).await?;
        let answer: Answer = serde_json::from_value(answer)?;
        Ok(Self { app, device, key: awaiting.finish(&answer)?.0, token })
    }

    async fn measure(&self, name: &str, engine: Engine, function: &str, content: &Value, calls: usize, rounds: usize) -> Result<Vec<Row>> {
        let (text, mut medians) = (content.to_string(), [const { Vec::new() }; 3]);
        let mut p99s = [const { Vec::new() }; 3];
        for round in 0..rounds {
            for (kind, (_, seals)) in KINDS.iter().enumerate() {
                let mut times = Vec::with_capacity(calls);
                for _ in 0..calls {
                    // What the client computes is not the server's latency.
                    let args = self.args(function, *seals, &text)?;
                    let started = Stopwatch::start();
                    let data = send(self.app, function, args).await?;
                    times.push(started.seconds() * 1000.0);
                    ensure!(data.get("errCode").is_none_or(|code| code == 0), "{data}");
                }
                // The first round warms everything up.
                if round > 0 {
                    medians[kind].push(median(&mut times));
                    p99s[kind].push(times.get(calls * 99 / 100).copied().unwrap_or_default());
                }
            }
        }
        let plain = median(&mut medians[0]);
        let rows = KINDS.iter().enumerate().map(|(kind, (word, _))| {
            let p50_ms = median(&mut medians[kind]);
            Row {
                name: format!("{name} {word}"),
                engine: if engine == Engine::Sqlite { "sqlite" } else { "postgres" }.to_owned(),
                connections: 1,
                rate: 1000.0 / p50_ms,
                p50_ms,
                p99_ms: median(&mut p99s[kind]),
                times_plain: Some(p50_ms / plain),
                ..Row::default()
            }
        });
        Ok(rows.collect())
    }

    fn args(&self, function: &str, kind: Option<SecretType>, text: &str) -> Result<Value> {
        let Some(secret_type) = kind else { return Ok(serde_json::from_str(text)?) };
        let random: &dyn Random = &*self.app.random;
        let (request_id, mut nonce) = (random.hex(16), [0; 12]);
        random.fill(&mut nonce);
        let call = NewCall { secret_type, content: text, request_id: &request_id, timestamp_ms: self.app.clock.now_ms(), nonce };
        let (envelope, _) = Envelope::seal(&self.key, &self.device, Target { space_id: SPACE.id, function }, call)?;
        Ok(serde_json::to_value(envelope)?)
    }
}

async fn send(app: &TestApp, function: &str, mut args: Value) -> Result<Value> {
    args["clientInfo"] = json!({"uniPlatform": "web", "appId": APP, "deviceId": "d"});
    let params = json!({"functionTarget": function, "functionArgs": args}).to_string();
    let body =
        json!({"method": "serverless.function.runtime.invoke", "params": params, "spaceId": SPACE.id, "timestamp": app.clock.now_ms()});
    let signature = sign(body.as_object().context("an object")?, SPACE.secret);
    let request = app.http().post(app.url("/client")).header("x-serverless-sign", signature).header("origin", ORIGIN);
    let answer: Value = request.body(body.to_string()).send().await?.json().await?;
    answer.get("data").cloned().with_context(|| format!("no data in {answer}"))
}

fn base64<const N: usize>(text: &str) -> Result<[u8; N]> {
    STANDARD.decode(text)?.try_into().map_err(|_| anyhow::anyhow!("another length"))
}
