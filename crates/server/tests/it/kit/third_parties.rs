//! A program with the recordings' configuration and strict stand-ins for the third parties.

use std::sync::Arc;

use lingpai_testkit::{replay::jwt::AppleKey, upstreams::Upstreams};

use super::{Call, Engine, Map, Reply, TestApp, TestAppBuilder, Value, json};

/// The recordings' configuration: QQ, Alipay, Apple, one-click sign-in, real names.
pub const CENTER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../conformance/configs/base");

/// The key with which the stand-in for Apple signs.
pub const APPLE_KEY: &str = include_str!("../../../../../conformance/apple-test-key.json");

/// The program and those around it.
pub struct World {
    pub app: TestApp,
    pub upstreams: Upstreams,
    pub apple: Arc<AppleKey>,
}

/// Starts all of them.
pub async fn world(engine: Engine) -> anyhow::Result<World> {
    world_with(engine, |builder| builder).await
}

/// The same with a program that is different in something.
pub async fn world_with(engine: Engine, change: impl FnOnce(TestAppBuilder) -> TestAppBuilder) -> anyhow::Result<World> {
    let apple = Arc::new(AppleKey::parse(APPLE_KEY)?);
    let upstreams = Upstreams::start(Some(apple.clone())).await?;
    let mut builder = TestApp::builder().engine(engine).center(CENTER);
    for (path, value) in upstreams.settings() {
        builder = builder.setting(path, value);
    }
    Ok(World { app: change(builder).start().await?, upstreams, apple })
}

impl World {
    /// Makes a call from a platform.
    pub async fn call_on(&self, platform: &str, method: &str, params: Value) -> anyhow::Result<Reply> {
        self.app.send(Call::new(method).client_info("uniPlatform", platform).params(params)).await
    }

    /// The same for a user.
    pub async fn call_as(&self, platform: &str, token: &str, method: &str, params: Value) -> anyhow::Result<Reply> {
        self.app.send(Call::new(method).client_info("uniPlatform", platform).params(params).token(token)).await
    }

    /// How often an address was asked since the last look.
    pub fn asked(&self, part: &str) -> usize {
        self.upstreams.take_requests().iter().filter(|request| request["url"].as_str().is_some_and(|url| url.contains(part))).count()
    }

    /// An identity token of Apple's with some claims and header fields different.
    pub fn identity_token(&self, subject: &str, claims: Value, header: Value) -> anyhow::Result<String> {
        let now = self.app.program().state().base.clock.now_s();
        let mut payload = json!({
            "iss": "https://appleid.apple.com", "aud": "com.example.harness", "sub": subject, "iat": now, "exp": now + 600,
        });
        let mut head = json!({"kid": self.apple.kid, "alg": "RS256"});
        for (target, patch) in [(&mut payload, claims), (&mut head, header)] {
            let (Some(target), Some(patch)) = (target.as_object_mut(), patch.as_object()) else { continue };
            target.extend(patch.clone());
        }
        let map = |value: Value| -> Map<String, Value> { value.as_object().cloned().unwrap_or_default() };
        self.apple.sign(&map(head), &map(payload))
    }
}
