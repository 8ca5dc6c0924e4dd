//! App Attest: the handshake of an app on Apple's devices, and the assertions that it may add to its calls.

use lingpai_secure::{
    attestation::apple::Rule,
    device_key::{DeviceSigner, SoftwareDeviceKey},
    envelope::{Envelope, NewCall, SecretType, Target},
    handshake::{Evidence, binding},
};
use lingpai_testkit::app::SPACE;

use super::{
    apple_objects::{Making, assertion},
    attested::write_roots,
    certificates::Authority,
    client::*,
};
use crate::kit::*;

each_engine!(an_assertion_counts_once_and_for_its_call, a_build_can_insist_on_assertions, the_environment_must_be_the_registered_one);

const CALL: &str = "uni-id-co";

fn rule() -> Rule {
    Rule { team_id: "ABCDE12345".into(), bundle_id: "com.example.demo".into(), development: false }
}

fn config(assertions: &str) -> Value {
    json!({"enable": true, "apps": [{"appId": APP, "ios": [
        {"bundleId": "com.example.demo", "teamId": "ABCDE12345", "assertions": assertions},
        {"bundleId": "com.example.demo", "teamId": "ABCDE12345", "version": "development", "require": "attested"},
    ]}], "verifyClient": {"enable": true, "customRules": true, "rules": {
        CALL: [{"appId": APP, "platform": "ios", "version": "production"}],
    }}})
}

async fn app(engine: Engine, assertions: &str, root: &Authority) -> anyhow::Result<TestApp> {
    let app = TestApp::builder().engine(engine).secure_network(config(assertions)).start().await?;
    app.clock.set(1_800_000_000_000);
    write_roots(&app, "apple-roots.pem", root)?;
    Ok(app)
}

struct Phone {
    client: Client,
    app_attest: SoftwareDeviceKey,
}

impl Phone {
    fn new() -> anyhow::Result<Self> {
        let info = json!({"uniPlatform": "app", "osName": "ios", "appId": APP, "deviceId": "d1"});
        let client = Client { info, platform: "ios", package: "com.example.demo".into(), origin: None, ..Client::web("d1")? };
        Ok(Self { client, app_attest: SoftwareDeviceKey::from_secret(&[8; 32])? })
    }

    async fn shake_hands(&mut self, app: &TestApp, root: &Authority, making: Making) -> anyhow::Result<Value> {
        let app_attest = &self.app_attest;
        self.client
            .shake_hands_with(app, |challenge, client| {
                let hash = binding(challenge, Some(&client.device.public_key()), APP, &client.device_id);
                let (attestation, key_id) = making.object(root, app_attest, &hash);
                Evidence::Apple { key_id, attestation }
            })
            .await
    }

    /// A call with an assertion of this counter, or with none.
    fn seal(&self, app: &TestApp, request_id: &str, counter: Option<u32>) -> anyhow::Result<Value> {
        let mut nonce = [0; 12];
        lingpai_domain::random::Random::fill(&*app.random, &mut nonce);
        let content = json!({"method": "getSupportedLoginType", "params": []}).to_string();
        let target = Target { space_id: SPACE.id, function: CALL };
        let call = NewCall {
            secret_type: SecretType::Both,
            content: &content,
            request_id,
            timestamp_ms: lingpai_domain::clock::Clock::now_ms(&*app.clock),
            nonce,
        };
        let (envelope, pending) = Envelope::seal(self.client.key()?, &self.client.device, target, call)?;
        let envelope = match counter {
            Some(counter) => envelope.with_assertion(&assertion(&rule(), &self.app_attest, counter, pending.client_data_hash())),
            None => envelope,
        };
        let mut args = serde_json::to_value(envelope)?;
        args["clientInfo"] = self.client.info.clone();
        Ok(args)
    }

    async fn send(&self, app: &TestApp, args: Value) -> anyhow::Result<Value> {
        self.client.send(app, CALL, args).await
    }
}

