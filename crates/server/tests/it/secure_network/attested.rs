//! Apps that prove themselves by their platform's attestation.

use lingpai_secure::{
    device_key::DeviceSigner,
    envelope::SecretType,
    handshake::{Evidence, binding},
};

use super::{
    android_description::{Description, PACKAGE, SIGNER, extension},
    certificates::{Authority, AuthorityShape},
    client::*,
};
use crate::kit::*;

each_engine!(an_attested_app_gets_a_key, what_the_device_says_decides);

pub struct Setting {
    pub root: Authority,
    pub batch: Authority,
}

impl Setting {
    pub fn new() -> Self {
        let root = Authority::root("a root of tests");
        let batch = root.issue("batch", AuthorityShape::default());
        Self { root, batch }
    }

    pub fn config() -> Value {
        let cert = lingpai_domain::random::to_hex(&SIGNER);
        json!({
            "enable": true,
            "apps": [{"appId": APP, "android": [
                {"package": PACKAGE, "certSha256": [cert]},
                {"package": PACKAGE, "certSha256": ["cd".repeat(32)], "version": "development"},
            ]}],
            "verifyClient": {"enable": true, "customRules": true, "rules": {
                "uni-id-co": [{"appId": APP, "platform": "android", "version": "production"}],
            }},
        })
    }

    /// A program that trusts this root.
    async fn app(&self, engine: Engine) -> anyhow::Result<TestApp> {
        let app = TestApp::builder().engine(engine).secure_network(Self::config()).start().await?;
        app.clock.set(1_800_000_000_000);
        self.trust(&app, &self.root)?;
        Ok(app)
    }

    pub fn trust(&self, app: &TestApp, root: &Authority) -> Outcome {
        write_roots(app, "android-roots.pem", root)
    }

    /// The batch's serial number, hexadecimal.
    pub fn serial(&self) -> anyhow::Result<String> {
        super::inspect::serial_of(&self.batch.der)
    }

    /// What this device's hardware says for a handshake.
    pub fn evidence(&self, challenge: &[u8; 32], client: &Client, description: &Description) -> Evidence {
        let challenge = binding(challenge, None, APP, &client.device_id).to_vec();
        let description = Description { challenge, ..description.clone() };
        let leaf = self.batch.issue_leaf(&client.device.public_key(), vec![extension(&description)]);
        Evidence::Android(vec![leaf, self.batch.der.clone(), self.root.der.clone()])
    }
}

/// Trusts a root in the place of those that are built in, from now on.
pub fn write_roots(app: &TestApp, file: &str, root: &Authority) -> Outcome {
    use base64::Engine;
    let der = base64::engine::general_purpose::STANDARD.encode(&root.der);
    let pem = format!("-----BEGIN CERTIFICATE-----\n{der}\n-----END CERTIFICATE-----\n");
    std::fs::write(app.folder().join("config-center/secure-network").join(file), pem)?;
    lingpai_server::secure_network::reload(&app.program().state().secure);
    Ok(())
}

pub fn android() -> anyhow::Result<Client> {
    let info = json!({"uniPlatform": "app", "osName": "android", "appId": APP, "deviceId": "d1"});
    Ok(Client { info, platform: "android", package: PACKAGE.into(), origin: None, ..Client::web("d1")? })
}

async fn an_attested_app_gets_a_key(engine: Engine) -> Outcome {
    let setting = Setting::new();
    let app = setting.app(engine).await?;
    let mut client = android()?;
    let answer = client.shake_hands_with(&app, |challenge, client| setting.evidence(challenge, client, &Description::default())).await?;
    assert_eq!(answer["errCode"], 0, "{answer}");
    let supported = json!({"method": "getSupportedLoginType", "params": []});
    assert_eq!(client.call(&app, "uni-id-co", SecretType::Both, supported).await?["errCode"], 0);
    let key = app.documents("opendb-app-client-key").await?.remove(0);
    assert_eq!((&key["evidence"], &key["version"], &key["platform"]), (&json!("attested"), &json!("production"), &json!("android")));
    app.stop().await
}

async fn what_the_device_says_decides(engine: Engine) -> Outcome {
    let setting = Setting::new();
    let app = setting.app(engine).await?;
    let right = Description::default();
    for (what, description, code) in [
        ("software", Description { attestation_level: 0, keymint_level: 0, ..right.clone() }, 70010),
        ("unlocked", Description { boot: Some((false, 0)), ..right.clone() }, 70010),
        ("another system", Description { boot: Some((true, 1)), ..right.clone() }, 70010),
        ("boot not verified", Description { boot: Some((true, 2)), ..right.clone() }, 70010),
        ("another certificate", Description { signers: vec![[1; 32]], ..right.clone() }, 70004),
        ("another package", Description { package: "com.example.evil", ..right.clone() }, 70004),
        ("an imported key", Description { origin: 2, ..right.clone() }, 70004),
    ] {
        let answer = android()?.shake_hands_with(&app, |challenge, client| setting.evidence(challenge, client, &description)).await?;
        assert_eq!(answer["errCode"], code, "{what}: {answer}");
    }
    // Evidence for another challenge, of another device, none, and from a root that is not trusted.
    let stale = android()?.shake_hands_with(&app, |_, client| setting.evidence(&[1; 32], client, &right)).await?;
    refused_by_number(&stale, 70004);
    let mut thief = Client { device: lingpai_secure::device_key::SoftwareDeviceKey::from_secret(&[8; 32])?, ..android()? };
    let victim = android()?;
    refused_by_number(&thief.shake_hands_with(&app, |challenge, _| setting.evidence(challenge, &victim, &right)).await?, 70004);
    let strange = Setting::new();
    let answer = android()?.shake_hands_with(&app, |challenge, client| strange.evidence(challenge, client, &right)).await?;
    refused_by_number(&answer, 70004);

    // A development build needs no attestation here, but then it is one: the production rule refuses it.
    let mut developer = android()?;
    assert_eq!(developer.shake_hands_with(&app, |_, _| Evidence::None).await?["errCode"], 0);
    let supported = json!({"method": "getSupportedLoginType", "params": []});
    refused_by_number(&developer.call(&app, "uni-id-co", SecretType::Both, supported).await?, 70004);

    // A revoked batch, and another's serial number.
    let path = app.folder().join("config-center/secure-network/android-revocations.json");
    for (serial, code) in [("0abc".to_owned(), 0), (setting.serial()?, 70004)] {
        std::fs::write(&path, json!({"entries": {serial: {"status": "REVOKED"}}}).to_string())?;
        lingpai_server::secure_network::reload(&app.program().state().secure);
        let answer = android()?.shake_hands_with(&app, |challenge, client| setting.evidence(challenge, client, &right)).await?;
        assert_eq!(answer["errCode"], code, "{answer}");
    }
    std::fs::remove_file(&path)?;
    setting.trust(&app, &strange.root)?;
    let answer = android()?.shake_hands_with(&app, |challenge, client| setting.evidence(challenge, client, &right)).await?;
    refused_by_number(&answer, 70004);
    app.stop().await
}
