//! What handshakes and calls of the secure network cost, without the store and without HTTP.

use anyhow::Result;
use lingpai_secure::{
    attestation::{GOOGLE_KEY_ATTESTATION_ROOTS, Revocations, Roots, android, ders_from_pem},
    client_key::ClientKey,
    device_key::{DeviceSigner, SoftwareDeviceKey},
    envelope::{Envelope, NewCall, SecretType, Target, TimeWindow},
    handshake::{Evidence, EvidenceLevel, EvidencePolicy, Hello, Request, challenge::TakenChallenge, client, server},
    refusal::Refusal,
    replay::Freshness,
    space_key::{SpaceIdentity, SpaceKey},
};
use serde_json::{Value, json};

use super::{measurement::Row, micro::repeat};

const NOW_MS: i64 = 1_800_000_000_000;

/// A real device's chain: five certificates.
const CHAIN: &[u8] = include_bytes!("../../../secure/tests/vectors/android-key-attestation/caiman/sdk36/TEE_EC_RKP.pem");

/// A handshake without evidence, on the server's side.
pub fn handshake(name: &str, quick: bool) -> Result<Row> {
    let setting = Setting::new()?;
    setting.serve()?;
    Ok(repeat(name, quick, || setting.serve().is_ok()))
}

/// The same, and an Android attestation judged.
pub fn attested(name: &str, quick: bool) -> Result<Row> {
    let (setting, chain) = (Setting::new()?, ders_from_pem(CHAIN)?);
    let made_ms = android::leaf_start_ms(&chain)?;
    let judge = || android::verify(&chain, &setting.google, &Revocations::default(), made_ms).map(drop);
    judge()?;
    Ok(repeat(name, quick, || setting.serve().and_then(|()| judge()).is_ok()))
}

/// A call opened and verified, its arguments parsed, and where `secret_type` says so the same bytes sealed as its reply: what
/// the server does more than for a plain call, on top of the parsing that both need.
pub fn call(name: &str, quick: bool, secret_type: SecretType, bytes: usize) -> Result<Row> {
    let device = SoftwareDeviceKey::from_secret(&[3; 32])?;
    let key = ClientKey::derive("a key of the benchmark", &[1; 32], device.public_key(), i64::MAX)?;
    let target = Target { space_id: "space", function: "echo" };
    let content = json!({"text": "x".repeat(bytes)}).to_string();
    let call = NewCall { secret_type, content: &content, request_id: "request-1", timestamp_ms: NOW_MS, nonce: [7; 12] };
    let envelope = serde_json::to_value(Envelope::seal(&key, &device, target, call)?.0)?;
    let window = TimeWindow { now_ms: NOW_MS, tolerance_ms: 60_000 };
    let serve = || -> Result<Value> {
        let call = Envelope::parse(envelope.clone())?.open(&key, target, window)?.admit(Freshness::New)?;
        let arguments: Value = serde_json::from_str(&call.content)?;
        Ok(if secret_type.seals_reply() { call.seal_reply(&key, [9; 12], &arguments.to_string())?.into_value() } else { arguments })
    };
    serve()?;
    Ok(repeat(name, quick, || serve().is_ok()))
}

struct Setting {
    keys: [SpaceKey; 1],
    google: Roots,
    request: Request,
}

impl Setting {
    fn new() -> Result<Self> {
        let (identity, keys) = (SpaceIdentity::from_seed(&[1; 32])?, [SpaceKey::new(&[2; 32], 0, i64::MAX)?]);
        let hello = Hello {
            challenge: [4; 32],
            app_id: "__UNI__BENCH".into(),
            device_id: "device".into(),
            platform: "web".into(),
            package: "https://bench.example.com".into(),
            app_version: "1.0.0".into(),
            timestamp_ms: NOW_MS,
            evidence: Evidence::None,
        };
        let space_key = identity.sign("space", &keys[0]).verify(identity.public_key(), "space", NOW_MS)?;
        let device = SoftwareDeviceKey::from_secret(&[3; 32])?;
        let (request, _) = client::start("space", &space_key, &hello, &device, &[5; 32])?;
        Ok(Self { keys, google: Roots::from_json(GOOGLE_KEY_ATTESTATION_ROOTS)?, request })
    }

    fn serve(&self) -> Result<(), Refusal> {
        let window = TimeWindow { now_ms: NOW_MS, tolerance_ms: 60_000 };
        let policy = EvidencePolicy {
            require: EvidenceLevel::Keyed,
            android: &[],
            apple: &[],
            android_roots: &self.google,
            apple_roots: &self.google,
            revocations: &Revocations::default(),
            now_ms: NOW_MS,
        };
        let opened = server::open(&self.request, "space", &self.keys, window)?;
        let taken = TakenChallenge::removed_from_shared_memory(opened.hello().challenge);
        let (_, record) = opened.spend(taken)?.accept(&policy)?.answer([6; 16], i64::MAX, [7; 12])?;
        record.client_key().map(drop)
    }
}