async fn an_assertion_counts_once_and_for_its_call(engine: Engine) -> Outcome {
    let root = Authority::root("a root of tests");
    let app = app(engine, "accept", &root).await?;
    let mut phone = Phone::new()?;
    assert_eq!(phone.shake_hands(&app, &root, Making::new(rule())).await?["errCode"], 0);
    // They are the client's to add.
    assert_eq!(phone.send(&app, phone.seal(&app, "request-0", None)?).await?["errCode"], 0);
    for (request, counter, code) in [
        ("request-1", 1, 0),
        ("request-2", 1, 70004),
        ("request-3", 5, 0),
        ("request-4", 3, 70004),
        ("request-5", u32::MAX, 0),
        ("request-6", u32::MAX, 70004),
    ] {
        let answer = phone.send(&app, phone.seal(&app, request, Some(counter))?).await?;
        assert_eq!(answer["errCode"], code, "{request}: {answer}");
    }
    let stored = app.documents("opendb-app-client-key").await?.remove(0);
    assert_eq!(stored["assertion_counter"], u32::MAX, "{stored:?}");
    // Another handshake begins anew. An assertion of another call is none of this one; neither is one by another key.
    let mut phone = Phone::new()?;
    assert_eq!(phone.shake_hands(&app, &root, Making::new(rule())).await?["errCode"], 0);
    let (first, mut second) = (phone.seal(&app, "request-7", Some(1))?, phone.seal(&app, "request-8", Some(1))?);
    second["_uniCloudOptions"]["assertion"] = first["_uniCloudOptions"]["assertion"].clone();
    refused_by_number(&phone.send(&app, second).await?, 70004);
    phone.app_attest = SoftwareDeviceKey::from_secret(&[9; 32])?;
    refused_by_number(&phone.send(&app, phone.seal(&app, "request-9", Some(1))?).await?, 70004);
    // Of many at once with one counter, one.
    phone.app_attest = SoftwareDeviceKey::from_secret(&[8; 32])?;
    let calls: Vec<Value> = (0..8).map(|number| phone.seal(&app, &format!("at-once-{number}"), Some(1))).collect::<Result<_, _>>()?;
    let answers = futures_util::future::try_join_all(calls.into_iter().map(|args| phone.send(&app, args))).await?;
    assert_eq!(answers.iter().filter(|answer| answer["errCode"] == 0).count(), 1, "{answers:?}");
    // A web page has no App Attest key to assert with: such a field makes the call worth nothing.
    app.stop().await
}

async fn a_build_can_insist_on_assertions(engine: Engine) -> Outcome {
    let root = Authority::root("a root of tests");
    let app = app(engine, "require", &root).await?;
    let mut phone = Phone::new()?;
    assert_eq!(phone.shake_hands(&app, &root, Making::new(rule())).await?["errCode"], 0);
    refused_by_number(&phone.send(&app, phone.seal(&app, "request-1", None)?).await?, 70004);
    assert_eq!(phone.send(&app, phone.seal(&app, "request-2", Some(1))?).await?["errCode"], 0);
    app.stop().await
}

async fn the_environment_must_be_the_registered_one(engine: Engine) -> Outcome {
    let root = Authority::root("a root of tests");
    let app = app(engine, "accept", &root).await?;
    let development = || Making { aaguid: *b"appattestdevelop", ..Making::new(rule()) };
    let mut phone = Phone::new()?;
    assert_eq!(phone.shake_hands(&app, &root, development()).await?["errCode"], 0);
    // It is the development build then, which the production rule does not name.
    refused_by_number(&phone.send(&app, phone.seal(&app, "request-1", None)?).await?, 70004);
    for making in [
        Making { counter: 1, ..Making::new(rule()) },
        Making { credential_id: Some([0; 32]), ..Making::new(rule()) },
        Making::new(Rule { team_id: "OTHER12345".into(), ..rule() }),
    ] {
        refused_by_number(&Phone::new()?.shake_hands(&app, &root, making).await?, 70004);
    }
    let strange = Authority::root("another root");
    refused_by_number(&Phone::new()?.shake_hands(&app, &strange, Making::new(rule())).await?, 70004);
    app.stop().await
}
