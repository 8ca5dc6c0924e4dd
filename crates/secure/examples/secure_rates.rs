//! Prints what handshakes, calls and replies cost in CPU time: `cargo run --release -p lingpai-secure --example secure_rates`.
//!
//! The attested handshake uses a real device's chain (five certificates, two RSA-4096 signatures among them).

use std::hint::black_box;
use std::path::Path;

use lingpai_secure::attestation::{GOOGLE_KEY_ATTESTATION_ROOTS, Revocations, Roots, android, ders_from_pem};
use lingpai_secure::client_key::ClientKey;
use lingpai_secure::device_key::SoftwareDeviceKey;
use lingpai_secure::envelope::{Envelope, NewCall, SecretType, Target, TimeWindow};
use lingpai_secure::handshake::challenge::TakenChallenge;
use lingpai_secure::handshake::{Answer, Evidence, EvidenceLevel, EvidencePolicy, Hello, Request, client, server};
use lingpai_secure::refusal::Refusal;
use lingpai_secure::replay::Freshness;
use lingpai_secure::space_key::{SpaceIdentity, SpaceKey};
use lingpai_secure::weixin::EncryptKey;

const NOW: i64 = 1_800_000_000_000;
const WINDOW: TimeWindow = TimeWindow { now_ms: NOW, tolerance_ms: 60_000 };
const TARGET: Target<'static> = Target { space_id: "space", function: "order" };

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let identity = SpaceIdentity::from_seed(&[1; 32])?;
    let keys = [SpaceKey::new(&[2; 32], 0, i64::MAX)?];
    let device = SoftwareDeviceKey::from_secret(&[3; 32])?;
    let google = Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS)?;
    let policy = EvidencePolicy {
        require: EvidenceLevel::Keyed,
        android: &[],
        apple: &[],
        android_roots: &google,
        apple_roots: &google,
        revocations: &Revocations::default(),
        now_ms: NOW,
    };
    let hello = Hello {
        challenge: [4; 32],
        app_id: "__UNI__RATES".into(),
        device_id: "device".into(),
        platform: "web".into(),
        package: "https://demo.example".into(),
        app_version: "1.0.0".into(),
        timestamp_ms: NOW,
        evidence: Evidence::None,
    };
    let space_key = identity.sign("space", &keys[0]).verify(identity.public_key(), "space", NOW)?;
    let (request, _) = client::start("space", &space_key, &hello, &device, &[5; 32])?;
    let serve = |request: &Request| -> Result<(Answer, ClientKey), Refusal> {
        let opened = server::open(request, "space", &keys, WINDOW)?;
        let taken = TakenChallenge::removed_from_shared_memory(opened.hello().challenge);
        let (answer, record) = opened.spend(taken)?.accept(&policy)?.answer([6; 16], i64::MAX, [7; 12])?;
        Ok((answer, record.client_key()?))
    };
    measure("handshake, server, no attestation", 2_000, || serve(&request).map(drop))?;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/android-key-attestation");
    for name in ["caiman/sdk36/TEE_EC_RKP", "blueline/sdk28/TEE_RSA_NONE"] {
        let chain = ders_from_pem(&std::fs::read(path.join(format!("{name}.pem")))?)?;
        let made_ms = android::inspect(&chain)?.creation_ms.and_then(|ms| i64::try_from(ms).ok()).unwrap_or_default();
        let verify = || android::verify(&chain, &google, &Revocations::default(), made_ms).map(drop);
        measure(&format!("Android chain {name}"), 500, verify)?;
    }

    let (_, key) = serve(&request)?;
    for size in [1024, 64 * 1024] {
        let content = "x".repeat(size);
        for secret_type in [SecretType::Both, SecretType::None] {
            let call = NewCall { secret_type, content: &content, request_id: "request-0001", timestamp_ms: NOW, nonce: [8; 12] };
            let (envelope, _) = Envelope::seal(&key, &device, TARGET, call)?;
            let label = format!("{size} bytes, {}", secret_type.as_str());
            measure(&format!("call, server opens {label}"), 2_000, || envelope.clone().open(&key, TARGET, WINDOW).map(drop))?;
        }
        let call =
            NewCall { secret_type: SecretType::Both, content: &content, request_id: "request-0001", timestamp_ms: NOW, nonce: [8; 12] };
        let (envelope, _) = Envelope::seal(&key, &device, TARGET, call)?;
        let opened = envelope.open(&key, TARGET, WINDOW)?.admit(Freshness::New)?;
        measure(&format!("reply, server seals {size} bytes"), 2_000, || opened.seal_reply(&key, [9; 12], &content).map(drop))?;
        let weixin = EncryptKey::parse("ABEiM0RVZneImaq7zN3u/w==", "0123456789abcdef")?;
        let sealed = weixin.seal(&content)?;
        measure(&format!("mini program, server opens {size} bytes"), 2_000, || weixin.open(&sealed).map(drop))?;
    }
    Ok(())
}

/// Prints the mean time of `count` runs on this thread, the best of three rounds.
#[expect(clippy::disallowed_methods, reason = "this program measures")]
fn measure(what: &str, count: u32, mut run: impl FnMut() -> Result<(), Refusal>) -> Result<(), Refusal> {
    let mut best = f64::MAX;
    for _ in 0..3 {
        let start = std::time::Instant::now();
        for _ in 0..count {
            black_box(run())?;
        }
        best = best.min(start.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
    println!("{what:<55} {best:>9.1} us");
    Ok(())
}
