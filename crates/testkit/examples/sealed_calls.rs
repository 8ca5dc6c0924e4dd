//! Prints what verification and sealing cost end to end, in one run: a plain call of a function that echoes its arguments, the
//! same call signed, and sealed both ways; one caller, one after the other, each kind in turn.
//!
//! `cargo run --release -p lingpai-testkit --example sealed_calls` (PostgreSQL: through `scripts/with-test-services.sh`).

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use axum::{Router, body::Bytes, routing::post};
use lingpai_domain::{clock::Clock, random::Random};
use lingpai_secure::{
    client_key::ClientKey,
    device_key::SoftwareDeviceKey,
    envelope::{Envelope, NewCall, SecretType, Target},
    handshake::{Answer, Evidence, Hello, client},
    space_key::PublishedKeys,
};
use lingpai_testkit::{Engine, TestApp, app::SPACE, client_protocol::sign};
use serde_json::{Value, json};

const APP: &str = "__UNI__BENCH";
const ORIGIN: &str = "https://bench.example.com";
const ROUNDS: usize = 7;

#[tokio::main]
async fn main() -> Result<()> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let echo = Router::new().route("/", post(|body: Bytes| async move { body }));
    tokio::spawn(async move { axum::serve(listener, echo).await });
    let section = format!("[[functions]]\nname = \"echo\"\nurl = \"http://{address}\"\nkey = \"0123456789012345678901234567890123\"\n");
    let engines = match std::env::var_os("LINGPAI_TEST_POSTGRES") {
        Some(_) => vec![Engine::Sqlite, Engine::Postgres],
        None => vec![Engine::Sqlite],
    };
    for engine in engines {
        let config = json!({"enable": true, "apps": [{"appId": APP, "web": [{"origin": ORIGIN}]}]});
        let app = TestApp::builder().engine(engine).secure_network(config).sections(&section).start().await?;
        let caller = Caller::start(&app).await?;
        for size in [1024, 64 * 1024] {
            caller.measure(engine, size).await?;
        }
        app.stop().await?;
    }
    Ok(())
}

struct Caller<'a> {
    app: &'a TestApp,
    device: SoftwareDeviceKey,
    key: ClientKey,
}

impl<'a> Caller<'a> {
    async fn start(app: &'a TestApp) -> Result<Self> {
        let device = SoftwareDeviceKey::from_secret(&[7; 32])?;
        let published: PublishedKeys = app.http().get(app.url("/secure-network/keys")).send().await?.json().await?;
        let identity: [u8; 32] = base64(&published.identity_key)?;
        let space_key = published.choose(&identity, SPACE.id, app.clock.now_ms())?;
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
        Ok(Self { app, device, key: awaiting.finish(&answer)?.0 })
    }

    #[expect(clippy::disallowed_methods, reason = "this program measures")]
    async fn measure(&self, engine: Engine, size: usize) -> Result<()> {
        let text = json!({"text": "x".repeat(size)}).to_string();
        let calls = if size > 10_000 { 150 } else { 400 };
        let kinds = [None, Some(SecretType::None), Some(SecretType::Both)];
        let mut medians = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for (kind, medians) in kinds.iter().zip(&mut medians) {
                let mut times = Vec::with_capacity(calls);
                for _ in 0..calls {
                    // What the client computes is not the server's latency.
                    let args = self.args(*kind, &text)?;
                    let start = Instant::now();
                    let data = send(self.app, "echo", args).await?;
                    times.push(start.elapsed().as_secs_f64() * 1e6);
                    ensure!(data.get("errCode").is_none_or(|code| code == 0), "{data}");
                }
                times.sort_by(f64::total_cmp);
                if round > 0 {
                    medians.push(times[times.len() / 2]);
                }
            }
        }
        let [plain, verified, sealed] = medians.map(|mut medians| {
            medians.sort_by(f64::total_cmp);
            medians[medians.len() / 2]
        });
        println!(
            "{engine:?} {size:>6} bytes: plain {plain:.0} us, verified {verified:.0} us ({:.2}x), sealed both ways {sealed:.0} us ({:.2}x)",
            verified / plain,
            sealed / plain
        );
        Ok(())
    }

    fn args(&self, kind: Option<SecretType>, text: &str) -> Result<Value> {
        let Some(secret_type) = kind else { return Ok(serde_json::from_str(text)?) };
        let random: &dyn Random = &*self.app.random;
        let (request_id, mut nonce) = (random.hex(16), [0; 12]);
        random.fill(&mut nonce);
        let call = NewCall { secret_type, content: text, request_id: &request_id, timestamp_ms: self.app.clock.now_ms(), nonce };
        let (envelope, _) = Envelope::seal(&self.key, &self.device, Target { space_id: SPACE.id, function: "echo" }, call)?;
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
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text)?.try_into().map_err(|_| anyhow::anyhow!("another length"))
}
